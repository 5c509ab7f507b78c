"""Clients of web services over hours: laws that hold for every outage, and the picture that says the same."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from labkit.authenticators.service_key import ServiceKey
from labkit.core.errors import BadInput, NotFound, Unreachable
from labkit.core.verdict import Verdict
from labkit.course.service_clients import (
    CLIENTS,
    LONGEST,
    Client,
    ServiceCall,
    Timeline,
    answer_of,
    lived,
    timeline,
)
from labkit.lab import Lab
from labkit.releases import RELEASES
from labkit.services.machine_learning.scoring import Scoring
from tests.course.refusing import said_otherwise, taken
from tests.display.test_number_grid import image
from tests.display.test_strip_chart import band, legend, marks
from tests.hostile import Everything, Int

KEY, ON_TIME, WHEN_REFUSED, NEVER = CLIENTS
UNAUTHORIZED, DOWN = "401 Unauthorized", "503 ServiceUnavailable"
Outage = tuple[int, int] | None

QUIET = """\
180 minutes; all regions are up
client                  minutes          calls  of         answer
----------------------  ---------------  -----  ---------  ----------------
holds a key             0 to 180         37     score      200
refreshes on time       0 to 180         5      get_token  200
refreshes on time       0 to 180         37     score      200
refreshes when refused  0, 60, 120, 180  4      get_token  200
refreshes when refused  0 to 55          12     score      200
refreshes when refused  60               1      score      401 Unauthorized
refreshes when refused  60 to 115        12     score      200
refreshes when refused  120              1      score      401 Unauthorized
refreshes when refused  120 to 175       12     score      200
refreshes when refused  180              1      score      401 Unauthorized
refreshes when refused  180              1      score      200
never refreshes         0                1      get_token  200
never refreshes         0 to 55          12     score      200
never refreshes         60 to 180        25     score      401 Unauthorized"""
LOUD = """\
180 minutes; the workspace's region is down from minute 50 to 110
client                  minutes           calls  of         answer
----------------------  ----------------  -----  ---------  ----------------------
holds a key             0 to 180          37     score      200
refreshes on time       0, 45             2      get_token  200
refreshes on time       90, 95, 100, 105  4      get_token  503 ServiceUnavailable
refreshes on time       110, 155          2      get_token  200
refreshes on time       0 to 100          21     score      200
refreshes on time       105               1      score      401 Unauthorized
refreshes on time       110 to 180        15     score      200
refreshes when refused  0                 1      get_token  200
refreshes when refused  60 to 105         10     get_token  503 ServiceUnavailable
refreshes when refused  110, 170          2      get_token  200
refreshes when refused  0 to 55           12     score      200
refreshes when refused  60 to 110         11     score      401 Unauthorized
refreshes when refused  110 to 165        12     score      200
refreshes when refused  170               1      score      401 Unauthorized
refreshes when refused  170, 175, 180     3      score      200
never refreshes         0                 1      get_token  200
never refreshes         0 to 55           12     score      200
never refreshes         60 to 180         25     score      401 Unauthorized"""


@st.composite
def outages(draw: st.DrawFn, longest: int = 200) -> tuple[int, int]:
    begin = draw(st.integers(0, 200))
    return begin, begin + draw(st.integers(0, longest))


@pytest.fixture(scope="module")
def loud() -> Timeline:
    return timeline(outage=(50, 110))


def down_at(outage: Outage, minute: int) -> bool:
    return outage is not None and outage[0] <= minute < outage[1]


def by_minute(found: Timeline, client: str) -> dict[int, list[ServiceCall]]:
    calls: dict[int, list[ServiceCall]] = {}
    for call in found.calls:
        if call.client == client:
            calls.setdefault(call.minute, []).append(call)
    return calls


def turns(found: Timeline, client: str) -> set[str]:
    """What a client does at one moment: F or f a request for a token, S or s a call; lower case refused."""
    letters = {(True, True): "F", (True, False): "f", (False, True): "S", (False, False): "s"}
    return {
        "".join(letters[call.fetching, call.ok] for call in calls)
        for calls in by_minute(found, client).values()
    }


# ---- laws


@settings(max_examples=10)
@given(outages(), st.integers(3, 60), st.integers(0, 240))
def test_who_holds_a_key_is_answered_every_time_whatever_goes_down(
    outage: tuple[int, int], every: int, minutes: int
) -> None:
    found = timeline(KEY, minutes=minutes, every=every, outage=outage)
    assert [(call.minute, call.answer, call.fetching) for call in found.calls] == [
        (minute, "200", False) for minute in range(0, minutes + 1, every)
    ]
    assert found.refused(KEY) == 0


# A token is due at minute 45 of its life and ends at minute 60: who calls at minute 45 has 15 minutes left.
@settings(max_examples=10)
@example((45, 59), 15)
@example((45, 59), 5)
@given(outages(longest=14), st.sampled_from((1, 3, 5, 9, 15)))
def test_who_refreshes_on_time_survives_any_outage_shorter_than_a_quarter_of_an_hour(
    outage: tuple[int, int], every: int
) -> None:
    assert timeline(ON_TIME, minutes=150, every=every, outage=outage).refused(ON_TIME) == 0


@settings(max_examples=10)
@example(1, 61)
@example(45, 61)
@given(st.integers(1, 45), st.integers(61, 170))
def test_who_refreshes_on_time_is_refused_from_the_end_of_the_token_to_the_end_of_a_long_outage(
    begin: int, end: int
) -> None:
    found = timeline(ON_TIME, outage=(begin, end))
    refused = [call for call in found.of(ON_TIME) if not call.ok]
    assert [call.minute for call in refused] == list(range(60, end, 5))
    assert {(call.answer, call.refresh_by, call.end) for call in refused} == {(UNAUTHORIZED, 45, 60)}
    asked = [call.minute for call in found.of(ON_TIME, fetching=True) if not call.ok]
    assert asked == list(range(45, end, 5))


@settings(max_examples=10)
@example((0, 30), 5)
@example((45, 50), 5)
@example((60, 61), 60)
@given(st.none() | outages(), st.integers(4, 60))
def test_a_token_opens_until_it_ends_and_is_had_while_the_region_is_up(outage: Outage, every: int) -> None:
    found = timeline(ON_TIME, WHEN_REFUSED, NEVER, minutes=240, every=every, outage=outage)
    for call in found.calls:
        if not call.fetching:
            assert call.end is not None
            assert call.answer == ("200" if call.minute < call.end else UNAUTHORIZED)
        else:
            assert call.answer == (DOWN if down_at(outage, call.minute) else "200")
        if call.fetching and call.ok:
            assert (call.refresh_by, call.end) == (call.minute + 45, call.minute + 60)
    for name in found.clients:
        assert list(by_minute(found, name)) == list(range(0, 241, every))
    # Without a token there is nothing to call with; with one there is always a call.
    assert turns(found, ON_TIME) <= {"f", "FS", "S", "fS", "fs"}
    assert turns(found, WHEN_REFUSED) <= {"f", "FS", "S", "sf", "sFS"}
    assert turns(found, NEVER) <= {"f", "FS", "S", "s"}
    assert sum(call.ok for call in found.of(NEVER, fetching=True)) <= 1
    _check_dates(found)


def _check_dates(found: Timeline) -> None:
    """Each client asks for a token when it does not have one, and then when it is its turn and never else."""
    for name in found.clients:
        held: ServiceCall | None = None
        for minute, calls in by_minute(found, name).items():
            asked = [call for call in calls if call.fetching]
            due = held is None
            if held is not None and held.refresh_by is not None and held.end is not None:
                due |= name == ON_TIME and minute >= held.refresh_by
                due |= name == WHEN_REFUSED and minute >= held.end
            assert len(asked) == due
            held = next((call for call in asked if call.ok), held)


def test_the_region_is_down_from_the_first_minute_to_the_one_before_the_second() -> None:
    asked = timeline(ON_TIME, minutes=60, outage=(45, 55)).of(ON_TIME, fetching=True)
    assert [(call.minute, call.answer) for call in asked] == [(0, "200"), (45, DOWN), (50, DOWN), (55, "200")]
    nothing = timeline(ON_TIME, minutes=60, outage=(45, 45)).calls
    assert nothing == timeline(ON_TIME, minutes=60).calls


def test_who_begins_in_an_outage_asks_once_each_time_and_calls_nobody() -> None:
    found = timeline(outage=(0, 10), minutes=10)
    assert [turns(found, name) for name in CLIENTS] == [{"S"}, {"f", "FS"}, {"f", "FS"}, {"f", "FS"}]
    first = found.of(NEVER, fetching=True)[0]
    assert (first.refresh_by, first.end) == (None, None)


# ---- what it says


def test_the_text_tells_each_stretch_of_equal_answers(loud: Timeline) -> None:
    assert repr(timeline()) == QUIET
    assert repr(loud) == LOUD


@pytest.mark.parametrize("outage", [None, (0, 30), (50, 110)])
def test_the_table_counts_every_call(outage: Outage) -> None:
    found = timeline(outage=outage)
    rows = found.as_table().rows
    assert sum(row[2] for row in rows) == len(found.calls)  # type: ignore[misc]
    for name in CLIENTS:
        assert sum(row[2] for row in rows if row[0] == name and row[4] == UNAUTHORIZED) == found.refused(name)  # type: ignore[misc]


def test_clients_come_in_the_order_that_they_are_named_in_and_once() -> None:
    assert timeline(NEVER, KEY, NEVER, minutes=5).clients == (NEVER, KEY)
    assert timeline(minutes=0).clients == tuple(CLIENTS)


def test_it_ends_with_the_last_call_that_there_is_time_for() -> None:
    found = timeline(KEY, minutes=7, every=5)
    assert [call.minute for call in found.calls] == [0, 5]
    assert (found.minutes, found.caption) == (5, "5 minutes; all regions are up")
    assert [call.minute for call in timeline(KEY, minutes=LONGEST, every=LONGEST).calls] == [0, LONGEST]


@pytest.mark.parametrize(("release", "seed"), [*zip(RELEASES, (7, 2020, None), strict=True)])
def test_neither_release_nor_seed_makes_a_difference(loud: Timeline, release: str, seed: int | None) -> None:
    found = timeline(outage=(50, 110), release=release, seed=seed)
    assert found == loud
    assert found._repr_mimebundle_() == loud._repr_mimebundle_()


# ---- the picture


@pytest.mark.parametrize("outage", [None, (0, 20), (50, 110)])
def test_the_picture_has_a_mark_for_every_call_that_the_text_counts(outage: Outage) -> None:
    found = timeline(outage=outage)
    shown = found._repr_mimebundle_()
    assert list(shown) == ["text/plain", "text/html"]
    picture, alt, text = image(shown["text/html"])
    assert (alt, text) == (f"Chart: {found.caption}. All of it is in the text below.", shown["text/plain"])
    shapes = {
        ("score", True): "o",
        ("score", False): "x",
        ("get_token", True): "^",
        ("get_token", False): "v",
    }
    counted: Counter[str] = Counter()
    for _, _, calls, of, answer in found.as_table().rows:
        counted[shapes[str(of), answer == "200"]] += calls  # type: ignore[operator]
    assert Counter(mark.shape for mark in marks(picture)) == counted
    assert {mark.colour for mark in marks(picture) if mark.shape in "o^"} == {"#1a5c2e"}
    assert {mark.colour for mark in marks(picture) if mark.shape in "xv"} == {"#a40e26"}
    words = {"o": "answered", "x": "refused", "^": "got a token", "v": "got no token"}
    down = {"the workspace's region is down"} if outage else set[str]()
    assert set(legend(picture)) == {words[shape] for shape in counted} | down


def test_the_marks_of_a_client_are_in_its_strip_at_their_minutes() -> None:
    found = timeline(KEY, NEVER, minutes=120, every=30)
    picture, *_ = image(found._repr_mimebundle_()["text/html"])
    answered = [mark for mark in marks(picture) if mark.shape == "o"]
    above, below = sorted({mark.y for mark in answered})
    columns = sorted({mark.x for mark in answered})
    assert [mark.x for mark in answered if mark.y == above] == columns
    assert [mark.x for mark in answered if mark.y == below] == columns[:2]
    assert [mark.x for mark in marks(picture) if mark.shape == "x"] == columns[2:]


@pytest.mark.parametrize(
    ("outage", "columns"),
    [((30, 60), (1, 2)), ((30, 9_000), (1, 4)), ((120, 130), (4, 4)), ((121, 130), None)],
)
def test_the_outage_is_drawn_as_far_as_there_were_calls(
    outage: tuple[int, int], columns: tuple[int, int] | None
) -> None:
    picture, *_ = image(timeline(KEY, minutes=120, every=30, outage=outage)._repr_mimebundle_()["text/html"])
    at = sorted(mark.x for mark in marks(picture))
    assert (at[1] - at[0]) == pytest.approx(at[4] - at[3], abs=0.01)
    assert ("the workspace's region is down" in legend(picture)) is (columns is not None)
    # One of no width lies under a single mark.
    if columns and columns[0] < columns[1]:
        assert band(picture) == tuple(pytest.approx(at[column], abs=0.01) for column in columns)


# ---- clients of any kind


def test_clients_of_ones_own_live_in_a_lab_that_is_there(lab: Lab) -> None:
    lab.clock.advance("3d")
    asked: list[tuple[int, int, int]] = []

    def due(now: int, refresh_by: int, end: int) -> bool:
        asked.append((now, refresh_by, end))
        return now == 20

    found = lived(lab, {"mine": Client(due)}, [0, 10, 20, 100], (100, 101))
    assert asked == [(10, 45, 60), (20, 45, 60), (100, 65, 80)]
    assert [(call.minute, call.fetching, call.answer) for call in found.calls] == [
        (0, True, "200"),
        (0, False, "200"),
        (10, False, "200"),
        (20, True, "200"),
        (20, False, "200"),
        (100, False, UNAUTHORIZED),
    ]
    assert (found.minutes, found.outage) == (100, (100, 101))
    assert lab.clock.now == RELEASES["2020-03"].start + 3 * 86_400 + 6_000


def test_a_request_that_was_due_and_refused_is_made_again_after_a_refusal(lab: Lab) -> None:
    found = lived(lab, {"both": Client(lambda *_: True, after_refusal=True)}, [0, 60], (60, 61))
    assert turns(found, "both") == {"FS", "fsf"}


def test_what_a_client_raises_is_raised(lab: Lab) -> None:
    def due(*_: int) -> bool:
        raise KeyError("due")

    with pytest.raises(KeyError, match="due"):
        lived(lab, {"mine": Client(due)}, [0, 5])


def test_everything_is_tried_through_the_door(lab: Lab) -> None:
    found = lived(lab, {name: CLIENTS[name] for name in (KEY, WHEN_REFUSED)}, range(0, 121, 60))
    hops = [hop for hop in lab.trace if hop.operation in ("Score", "Get service token") and hop.parent == 0]
    assert len(hops) == len(found.calls) == 3 + len("FSsFSsFS")
    assert [hop.outcome.replace("ok", "200") for hop in hops] == [call.answer for call in found.calls]
    assert {hop.caller for hop in hops if hop.operation == "Score"} == {KEY, WHEN_REFUSED}
    assert {hop.credential for hop in hops if hop.caller == KEY} == {"service key"}


def test_another_length_of_a_token_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    from labkit.services.machine_learning import web_services

    monkeypatch.setattr(web_services, "TOKEN_LIFETIME", 600)
    monkeypatch.setattr(web_services, "REFRESH_AFTER", 300)
    found = timeline(minutes=30)
    assert [found.refused(name) for name in CLIENTS] == [0, 0, 3, 5]


def test_an_answer_is_what_a_client_sees(lab: Lab) -> None:
    def refused(**said: Any) -> str:
        refusal = NotFound("no")
        vars(refusal).update(said)
        return answer_of(Verdict(False, refusal=refusal))

    assert answer_of(Verdict(True, value=None)) == "200"
    assert refused(status=404, code="Gone") == "404 Gone"
    assert refused(status=404, code="") == "404"
    assert refused(status=0, code="Gone") == "no answer"
    assert answer_of(Verdict(False, refusal=BadInput("no"))) == "no answer"
    nobody = lab.attempt("somebody", Scoring.score, "https://nowhere.example/score", ServiceKey(""), "[1]")
    assert isinstance(nobody.refusal, Unreachable)
    assert answer_of(nobody) == "no answer"


# ---- bad input

WHOLE: dict[str, Sequence[Any]] = {
    "minutes": (-1, LONGEST + 1, True, 60.0, "60", None),
    "every": (0, -5, LONGEST + 1, True, 5.0, "5", None),
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, some in WHOLE.items() for value in some])
def test_what_is_no_whole_number_in_range_is_bad_input(name: str, value: Any) -> None:
    with pytest.raises(BadInput, match=f"no value for {name}") as caught:
        timeline(KEY, **{name: value})
    assert caught.value.required == f"a whole number from {'0' if name == 'minutes' else '1'} to 10,080"


class Pair(tuple[int, int]):
    """Another type."""


OUTAGES: dict[str, tuple[Any, str]] = {
    "list": ([50, 70], "When is the region down"),
    "three": ((50, 60, 70), "When is the region down"),
    "one": ((50,), "When is the region down"),
    "tuple of another type": (Pair((50, 70)), "When is the region down"),
    "text": ("50-70", "When is the region down"),
    "backwards": ((70, 50), "no value for the end of the outage"),
    "negative": ((-5, 50), "no value for the first minute of the outage"),
    "endless": ((0, LONGEST + 1), "no value for the end of the outage"),
    "late": ((LONGEST + 1, LONGEST + 2), "no value for the first minute of the outage"),
    "truth": ((True, 50), "no value for the first minute of the outage"),
    "part": ((50, 70.5), "no value for the end of the outage"),
    "nothing": ((50, None), "no value for the end of the outage"),
    "lying": ((Int(50), 70), "no value for the first minute of the outage"),
    "raising": ((50, Everything()), "no value for the end of the outage"),
}


@pytest.mark.parametrize("name", OUTAGES)
def test_what_is_no_outage_is_bad_input(name: str) -> None:
    outage, said = OUTAGES[name]
    with pytest.raises(BadInput, match=said) as caught:
        timeline(KEY, outage=outage)
    assert caught.value.required


@pytest.mark.parametrize("name", ["minutes", "every", "outage"])
def test_what_is_no_value_at_all_is_bad_input(name: str) -> None:
    fine = {"minutes": (0,), "every": (), "outage": (None,)}[name]
    assert taken(lambda value: timeline(KEY, **{name: value}), fine) == {}


def test_who_is_no_client_is_bad_input_with_those_who_are() -> None:
    with pytest.raises(BadInput, match="no such client") as caught:
        timeline(KEY, "holds a token")
    assert caught.value.presented == "'holds a token'"
    assert caught.value.required == ", ".join(f'"{one}"' for one in CLIENTS)
    assert taken(timeline) == {}


def test_the_release_and_the_seed_are_those_of_a_lab() -> None:
    assert said_otherwise(timeline) == []
