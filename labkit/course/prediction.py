"""Predictions: say what will happen, then see what does."""

from __future__ import annotations

from dataclasses import dataclass

from labkit.core.errors import BadInput
from labkit.core.show import Shown
from labkit.course.describing import describe
from labkit.course.registry import content, pick


@dataclass(frozen=True)
class Prediction:
    """A question about the lab, as data, with the answers that there are to choose from."""

    id: str
    notebook: str
    question: str
    options: tuple[str, ...]


@dataclass
class _Record:
    """`counts` is the last choice before the reveal, `late` the last one after it."""

    counts: str | None = None
    late: str | None = None
    revealed: bool = False


# By prediction id. A restarted kernel begins anew.
_records: dict[str, _Record] = {}


@dataclass(frozen=True, repr=False)
class Reveal(Shown):
    """What was predicted (None for nothing), and what the lab answered. `late` is a choice made afterwards,
    which does not count."""

    predicted: str | None
    outcome: str
    late: str | None = None

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
        return said if self.late is None else f"{said} {_too_late(self.late)}"


@dataclass(frozen=True, repr=False)
class Bet(Shown):
    """A prediction in the learner's hand. `choice` is what it says so far, None while nothing was chosen;
    `remark` is about what was chosen just now."""

    prediction: Prediction
    remark: str
    _record: _Record

    @property
    def choice(self) -> str | None:
        """The choice that counts."""
        return self._record.counts

    def reveal(self, outcome: str) -> Reveal:
        """Compares with what the lab answered, which has to be one of the options. Raises BadInput. From now
        on no other choice counts."""
        if type(outcome) is not str or outcome not in self.prediction.options:
            raise BadInput(
                f"The prediction {self.prediction.id} has no such outcome.",
                presented=describe(outcome),
                required=_listed(self.prediction.options),
            )
        self._record.revealed = True
        return Reveal(self._record.counts, outcome, self._record.late)

    def __repr__(self) -> str:
        prediction = self.prediction
        lines = [prediction.question, f"Options: {_listed(prediction.options)}"]
        if self.choice is None and not self._record.revealed:
            lines.append(f'To choose one: predict("{prediction.id}", "{prediction.options[0]}")')
        elif self.choice is not None:
            lines.append(f"Your prediction: {self.choice}")
        return "\n".join([*lines, *([self.remark] if self.remark else [])])


def predictions() -> tuple[Prediction, ...]:
    """All predictions of the course."""
    return content("PREDICTIONS")


def predict(id: str, choice: object = None) -> Bet:
    """Shows a question about the lab and its options; with one of these as `choice`, commits to it.

    The last choice before the reveal counts; a later one is kept, and does not count. A choice that is no
    option is told so and changes nothing. Raises BadInput for an unknown id.
    """
    found = pick("prediction", predictions(), id)
    record = _records.setdefault(found.id, _Record())
    remark = _choose(found, record, choice)
    return Bet(found, remark, record)


def _choose(prediction: Prediction, record: _Record, choice: object) -> str:
    """Keeps the choice; returns what there is to say about it."""
    if choice is None:
        return ""
    if type(choice) is not str or choice not in prediction.options:
        return f"That is not among the options: it is {describe(choice)}."
    if not record.revealed:
        record.counts = choice
        return ""
    if choice == record.counts:
        return ""
    record.late = choice
    return _too_late(choice)


def _too_late(choice: str) -> str:
    known = "the answer was known by then. Restart the kernel to begin anew."
    return f"Your later choice, {choice}, does not count: {known}"


def _listed(options: tuple[str, ...]) -> str:
    return " or ".join(f'"{option}"' for option in options)
