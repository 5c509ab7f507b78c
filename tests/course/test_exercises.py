"""Every exercise of the course keeps its promises, and so do two samples."""

import re
from typing import Any

import pytest

import labkit
from labkit.course import exercise
from labkit.course.exercise import Bench, Exercise, Result
from labkit.course.prediction import predictions
from labkit.course.worksheet import UNREADABLE, Worksheet, exercises
from tests.course.giveaways import giveaways
from tests.course.samples import SAMPLES
from tests.hostile import CORPUS, Yes, dispose

ALL = (*SAMPLES, *exercises())
each_exercise = pytest.mark.parametrize("task", ALL, ids=lambda task: task.id)


def answer_of(source: str) -> object:
    """What a cell with this source leaves under the name `answer`."""
    namespace: dict[str, Any] = {"labkit": labkit, "lab": labkit.start()}
    exec(compile(source, "<cell>", "exec"), namespace)
    return namespace["answer"]


def judged(task: Exercise, source: str) -> Result:
    """The result, and the checker's own errors where it has any."""
    answer = answer_of(source)
    task.check(answer, Bench())
    return Worksheet(task).check(answer)


@each_exercise
def test_the_solution_passes(task: Exercise) -> None:
    result = judged(task, task.solution)
    assert result.passed, repr(result)
    assert task.explanation in repr(result)


@each_exercise
def test_the_starter_fails_and_says_why(task: Exercise) -> None:
    result = Worksheet(task).check(answer_of(task.starter))
    assert not result.passed
    assert len(result.message.split()) > 2
    assert UNREADABLE not in result.message


@each_exercise
def test_each_wrong_answer_shows_its_own_misconception(task: Exercise) -> None:
    for wrong in task.wrong:
        result = judged(task, wrong.source)
        assert not result.passed, wrong.source
        assert result.misconception == wrong.misconception, f"{wrong.source}\n{result}"
        assert wrong.says in repr(result)


@each_exercise
def test_an_exercise_is_complete(task: Exercise) -> None:
    texts = (task.id, task.title, task.prompt, task.starter, task.solution, task.explanation, *task.hints)
    assert all(text.strip() for text in texts)
    assert all(wrong.misconception.strip() and wrong.says.strip() for wrong in task.wrong)
    assert len(task.hints) >= 3
    assert len(set(task.hints)) == len(task.hints)
    assert len({wrong.misconception for wrong in task.wrong}) == len(task.wrong) >= 3
    assert 0 < task.minutes <= 60


@each_exercise
def test_no_hint_gives_it_away(task: Exercise) -> None:
    known = f"{task.prompt}\n{task.starter}"
    given = {hint: giveaways(hint, task.solution, known) for hint in task.hints}
    assert {hint: found for hint, found in given.items() if found} == {}


@each_exercise
def test_the_task_does_not_show_its_solution(task: Exercise) -> None:
    sheet = Worksheet(task)
    shown = "".join(sheet._repr_mimebundle_().values()) + sheet.starter
    assert task.solution.strip() not in shown
    assert task.solution.strip() in repr(sheet.reveal())


@each_exercise
def test_hostile_answers_get_a_sentence(task: Exercise) -> None:
    problems = {}
    for name, make in CORPUS.items():
        shown = [said_to(task, make()) for _ in range(2)]
        if found := complaint(*shown):
            problems[name] = found
    assert problems == {}


def said_to(task: Exercise, answer: object) -> str:
    result = Worksheet(task).check(answer)
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


def test_ids_are_unique() -> None:
    ids = [task.id for task in ALL]
    assert sorted(set(ids)) == sorted(ids)
    asked = [prediction.id for prediction in predictions()]
    assert sorted(set(asked)) == sorted(asked)


@pytest.mark.parametrize("task", exercises(), ids=lambda task: task.id)
def test_every_exercise_is_found_by_its_id(task: Exercise) -> None:
    assert exercise(task.id).starter == task.starter


@pytest.mark.parametrize("prediction", predictions(), ids=lambda prediction: prediction.id)
def test_a_prediction_offers_a_choice(prediction: Any) -> None:
    assert len(set(prediction.options)) == len(prediction.options) >= 2
    assert prediction.question.strip()
    assert all(option.strip() for option in prediction.options)
