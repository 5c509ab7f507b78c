"""The clock stands still, goes forward, and takes nothing else."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.core.clock import Clock, iso, seconds
from labkit.core.errors import BadInput

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
NOON = 1_584_100_800
HUGE = 10**5000

NONSENSE: list[Any] = [
    *(None, True, False, 1.5, float("nan"), b"1m", [], {}, (), "", " ", "m", "1", "1.5m", "--1m"),
    *("1M", "1 m", " 1m", "1m ", "1m\n", "1m2", "m1", "1w", "one hour", "1e3s", "+1s", "9999999999s"),
]
TOO_FAR: list[Any] = [2**62, HUGE, "999999999d", "9" * 9 + "d" + "9" * 9 + "h"]


@pytest.mark.parametrize(
    ("duration", "total"),
    [
        ("0s", 0),
        ("90s", 90),
        ("61m", 3660),
        ("1h30m", 5400),
        ("2d", 172800),
        ("1d1h1m1s", 90061),
        (0, 0),
        (59, 59),
    ],
)
def test_durations_are_read(duration: object, total: int) -> None:
    assert seconds(duration) == total


@given(st.lists(st.tuples(st.integers(0, 999_999_999), st.sampled_from("smhd")), min_size=1))
def test_the_parts_of_a_duration_add_up(parts: list[tuple[int, str]]) -> None:
    text = "".join(f"{number}{unit}" for number, unit in parts)
    assert seconds(text) == sum(number * UNITS[unit] for number, unit in parts)


@pytest.mark.parametrize("duration", NONSENSE, ids=repr)
def test_nonsense_is_no_duration(duration: object) -> None:
    clock = Clock(NOON)
    with pytest.raises(BadInput, match="not a duration"):
        clock.advance(duration)
    assert clock.now == NOON


@given(st.text() | st.binary() | st.floats() | st.none())
def test_whatever_is_no_duration_is_bad_input_and_nothing_else(duration: object) -> None:
    with suppress(BadInput):
        assert seconds(duration) >= 0


@pytest.mark.parametrize("step", [-1, -3600, -HUGE, "-1m"], ids=["-1", "-3600", "-huge", "-1m"])
def test_the_clock_does_not_run_backwards(step: object) -> None:
    clock = Clock(NOON)
    with pytest.raises(BadInput, match="backwards"):
        clock.advance(step)
    assert clock.now == NOON


@pytest.mark.parametrize("step", TOO_FAR, ids=["2**62", "huge", "days", "days and hours"])
def test_the_clock_does_not_leave_the_calendar(step: object) -> None:
    clock = Clock(NOON)
    with pytest.raises(BadInput, match="too far"):
        clock.advance(step)
    assert clock.now == NOON


def test_what_cannot_even_be_written_down_is_bad_input() -> None:
    class Unspeakable:
        def __repr__(self) -> str:
            raise RuntimeError("no")

    with pytest.raises(BadInput):
        Clock(NOON).advance(Unspeakable())


def test_the_clock_stands_still_until_it_is_advanced() -> None:
    clock = Clock(NOON)
    assert [clock.now, clock.now] == [NOON, NOON]
    assert clock.advance("61m") is clock
    assert clock.now == NOON + 3660


@given(st.lists(st.integers(0, 10**6)))
def test_steps_add_up(steps: list[int]) -> None:
    clock = Clock(0)
    for step in steps:
        clock.advance(step)
    assert clock.now == sum(steps)


def test_it_says_what_time_it_is() -> None:
    assert repr(Clock(NOON)) == "2020-03-13 12:00:00Z on the lab's clock"


@given(st.integers())
def test_any_moment_can_be_written(moment: int) -> None:
    assert iso(moment)


@pytest.mark.parametrize(
    "moment", [10**18, -(10**18), 10**299, 10**400, -HUGE], ids=["1e18", "-1e18", "1e299", "1e400", "-huge"]
)
def test_a_moment_that_no_calendar_has_is_written_too(moment: int) -> None:
    assert "second" in iso(moment)
