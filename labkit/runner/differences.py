"""Where two executions of a notebook differ, told in a line and without showing a secret."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any

from labkit.core.text import plain
from labkit.runner.secret_scan import masked

_BEFORE, _LONGEST = 20, 60
Cell = Mapping[str, Any]


def label(cell: Cell, number: int) -> str:
    """How a cell is called: by its id, and by its number where it has none."""
    return f"cell {plain(cell['id'])}" if "id" in cell else f"cell number {number}"


def first_difference(one: str, other: str, names: tuple[str, str]) -> str:
    """The first line in which two texts differ, of each what stands around the place."""
    lines = zip_longest(masked(one).splitlines(), masked(other).splitlines(), fillvalue=None)
    for number, (left, right) in enumerate(lines, 1):
        if left != right:
            start = max(0, _common(left or "", right or "") - _BEFORE)
            told = (f"{name} {_shown(line, start)}" for name, line in zip(names, (left, right), strict=True))
            return f"line {number}: {', '.join(told)}"
    return "what it shows of a secret" if one != other else ""


def _common(one: str, other: str) -> int:
    """How many characters both begin with."""
    return next((n for n, (a, b) in enumerate(zip_longest(one, other)) if a != b), 0)


def _shown(line: str | None, start: int) -> str:
    if line is None:
        return "has no such line"
    cut = line[start : start + _LONGEST]
    return f"{'…' if start else ''}{cut!r}{'…' if len(line) > start + _LONGEST else ''}"


def of_notebooks(
    one: Sequence[Cell], other: Sequence[Cell], names: tuple[str, str]
) -> Iterator[tuple[int, str, str]]:
    """For each cell that is not the same in both: its number, where in it the first difference is, and what
    that is."""
    for number, (left, right) in enumerate(zip(one, other, strict=True), 1):
        if left != right:
            yield number, *_of_cells(left, right, names)


def _of_cells(one: Cell, other: Cell, names: tuple[str, str]) -> tuple[str, str]:
    before, after = one.get("outputs", []), other.get("outputs", [])
    for number, (left, right) in enumerate(zip(before, after, strict=False), 1):
        if left != right:
            return _of_outputs(left, right, number, names)
    if len(before) != len(after):
        counts = (f"{name} {len(outputs)}" for name, outputs in zip(names, (before, after), strict=True))
        return "", f"the number of outputs: {', '.join(counts)}"
    for key in one.keys() | other.keys():
        if one.get(key) != other.get(key):
            told = (f"{name} {cell.get(key)!r}" for name, cell in zip(names, (one, other), strict=True))
            return "", f"{key}: {', '.join(told)}"
    return "", "it is not the same"


def _of_outputs(
    one: Mapping[str, Any], other: Mapping[str, Any], number: int, names: tuple[str, str]
) -> tuple[str, str]:
    left, right = ({**each, **each.get("data", {})} for each in (one, other))
    for each in (left, right):
        each.pop("data", None)
    # The text of an output says more than the picture that was drawn after it.
    for key in sorted(left.keys() | right.keys(), key=lambda key: (key != "text/plain", key)):
        if left.get(key) != right.get(key):
            part = f"output {number} ({key})"
            missing = [name for name, each in zip(names, (left, right), strict=True) if key not in each]
            if missing:
                return part, f"{missing[0]} has none"
            return part, first_difference(_text(left[key]), _text(right[key]), names)
    return f"output {number}", "it is not the same"


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(line, str) for line in value):
        return "".join(value)
    return json.dumps(value, sort_keys=True)
