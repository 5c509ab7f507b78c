"""What all objects of the SDK have in common that belong to a lab."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn


def _missing(of: str, name: str, known: set[str]) -> NoReturn:
    # Python and IPython look for names with underscores all the time; nobody reads what they are told.
    if name.startswith("_"):
        raise AttributeError(f"{of} has no attribute {name!r}")
    listed = ", ".join(sorted(one for one in known if not one.startswith("_")))
    raise AttributeError(f"The lab's {of} has no {name}. It has: {listed}")


class _Covered(type):
    """A class that says what it has when it is asked for something else."""

    if not TYPE_CHECKING:

        def __getattr__(cls, name: str) -> NoReturn:
            _missing(cls.__name__, name, {*dir(cls)})


class Handle(metaclass=_Covered):
    """Base of what belongs to a lab of this kernel and holds a sign-in."""

    def __copy__(self) -> Handle:
        return self

    def __deepcopy__(self, memo: object) -> Handle:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            f"{type(self).__name__} belongs to a lab of this kernel and holds a sign-in: it is not pickled. "
            "Keep the names (ws.write_config()), and sign in again."
        )

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> NoReturn:
            _missing(type(self).__name__, name, {*dir(type(self)), *vars(self)})
