"""Whatever can be wrong with an exercise is found, and what it says about it helps."""

from dataclasses import replace

import pytest

from labkit.course.exercise import Bench, Exercise, Result, WrongAnswer
from labkit.course.exercise_faults import Fault, faults_of, faults_of_question
from labkit.course.prediction import Prediction
from labkit.course.progress_place import progress_file
from tests.course.samples import ROLES

FIRST, *OTHERS = ROLES.wrong


def catalogued(wrong: WrongAnswer) -> Exercise:
    return replace(ROLES, wrong=(wrong, *OTHERS))


def judging(result: Result) -> Exercise:
    """An exercise whose checker says this of every answer."""
    return replace(ROLES, check=lambda answer, bench: result)


def silent(answer: object, bench: Bench) -> Result:
    """The checker, but that it names the idea alone."""
    return replace(ROLES.check(answer, bench), message="")


def tactless(answer: object, bench: Bench) -> Result:
    """The checker, but that it touches what it was given."""
    return ROLES.check(answer, bench) if answer["gita"] else Result.right()  # type: ignore[index]


SPOILT: dict[str, tuple[Exercise, str]] = {
    "no title": (replace(ROLES, title=" "), "its title is empty"),
    "no explanation": (replace(ROLES, explanation=""), "its explanation is empty"),
    "no time": (replace(ROLES, minutes=0), "it takes 0 minutes"),
    "a day": (replace(ROLES, minutes=61), "it takes 61 minutes"),
    "told in the prompt": (replace(ROLES, prompt=f"Type {ROLES.solution}"), "the task shows its solution"),
    "two hints": (replace(ROLES, hints=ROLES.hints[:2]), "it has 2 hints"),
    "an empty hint": (replace(ROLES, hints=(*ROLES.hints, " ")), "a hint is empty"),
    "a hint again": (replace(ROLES, hints=(*ROLES.hints, ROLES.hints[0])), "hint 4 says no more than"),
    "an idle hint": (replace(ROLES, hints=(*ROLES.hints, "Think again.")), "hint 4 says no more than"),
    "a tactless hint": (
        replace(ROLES, hints=(*ROLES.hints, "With carl it begins with contributor, as always.")),
        "hint 4 gives away contributor",
    ),
    "no starter": (replace(ROLES, starter="answer = "), "the starter cannot be executed: SyntaxError"),
    "no answer": (replace(ROLES, starter="other = 1"), "the starter cannot be executed: KeyError: 'answer'"),
    "solved": (replace(ROLES, starter=ROLES.solution), "the starter passes already"),
    "silent about the starter": (judging(Result.not_yet("No.")), "the starter fails without a reason"),
    "a checker that raises": (replace(ROLES, check=tactless), "the starter is not understood"),
    "no solution": (replace(ROLES, solution="answer = {}"), "the solution does not pass: What you say of"),
    "a solution that raises": (
        replace(ROLES, solution="answer = 1 / 0"),
        "the solution cannot be executed: ZeroDivisionError",
    ),
    "two wrong answers": (replace(ROLES, wrong=ROLES.wrong[1:]), "2 wrong answers are catalogued"),
    "no idea": (catalogued(replace(FIRST, misconception="")), "has no id or no explanation"),
    "one idea twice": (catalogued(replace(FIRST, misconception="empty")), "the same misconception: empty"),
    "one explanation twice": (
        catalogued(replace(FIRST, says=OTHERS[0].says)),
        "two wrong answers have the same explanation: Everybody here has a role.",
    ),
    "another idea": (catalogued(replace(FIRST, source="answer = {}")), "all-equal shows no misconception: "),
    "a wrong idea": (catalogued(replace(FIRST, source="answer = {'carl': ''}")), "all-equal shows empty"),
    "a wrong answer that is right": (
        catalogued(replace(FIRST, source=ROLES.solution)),
        "the wrong answer all-equal passes",
    ),
    "a wrong answer that raises": (
        catalogued(replace(FIRST, source="raise OSError('no')")),
        "the wrong answer all-equal cannot be executed: OSError: no",
    ),
    "nothing seen": (replace(ROLES, check=silent), "the wrong answer all-equal is told no counterexample"),
}


def test_the_sample_has_no_faults() -> None:
    assert faults_of(ROLES) == []
    assert not progress_file().exists()


@pytest.mark.parametrize("name", SPOILT)
def test_each_fault_is_found_and_says_what_to_do(name: str) -> None:
    task, says = SPOILT[name]
    found = [fault for fault in faults_of(task) if says in fault.says]
    assert [(fault.id, bool(fault.todo)) for fault in found] == [(ROLES.id, True)]


@pytest.mark.parametrize(
    "hint", ["Somewhere it says what is asked, and by whom, and why that is so, at length.", "And gita?"]
)
def test_a_hint_may_be_longer_or_name_something_new(hint: str) -> None:
    said = replace(ROLES, prompt=f"{ROLES.prompt} Is there a role for gita?", hints=(*ROLES.hints, hint))
    assert faults_of(said) == []


def test_one_counterexample_for_two_ideas_is_a_fault() -> None:
    class Same:
        def __call__(self, answer: object, bench: Bench) -> Result:
            found = ROLES.check(answer, bench)
            return found if found.passed else replace(found, message="It is not as it should be.")

    assert faults_of(replace(ROLES, check=Same())) == [
        Fault(
            ROLES.id,
            "the same counterexample for all-equal, empty, guests-too",
            "let the checker show more of what the lab saw, until each has its own",
        )
    ]


@pytest.mark.parametrize(
    ("question", "options", "says"),
    [
        ("Why?", ("a", "b", "c"), []),
        ("", ("a", "b"), ["the question or an option is empty"]),
        ("Why?", ("a", " "), ["the question or an option is empty"]),
        ("Why?", ("a",), ["there is no choice"]),
        ("Why?", ("a", "b", "a"), ["there is no choice"]),
    ],
)
def test_a_prediction_needs_a_question_and_a_choice(
    question: str, options: tuple[str, ...], says: list[str]
) -> None:
    found = faults_of_question(Prediction("one", "00.ipynb", question, options))
    assert [fault.says.partition(":")[0] for fault in found] == says
