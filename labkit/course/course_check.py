"""The course as its authors left it: each exercise and prediction with what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from labkit.core.noted import Line, Noted
from labkit.core.table import Table
from labkit.course.exercise import Exercise
from labkit.course.exercise_faults import Fault, faults_of, faults_of_question
from labkit.course.notebook_faults import faults_of_course
from labkit.course.prediction import Prediction, predictions
from labkit.course.registry import pick
from labkit.course.worksheet import exercises

Task = Exercise | Prediction


def course() -> tuple[Task, ...]:
    """All exercises and predictions, notebook by notebook; exercises first."""
    return tuple(sorted((*exercises(), *predictions()), key=lambda task: task.notebook))


def chosen(only: Sequence[str] = ()) -> tuple[Task, ...]:
    """Those with these ids; all of them where none is given. Raises BadInput for an unknown id."""
    for id in only:
        pick("exercise or prediction", course(), id)
    return tuple(task for task in course() if not only or task.id in only)


def tried(id: str) -> list[Fault]:
    """What is wrong with an exercise or a prediction by itself."""
    task = pick("exercise or prediction", course(), id)
    return faults_of(task) if isinstance(task, Exercise) else faults_of_question(task)


@dataclass(frozen=True, repr=False)
class CourseCheck(Noted):
    """What was checked, with what was found, by id."""

    tasks: tuple[Task, ...]
    found: Mapping[str, Sequence[Fault]]

    @property
    def faults(self) -> list[Fault]:
        """All that is wrong, in the order of the course; what is no exercise of the course comes last."""
        return [one for each in self.found.values() for one in each]

    def tables(self) -> Sequence[Table]:
        """A row for each exercise and for each prediction."""
        headers = ("notebook", "exercise", "minutes", "hints", "wrong answers", "result")
        rows = [
            (_stem(task), task.id, task.minutes, len(task.hints), len(task.wrong), self._result(task))
            for task in self.tasks
            if isinstance(task, Exercise)
        ]
        asked = [
            (_stem(task), task.id, len(task.options), self._result(task))
            for task in self.tasks
            if isinstance(task, Prediction)
        ]
        tables = (Table(headers, rows), Table(("notebook", "prediction", "options", "result"), asked))
        return [table for table in tables if table.rows]

    def _result(self, task: Task) -> str:
        count = len(self.found.get(task.id, ()))
        return f"{count} wrong" if count else "holds"

    def lines(self) -> Sequence[Line]:
        """What is wrong and what to do; how many hold."""
        known = [task.id for task in self.tasks]
        broken = dict.fromkeys(one.id for one in self.faults)
        held = len(known) - len(broken.keys() & set(known))
        again = " ".join(["labkit course check", *(f"--only {id}" for id in broken if id in known)])
        return [
            *(Line(text) for one in self.faults for text in _told(one)),
            Line(f"{held} of {len(known)} hold."),
            *([Line(f"When that is done: {again}")] if broken else []),
        ]

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        known = {task.id: task for task in self.tasks}
        rows = [
            {
                "id": id,
                "kind": _kind(known.get(id)),
                "notebook": known[id].notebook if id in known else None,
                "faults": [_plain(one) for one in self.found.get(id, ())],
            }
            for id in dict.fromkeys((*known, *self.found))
        ]
        return {"holds": not self.faults, "checked": rows}


def gathered(tasks: tuple[Task, ...], found: Iterable[Fault], folder: Path, all_of_it: bool) -> CourseCheck:
    """What was found by trying, together with what is found in the notebooks of a folder. Ids that only a
    notebook has count where all of the course is checked."""
    by_id: dict[str, list[Fault]] = {task.id: [] for task in tasks}
    ids = [task.id for task in course()]
    twice = {id for id in ids if ids.count(id) > 1}
    doubled = (Fault(id, "the id stands twice", "give each its own") for id in sorted(twice))
    for fault in (*found, *doubled, *faults_of_course(folder)):
        if fault.id in by_id or all_of_it:
            by_id.setdefault(fault.id, []).append(fault)
    return CourseCheck(tasks, by_id)


def _kind(task: Task | None) -> str:
    return "unknown" if task is None else type(task).__name__.lower()


def _plain(fault: Fault) -> dict[str, str]:
    return {name: text for name, text in asdict(fault).items() if name in ("says", "todo")}


def _stem(task: Task) -> str:
    return Path(task.notebook).stem


def _told(fault: Fault) -> list[str]:
    return [f"wrong  {fault.id}: {fault.says}", f"       what to do: {fault.todo}"]
