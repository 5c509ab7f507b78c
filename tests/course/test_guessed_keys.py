"""Days of a web service: who guesses breaks the rule, and nobody else does."""

from collections.abc import Iterator

import pytest

from labkit.course.guessed_keys import DAYS, GUESSERS, REFUSED, WITHIN, Day, day

CASES = [(number, seed) for number in DAYS for seed in (2020, 1, 7)]
each_day = pytest.mark.parametrize(("number", "seed"), CASES)


def refused(today: Day, name: str) -> list[int]:
    return [one.timestamp for one in today.requests if one.user_agent == name and one.result_code == "401"]


def closest(today: Day, name: str) -> Iterator[int]:
    """Seconds from each refusal to the one that is the last of so many."""
    times = refused(today, name)
    yield from (last - first for first, last in zip(times, times[REFUSED - 1 :], strict=False))


@each_day
def test_the_guessers_break_the_rule_and_nobody_else(number: int, seed: int) -> None:
    today = day(number, seed)
    broken = {name for name in today.kinds if any(gap <= WITHIN for gap in closest(today, name))}
    assert broken == today.guessing
    assert len(broken) == len(DAYS[number])


@each_day
def test_no_case_hangs_on_a_second(number: int, seed: int) -> None:
    today = day(number, seed)
    assert all(abs(gap - WITHIN) > 10 for name in today.kinds for gap in closest(today, name))


@each_day
def test_all_that_was_called_is_there_oldest_first(number: int, seed: int) -> None:
    today = day(number, seed)
    times = [one.timestamp for one in today.requests]
    assert times == sorted(times)
    assert times[-1] - times[0] <= 24 * 3600
    assert {one.user_agent for one in today.requests} == set(today.kinds)
    assert {one.result_code for one in today.requests} == {"200", "401", "502"}
    assert len(times) <= 100


@each_day
def test_the_honest_are_refused_too(number: int, seed: int) -> None:
    today = day(number, seed)
    counts = {kind: len(refused(today, name)) for name, kind in today.kinds.items() if kind not in GUESSERS}
    assert counts == {"busy": 0, "mistyped": 1, "rotated": REFUSED - 1, "hourly": 9, "failing": 0}


@pytest.mark.parametrize("seed", [2020, 1, 7])
def test_ten_minutes_of_the_clock_do_not_find_the_one_across_them(seed: int) -> None:
    today = day(3, seed)
    [name] = today.guessing
    for begin in (0, today.requests[0].timestamp, refused(today, name)[0]):
        parts = [(at - begin) // WITHIN for at in refused(today, name)]
        assert max(map(parts.count, parts)) < REFUSED


@pytest.mark.parametrize("seed", [2020, 1, 7])
def test_they_do_find_the_slow_one_and_a_minute_does_not(seed: int) -> None:
    today = day(2, seed)
    [name] = today.guessing
    parts = [at // WITHIN for at in refused(today, name)]
    assert max(map(parts.count, parts)) >= REFUSED
    assert min(closest(today, name)) > 300


def test_the_lucky_one_gets_in() -> None:
    today = day(4)
    [name] = [one for one, kind in today.kinds.items() if kind == "lucky"]
    mine = [one.success for one in today.requests if one.user_agent == name]
    assert mine == sorted(mine)
    assert mine.count(True) > mine.count(False)


def test_of_the_first_day_one_guesser_is_in_the_last_ten_minutes() -> None:
    today = day(1)
    late = {one.user_agent for one in today.requests.since("10m") if one.result_code == "401"}
    assert {today.kinds[name] for name in late & today.guessing} == {"late"}


def test_names_say_nothing() -> None:
    guilty = {name for number, seed in CASES for name in day(number, seed).guessing}
    honest = {name for number, seed in CASES for name in day(number, seed).kinds.keys() - guilty}
    both = {
        name
        for number, seed in CASES
        for name in guilty & (day(number, seed).kinds.keys() - day(number, seed).guessing)
    }
    assert both == guilty
    assert len(honest | guilty) > 10


def test_a_day_is_the_same_every_time_and_its_copy_is_another_object() -> None:
    fresh = day.__wrapped__(2)
    assert fresh == day(2)
    copy = day(2).copy
    assert copy == day(2).requests
    object.__setattr__(copy[0], "user_agent", "somebody")
    assert day(2).requests[0].user_agent != "somebody"
