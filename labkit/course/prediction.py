"""Predictions: say what will happen, then see what does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from labkit.core.errors import BadInput
from labkit.core.show import Shown
from labkit.course.describing import describe
from labkit.course.keeper import keep, known
from labkit.course.progress_state import Forecast, chose, revealed
from labkit.course.registry import content, pick


@dataclass(frozen=True)
class Prediction:
    """A question about the lab, as data, with the answers that there are to choose from."""

    id: str
    notebook: str
    question: str
    options: tuple[str, ...]


def asked_in(notebook: str, *usual: str) -> Callable[..., Prediction]:
    """What makes the predictions of a notebook, of an id, a question and the options, which are the `usual`
    ones where none are given."""

    def asked(id: str, question: str, *options: str) -> Prediction:
        return Prediction(id, notebook, question, options or usual)

    return asked


@dataclass(frozen=True, repr=False)
class Reveal(Shown):
    """What was predicted (None for nothing), and what the lab answered. `late` is a choice made afterwards,
    which does not count; `remark` is what else there is to say."""

    predicted: str | None
    outcome: str
    late: str | None = None
    remark: str = ""

    @property
    def right(self) -> bool | None:
        """Whether the prediction came true; None where there was none."""
        return None if self.predicted is None else self.predicted == self.outcome

    def __repr__(self) -> str:
        if self.predicted is None:
            said = f"No prediction was made. The lab answered: {self.outcome}."
        else:
            verdict = "Right" if self.right else "Not what you thought"
            said = f"{verdict}: you predicted {self.predicted}, the lab answered {self.outcome}."
        return f"{said}\n{self.remark}" if self.remark else said


@dataclass(frozen=True, repr=False)
class Bet(Shown):
    """A prediction in the learner's hand. `choice` is what it says so far, None while nothing was chosen;
    `remark` is about what was chosen just now, and `late` that choice where it does not count."""

    prediction: Prediction
    remark: str
    _forecast: Forecast
    late: str | None = None

    @property
    def choice(self) -> str | None:
        """The choice that counts."""
        return self._forecast.choice

    def reveal(self, outcome: str) -> Reveal:
        """Compares with what the lab answered, which has to be one of the options. Raises BadInput. From now
        on no other choice counts, in this kernel or in any later one."""
        if type(outcome) is not str or outcome not in self.prediction.options:
            raise BadInput(
                f"The prediction {self.prediction.id} has no such outcome.",
                presented=describe(outcome),
                required=_listed(self.prediction.options),
            )
        id = self.prediction.id
        remark = keep(revealed(id, outcome), "" if self.late is None else _too_late(id, self.late))
        return Reveal(known().predictions[id].choice, outcome, self.late, remark)

    def __repr__(self) -> str:
        prediction = self.prediction
        lines = [prediction.question, f"Options: {_listed(prediction.options)}"]
        if self.choice is None and self._forecast.outcome is None:
            lines.append(f'To choose one: predict("{prediction.id}", "{prediction.options[0]}")')
        elif self.choice is not None:
            lines.append(f"Your prediction: {self.choice}")
        return "\n".join([*lines, *([self.remark] if self.remark else [])])


def predictions() -> tuple[Prediction, ...]:
    """All predictions of the course."""
    return content("PREDICTIONS")


def predict(id: str, choice: object = None) -> Bet:
    """Shows a question about the lab and its options; with one of these as `choice`, commits to it.

    The last choice before the first reveal counts, for good: it is kept, and a restarted kernel that runs the
    notebook again changes nothing about it. A later choice does not count, until `begin_anew(id)` or
    `labkit progress reset` has the prediction forgotten; then whoever runs the notebook again predicts anew.
    A choice that is no option is told so and changes nothing. Raises BadInput for an unknown id.
    """
    found = pick("prediction", predictions(), id)
    before = known().predictions.get(found.id, Forecast())
    bet = _chosen(found, before, choice)
    if bet.choice is None or bet.choice == before.choice:
        return bet
    return replace(bet, remark=keep(chose(found.id, bet.choice), bet.remark))


def _chosen(prediction: Prediction, before: Forecast, choice: object) -> Bet:
    """What a choice makes of what is known."""
    if choice is None:
        return Bet(prediction, "", before)
    if type(choice) is not str or choice not in prediction.options:
        return Bet(prediction, f"That is not among the options: it is {describe(choice)}.", before)
    if before.outcome is None:
        return Bet(prediction, "", replace(before, choice=choice))
    if choice == before.choice:
        return Bet(prediction, "", before)
    return Bet(prediction, _too_late(prediction.id, choice), before, late=choice)


def _too_late(id: str, choice: str) -> str:
    known = f'the answer was known by then. To begin anew: labkit.course.begin_anew("{id}")'
    return f"Your later choice, {choice}, does not count: {known}"


def _listed(options: tuple[str, ...]) -> str:
    return " or ".join(f'"{option}"' for option in options)
