import math
import re
from collections.abc import Callable
from typing import Any

import pytest

from labkit.core.errors import BadInput
from labkit.course.checking import (
    NotUsable,
    as_exactly,
    as_function,
    as_mapping,
    as_number,
    as_sequence,
    as_text,
    as_truth,
    call_safely,
)
from labkit.course.describing import describe, in_short
from labkit.course.stepping import run
from labkit.identity.token import Token
from labkit.lab import Lab
from tests.hostile import CORPUS, Dict, Int, List, Set, Text, Yes, dispose

READERS: dict[str, Callable[[Any], Any]] = {
    "text": as_text,
    "truth": as_truth,
    "number": as_number,
    "mapping": as_mapping,
    "sequence": as_sequence,
    "token": lambda answer: as_exactly(answer, Token),
    "function": lambda answer: as_function(answer, parameters=1),
    "result": lambda answer: call_safely(as_function(answer, parameters=1), "an argument"),
}


def is_plain(reader: str, value: object) -> bool:
    """Whether a reader gave what it promises."""
    kinds = {
        "text": (str,),
        "truth": (bool,),
        "number": (int, float),
        "mapping": (dict,),
        "sequence": (list,),
    }
    if reader == "number" and not (isinstance(value, int | float) and math.isfinite(value)):
        return False
    return reader not in kinds or any(type(value) is kind for kind in kinds[reader])


def complaint(reader: str, answer: object) -> str:
    """What is wrong with how a reader takes an answer; "" for nothing."""
    ran = run(READERS[reader], answer)
    if ran.error is None:
        return ran.stopped or ("" if is_plain(reader, ran.value) else "came back as it was")
    if type(ran.error) is not NotUsable:
        return f"raised {type(ran.error)}"
    sentence = str(ran.error)
    sentence.encode()
    good = len(sentence) < 1_000 and re.fullmatch(r"(?s)(Your|A key|The lab) .+[.]", sentence)
    return "" if good else sentence


@pytest.mark.parametrize("reader", READERS)
def test_an_answer_becomes_plain_or_is_refused_with_a_sentence(reader: str) -> None:
    answers = {name: make() for name, make in CORPUS.items()}
    found = {name: complaint(reader, answer) for name, answer in answers.items()}
    for answer in answers.values():
        dispose(answer)
    assert {name: what for name, what in found.items() if what} == {}


@pytest.mark.parametrize("name", CORPUS)
def test_anything_can_be_described(name: str) -> None:
    first, second = CORPUS[name](), CORPUS[name]()
    assert 0 < len(describe(first)) < 500
    assert describe(first) == describe(second)
    dispose(first)
    dispose(second)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "None"),
        (True, "a truth value, True"),
        (3, "a number, 3"),
        (10**30, "a number, <100 bits>"),
        (math.nan, "a number, nan"),
        ("a\nb", r"a text, 'a\nb'"),
        ("x" * 99, f"a text, '{'x' * 60}'..."),
        (b"\xff", r"bytes, b'\xff'"),
        ([1, "a", [2, [3]]], "a list, [1, 'a', [2, [...]]]"),
        (list(range(9)), "a list, [0, 1, 2, 3, ... 9 in all]"),
        ({"b", "a", "c"}, "a set, {'a', 'b', 'c'}"),
        ({"a": [1], (2, 3): {}}, "a dict, {'a': [1], (...): {}}"),
        ([object()], "a list, [<object>]"),
        (len, "an object of type builtin_function_or_method"),
        (lambda: 1, "a function"),
        (int, "a class"),
    ],
)
def test_descriptions(value: object, text: str) -> None:
    assert describe(value) == text


def test_a_subclass_is_described_by_its_type() -> None:
    assert describe(Text("a")) == "an object of type Text"


def test_a_large_set_is_only_counted() -> None:
    assert in_short({str(number) for number in range(2_000)}) == "{... 2000 in all}"


def test_subclasses_of_plain_types_become_plain() -> None:
    text = as_text(Text("abc"))
    assert (type(text), text == "abc", text == "abd") == (str, True, False)
    number = as_number(Int(3))
    assert (type(number), number == 3, number == 4) == (int, True, False)
    assert as_mapping(Dict(a=1)) == {"a": 1}
    assert as_sequence(List("abc")) == ["a", "b", "c"]
    assert as_sequence(Set("cab")) == ["a", "b", "c"]


def test_a_number_is_no_truth_and_a_truth_no_number() -> None:
    for answer in (0, 1, "True", Yes(), None):
        with pytest.raises(NotUsable, match="It should be True or False"):
            as_truth(answer)
    assert as_truth(False) is False
    with pytest.raises(NotUsable, match="It should be a number"):
        as_number(True)


@pytest.mark.parametrize("number", [0, -7, 2.5, 2**63, -(2**63)])
def test_numbers_up_to_a_size(number: float) -> None:
    assert as_number(number) == number


