"""A case in steps: what is told of them."""

import pytest

from labkit.core.errors import Forbidden, NotFound
from labkit.core.verdict import Verdict
from labkit.course.case import Case, Steps, answer_of

TEXT = """\
what happens  answer
------------  ------------
look          plain text
ask           200
ask again     404 NotFound"""


def refuse() -> None:
    refusal = NotFound("No.")
    vars(refusal).update(status=404, code="NotFound")
    raise refusal


def test_steps_are_told_in_order_with_their_answers() -> None:
    steps = Steps()
    steps.note("look", "plain text")
    assert steps.attempt("ask", lambda: 7) == 7
    steps.attempt("ask again", refuse)
    case = Case(tuple(steps.done))
    assert repr(case) == TEXT
    assert case._repr_mimebundle_() == case.as_table()._repr_mimebundle_()


@pytest.mark.parametrize(
    ("answer", "word"), [("200", "accepted"), ("403 Denied", "refused"), ("", "refused"), ("2000", "refused")]
)
def test_a_case_is_its_last_answer(answer: str, word: str) -> None:
    case = Case((("deploy", "200"), ("call", answer)))
    assert (case.answer, case.word) == (answer, word)


def test_what_is_no_answer_of_the_lab_is_raised_and_no_step() -> None:
    def broken() -> None:
        raise KeyError("ours")

    steps = Steps()
    with pytest.raises(KeyError, match="ours"):
        steps.attempt("ask", broken)
    assert steps.done == []


def test_a_note_may_have_no_answer() -> None:
    steps = Steps()
    steps.note("61m pass")
    assert steps.done == [("61m pass", "")]


@pytest.mark.parametrize(
    ("status", "code", "answer"),
    [(404, "Gone", "404 Gone"), (404, "", "404"), (0, "Gone", "Gone"), (0, "", "no answer")],
)
def test_an_answer_is_a_status_and_a_code(status: int, code: str, answer: str) -> None:
    refusal = NotFound("No.")
    vars(refusal).update(status=status, code=code)
    assert answer_of(Verdict(False, refusal=refusal)) == answer


def test_what_is_accepted_is_answered_whatever_came_back() -> None:
    assert answer_of(Verdict(True, value=None)) == "200"
    assert answer_of(Verdict.of(lambda: Forbidden("as a value"))) == "200"
