"""A line of the benchmark's table, and how two things take turns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median
from timeit import timeit

Work = Callable[[], object]
Rows = Iterator["Row"]


@dataclass(frozen=True)
class Row:
    """One line of the table. `ours` and `other` are medians, `ratio` is the median of the rounds' own
    ratios; `target` is the largest ratio that is still good. None stands for what there is not; `note` is
    said in its place: why nothing was measured, or what else there is to say where there is no target."""

    what: str
    against: str = ""
    ours: float | None = None
    other: float | None = None
    ratio: float | None = None
    target: float | None = None
    note: str = ""

    @property
    def met(self) -> bool:
        """False where a target is missed."""
        return self.target is None or self.ratio is None or self.ratio <= self.target

    @property
    def verdict(self) -> str:
        """The last column."""
        if self.note:
            return self.note
        if self.target is None:
            return ""
        return "ok" if self.met else "TOO SLOW"

    @property
    def cells(self) -> list[str]:
        """The whole line as text."""
        ratio = "" if self.ratio is None else _times(self.ratio, 2)
        target = "" if self.target is None else f"<= {_times(self.target, 1)}"
        return [self.what, self.against, _duration(self.ours), _duration(self.other), ratio, target]


def _times(ratio: float, digits: int) -> str:
    return f"{ratio:.{digits if ratio >= 0.1 or not ratio else 3}f}x"


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return ""
    return f"{seconds * 1e3:.1f} ms" if seconds >= 1e-3 else f"{seconds * 1e6:.1f} µs"


def race(row: Row, ours: Work, other: Work, rounds: int, per: int = 1) -> Row:
    """The row with the measurements of both, each once a round and in turn the first. `per` is how many
    operations one call carries out."""
    ours(), other()
    mine: list[float] = []
    theirs: list[float] = []
    for number in range(rounds):
        pair = [(ours, mine), (other, theirs)]
        for work, times in pair if number % 2 else reversed(pair):
            times.append(timeit(work, number=1) / per)
    ratio = median(a / b for a, b in zip(mine, theirs, strict=True))
    return Row(row.what, row.against, median(mine), median(theirs), ratio, row.target)
