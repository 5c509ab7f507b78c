"""The exports that the learners of a class have handed in, one file each. What is in them is believed in
nothing."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from labkit.core.errors import BadInput
from labkit.core.text import plain
from labkit.course.progress_json import LARGEST, from_json
from labkit.course.progress_state import Progress
from labkit.course.steps import tasks

# Who has done less may well have done the same as somebody else.
_FEWEST_IN_COMMON = 5


@dataclass(frozen=True)
class Learner:
    """Somebody, by the name of the file, and what they have done."""

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
    others = {path.resolve() for path in passed_over}
    learners, remarks = [], []
    for path in sorted(folder.iterdir(), key=lambda path: (path.name.casefold(), path.name)):
        if path.name.startswith(".") or path.resolve() in others:
            continue
        try:
            found = _learner(path)
        except (BadInput, OSError) as error:
            remarks.append(f"{plain(path.name)}: left out. {_why(error)}")
            continue
        learners.append(found)
        remarks += _foreign(found, path.name)
    return HandedIn(*_without_earlier(_named_apart(learners), remarks))


def _learner(path: Path) -> Learner:
    if path.suffix.lower() != ".json" or not path.is_file():
        raise BadInput("It is no .json file.")
    with path.open("rb") as file:
        # One more than there may be: what is larger is refused, and not read to its end.
        return Learner(path.stem, from_json(file.read(LARGEST + 1)))


def _why(error: BadInput | OSError) -> str:
    if isinstance(error, OSError):
        return f"It cannot be read: {error.strerror or type(error).__name__}."
    presented = f" It has {plain(error.presented, 80)}." if error.presented else ""
    return f"{error.message}{presented}"


def _foreign(learner: Learner, file: str) -> list[str]:
    """What is told of ids that are of another edition of the course."""
    count = len(learner.progress.ids - {task.id for task in tasks()})
    return [f"{plain(file)}: {count} ids in it are of no exercise or prediction of this course."] * (
        count > 0
    )


def _named_apart(learners: list[Learner]) -> list[Learner]:
    """Two files may differ in the case of their ending alone."""
    names = [learner.name for learner in learners]
    return [
        Learner(f"{one.name} ({names[:at].count(one.name) + 1})", one.progress)
        if names.count(one.name) > 1
        else one
        for at, one in enumerate(learners)
    ]


def _without_earlier(
    learners: list[Learner], remarks: list[str]
) -> tuple[tuple[Learner, ...], tuple[str, ...]]:
    """Without the exports that hold an earlier state of another one, or the same."""
    kept: list[Learner] = []
    # The fullest first, so that every earlier state meets the latest one.
    for one in sorted(learners, key=lambda learner: -learner.progress.next):
        later = next((other for other in kept if is_earlier(one.progress, other.progress)), None)
        if later is None:
            kept.append(one)
            continue
        same = "the same as" if one.progress == later.progress else "an earlier state of"
        remarks.append(f"{plain(one.name)}: left out. It is {same} {plain(later.name)}.")
    return tuple(one for one in learners if one in kept), tuple(remarks)


def is_earlier(one: Progress, other: Progress) -> bool:
    """Whether somebody with this progress has that `other` progress now, or a copy of it: nothing differs but
    what the other's counter puts after all that the one has done."""
    before = {**one.exercises, **one.predictions}
    after = {**other.exercises, **other.predictions}
    unchanged = {id: entry for id, entry in after.items() if entry.last < one.next}
    return (
        len(unchanged) >= _FEWEST_IN_COMMON
        and unchanged.items() <= before.items()
        and before.keys() <= after.keys()
    )
