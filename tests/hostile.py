"""Hostile answers: what a learner may hand in, by accident or for fun, and what labkit must not choke on.

`CORPUS` has a factory for each, by name, since some can be used only once.
"""

import asyncio
import collections
import contextlib
import decimal
import enum
import io
import itertools
import math
import types
from collections.abc import Callable, Generator
from typing import Any

from labkit.core.errors import LabError

Factory = Callable[[], object]


class Spite(Exception):
    """What the raising ones raise."""

    def __str__(self) -> str:
        raise Spite

    __repr__ = __str__


class Liar(LabError):
    """A refusal of the learner's own making."""

    __str__ = __repr__ = Spite.__str__


class Masked(Exception):
    """An exception that raises when asked for its class."""

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        raise Spite


def _raise(*_: object, **__: object) -> Any:
    raise Spite


def _loop(*_: object, **__: object) -> Any:
    while True:
        pass


def raising(name: str) -> object:
    """An object whose method of this name raises."""
    return type("Raising", (), {name: _raise})()


def looping(name: str) -> object:
    """An object whose method of this name never ends."""
    return type("Looping", (), {name: _loop})()


class Yes:
    """Equal to everything, contains everything, is true, and claims to be whatever it is asked for."""

    def __eq__(self, other: object) -> bool:
        return True

    def __ne__(self, other: object) -> bool:
        return False

    def __hash__(self) -> int:
        return 0

    def __getattr__(self, name: str) -> "Yes":
        return self

    def __call__(self, *_: object, **__: object) -> "Yes":
        return self

    __contains__ = __eq__
    __getitem__ = __getattr__

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        return str


class Everything:
    """All of its methods raise, its attributes too."""

    __repr__ = __str__ = __eq__ = __ne__ = __hash__ = __bool__ = __len__ = __iter__ = __next__ = _raise
    __getattribute__ = __getitem__ = __contains__ = __call__ = __int__ = __float__ = __index__ = _raise
    __format__ = __bytes__ = __lt__ = __gt__ = __le__ = __ge__ = __dir__ = __reduce__ = _raise


class Text(str):
    """A text that lies about itself."""

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = str.__hash__
    __str__ = __repr__ = __len__ = __iter__ = strip = lower = startswith = split = encode = _raise


class Dict(dict[Any, Any]):
    """A dict that has every key."""

    __iter__ = __len__ = items = keys = values = __repr__ = _raise

    def __contains__(self, key: object) -> bool:
        return True

    def get(self, key: object, default: object = None) -> Yes:
        return Yes()

    __missing__ = __getitem__ = get


class List(list[Any]):
    """A list that says it is short and never ends."""

    def __iter__(self) -> Any:
        return itertools.count()

    def __len__(self) -> int:
        return 1

    __repr__ = _raise


class Set(set[Any]):
    """A set that contains everything."""

    def __contains__(self, key: object) -> bool:
        return True

    __iter__ = __len__ = __repr__ = __eq__ = __or__ = __and__ = __sub__ = _raise
    __hash__ = None


class Int(int):
    """A number equal to every other."""

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = int.__hash__
    __int__ = __index__ = __repr__ = __abs__ = _raise


class Meta(type):
    """The type of types that refuse to say what they are called."""

    __name__ = property(_raise)
    __repr__ = __instancecheck__ = __subclasscheck__ = __eq__ = __hash__ = _raise


class Nameless(metaclass=Meta):
    """One of those types."""


class Colour(enum.StrEnum):
    """An enumeration."""

    RED = "red"


def _strange_name() -> object:
    return type("not a name\n\x1b[31m" * 50, (), {})()


def _nested(wrap: Callable[[object], object]) -> object:
    value: object = None
    for _ in range(10_000):
        value = wrap(value)
    return value


def _inside_itself() -> object:
    value: list[object] = []
    value.append(value)
    return value


def _endless() -> Generator[int, None, None]:
    yield from itertools.count()


def _never_yields() -> Generator[int, None, None]:
    yield from (number for number in itertools.count() if number < 0)


def _raises_late() -> Generator[int, None, None]:
    yield 1
    raise Spite


def _bare_loop(*_: object) -> None:
    while True:
        try:
            continue
        except:  # noqa: E722
            continue


def _stubborn(*_: object) -> None:
    try:
        while True:
            pass
    except:  # noqa: E722
        while True:
            pass


def _recurse(*args: object) -> object:
    return _recurse(*args)


def _recurse_and_catch(*args: object) -> object:
    while True:
        with contextlib.suppress(BaseException):
            _recurse_and_catch(*args)


def _itself(*_: object) -> object:
    return _itself


def _raises(error: BaseException) -> Callable[..., Any]:
    def function(*_: object) -> None:
        raise error

    return function


def _returns(value: Factory) -> Factory:
    return lambda: lambda *_: value()


async def _coroutine(*_: object) -> str:
    return "late"


def _with(name: str, value: Factory) -> Factory:
    """A factory of functions that have this attribute."""

    def make() -> object:
        def function(*_: object) -> bool:
            return True

        function.__dict__[name] = value()
        return function

    return make


_METHODS = (
    *("__repr__", "__str__", "__eq__", "__ne__", "__len__", "__iter__", "__bool__", "__hash__", "__int__"),
    *("__getattribute__", "__call__", "__getitem__", "__contains__", "__format__", "__next__", "__index__"),
)

