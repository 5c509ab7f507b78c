"""How far somebody has come, notebook by notebook, and where to go on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from labkit.core.noted import Line, Noted
from labkit.core.table import Table
from labkit.course.core_part import core
from labkit.course.exercise import Exercise
from labkit.course.progress_state import Effort, Forecast, Progress
from labkit.course.steps import Chapter, Step


@dataclass(frozen=True, repr=False)
class Resume(Noted):
    """Where to go on: a chapter and its next open step, None for both where the course is done. `trouble`
    says why progress is not kept, where it is not."""

    chapter: Chapter | None
    step: Step | None
    begun: bool
    trouble: str = ""

    def lines(self) -> Sequence[Line]:
        """One line, which leads to the cell, and what is wrong."""
        return (*self._way(), *map(Line, self.trouble.splitlines()))

    def _way(self) -> Sequence[Line]:
        if self.chapter is None or self.step is None:
            return (Line("Every exercise is passed and every prediction revealed. Nothing is left to do."),)
        word = "Go on in" if self.begun else "Begin with"
        text = f"{word} {self.chapter.id}, {self.step.name}"
        cell = f"#cell-id={quote(self.step.cell)}" if self.step.cell else ""
        return (Line(text, f"{quote(self.chapter.lesson.notebook)}{cell}"),)


def next_step(course: Sequence[Chapter], progress: Progress) -> Resume:
    """The first open step of the notebook that was worked in last; where it has none, of the notebooks after
    it, and then of those before it."""
    touched = [max((step.entry(progress).last for step in chapter.steps), default=0) for chapter in course]
    begun = any(touched)
    at = touched.index(max(touched)) if begun else 0
    for chapter in (*course[at:], *course[:at]):
        for step in chapter.steps:
            if not step.done(progress):
                return Resume(chapter, step, begun)
    return Resume(None, None, begun)


@dataclass(frozen=True)
class Count:
    """What was done of some steps, and the minutes that are left."""

    exercises: int
    passed: int
    predictions: int
    right: int
    wrong: int
    minutes_left: int

    @classmethod
    def of(cls, chapter: Chapter, progress: Progress) -> Count:
        """That of one notebook."""
        entries = [step.entry(progress) for step in chapter.steps]
        efforts = [entry for entry in entries if isinstance(entry, Effort)]
        right = [entry.right for entry in entries if isinstance(entry, Forecast)]
        passed = sum(effort.passed for effort in efforts)
        left = chapter.minutes_left(progress)
        return cls(len(efforts), passed, len(right), right.count(True), right.count(False), left)

    @classmethod
    def total(cls, counts: Sequence[Count]) -> Count:
        """All of them together."""
        names = ("exercises", "passed", "predictions", "right", "wrong", "minutes_left")
        return cls(*(sum(getattr(count, name) for count in counts) for name in names))


@dataclass(frozen=True, repr=False)
class Overview(Noted):
    """The progress of the whole course. `trouble` says why it is not kept, where it is not."""

    course: tuple[Chapter, ...]
    progress: Progress
    trouble: str = ""

    @property
    def counts(self) -> dict[str, Count]:
        """By the name of the notebook."""
        return {chapter.id: Count.of(chapter, self.progress) for chapter in self.course}

    @property
    def total(self) -> Count:
        """Of the whole course."""
        return Count.total(tuple(self.counts.values()))

    def tables(self) -> Sequence[Table]:
        """A row for each notebook, and one for all."""
        rows = [
            (
                name,
                f"{count.passed} of {count.exercises}",
                f"{count.right} of {count.predictions}",
                count.wrong,
                count.minutes_left,
            )
            for name, count in (*self.counts.items(), ("all", self.total))
        ]
        headers = ("notebook", "exercises passed", "predictions right", "wrong", "minutes left")
        return (Table(headers, rows, caption="Your progress"),)

    def lines(self) -> Sequence[Line]:
        """Where to go on, and what is wrong."""
        return (*next_step(self.course, self.progress).lines(), *map(Line, self.trouble.splitlines()))


@dataclass(frozen=True, repr=False)
class Detail(Noted):
    """The progress of one notebook, step by step. `trouble` says why it is not kept, where it is not."""

    chapter: Chapter
    progress: Progress
    trouble: str = ""

    def tables(self) -> Sequence[Table]:
        """A row for each step, in the order of the cells."""
        rows = [(step.task.id, *self._row(step)) for step in self.chapter.steps]
        caption = f"{self.chapter.id}: {self.chapter.minutes_left(self.progress)} minutes left"
        return (Table(("id", "what", "state", "attempts", "hints"), rows, caption=caption),)

    def lines(self) -> Sequence[Line]:
        """Which part of it is core, and what is wrong."""
        sections, tasks = core().get(self.chapter.lesson.notebook, ((), ()))
        named = ", ".join((*sections, *tasks))
        core_part = [Line(f"Core: {named}. What is not named is optional.")] * bool(named)
        return [*core_part, *map(Line, self.trouble.splitlines())]

    @property
    def summary(self) -> str:
        """Which notebook it is, and what is left of it."""
        return self.tables()[0].caption

    def _row(self, step: Step) -> tuple[object, ...]:
        entry = step.entry(self.progress)
        if isinstance(entry, Effort):
            state = "passed" if entry.passed else "tried" if entry.attempts else "open"
            hints = f"{entry.hints} of {len(step.task.hints)}" if isinstance(step.task, Exercise) else ""
            return "exercise", state, entry.attempts, hints
        if entry.outcome is None:
            return "prediction", "open" if entry.choice is None else "made", "", ""
        word = {True: "right", False: "wrong", None: "revealed without a choice"}[entry.right]
        return "prediction", word, "", ""
