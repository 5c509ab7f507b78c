"""`--query`: the part of JMESPath (https://jmespath.org) that people type most."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from labkit.sdk.az_errors import UsageError

Step = Callable[[Any], Any]

_NAME = r'[A-Za-z_][A-Za-z0-9_]*|"(?:[^"\\]|\\.)*"'
_TOKEN = re.compile(
    rf"\s*(?:(?P<name>{_NAME})|(?P<number>-?[0-9]{{1,9}})|(?P<literal>'[^']*'|`[^`]*`)"
    r"|(?P<sign>\[\?|\[\]|&&|\|\||==|!=|[][.,:{}()*@]))"
)
_TESTS: dict[str, Callable[[Any, Any], bool]] = {
    "contains": lambda value, part: isinstance(value, str | list) and _contains(value, part),
    "starts_with": lambda value, part: isinstance(value, str) and value.startswith(str(part)),
}
_DEEPEST = 20


def _contains(value: str | list[Any], part: Any) -> bool:
    return (part if isinstance(value, list) else str(part)) in value


class _Wrong(Exception):
    """The query cannot be read."""


@dataclass(frozen=True)
class _Spread:
    """A step that leads from a list to some of its elements, each of which takes the steps to come by itself;
    what they do not find is left out. `flat` joins lists in the list first."""

    keeps: Step = lambda value: True
    flat: bool = False

    def parts(self, value: Any) -> list[Any] | None:
        """Those elements; None of what is no list."""
        if not isinstance(value, list):
            return None
        if not self.flat:
            return [one for one in value if self.keeps(one)]
        return [part for one in value for part in (one if isinstance(one, list) else [one])]


def _walk(steps: list[Step | _Spread], value: Any) -> Any:
    flats = [place for place, step in enumerate(steps) if isinstance(step, _Spread) and step.flat]
    for place, step in enumerate(steps):
        if isinstance(step, _Spread):
            # Joining lists concerns everything before it at once.
            place = flats[-1] if flats else place
            spread = steps[place]
            assert isinstance(spread, _Spread)
            parts = spread.parts(_walk(steps[:place], value) if flats else value)
            found = None if parts is None else [_walk(steps[place + 1 :], one) for one in parts]
            return None if found is None else [one for one in found if one is not None]
        if not flats:
            value = step(value)
    return value


def pick(value: Any, query: str) -> Any:
    """The part of an answer that a query names. Names with dots, `[0]`, `[]` or `[*]` for each of a list,
    `[?name=='x']` for some of it (also `!=`, `contains`, `starts_with`, `&&`, `||`), `{a: name, b: name}` for
    an object of one's own. What is not there is None. Raises UsageError."""
    try:
        reader = _Reader(query)
        step = reader.expression()
        if reader.ahead:
            raise _Wrong
    except (_Wrong, ValueError, RecursionError):
        raise UsageError(
            f"az: error: argument --query: invalid jmespath_type value: {query[:60]!r}",
            required="for instance objectId, user.name, [0].id, [].principalName or [?enabled==`true`].name",
            advice="the lab reads a part of JMESPath; for more than that, json.loads(lab.az(...))",
        ) from None
    return step(value)


class _Reader:
    """Reads a query from left to right."""

    def __init__(self, query: str) -> None:
        self._tokens: list[tuple[str, str]] = []
        position, query = 0, query.rstrip()
        while position < len(query):
            found = _TOKEN.match(query, position)
            if found is None:
                raise _Wrong
            self._tokens.append((str(found.lastgroup), found[str(found.lastgroup)]))
            position = found.end()
        self._depth = 0

    @property
    def ahead(self) -> str:
        """The next token, "" at the end."""
        return self._tokens[0][1] if self._tokens else ""

    @property
    def _kind(self) -> str:
        return self._tokens[0][0] if self._tokens else ""

    def _take(self, *expected: str) -> str:
        if not self._tokens or (expected and self.ahead not in expected):
            raise _Wrong
        return self._tokens.pop(0)[1]

    def _try(self, sign: str) -> bool:
        found = self._kind == "sign" and self.ahead == sign
        if found:
            self._tokens.pop(0)
        return found

    def expression(self) -> Step:
        """Names, brackets and braces, one after the other."""
        self._depth += 1
        if self._depth > _DEEPEST:
            raise _Wrong
        steps: list[Step | _Spread] = [self._first()]
        while self.ahead in (".", "[", "[]", "[?") and self._kind == "sign":
            if isinstance(steps[-1], partial) and steps[-1].func is _object:
                # What JMESPath makes of more than that is another thing after a list than elsewhere.
                raise _Wrong
            steps.append(self._dotted() if self._try(".") else self._bracket())
        self._depth -= 1
        return partial(_walk, steps)

    def _first(self) -> Step | _Spread:
        if self._try("@"):
            return lambda value: value
        return self._bracket() if self.ahead.startswith("[") else self._dotted()

    def _dotted(self) -> Step:
        if self._try("{"):
            return self._object()
        if self._kind != "name":
            raise _Wrong
        return partial(_named, _unquoted(self._take()))

    def _object(self) -> Step:
        parts: dict[str, Step] = {}
        while True:
            if self._kind != "name":
                raise _Wrong
            name = _unquoted(self._take())
            self._take(":")
            parts[name] = self.expression()
            if self._take(",", "}") == "}":
                return partial(_object, parts)

    def _bracket(self) -> Step | _Spread:
        if self._try("[]"):
            return _Spread(flat=True)
        if self._try("[?"):
            test = self._any()
            self._take("]")
            return _Spread(test)
        self._take("[")
        if self._try("*"):
            self._take("]")
            return _Spread()
        if self._kind != "number":
            raise _Wrong
        place = int(self._take())
        self._take("]")
        return partial(_at, place)

    def _any(self) -> Step:
        tests = [self._all()]
        while self._try("||"):
            tests.append(self._all())
        return lambda value: any(one(value) for one in tests)

    def _all(self) -> Step:
        tests = [self._test()]
        while self._try("&&"):
            tests.append(self._test())
        return lambda value: all(one(value) for one in tests)

    def _test(self) -> Step:
        if self.ahead in _TESTS and self._tokens[1:2] == [("sign", "(")]:
            holds = _TESTS[self._take()]
            self._take("(")
            left = self._value()
            self._take(",")
            right = self._value()
            self._take(")")
            return lambda value: holds(left(value), right(value))
        left = self._value()
        if self.ahead not in ("==", "!="):
            return lambda value: _true(left(value))
        equal, right = self._take() == "==", self._value()
        # As JSON has it: True is no 1.
        return lambda value: (_said(left(value)) == _said(right(value))) is equal

    def _value(self) -> Step:
        if self._kind != "literal":
            return self.expression()
        text = self._take()
        literal = text[1:-1] if text[0] == "'" else json.loads(text[1:-1])
        return lambda value: literal


def _unquoted(name: str) -> str:
    return str(json.loads(name)) if name.startswith('"') else name


def _said(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _true(value: Any) -> bool:
    # Here a number is true, 0 as well.
    return bool(value) or (isinstance(value, int | float) and value is not False)


def _named(name: str, value: Any) -> Any:
    return value.get(name) if isinstance(value, dict) else None


def _object(parts: Mapping[str, Step], value: Any) -> dict[str, Any] | None:
    return None if value is None else {name: one(value) for name, one in parts.items()}


def _at(place: int, value: Any) -> Any:
    inside = isinstance(value, list) and -len(value) <= place < len(value)
    return value[place] if inside else None
