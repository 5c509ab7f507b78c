"""The hardening checklist of the course (`checklist.toml`): what to do, and which exercise shows why."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import groupby

from labkit.core.table import Table, Tabular
from labkit.course.exercise import Exercise
from labkit.course.registry import content, pick


@dataclass(frozen=True)
class Line:
    """One line: what to do (a sentence), the id of the statement of the ledger behind it, and the exercise
    that shows why."""

    do: str
    statement: str
    exercise: Exercise

    @property
    def notebook(self) -> str:
        """The notebook that the exercise is part of, without .ipynb."""
        return self.exercise.notebook.removesuffix(".ipynb")


@dataclass(frozen=True, repr=False)
class Checklist(Tabular):
    """All lines, in the order of the notebooks."""

    lines: tuple[Line, ...]

    def as_table(self) -> Table:
        """One row for each line."""
        rows = [(one.notebook, one.exercise.id, one.statement, one.do) for one in self.lines]
        return Table(("notebook", "exercise", "statement", "what to do"), rows)

    def markdown(self) -> str:
        """The list with a box before each line, to print or to put into a repository."""
        parts = ["# Hardening an Azure Machine Learning workspace"]
        for notebook, lines in groupby(self.lines, key=lambda one: one.notebook):
            boxes = (
                f"- [ ] {one.do} (`{one.statement}`; exercise `{one.exercise.id}`: {one.exercise.title})"
                for one in lines
            )
            parts.append("\n".join((f"## {notebook}\n", *boxes)))
        return "\n\n".join(parts)


@cache
def checklist() -> Checklist:
    """The hardening checklist. `checklist().markdown()` is the same for a repository."""
    text = files("labkit.course").joinpath("checklist.toml").read_text("utf-8")
    exercises: tuple[Exercise, ...] = content("EXERCISES")
    lines = (
        Line(one["do"], one["statement"], pick("exercise", exercises, one["exercise"]))
        for one in tomllib.loads(text)["line"]
    )
    return Checklist(tuple(lines))
