"""Questions to a log: where, since, newest, count. Laws are tried on logs that hypothesis makes up."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.core.errors import BadInput
from labkit.core.query import Log

NOW = 1_000_000


@dataclass(frozen=True)
class Line:
    timestamp: int
    caller: str
    status: str = "Succeeded"

    @property
    def documented(self) -> Mapping[str, str]:
        return {"caller": self.caller, "status": self.status}


class Lines(Log[Line]):
    what: ClassVar[tuple[str, str]] = ("line", "lines")
    fields: ClassVar[tuple[str, ...]] = ("caller", "status")
    columns: ClassVar[tuple[str, ...]] = ("status", "caller")


def log(*lines: Line) -> Lines:
    return Lines(lines, asked_at=NOW)


LOGS = st.lists(
    st.builds(
        Line,
        st.integers(NOW - 10_000, NOW),
        st.text("abAB*.^$\n", max_size=3),
        st.sampled_from(["Succeeded", "Failed"]),
    ),
    max_size=12,
).map(lambda lines: log(*sorted(lines, key=lambda one: one.timestamp)))

THREE = log(Line(NOW - 7200, "ann"), Line(NOW - 3600, "bob", "Failed"), Line(NOW, "ann", "Failed"))


@given(LOGS)
def test_where_and_what_it_leaves_out_are_everything_in_order(found: Lines) -> None:
    failed, rest = found.where(status="Failed"), found.where(status="Succeeded")
    assert all(one.status == "Failed" for one in failed)
    assert sorted([*failed, *rest], key=found.found.index) == sorted(found, key=found.found.index)
    assert list(failed) == [one for one in found if one.status == "Failed"]


@given(LOGS, st.text("abAB*.^$\n", max_size=3))
def test_only_the_star_is_a_wildcard_and_case_does_not_count(found: Lines, wanted: str) -> None:
    def fits(text: str, pattern: str) -> bool:
        # By the book, a letter at a time.
        if not pattern:
            return not text
        if pattern[0] == "*":
            return any(fits(text[skip:], pattern[1:]) for skip in range(len(text) + 1))
        return bool(text) and text[0].lower() == pattern[0].lower() and fits(text[1:], pattern[1:])

    assert list(found.where(caller=wanted)) == [one for one in found if fits(one.caller, wanted)]


@given(LOGS)
def test_conditions_together_are_conditions_one_after_the_other(found: Lines) -> None:
    both = found.where(caller="a*", status="failed")
    assert (
        both
        == found.where(caller="a*").where(status="failed")
        == found.where(status="failed").where(caller="a*")
    )


@given(LOGS, st.integers(0, 12_000))
def test_since_keeps_what_is_no_older(found: Lines, age: int) -> None:
    kept = found.since(age)
    assert list(kept) == [one for one in found if NOW - one.timestamp <= age]
    assert kept.since(age) == kept


@given(LOGS, st.integers(0, 15))
def test_newest_are_the_last_ones_in_their_order(found: Lines, count: int) -> None:
    assert list(found.newest(count)) == (list(found)[-count:] if count else [])


@given(LOGS)
def test_the_counts_add_up_and_the_most_frequent_comes_first(found: Lines) -> None:
    rows = found.count("caller").rows
    numbers = [int(str(number)) for _, number in rows]
    assert sum(numbers) == len(found)
    assert numbers == sorted(numbers, reverse=True)
    assert all(number == len([one for one in found if one.caller == who]) for who, number in rows)


def test_it_stays_what_it_was_and_keeps_its_kind_and_moment() -> None:
    before = list(THREE)
    found = THREE.where(caller="ann").since("1h").newest(1)
    assert type(found) is Lines
    assert found.asked_at == NOW
    assert list(THREE) == before
    assert (len(found), found[0]) == (1, THREE[2])


def test_an_hour_ago_is_within_the_hour() -> None:
    assert [one.caller for one in THREE.since("1h")] == ["bob", "ann"]
    assert [one.caller for one in THREE.since("59m")] == ["ann"]


def test_it_is_a_table_with_the_time_first() -> None:
    caption, head, _, first, *_ = repr(THREE).splitlines()
    assert caption == "3 lines"
    assert head.split() == ["Time", "status", "caller"]
    assert first.split() == ["1970-01-12", "11:46:40Z", "Succeeded", "ann"]
    assert "<table" in THREE._repr_mimebundle_()["text/html"]


class Liar(str):
    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = str.__hash__


@pytest.mark.parametrize("name", ["Caller", "who", "", "timestamp"])
def test_a_field_that_is_not_there_is_bad_input_with_those_that_are(name: str) -> None:
    for ask in (lambda: THREE.where(**{name: "ann"}), lambda: THREE.count(name)):
        with pytest.raises(BadInput) as caught:
            ask()
        assert caught.value.required == "caller, status"
        assert caught.value.advice == ("did you mean caller?" if name == "Caller" else "")


@pytest.mark.parametrize(
    "value", [None, [], b"ann", 1.5, Liar("ann"), object()], ids=lambda one: type(one).__name__
)
def test_a_value_is_a_text_or_a_number(value: Any) -> None:
    with pytest.raises(BadInput):
        THREE.where(caller=value)


@pytest.mark.parametrize("name", [None, 1, Liar("caller"), ["caller"]], ids=lambda one: type(one).__name__)
def test_a_field_is_named_by_a_text(name: Any) -> None:
    with pytest.raises(BadInput):
        THREE.count(name)


@pytest.mark.parametrize("count", [-1, 1.0, True, None, "2"])
def test_how_many_is_a_whole_number(count: Any) -> None:
    with pytest.raises(BadInput):
        THREE.newest(count)


@pytest.mark.parametrize("duration", ["an hour", -1, None, "1h "])
def test_since_takes_a_duration(duration: Any) -> None:
    with pytest.raises(BadInput):
        THREE.since(duration)


def test_nothing_asked_is_bad_input() -> None:
    with pytest.raises(BadInput):
        THREE.where()


@given(st.text("aAbß*", max_size=6), st.text("aAbß", max_size=8))
def test_a_star_stands_for_anything(pattern: str, text: str) -> None:
    parts = [re.escape(one.casefold()) for one in pattern.split("*")]
    found = log(Line(NOW, text)).where(caller=pattern)
    assert len(found) == bool(re.fullmatch(".*".join(parts), text.casefold(), re.DOTALL))


def test_many_stars_take_no_time() -> None:
    """With a regular expression it would be as good as for ever."""
    long = log(Line(NOW, "a" * 500))
    assert len(long.where(caller="*a" * 60 + "*b")) == 0
    assert len(long.where(caller="*a" * 60 + "*")) == 1


@pytest.mark.parametrize("value", [10**5000, -(10**5000)], ids=["large", "small"])
def test_a_number_that_nobody_can_write_down_is_refused(value: int) -> None:
    with pytest.raises(BadInput):
        THREE.where(status=value)


def test_a_field_that_does_not_let_itself_be_printed_is_refused() -> None:
    class Unprintable:
        def __str__(self) -> str:
            raise ValueError

    with pytest.raises(BadInput):
        THREE.count(Unprintable())  # type: ignore[arg-type]
