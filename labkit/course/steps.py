"""The steps of the course: its predictions and exercises, in the order of the cells that ask for them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from labkit.course.exercise import Exercise
from labkit.course.lessons import Lesson, source
from labkit.course.prediction import Prediction, predictions
from labkit.course.progress_state import Effort, Forecast, Progress
from labkit.course.worksheet import exercises


@dataclass(frozen=True)
class Step:
    """An exercise or a prediction, and the id of the first cell that asks for it ("" where none does)."""

    task: Exercise | Prediction
    cell: str = ""

    @property
    def minutes(self) -> int:
        """How long it takes; 0 for a prediction, whose time is that of reading."""
        return self.task.minutes if isinstance(self.task, Exercise) else 0

    @property
    def name(self) -> str:
        """What it is called in a sentence."""
        if isinstance(self.task, Exercise):
            return f"exercise {self.task.id}: {self.task.title}"
        return f"prediction {self.task.id}"

    def done(self, progress: Progress) -> bool:
        """Whether the exercise was passed, or the outcome of the prediction revealed."""
        entry = self.entry(progress)
        return entry.passed if isinstance(entry, Effort) else entry.outcome is not None

    def entry(self, progress: Progress) -> Effort | Forecast:
        """What is kept about it."""
        if isinstance(self.task, Exercise):
            return progress.exercises.get(self.task.id, Effort())
        return progress.predictions.get(self.task.id, Forecast())


@dataclass(frozen=True)
class Chapter:
    """A notebook with its steps, in the order of its cells."""

    lesson: Lesson
    steps: tuple[Step, ...]

    @property
    def id(self) -> str:
        """The notebook's file name without its ending."""
        return Path(self.lesson.notebook).stem

    def minutes_left(self, progress: Progress) -> int:
        """The minutes of the exercises that were not passed, and a share of the others. What a notebook takes
        beside its exercises is spread evenly over its steps, so that nobody has to say what was read."""
        open_steps = [step for step in self.steps if not step.done(progress)]
        reading = max(0, self.lesson.minutes - sum(step.minutes for step in self.steps))
        if self.steps:
            # Rounded up: the last minute goes with the last step.
            reading = -(-reading * len(open_steps) // len(self.steps))
        return reading + sum(step.minutes for step in open_steps)


def tasks() -> tuple[Exercise | Prediction, ...]:
    """All exercises and predictions of the course."""
    return (*exercises(), *predictions())


def chapters(folder: Path, course: Iterable[Lesson]) -> tuple[Chapter, ...]:
    """The notebooks of a folder, `course`, with their steps. A step that no cell asks for comes last."""
    found = []
    for lesson in course:
        asked = _asked(folder / lesson.notebook)
        place = {id: number for number, id in enumerate(asked)}
        own = [task for task in tasks() if task.notebook == lesson.notebook]
        own.sort(key=lambda task: place.get(task.id, len(place)))
        found.append(Chapter(lesson, tuple(Step(task, asked.get(task.id, "")) for task in own)))
    return tuple(found)


def _asked(path: Path) -> dict[str, str]:
    """The ids that code cells ask for, in order, each with the id of the first cell that does."""
    first: dict[str, str] = {}
    for cell in json.loads(path.read_text("utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            for id in ids_in(source(cell), "predict", "exercise"):
                first.setdefault(id, str(cell.get("id", "")))
    return first


def ids_in(code: str, *functions: str) -> list[str]:
    """The ids, written out, that code calls these functions with, in order."""
    pattern = rf"\b(?:{'|'.join(functions)})\(\s*(['\"])(.*?)\1"
    return [match[2] for match in re.finditer(pattern, code)]
