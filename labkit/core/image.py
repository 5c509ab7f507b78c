"""The image of something that was built, from which equal ones are made at a fraction of the time."""

from __future__ import annotations

import pickle
from collections import Counter
from collections.abc import Mapping
from copyreg import __newobj__  # type: ignore[attr-defined]
from io import BytesIO
from itertools import count
from types import CellType, CodeType, FunctionType
from typing import Any, Generic, NamedTuple, TypeVar

T = TypeVar("T")


class Image(Generic[T]):
    """What `copy` gives shares nothing with another copy but what never changes: texts and numbers, classes,
    functions, the keys of cryptography, and what is of one of the `fixed` classes. The image uses up what it
    is made of."""

    def __init__(self, original: T, *fixed: type) -> None:
        stream = BytesIO()
        writer = _Writer(stream, (type, _Code, *fixed))
        writer.dump(original)
        self._bytes, self._shared = stream.getvalue(), writer.shared

    def copy(self) -> T:
        """Another one, as the original was."""
        reader = _Reader(BytesIO(self._bytes))
        reader.persistent_load = self._shared.__getitem__  # type: ignore[method-assign]
        copied: T = reader.load()
        return copied


class _Code(NamedTuple):
    """A function without the variables that it has from around it."""

    code: CodeType
    names: dict[str, Any]
    name: str
    defaults: tuple[Any, ...] | None
    keywords: Mapping[str, Any] | None


def _function(code: _Code) -> FunctionType:
    cells = tuple(CellType() for _ in code.code.co_freevars)
    made = FunctionType(code.code, code.names, code.name, code.defaults, cells)
    made.__kwdefaults__ = dict(code.keywords) if code.keywords else None
    return made


def _enclose(function: FunctionType, values: list[object]) -> None:
    for cell, value in zip(function.__closure__ or (), values, strict=True):
        cell.cell_contents = value


class _Writer(pickle.Pickler):
    """Functions too: pickle alone takes those only that can be found by name."""

    def __init__(self, stream: BytesIO, fixed: tuple[type, ...]) -> None:
        super().__init__(stream, pickle.HIGHEST_PROTOCOL)
        self.shared: list[object] = []
        self._fixed = fixed
        self._numbers: dict[int, int] = {}

    def persistent_id(self, found: object) -> int | None:
        """The number of something that all copies share."""
        if not self._never_changes(found):
            return None
        if id(found) not in self._numbers:
            self._numbers[id(found)] = len(self.shared)
            self.shared.append(found)
        return self._numbers[id(found)]

    def reducer_override(self, found: object) -> Any:
        """How to make what pickle alone cannot."""
        if isinstance(found, FunctionType):
            values = [cell.cell_contents for cell in found.__closure__ or ()]
            rest = (found.__globals__, found.__name__, found.__defaults__, found.__kwdefaults__)
            return _function, (_Code(found.__code__, *rest),), values, None, None, _enclose
        if type(found) is count:
            # From Python 3.12 on it does not say by itself where it stands.
            return count, (next(found),)
        if type(found) is Counter:
            # By itself it would be counted anew.
            return __newobj__, (Counter,), None, None, iter(found.items())
        return NotImplemented

    def _never_changes(self, found: object) -> bool:
        if isinstance(found, FunctionType):
            return found.__closure__ is None
        return isinstance(found, self._fixed) or type(found).__module__.startswith("cryptography.")


class _Reader(pickle.Unpickler):
    """One that can be told what loads persistent ids: a list does, faster than a method of this one would."""
