"""What az prints: JSON as it indents it, or bare values."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from labkit.sdk.az_errors import UsageError

FORMATS = ("json", "none", "tsv")
_STEP = re.compile(r"(?:^|(?<=.)\.)([A-Za-z_][A-Za-z0-9_]*)|\[(-?[0-9]{1,9}|)\]")


@dataclass(frozen=True)
class Verbatim:
    """An answer that is printed as it is, whatever format was asked for. Its `repr` does not show it."""

    text: str = field(repr=False)


def pick(value: Any, query: str) -> Any:
    """The part of an answer that `--query` names: names, numbers in brackets, and `[]` for each of a list.
    What is not there is None. Raises UsageError."""
    position = 0
    steps: list[str | int | None] = []
    while position < len(query):
        step = _STEP.match(query, position)
        if step is None:
            break
        name, index = step.groups()
        steps.append(name if name is not None else int(index) if index else None)
        position = step.end()
    if position < len(query) or not steps:
        raise UsageError(
            f"az: error: argument --query: invalid jmespath_type value: {query[:60]!r}",
            required="for instance objectId, user.name, [0].id or [].principalName",
            advice="the lab reads paths; for more than that, json.loads(lab.az(...))",
        )
    return _walk(value, steps)


def _walk(value: Any, steps: list[str | int | None]) -> Any:
    for number, step in enumerate(steps):
        if step is None:
            if not isinstance(value, list):
                return None
            found = (_walk(one, steps[number + 1 :]) for one in value)
            return [one for one in found if one is not None]
        if isinstance(step, str):
            value = value.get(step) if isinstance(value, dict) else None
        else:
            inside = isinstance(value, list) and -len(value) <= step < len(value)
            value = value[step] if inside else None
    return value


def shown(value: Any, form: str) -> str:
    """An answer as az prints it, without the line's end. No answer is shown as nothing."""
    if value is None or form == "none":
        return ""
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
