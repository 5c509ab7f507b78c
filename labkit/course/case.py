"""A case that somebody sets up: what happens in it, step by step, and what each step is answered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from labkit.core.table import Table, Tabular
from labkit.core.verdict import Verdict
from labkit.course.stepping import uncounted

T = TypeVar("T")


@dataclass(frozen=True, repr=False)
class Case(Tabular):
    """What happened, in steps of (what, answer)."""

    steps: tuple[tuple[str, str], ...]

    @property
    def answer(self) -> str:
        """What the last step was answered: "200", or a status with a code."""
        return self.steps[-1][1]

    @property
    def word(self) -> str:
        """The answer in one word: accepted or refused."""
        return "accepted" if self.answer == "200" else "refused"

    def as_table(self) -> Table:
        """One row for each step."""
        return Table(("what happens", "answer"), self.steps)


class Steps:
    """A case in the making."""

    def __init__(self) -> None:
        self.done: list[tuple[str, str]] = []

    def attempt(self, what: str, step: Callable[[], T]) -> T | None:
        """Takes a step; returns what comes of it, None where the lab says no."""
        verdict: Verdict[T] = Verdict.of(lambda: uncounted(step))
        self.done.append((what, answer_of(verdict)))
        return verdict.value

    def note(self, what: str, answer: str = "") -> None:
        """Something that happens, and that nobody answers."""
        self.done.append((what, answer))


def answer_of(verdict: Verdict[Any]) -> str:
    """The verdict as whoever called sees it: the status, and the code where there is one."""
    if verdict.refusal is None:
        return "200"
    return f"{getattr(verdict.refusal, 'status', 0) or ''} {verdict.code}".strip() or "no answer"
