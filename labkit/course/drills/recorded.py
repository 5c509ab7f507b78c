"""What somebody on call has done, in order, so that it can be done again in another lab."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from copy import deepcopy
from functools import wraps
from itertools import islice
from types import FunctionType
from typing import Any, NamedTuple, ParamSpec, TypeVar

from labkit.core.operation import Op
from labkit.course.checking import call_safely

P = ParamSpec("P")
R = TypeVar("R")

_MOST = 1_000


class Step(NamedTuple):
    """One of them: what it is called, and what was passed, as it was at that moment."""

    name: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]


class Recording:
    """Those of one incident, oldest first. What one of them is made of is not written down."""

    def __init__(self) -> None:
        self.done: list[Step] = []
        self._within = False

    def carry_out(self, act: Callable[[], R], name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> R:
        """Writes it down, and does it."""
        if self._within:
            return act()
        self.done.append(Step(name, *_as_they_are(args, kwargs)))
        self._within = True
        try:
            return act()
        finally:
            self._within = False


def repeat(steps: list[Step], incident: Any) -> None:
    """Does it all once more, to another incident. What was refused then may be refused again."""
    for one in islice(steps, _MOST):
        method = getattr(type(incident), one.name, None) if type(one) is Step else None
        if method is not None and getattr(method, "is_recorded", False) is True:
            with suppress(Exception):
                method(incident, *one.args, **one.kwargs)


def _as_they_are(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Copies, so that what somebody does to a list afterwards changes nothing. An operation is one of a kind,
    and what cannot be copied stays what it is."""
    kept: dict[int, Any] = {id(one): one for one in args if isinstance(one, Op)}
    try:
        return deepcopy((args, kwargs), kept)
    except Exception:
        return args, kwargs


def _bounded(value: Any) -> Any:
    """A function that somebody passes, for instance as the script of a run, comes to an end."""
    if type(value) is not FunctionType:
        return value
    return lambda *args: call_safely(value, *args)


def recorded(method: Callable[P, R]) -> Callable[P, R]:
    """For the methods by which somebody on call does something."""

    @wraps(method)
    def done(*args: P.args, **kwargs: P.kwargs) -> R:
        incident: Any = args[0]
        given = tuple(map(_bounded, args[1:]))
        named = {name: _bounded(value) for name, value in kwargs.items()}
        recording: Recording = incident.recording
        act: Callable[..., R] = method
        return recording.carry_out(lambda: act(incident, *given, **named), method.__name__, given, named)

    done.is_recorded = True  # type: ignore[attr-defined]
    return done
