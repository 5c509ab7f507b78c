"""Activating a lab: while it lasts, the SDK's names and the real host names lead to it.

Like the table of loaded modules that it changes, an activation holds for the whole process.
"""

from __future__ import annotations

import sys
from importlib import import_module
from threading import RLock
from types import ModuleType, TracebackType
from typing import TYPE_CHECKING

from labkit.core.errors import BadInput, brief
from labkit.sdk.azureml.modules import Finder, ours
from labkit.sdk.azureml.session import Session

if TYPE_CHECKING:
    from labkit.lab import Lab

_lock = RLock()
# The innermost activation is the last, and the one that holds.
_stack: list[Activation] = []


class Activation:
    """An activation of a lab, from the call that made it until `deactivate` or the end of its `with`."""

    def __init__(self, lab: Lab, person: str | None) -> None:
        self.session = Session(lab, person)
        self._finder = Finder()
        # What stood under the SDK's names before, to the very object.
        self._modules: dict[str, ModuleType] = {}

    @property
    def active(self) -> bool:
        """Whether it has not ended yet."""
        return self in _stack

    def open(self) -> Activation:
        """Begins it."""
        with _lock:
            _route(self.session.lab)
            self._modules = _take_modules()
            sys.meta_path.insert(0, self._finder)
            _stack.append(self)
        return self

    def close(self) -> None:
        """Ends it, in whatever order activations end. Once it has ended, nothing happens."""
        with _lock:
            if self not in _stack:
                return
            place = _stack.index(self)
            if place == len(_stack) - 1:
                _take_modules()
                sys.modules.update(self._modules)
            else:
                # A later one still holds: what this one set aside is for that one to put back.
                _stack[place + 1]._modules = self._modules
            sys.meta_path[:] = [one for one in sys.meta_path if one is not self._finder]
            _stack.remove(self)
            _unroute(self.session.lab)

    def __enter__(self) -> Lab:
        if not self.active:
            raise BadInput("This activation has ended.", advice="lab.activate() begins another one")
        return self.session.lab

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        if not self.active:
            return "An activation of a lab that has ended."
        person = self.session.person or "nobody (headless)"
        return f"The lab is active until lab.deactivate(). At the keyboard: {person}."


def activate(lab: Lab, person: str | None) -> Activation:
    """Begins an activation. Raises BadInput for a person whom the lab does not know."""
    if person is not None and (type(person) is not str or person not in lab.people):
        raise BadInput(
            "Nobody of that name is in the lab.",
            presented=brief(person),
            required=", ".join(lab.people),
            advice="person=None is a headless session",
        )
    return Activation(lab, person).open()


def deactivate(lab: Lab) -> None:
    """Ends all activations of a lab. Where there is none, nothing happens."""
    for one in [one for one in reversed(_stack) if one.session.lab is lab]:
        one.close()


def current() -> Session:
    """The session of the activation that holds now. Raises BadInput outside of any."""
    with _lock:
        if _stack:
            return _stack[-1].session
    raise BadInput(
        "No lab is active, so there is nobody whom this could ask.",
        required="an activation",
        advice="with lab.activate(): ... or lab.activate() in a cell of its own",
    )


def _take_modules() -> dict[str, ModuleType]:
    """Takes everything of the SDK's name out of the table of loaded modules."""
    return {name: sys.modules.pop(name) for name in list(sys.modules) if ours(name)}


def _route(lab: Lab) -> None:
    # Loaded when first used: what reaches real clients takes a while to load.
    import_module("labkit.wire").attach(lab)


def _unroute(lab: Lab) -> None:
    """The routes go with the last activation of a lab; those of the one that now holds come back."""
    if all(one.session.lab is not lab for one in _stack):
        import_module("labkit.wire").detach(lab)
    if _stack:
        _route(_stack[-1].session.lab)
