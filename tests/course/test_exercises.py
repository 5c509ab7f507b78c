"""Every exercise of the course keeps its promises, and so do two samples."""

import re

import pytest

from labkit.course import exercise
from labkit.course.checking import call_safely
from labkit.course.exercise import Exercise, Result
from labkit.course.exercise_faults import answer_of, faults_of, faults_of_question
from labkit.course.prediction import Prediction, predictions
from labkit.course.worksheet import UNREADABLE, Worksheet, attempt, exercises
from tests.course.samples import SAMPLES
from tests.hostile import CORPUS, Yes, dispose

ALL = (*SAMPLES, *exercises())
each_exercise = pytest.mark.parametrize("task", ALL, ids=lambda task: task.id)


@each_exercise
def test_an_exercise_keeps_its_promises(task: Exercise) -> None:
    assert faults_of(task) == []


@each_exercise
def test_the_solution_is_there_for_who_asks(task: Exercise) -> None:
    assert task.solution.strip() in repr(Worksheet(task).reveal())


@each_exercise
def test_hostile_answers_get_a_sentence(task: Exercise, monkeypatch: pytest.MonkeyPatch) -> None:
    # What never ends does not end within fewer steps either.
    monkeypatch.setitem(call_safely.__kwdefaults__, "steps", 20_000)
    problems = {}
    for name, make in CORPUS.items():
        shown = [said_to(task, make()) for _ in range(2)]
        if found := complaint(*shown):
            problems[name] = found
    assert problems == {}


def said_to(task: Exercise, answer: object) -> str:
    # What a worksheet adds is tried with the same answers in test_worksheet.py, once for all exercises.
    result = attempt(task, answer)
    dispose(answer)
    assert type(result) is Result
    assert result._repr_mimebundle_()["text/plain"] == repr(result)
    return f"{result.passed} {result!r}"


def complaint(first: str, second: str) -> str:
    """What is wrong with what a learner reads; "" for nothing."""
    if first != second:
        return f"not the same twice: {first} / {second}"
    if not first.startswith("False"):
        return f"passed: {first}"
    if UNREADABLE in first:
        return "the checker touched the answer without `labkit.course.checking`"
    strange = re.search(r"Traceback|\.py\b|0x[0-9a-f]{6}|[\ud800-\udfff]|[\x00-\x09\x0b-\x1f]", first)
    if strange:
        return f"{strange.group()!r} in {first!r}"
    return "" if len(first.split()) > 4 and len(first) < 2_000 else f"too short or too long: {first[:200]!r}"


@pytest.mark.parametrize(
    "shown",
    [
        ("False Not yet. Your answer is None.", "False Not yet. Your answer is 1."),
        ("True Passed. That is right indeed.",) * 2,
        (f"False Not yet. {UNREADABLE} None.",) * 2,
        ("False Not yet. Traceback (most recent call last): oh no",) * 2,
        ("False Not yet. It is <object at 0x7f0011223344>.",) * 2,
        ("False Not yet.",) * 2,
    ],
)
def test_the_complaints_are_made(shown: tuple[str, str]) -> None:
    assert complaint(*shown)


@each_exercise
def test_what_agrees_with_everything_does_not_pass(task: Exercise) -> None:
    solution = answer_of(task.solution)
    answers: list[object] = [Yes()]
    if isinstance(solution, dict):
        answers += [{key: Yes() for key in solution}, {Yes(): value for value in solution.values()}]
    elif isinstance(solution, list | tuple | set):
        answers += [type(solution)([Yes()]), [Yes() for _ in solution], [*solution, Yes()]]
    elif callable(solution):
        answers += [lambda *_: Yes(), lambda a: Yes(), lambda a, b: Yes(), lambda a, b, c: Yes()]
    for answer in answers:
        assert not Worksheet(task).check(answer).passed


@pytest.mark.parametrize("task", exercises(), ids=lambda task: task.id)
def test_every_exercise_is_found_by_its_id(task: Exercise) -> None:
    assert exercise(task.id).starter == task.starter


@pytest.mark.parametrize("prediction", predictions(), ids=lambda prediction: prediction.id)
def test_a_prediction_offers_a_choice(prediction: Prediction) -> None:
    assert faults_of_question(prediction) == []
