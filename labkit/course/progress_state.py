"""What somebody has done in the course, as plain values, and what can happen to it.

Order is kept by a counter and not by a clock: `last` of an entry is one more than the largest there was when
the entry last changed. Two states merge entry by entry into one that holds what either holds; merging is
idempotent, commutative and associative, so that it does not matter how often and in which order exports from
several machines come in.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Self, TypeVar

# A count that has come so far stays there.
MOST = 1_000_000_000


@dataclass(frozen=True)
class Effort:
    """What was done about an exercise.

    attempts        how many answers were tried
    hints           how many different hints were taken
    misconceptions  the known wrong ideas that came up, and how often each
    explained       whether the explanation or a solution was read
    last            the counter when it was last touched
    """

    attempts: int = 0
    passed: bool = False
    hints: int = 0
    misconceptions: Mapping[str, int] = field(default_factory=dict)
    explained: bool = False
    last: int = 0

    def __or__(self, other: Self) -> Effort:
        """Of each count the larger one; what was once passed or explained stays so."""
        ids = self.misconceptions.keys() | other.misconceptions.keys()
        return Effort(
            max(self.attempts, other.attempts),
            self.passed or other.passed,
            max(self.hints, other.hints),
            {id: max(self.misconceptions.get(id, 0), other.misconceptions.get(id, 0)) for id in ids},
            self.explained or other.explained,
            max(self.last, other.last),
        )


@dataclass(frozen=True)
class Forecast:
    """What was predicted before the reveal (None for nothing), and what the lab answered at the first reveal
    (None before it). `last` is the counter when one of the two last changed."""

    choice: str | None = None
    outcome: str | None = None
    last: int = 0

    @property
    def right(self) -> bool | None:
        """Whether it came true; None where nothing was predicted or revealed."""
        return None if None in (self.choice, self.outcome) else self.choice == self.outcome

    def __or__(self, other: Self) -> Forecast:
        """One of the two as it stands, never a choice of one with the outcome of the other: the one that was
        revealed, and revealed first; where none was, the later choice."""
        return max(self, other, key=lambda one: one._weight)

    @property
    def _weight(self) -> tuple[bool, int, str, str]:
        revealed = self.outcome is not None
        return revealed, -self.last if revealed else self.last, self.choice or "", self.outcome or ""


E = TypeVar("E", Effort, Forecast)


@dataclass(frozen=True)
class Progress:
    """All that is kept, by the ids of exercises and predictions."""

    exercises: Mapping[str, Effort] = field(default_factory=dict)
    predictions: Mapping[str, Forecast] = field(default_factory=dict)

    def __or__(self, other: Self) -> Progress:
        """The two merged."""
        return Progress(
            _merged(self.exercises, other.exercises), _merged(self.predictions, other.predictions)
        )

    @property
    def ids(self) -> frozenset[str]:
        """Whatever was touched."""
        return frozenset(self.exercises) | frozenset(self.predictions)

    @property
    def next(self) -> int:
        """What the counter says at the next change."""
        entries: list[Effort | Forecast] = [*self.exercises.values(), *self.predictions.values()]
        return _one_more(max((entry.last for entry in entries), default=0))


Change = Callable[[Progress], Progress]


def _merged(one: Mapping[str, E], other: Mapping[str, E]) -> dict[str, E]:
    both = {id: one[id] | other[id] for id in one.keys() & other.keys()}
    return {**one, **other, **both}


def _one_more(count: int) -> int:
    return min(count + 1, MOST)


def _touched(id: str, update: Callable[[Effort], Effort]) -> Change:
    def change(progress: Progress) -> Progress:
        effort = replace(update(progress.exercises.get(id, Effort())), last=progress.next)
        return replace(progress, exercises={**progress.exercises, id: effort})

    return change


def attempted(id: str, passed: bool, misconception: str | None = None) -> Change:
    """An answer to the exercise was tried. One that passes is explained."""

    def update(effort: Effort) -> Effort:
        shown = dict(effort.misconceptions)
        if misconception is not None:
            shown[misconception] = _one_more(shown.get(misconception, 0))
        return replace(
            effort,
            attempts=_one_more(effort.attempts),
            passed=effort.passed or passed,
            explained=effort.explained or passed,
            misconceptions=shown,
        )

    return _touched(id, update)


def hinted(id: str, number: int) -> Change:
    """The hint of this number (from 1) was taken. A restarted kernel begins with the first one again, which
    is no new hint."""
    return _touched(id, lambda effort: replace(effort, hints=max(effort.hints, number)))


def explained(id: str) -> Change:
    """A solution was read."""
    return _touched(id, lambda effort: replace(effort, explained=True))


def _forecast(id: str, update: Callable[[Forecast], Forecast]) -> Change:
    def change(progress: Progress) -> Progress:
        before = progress.predictions.get(id, Forecast())
        after = update(before)
        if before.outcome is not None or after == before:
            return progress
        return replace(progress, predictions={**progress.predictions, id: replace(after, last=progress.next)})

    return change


def chose(id: str, choice: str) -> Change:
    """Something was predicted. After the reveal that changes nothing."""
    return _forecast(id, lambda forecast: replace(forecast, choice=choice))


def revealed(id: str, outcome: str) -> Change:
    """What the lab answered was shown. A second reveal changes nothing."""
    return _forecast(id, lambda forecast: replace(forecast, outcome=outcome))


def merged(other: Progress) -> Change:
    """What was kept elsewhere comes in."""
    return lambda progress: progress | other


def forgotten(ids: Collection[str]) -> Change:
    """What was done about these exercises and predictions is forgotten."""

    def change(progress: Progress) -> Progress:
        return Progress(
            {id: effort for id, effort in progress.exercises.items() if id not in ids},
            {id: forecast for id, forecast in progress.predictions.items() if id not in ids},
        )

    return change
