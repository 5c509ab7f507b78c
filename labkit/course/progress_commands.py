"""What `labkit progress` does: each of these returns the text to print. Here a file that cannot be used is an
error, and nothing is kept in memory."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

from labkit.core.errors import BadInput
from labkit.course.calibration import calibrated
from labkit.course.prediction import predictions
from labkit.course.progress import ids_of, overview
from labkit.course.progress_json import LARGEST, from_json, to_json
from labkit.course.progress_place import progress_file
from labkit.course.progress_state import Progress, forgotten, merged
from labkit.course.progress_store import Store

# In place of a file: what is typed or piped.
STREAM = "-"


def show() -> str:
    """The table, and where all of it is kept. Raises BadInput and Unkept."""
    done = Store().read()
    told = calibrated(done, predictions())
    more = f"{told.summary} calibration(), in a notebook, says which did not.\n" if told.made else ""
    return f"{overview(done)!r}\n{more}Kept in {progress_file()}\n"


def export(name: str) -> str:
    """Writes progress into a new file; for `-` it is the text itself. Raises BadInput for a file that is
    there already, Unkept, and OSError."""
    done = Store().read()
    text = to_json(done)
    if name == STREAM:
        if sys.stdout is None:
            raise BadInput("Nothing was exported: the output is closed.", required="a file, or a pipe")
        return text
    file = Path(name)
    if os.path.realpath(file).startswith(os.path.realpath(progress_file())):
        raise BadInput(
            "Progress itself is kept there, and nothing was exported.",
            presented=name,
            required="another name",
        )
    try:
        target = file.open("x", encoding="utf-8", newline="\n")
    except FileExistsError:
        raise BadInput(
            "There is such a file already, and nothing was exported.", presented=name, required="a new name"
        ) from None
    try:
        with target:
            target.write(text)
    except OSError:
        # Half an export is none.
        with suppress(OSError):
            file.unlink()
        raise
    return f"Exported: {_counted(*_sizes(done))}.\n"


def take_in(name: str) -> str:
    """Merges an export into what is kept: passed stays passed, and of two counts the larger one stands.
    Raises BadInput for a file that is no export, which changes nothing, Unkept, and OSError."""
    coming = from_json(_incoming(name))
    store = Store()
    before = store.read()
    after = store.change(merged(coming))
    exercises = sum(after.exercises[id] != before.exercises.get(id) for id in coming.exercises)
    predictions = sum(after.predictions[id] != before.predictions.get(id) for id in coming.predictions)
    return f"Imported: {_counted(exercises, predictions)} changed.\n"


def _incoming(name: str) -> bytes:
    """Of what is too large, no more than shows that. Raises BadInput and OSError."""
    if name != STREAM:
        with Path(name).open("rb") as file:
            return file.read(LARGEST + 1)
    if sys.stdin is None:
        raise BadInput("Nothing was imported: the input is closed.", required="a file, or a pipe")
    return sys.stdin.buffer.read(LARGEST + 1)


def reset(id: str | None, everything: bool, yes: bool) -> str:
    """Forgets an exercise, a prediction, a notebook, or everything; only with `yes`. Raises BadInput and
    Unkept."""
    if (id is None) is not everything:
        raise BadInput("What is to be forgotten?", required="one id, or --all")
    store = Store()
    before = store.read()
    ids = before.ids if id is None else ids_of(id, before) & before.ids
    doomed = Progress(
        {each: effort for each, effort in before.exercises.items() if each in ids},
        {each: forecast for each, forecast in before.predictions.items() if each in ids},
    )
    if not ids:
        return "Nothing was kept of that, and nothing was forgotten.\n"
    if not yes:
        raise BadInput(
            f"What is kept of {_counted(*_sizes(doomed))} would be forgotten for good.",
            required="--yes",
            advice="`labkit progress export FILE` first, if in doubt",
        )
    store.change(forgotten(ids))
    return f"Forgotten: {_counted(*_sizes(doomed))}.\n"


def _sizes(progress: Progress) -> tuple[int, int]:
    return len(progress.exercises), len(progress.predictions)


def _counted(exercises: int, predictions: int) -> str:
    plural = ("s" * (count != 1) for count in (exercises, predictions))
    return f"{exercises} exercise{next(plural)} and {predictions} prediction{next(plural)}"
