"""Hands a function what is no value of a parameter, and finds what comes out that is not BadInput."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from labkit.core.errors import BadInput
from labkit.lab import start
from tests.hostile import OBJECTS, PLAIN


class Plainly(str):
    """A text of another type that tells the truth."""


class Unhashable(str):
    """A text that is in no dict."""

    __hash__ = None  # type: ignore[assignment]


@cache
def _values() -> dict[str, object]:
    # What never ends when it is printed is left out: an error shows what was presented.
    # What is large takes its time to print, and one such is enough.
    without = ("looping", "huge list", "huge set", "huge dict", "huge bytes", "huge text")
    made = {name: make() for name, make in (PLAIN | OBJECTS).items() if not name.startswith(without)}
    texts = {
        f"{kind.__name__} {text}": kind(text) for kind in (Plainly, Unhashable) for text in ("61m", "aks")
    }
    return {**made, **texts, "a tenth": 0.1, "minus one as text": "-1", "number as text": "5"}


def taken(call: Callable[[Any], object], fine: Sequence[object] = ()) -> dict[str, str]:
    """What `call` does with each hostile value, by name, except for BadInput that says what is required.
    Those among them that are values after all are `fine`."""
    found = {}
    for name, value in _values().items():
        if any(type(value) is type(one) and value == one for one in fine):
            continue
        try:
            call(value)
        except BadInput as refusal:
            if not refusal.required or len(str(refusal)) > 1500:
                found[name] = str(refusal)
        except BaseException as error:
            found[name] = str(type(error))
        else:
            found[name] = "taken"
    return found


def said_otherwise(function: Callable[..., object]) -> list[dict[str, Any]]:
    """Where a function of `release` and `seed` refuses another one than labkit.start does, or in other
    words."""
    bad: list[dict[str, Any]] = [
        *({"release": one} for one in ("2019-12", "", None, 2020, b"2020-03", ["2020-03"], {}, "x" * 9_000)),
        *({"seed": one} for one in (True, False, -1, 2**63, 10**5_000, 2020.0, "2020", [2020], {}, ())),
    ]
    return [one for one in bad if _words(function, one) != _words(start, one) or not _words(start, one)]


def _words(function: Callable[..., object], arguments: dict[str, Any]) -> str:
    try:
        function(**arguments)
    except BadInput as refusal:
        return str(refusal)
    return ""
