"""The exports that the learners of a class have handed in, one file each. What is in them is believed in
nothing."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

from labkit.core.errors import BadInput
from labkit.core.text import plain
from labkit.course.progress_json import LARGEST, from_json
from labkit.course.progress_state import Progress
from labkit.course.steps import tasks

# What browsers and file managers add to the name of a second file.
_COPY = re.compile(r"(?i)^copy of |\s*\(\d+\)$|(\s-)?\scopy(\s\d+)?$")
# Who has done less may well have done the same as somebody else.
_FEWEST_IN_COMMON = 5


@dataclass(frozen=True)
class Learner:
    """Somebody, by the name of the file or files, and what they have done."""

    name: str
    progress: Progress


@dataclass(frozen=True)
class HandedIn:
    """The learners, by name, and a line for each file that is not simply one of theirs."""

    learners: tuple[Learner, ...]
    remarks: tuple[str, ...]


def handed_in(folder: Path, passed_over: Collection[Path] = ()) -> HandedIn:
    """Reads the files of a folder, but for those `passed_over` and hidden ones. Raises BadInput for what is
    no folder, and OSError for one that cannot be read."""
    if not folder.is_dir():
        raise BadInput(
            "There is no such folder.",
            presented=str(folder),
            required="the folder with what `labkit progress export` has written for each learner",
        )
    others = {path.absolute() for path in passed_over}
    learners, remarks = [], []
    for path in sorted(folder.iterdir(), key=lambda path: (path.stem.casefold(), path.name)):
        if path.name.startswith(".") or path.absolute() in others:
            continue
        try:
            found = _learner(path)
        except (BadInput, OSError) as error:
            remarks.append(f"{plain(path.name)}: left out. {_why(error)}")
            continue
        learners.append((path.name, found))
        remarks += _foreign(found, path.name)
    people, told = _merged(learners)
    return HandedIn(tuple(people), (*remarks, *told, *_alike(people)))


def _learner(path: Path) -> Learner:
    if path.suffix.lower() != ".json":
        raise BadInput("Its name does not end with .json.")
    if not path.is_file():
        raise BadInput("It is a folder." if path.is_dir() else "It is no file, or leads to none.")
    if (size := path.stat().st_size) > LARGEST:
        raise BadInput("It is too large.", presented=f"{size:,} bytes", required=f"at most {LARGEST:,}")
    with path.open("rb") as file:
        # One more than there may be: what has grown meanwhile is refused, and not read to its end.
        return Learner(_COPY.sub("", path.stem) or path.stem, from_json(file.read(LARGEST + 1)))


def _why(error: BadInput | OSError) -> str:
    if isinstance(error, OSError):
        return f"It cannot be read: {error.strerror or type(error).__name__}."
    required = f"; required: {plain(error.required, 80)}" if error.required else ""
    presented = f" It has {plain(error.presented, 80)}{required}." if error.presented else ""
    advice = f" What to do: {error.advice}." if error.advice else ""
    return f"{error.message}{presented}{advice}"


def _foreign(learner: Learner, file: str) -> list[str]:
    """What is told of ids that are of another edition of the course."""
    count = len(learner.progress.ids - {task.id for task in tasks()})
    return [f"{plain(file)}: {count} ids in it are of no exercise or prediction of this course."] * (
        count > 0
    )


def _merged(handed: list[tuple[str, Learner]]) -> tuple[list[Learner], list[str]]:
    """What several files of one learner hold, put together, with a line for each file but the first."""
    by_name: dict[str, Learner] = {}
    remarks = []
    for file, one in handed:
        if (before := by_name.get(one.name)) is not None:
            remarks.append(f"{plain(file)}: counted together with what else {plain(one.name)} handed in.")
            one = replace(one, progress=before.progress | one.progress)
        by_name[one.name] = one
    return list(by_name.values()), remarks


def _alike(learners: list[Learner]) -> list[str]:
    """A line for each who has done the very same as somebody before, which may be a copy or chance."""
    return [
        f"{plain(one.name)}: the same as {plain(other.name)} to the last attempt. Is it a copy? Both count."
        for at, one in enumerate(learners)
        if len(one.progress.ids) >= _FEWEST_IN_COMMON
        for other in [each for each in learners[:at] if each.progress == one.progress][:1]
    ]