@pytest.mark.parametrize("number", [2**63 + 1, -(2**64), 1e300, math.inf, -math.inf, math.nan, 10**400])
def test_numbers_beyond_it(number: float) -> None:
    with pytest.raises(NotUsable):
        as_number(number)


def test_lengths_are_limited() -> None:
    assert as_text("abc", longest=3) == "abc"
    with pytest.raises(NotUsable, match=r"text of 4 characters\. At most 3"):
        as_text("abcd", longest=3)
    with pytest.raises(NotUsable, match="more than 2 entries"):
        as_mapping({"a": 1, "b": 2, "c": 3}, at_most=2)
    with pytest.raises(NotUsable, match="more than 2 items"):
        as_sequence((1, 2, 3), at_most=2)


def test_no_more_than_needed_is_taken_from_a_generator() -> None:
    taken = []

    def numbers() -> Any:
        number = 0
        while True:
            taken.append(number)
            yield number
            number += 1

    with pytest.raises(NotUsable, match="more than 5 items"):
        as_sequence(numbers(), at_most=5)
    assert taken == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    "items", [[1, 2], (1, 2), range(1, 3), {1: 0, 2: 0}.keys(), {0: 1, 1: 2}.values(), {2, 1}]
)
def test_sequences_of_all_kinds(items: object) -> None:
    assert as_sequence(items) == [1, 2]


@pytest.mark.parametrize("answer", ["ab", b"ab", {"a": 1}, 3, iter([1])])
def test_what_is_no_sequence(answer: object) -> None:
    with pytest.raises(NotUsable, match="It should be a list"):
        as_sequence(answer)


def test_a_key_is_a_text() -> None:
    with pytest.raises(NotUsable, match="A key of your answer is a number, 1"):
        as_mapping({1: 2})


def test_the_subject_of_the_sentence_can_be_named() -> None:
    with pytest.raises(NotUsable, match=r"^What you say of carl is None\. It should be a text\.$"):
        as_text(None, what="What you say of carl")


def test_an_object_of_the_lab_is_taken_by_its_very_type(lab: Lab) -> None:
    token = lab.sign_in("carl")
    assert as_exactly(token, Token) is token

    class Forged(Token):
        """Whatever it likes to be."""

    for answer in (Forged(token.reveal(), lab.clock), Yes(), token.reveal()):
        with pytest.raises(NotUsable, match="It should be an object of type Token"):
            as_exactly(answer, Token)


class Holder:
    def method(self, number: int) -> int:
        return number


@pytest.mark.parametrize(
    "function", [lambda a: a, lambda a, b=2: a, lambda *a: a[0], Holder().method], ids=["1", "2", "3", "4"]
)
def test_functions_that_fit(function: Callable[..., Any]) -> None:
    assert call_safely(as_function(function, parameters=1), 5) == 5


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (lambda: 1, "a function of other parameters"),
        (lambda a, b: 1, "a function of other parameters"),
        (lambda *, a: 1, "a function of other parameters"),
        (Holder, "a class"),
        (Holder(), "an object of type Holder"),
        ("lambda a: a", "a text"),
        (len, "an object of type builtin_function_or_method"),
    ],
)
def test_functions_that_do_not_fit(function: object, says: str) -> None:
    with pytest.raises(NotUsable, match=f"is {says}") as refused:
        as_function(function, parameters=1)
    assert "It should be a function of 1 parameter" in str(refused.value)


def raises(error: BaseException) -> Callable[..., Any]:
    def function(*_: object) -> None:
        raise error

    return function


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (raises(KeyError("exp")), "raised KeyError: 'exp'. It was called with 3, {'a': <object>}."),
        (raises(ValueError()), "raised ValueError. It was"),
        (raises(ValueError("x" * 999)), f"raised ValueError: {'x' * 600}.... It was"),
        (raises(ValueError("\ud800")), "raised ValueError: ?. It was"),
        (raises(SystemExit(2)), "raised SystemExit: 2. It was"),
        (
            raises(BadInput("No.", advice="Do this.")),
            "The lab said no inside your function: No.\n  what to do",
        ),
        (lambda *_: [0 for _ in iter(int, 1)], "does not come to an end within 500,000 steps. It was"),
    ],
)
def test_a_function_that_fails_is_told_so(function: Callable[..., Any], says: str) -> None:
    with pytest.raises(NotUsable) as refused:
        call_safely(function, 3, {"a": object()})
    assert says in str(refused.value)
    assert refused.value.__cause__ is None


def test_steps_can_be_limited_further() -> None:
    def count() -> int:
        return sum(1 for _ in range(100))

    assert call_safely(count) == 100
    with pytest.raises(NotUsable, match="within 50 steps"):
        call_safely(count, steps=50)
