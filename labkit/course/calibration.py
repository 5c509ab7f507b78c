"""How often predictions came true. Who is sure and wrong has learned something."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from labkit.core.noted import Line, Noted
from labkit.core.table import Table
from labkit.course.keeper import known, trouble
from labkit.course.prediction import Prediction, predictions
from labkit.course.progress_state import Forecast, Progress


@dataclass(frozen=True, repr=False)
class Calibration(Noted):
    """The predictions that were made before their reveal, with what came of them, in the order of the
    course; and how many were revealed without one. `trouble` says why they are not kept, where they are
    not."""

    made: tuple[tuple[Prediction, Forecast], ...]
    unmade: int = 0
    trouble: str = ""

    @property
    def right(self) -> int:
        """How many came true."""
        return sum(forecast.right is True for _, forecast in self.made)

    @property
    def wrong(self) -> tuple[tuple[Prediction, Forecast], ...]:
        """Those that did not."""
        return tuple(one for one in self.made if one[1].right is False)

    @property
    def by_guessing(self) -> float:
        """How many would come true on average if all options were equally likely to be chosen."""
        return sum(1 / len(prediction.options) for prediction, _ in self.made)

    def tables(self) -> Sequence[Table]:
        """How many, by notebook; then those that did not come true."""
        if not self.made:
            return ()
        names = dict.fromkeys(Path(prediction.notebook).stem for prediction, _ in self.made)
        parts = {name: [one for one in self.made if Path(one[0].notebook).stem == name] for name in names}
        rows = [_row(name, Calibration(tuple(part))) for name, part in (*parts.items(), ("all", self.made))]
        headers = ("notebook", "predictions", "right", "share", "by guessing")
        counts = Table(headers, rows, caption="Your predictions")
        if not self.wrong:
            return (counts,)
        wrong = [(prediction.id, one.choice, one.outcome) for prediction, one in self.wrong]
        told = ("prediction", "you predicted", "the lab answered")
        return counts, Table(told, wrong, caption="Not what you thought")

    def lines(self) -> Sequence[Line]:
        """What guessing would have got, how many answers were seen without one, and what is wrong."""
        return [*self._told(), *map(Line, self.trouble.splitlines())]

    def _told(self) -> Sequence[Line]:
        if not self.made and not self.unmade:
            return (Line("None of your predictions has been revealed yet."),)
        which = "1 answer was" if self.unmade == 1 else f"{self.unmade} answers were"
        unmade = f"{which} revealed without a prediction of yours. That does not count."
        return [*[Line(self.summary)] * bool(self.made), *[Line(unmade)] * bool(self.unmade)]

    @property
    def summary(self) -> str:
        """How many came true, and how many would have by guessing."""
        total = f"{len(self.made)} prediction{'s' * (len(self.made) != 1)}"
        return f"{self.right} of {total} came true. Guessing gets about {self.by_guessing:.1f} of them."


def _row(name: str, part: Calibration) -> tuple[object, ...]:
    total = len(part.made)
    share = (f"{100 * number / total:.0f} %" for number in (part.right, part.by_guessing))
    return name, total, part.right, *share


def calibrated(progress: Progress, questions: Sequence[Prediction]) -> Calibration:
    """The calibration of some progress."""
    kept = [(one, progress.predictions[one.id]) for one in questions if one.id in progress.predictions]
    made = sorted((one for one in kept if one[1].right is not None), key=lambda one: one[0].notebook)
    unmade = sum(one.choice is None and one.outcome is not None for _, one in kept)
    return Calibration(tuple(made), unmade)


def calibration() -> Calibration:
    """How often your predictions came true, by notebook and in all, and which did not. What was chosen after
    the reveal counts for nothing."""
    told = calibrated(known(), predictions())
    return replace(told, trouble=trouble())
