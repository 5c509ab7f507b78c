"""What every file about the exercises of a notebook tries, in tables of its own.

A file has the tables and imports the tests that read them; conftest.py brings the two together.

    RIGHT     (exercise, answer): another answer that passes
    NOT_YET   (exercise, answer, said): one that cannot be tried, and what its author is told
    WRONG     (exercise, answer, misconception): one that is nearly right
    OUTCOMES  {prediction: (what to find out, what has to come out)}
"""

from collections.abc import Callable
from dataclasses import dataclass
from inspect import signature
from typing import Any

import labkit
from labkit.course import exercise, predict


@dataclass(frozen=True)
class Later:
    """An answer that is made when it is needed."""

    make: Callable[[], object]


def test_another_right_answer_passes(id: str, answer: object) -> None:
    result = exercise(id).check(answer.make() if isinstance(answer, Later) else answer)
    assert result.passed, repr(result)


def test_an_answer_that_cannot_be_tried_is_told_why(id: str, answer: object, said: str) -> None:
    result = exercise(id).check(answer)
    assert not result.passed
    assert said in result.message, result.message
    assert result.misconception is None


def test_an_answer_that_is_nearly_right_does_not_pass(
    id: str, answer: object, misconception: str | None
) -> None:
    result = exercise(id).check(answer)
    assert not result.passed
    assert result.misconception == misconception, repr(result)


def test_a_prediction_comes_out_as_azure_would_have_it(id: str, found: Any, expected: str) -> None:
    outcome = found(labkit.start()) if signature(found).parameters else found()
    assert predict(id, outcome).reveal(outcome).right
    assert outcome == expected


# The names of the parameters and the rows, out of the file that imports the test.
TABLES: dict[str, tuple[str, Callable[[Any], list[tuple[Any, ...]]]]] = {
    "test_another_right_answer_passes": ("id, answer", lambda file: file.RIGHT),
    "test_an_answer_that_cannot_be_tried_is_told_why": ("id, answer, said", lambda file: file.NOT_YET),
    "test_an_answer_that_is_nearly_right_does_not_pass": (
        "id, answer, misconception",
        lambda file: file.WRONG,
    ),
    "test_a_prediction_comes_out_as_azure_would_have_it": (
        "id, found, expected",
        lambda file: [(id, *each) for id, each in file.OUTCOMES.items()],
    ),
}
