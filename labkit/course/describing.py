"""Says what an answer is, without letting the answer have a say in it."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from types import CoroutineType, FunctionType, GeneratorType, MethodType, NoneType
from typing import Any

_NAME_OF = type.__dict__["__name__"].__get__
_WIDEST = 60  # characters
_MOST = 4  # items
_LONGEST_NUMBER = 64  # bits
_LARGEST_SET = 1_000  # items
_BRACKETS: dict[type, tuple[str, str]] = {
    list: ("[", "]"),
    tuple: ("(", ")"),
    set: ("{", "}"),
    frozenset: ("{", "}"),
    dict: ("{", "}"),
}
_NOUNS: dict[type, str] = {
    str: "a text",
    bytes: "bytes",
    bool: "a truth value",
    int: "a number",
    float: "a number",
    list: "a list",
    tuple: "a tuple",
    set: "a set",
    frozenset: "a set",
    dict: "a dict",
}
_BARE_NOUNS: dict[type, str] = {
    FunctionType: "a function",
    MethodType: "a function",
    GeneratorType: "a generator",
    CoroutineType: "a coroutine",
    type: "a class",
}


def type_name(value: object) -> str:
    """The name of its type, or "something" where that is no plain name."""
    name: str = _NAME_OF(type(value))
    return name if name.isidentifier() and name.isascii() and len(name) <= _WIDEST else "something"


def is_one_of(kind: type, kinds: Iterable[type]) -> bool:
    """Whether this very type is among them. `in` would compare, and a type may have a say in that as well."""
    return any(kind is each for each in kinds)


def describe(value: object) -> str:
    """What it is, in a few words: `a text, 'eyJ0eXAi'`, `a list, [1, 2]`, `None`, `an object of type Token`.

    Only plain values of Python's are shown; no method of any other object is called, so that none can raise,
    loop or lie.
    """
    if value is None:
        return "None"
    kind = type(value)
    if is_one_of(kind, _NOUNS):
        return f"{_NOUNS[kind]}, {in_short(value)}"
    if is_one_of(kind, _BARE_NOUNS):
        return _BARE_NOUNS[kind]
    return f"an object of type {type_name(value)}"


def in_short(value: Any, depth: int = 2) -> str:
    """A plain value of Python's about as its source would show it, shortened; any other object by its type.
    Lists in lists are followed `depth` deep."""
    kind = type(value)
    if kind is int:
        bits = value.bit_length()
        return repr(value) if bits <= _LONGEST_NUMBER else f"<{bits:,} bits>"
    if is_one_of(kind, (NoneType, bool, float)):
        return repr(value)
    if is_one_of(kind, (str, bytes)):
        return repr(value) if len(value) <= _WIDEST else f"{value[:_WIDEST]!r}..."
    if is_one_of(kind, _BRACKETS):
        opening, closing = _BRACKETS[kind]
        return f"{opening}{_items(value, depth)}{closing}"
    return f"<{type_name(value)}>"


def _items(values: Any, depth: int) -> str:
    if depth == 0 and values:
        return "..."
    shown: Iterable[str]
    if type(values) is dict:
        shown = (f"{in_short(key, 0)}: {in_short(value, depth - 1)}" for key, value in values.items())
    else:
        shown = (in_short(value, depth - 1) for value in values)
    if is_one_of(type(values), (set, frozenset)):
        # A set of texts comes in another order in every process.
        shown = sorted(shown) if len(values) <= _LARGEST_SET else ()
    more = [f"... {len(values)} in all"] if len(values) > _MOST else []
    return ", ".join([*islice(shown, _MOST), *more])
