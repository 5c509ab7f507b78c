"""Progress as JSON, to be moved to another machine. What comes in is believed in nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, TypeVar

from labkit.core.errors import BadInput, brief
from labkit.course.progress_state import MOST, Effort, Forecast, Progress

# The version of the format stands under this name.
MARK = "labkit-progress"
VERSION = 1

_ID = re.compile(r"[!-~]{1,120}")
_LONGEST_TEXT = 200
# Bytes.
LARGEST = 5_000_000
# Of one kind.
_MOST_ENTRIES = 10_000

T = TypeVar("T")


def to_json(progress: Progress) -> str:
    """As text, the same for the same progress."""
    return json.dumps({MARK: VERSION, **asdict(progress)}, indent=2, sort_keys=True) + "\n"


def from_json(data: bytes) -> Progress:
    """Reads what `to_json` has written, in whatever UTF encoding it was stored since. Raises BadInput for
    anything else."""
    if len(data) > LARGEST:
        raise _fault("the file", f"more than {LARGEST:,} bytes", f"at most {LARGEST:,}")
    try:
        content = json.loads(data, object_pairs_hook=_table)
    except (ValueError, RecursionError) as error:
        raise _fault("the file", brief(str(error), 200), "JSON") from None
    if type(content) is not dict or type(content.get(MARK)) is not int or content[MARK] < 1:
        raise _fault("the file", brief(content), f'an object with "{MARK}": {VERSION}')
    if content[MARK] > VERSION:
        raise BadInput(
            "This was exported by a newer version of the lab.",
            presented=f'"{MARK}": {brief(content[MARK])}',
            required=f"{VERSION}",
            advice="bring the course up to date, and import it then",
        )
    return progress_of({name: value for name, value in content.items() if name != MARK})


def progress_of(content: object) -> Progress:
    """Progress out of plain values: {"exercises": {id: {...}}, "predictions": {id: {...}}}, with the fields
    of Effort and Forecast, no more and no less. Raises BadInput."""
    parts = _fields(content, Progress, "the export")
    return Progress(
        _entries(parts["exercises"], "exercises", _effort),
        _entries(parts["predictions"], "predictions", _forecast),
    )


def _table(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) < len(pairs):
        raise ValueError("a name stands twice in one object")
    return table


def _fault(where: str, presented: str, required: str) -> BadInput:
    said = f"This is not progress of the lab: {where} is wrong."
    return BadInput(said, presented=presented, required=required)


def _fields(value: object, kind: type, where: str) -> dict[str, Any]:
    wanted = list(kind.__dataclass_fields__)  # type: ignore[attr-defined]
    if type(value) is not dict or value.keys() != set(wanted):
        raise _fault(where, brief(value), f"an object with {', '.join(wanted)}")
    return value


def _entries(value: object, where: str, read: Callable[[Any, str], T]) -> dict[str, T]:
    if type(value) is not dict or len(value) > _MOST_ENTRIES:
        raise _fault(where, brief(value), f"an object with at most {_MOST_ENTRIES:,} entries")
    for id in value:
        if type(id) is not str or not _ID.fullmatch(id):
            raise _fault(f"an id in {where}", brief(id), "an id of the course")
    return {id: read(entry, f"{where}/{id}") for id, entry in value.items()}


def _effort(value: object, where: str) -> Effort:
    fields = _fields(value, Effort, where)
    for name in ("attempts", "hints"):
        _count(fields[name], 0, MOST, f"{where}/{name}")
    _count(fields["last"], 1, MOST, f"{where}/last")
    for name in ("passed", "explained"):
        if type(fields[name]) is not bool:
            raise _fault(f"{where}/{name}", brief(fields[name]), "true or false")
    if fields["passed"] and not fields["attempts"]:
        raise _fault(f"{where}/passed", "passed without an attempt", "1 attempt or more")

    def shown(count: object, place: str) -> int:
        # Each of them was shown by an attempt.
        return _count(count, 1, fields["attempts"], place)

    misconceptions = _entries(fields["misconceptions"], f"{where}/misconceptions", shown)
    return Effort(**{**fields, "misconceptions": misconceptions})


def _count(value: object, least: int, most: int, where: str) -> int:
    # The very type: a truth value is a number as well.
    if type(value) is not int or not least <= value <= most:
        raise _fault(where, brief(value), f"a whole number from {least} to {most}")
    return value


def _forecast(value: object, where: str) -> Forecast:
    fields = _fields(value, Forecast, where)
    _count(fields["last"], 1, MOST, f"{where}/last")
    texts = [(name, fields[name]) for name in ("choice", "outcome") if fields[name] is not None]
    if not texts:
        raise _fault(where, "neither choice nor outcome", "one of them, or both")
    for name, text in texts:
        if type(text) is not str or not 0 < len(text) <= _LONGEST_TEXT or not text.isprintable():
            raise _fault(f"{where}/{name}", brief(text), f"a text of at most {_LONGEST_TEXT} characters")
    return Forecast(**fields)