PLAIN: dict[str, Factory] = {
    "None": lambda: None,
    "dots": lambda: ...,
    "not implemented": lambda: NotImplemented,
    "True": lambda: True,
    "False": lambda: False,
    "zero": lambda: 0,
    "minus one": lambda: -1,
    "NaN": lambda: math.nan,
    "infinity": lambda: math.inf,
    "huge number": lambda: 10**50_000,
    "complex": lambda: 1j,
    "decimal": lambda: decimal.Decimal("sNaN"),
    "empty text": lambda: "",
    "spaces": lambda: " \t\n\u2028",
    "null character": lambda: "\x00",
    "huge text": lambda: "a" * 10_000_000,
    "surrogate": lambda: "half \ud800",
    "control characters": lambda: "\x1b[2J\x07\r",
    "format": lambda: "{0.__class__} %s %n",
    "markup": lambda: "<script>alert(1)</script> `*_[",
    "bytes": lambda: b"\xff\xfe",
    "huge bytes": lambda: b"a" * 10_000_000,
    "bytearray": lambda: bytearray(b"abc"),
    "memoryview": lambda: memoryview(b"abc"),
    "empty list": list,
    "huge list": lambda: [0] * 1_000_000,
    "list of Nones": lambda: [None, None, None],
    "mixed list": lambda: [1, "a", None, 2.5, b"x", (), {}],
    "empty set": set,
    "mixed set": lambda: {1, "a", None, (2,)},
    "huge range": lambda: range(10**12),
    "empty dict": dict,
    "dict of other keys": lambda: {1: 2, None: 3, (4,): 5},
    "huge dict": lambda: dict.fromkeys(range(20_000)),
    "surrogate as key": lambda: {"\ud800": 1},
    "nested list": lambda: _nested(lambda value: [value]),
    "nested dict": lambda: _nested(lambda value: {"a": value}),
    "list inside itself": _inside_itself,
    "enumeration": lambda: Colour.RED,
    "chain map": lambda: collections.ChainMap({}),
    "user dict": lambda: collections.UserDict({"a": 1}),
    "user text": lambda: collections.UserString("a"),
    "default dict": lambda: collections.defaultdict(Yes),
    "read-only dict": lambda: types.MappingProxyType({"a": Everything()}),
    "class": lambda: Everything,
    "plain type": lambda: int,
    "module": lambda: math,
    "exception": lambda: Spite(),
    "namespace": lambda: types.SimpleNamespace(passed=True),
}

OBJECTS: dict[str, Factory] = {
    **{f"raising {name}": lambda name=name: raising(name) for name in _METHODS},  # type: ignore[misc]
    **{f"looping {name}": lambda name=name: looping(name) for name in _METHODS},  # type: ignore[misc]
    "raising __class__": lambda: type("Raising", (), {"__class__": property(_raise)})(),
    "looping __class__": lambda: type("Looping", (), {"__class__": property(_loop)})(),
    "raising everything": Everything,
    "equal to everything": Yes,
    "lying text": lambda: Text("lie"),
    "lying dict": lambda: Dict(a=1),
    "lying list": lambda: List("abc"),
    "lying set": lambda: Set("abc"),
    "lying number": lambda: Int(3),
    "nameless type": Nameless,
    "strange type name": _strange_name,
    "list of the raising": lambda: [Everything(), Everything()],
    "dict of the raising": lambda: {"a": Everything()},
    "dict with a lying key": lambda: {Text("a"): Yes()},
    "set of the agreeing": lambda: {Yes()},
}

ITERATORS: dict[str, Factory] = {
    "endless generator": _endless,
    "generator that never yields": _never_yields,
    "generator that raises": _raises_late,
    "generator of the raising": lambda: (Everything() for _ in range(3)),
    "endless counter": itertools.count,
    "endless repetition": lambda: itertools.repeat("a"),
    "map": lambda: map(_raise, [1, 2]),
    "endless map": lambda: map(_loop, itertools.count()),
    "iterator": lambda: iter([1, 2]),
    "dict keys": lambda: {"a": 1}.keys(),
    "dict items": lambda: {"a": 1}.items(),
    "file": lambda: io.StringIO("a\n" * 3),
}

FUNCTIONS: dict[str, Factory] = {
    "function that raises": lambda: _raise,
    "function that loops": lambda: _loop,
    "function that catches and loops": lambda: _bare_loop,
    "function that catches, then loops": lambda: _stubborn,
    "function that recurses": lambda: _recurse,
    "function that recurses and catches": lambda: _recurse_and_catch,
    "function that returns itself": lambda: _itself,
    "function that leaves the program": lambda: _raises(SystemExit(1)),
    "function that interrupts": lambda: _raises(KeyboardInterrupt()),
    "function that closes": lambda: _raises(GeneratorExit()),
    "function that stops an iteration": lambda: _raises(StopIteration()),
    "function that lies in a refusal": lambda: _raises(Liar("no")),
    "function that raises the masked": lambda: _raises(Masked()),
    "function out of memory": lambda: _raises(MemoryError()),
    "function of nothing": lambda: lambda: True,
    "function of too many": lambda: lambda a, b, c, d, e, f, g, h, i: True,
    "function of names": lambda: lambda *, a, b: True,
    "function with a lying signature": _with("__signature__", Everything),
    "function that wraps the raising": _with("__wrapped__", Everything),
    "asynchronous function": lambda: _coroutine,
    "coroutine": lambda: _coroutine(),
    "generator function": lambda: lambda *_: _endless(),
    "method": lambda: Yes().__eq__,
    "built-in function": lambda: len,
    "function that is an object": lambda: type("Callable", (), {"__call__": _loop})(),
    "function of a library": lambda: asyncio.run,
    **{f"function returning {name}": _returns(make) for name, make in (PLAIN | OBJECTS | ITERATORS).items()},
}

CORPUS: dict[str, Factory] = PLAIN | OBJECTS | ITERATORS | FUNCTIONS


def dispose(answer: object) -> None:
    """Puts an answer away without a warning."""
    if type(answer) is types.CoroutineType:
        answer.close()
