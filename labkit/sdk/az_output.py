"""What az prints: JSON as it indents it, bare values, or a table."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

FORMATS = ("json", "none", "table", "tsv")
# What az leaves out of every table.
_NOT_IN_TABLES = ("id", "type", "etag", "revision")


@dataclass(frozen=True)
class Verbatim:
    """An answer that is printed as it is, whatever format was asked for. Its `repr` does not show it."""

    text: str = field(repr=False)


def shown(value: Any, form: str, chosen: bool = False) -> str:
    """An answer as az prints it, without the line's end. No answer is shown as nothing. `chosen` is whether a
    query has chosen what is in it: a table then keeps the order of the query."""
    if value is None or form == "none":
        return ""
    if form == "table":
        return _table(value if isinstance(value, list) else [value], chosen)
    if form == "tsv":
        return "\n".join(_row(one) for one in (value if isinstance(value, list) else [value]))
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False)


def _row(value: Any) -> str:
    # Only the plain values of an object; az counts the others.
    values = [value[name] for name in sorted(value)] if isinstance(value, dict) else [value]
    return "\t".join(_cell(one) for one in values)


def _cell(value: Any) -> str:
    if isinstance(value, (list, dict)):
        return str(len(value)) if value else ""
    return "None" if value is None else str(value)


def _table(values: list[Any], chosen: bool) -> str:
    """Columns with a line under their names. Lists and objects have no column."""
    rows = [_columns(one, chosen) for one in values]
    names = list(dict.fromkeys(name for row in rows for name in row))
    if not names:
        return ""
    lines = [names, *([row.get(name, "") for name in names] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    lines.insert(1, ["-" * width for width in widths])
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def _columns(value: Any, chosen: bool) -> dict[str, str]:
    if isinstance(value, list):
        return {f"Column{number}": str(one) for number, one in enumerate(value, 1)}
    if not isinstance(value, dict):
        return {"Result": str(value)}
    return {
        f"{name[:1].upper()}{name[1:]}": str(value[name])
        for name in (value if chosen else sorted(value))
        if name not in _NOT_IN_TABLES and value[name] is not None and not isinstance(value[name], list | dict)
    }
