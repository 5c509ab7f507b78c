"""Two clients at any minute, without a browser: the function, and the shell around it."""

from typing import Any

import pytest

from labkit.core.errors import BadInput
from labkit.course.service_clients import ServiceCall, timeline
from labkit.course.simulator import EVERY, MINUTES, OUTAGES, PAIR, ClientsAt, clients_at, simulator
from labkit.releases import RELEASES
from tests.course.refusing import said_otherwise, taken

REFUSED = """\
Minute 65; the workspace's region is down: minutes 40 to 100
client             refresh_by           end of its token      its call
-----------------  -------------------  --------------------  -------------------------
refreshes on time  due since minute 45  expired at minute 60  REFUSED, 401 Unauthorized
never refreshes    due since minute 45  expired at minute 60  REFUSED, 401 Unauthorized"""
ANSWERED = """\
Minute 90; the workspace's region is down: never
client             refresh_by           end of its token      its call
-----------------  -------------------  --------------------  -------------------------
refreshes on time  minute 135           minute 150            ANSWERED, 200
never refreshes    due since minute 45  expired at minute 60  REFUSED, 401 Unauthorized"""


@pytest.mark.parametrize("down", OUTAGES)
def test_it_says_what_the_timeline_says_of_every_minute(down: str) -> None:
    lived = timeline(*PAIR, minutes=MINUTES, every=EVERY, outage=OUTAGES[down])
    for minute in range(0, MINUTES + 1, EVERY):
        calls = [next(call for call in lived.of(name) if call.minute == minute) for name in PAIR]
        assert clients_at(minute, down).calls == tuple(calls)


def test_an_outage_has_the_minutes_that_it_is_called_by() -> None:
    assert OUTAGES == {"never": None, "minutes 50 to 60": (50, 60), "minutes 40 to 100": (40, 100)}
    refused = {down: [_refused(minute, down) for minute in (45, 60, 65, 95, 100)] for down in OUTAGES}
    assert refused == {
        "never": [set(), {PAIR[1]}, {PAIR[1]}, {PAIR[1]}, {PAIR[1]}],
        "minutes 50 to 60": [set(), {PAIR[1]}, {PAIR[1]}, {PAIR[1]}, {PAIR[1]}],
        "minutes 40 to 100": [set(), set(PAIR), set(PAIR), set(PAIR), {PAIR[1]}],
    }


def _refused(minute: int, down: str) -> set[str]:
    return {call.client for call in clients_at(minute, down).calls if not call.ok}


def test_the_verdicts_are_words_and_each_date_is_told_as_past_or_to_come() -> None:
    assert repr(clients_at(65, "minutes 40 to 100")) == REFUSED
    assert repr(clients_at(90)) == ANSWERED
    shown = clients_at(90)._repr_mimebundle_()
    assert shown == clients_at(90).as_table()._repr_mimebundle_()
    assert "REFUSED, 401 Unauthorized" in shown["text/html"]


def test_the_minute_of_a_date_is_past() -> None:
    dates = {minute: clients_at(minute).as_table().rows[1][1:3] for minute in (40, 45, 60)}
    assert dates == {
        40: ("minute 45", "minute 60"),
        45: ("due since minute 45", "minute 60"),
        60: ("due since minute 45", "expired at minute 60"),
    }


def test_who_has_no_token_is_said_to_have_none() -> None:
    [row] = ClientsAt(0, "never", (ServiceCall("mine", 0, False, "no answer"),)).as_table().rows
    assert row == ("mine", "no token", "no token", "REFUSED, no answer")


@pytest.mark.parametrize(("release", "seed"), [*zip(RELEASES, (7, 2020, None), strict=True)])
def test_neither_release_nor_seed_makes_a_difference(release: str, seed: int | None) -> None:
    for minute, down in ((0, "never"), (95, "minutes 40 to 100")):
        assert clients_at(minute, down, release, seed) == clients_at(minute, down)


@pytest.mark.parametrize("minute", [7, -5, 185, True, False, 5.0, "5", None, [5]])
def test_what_is_no_step_of_the_clock_is_bad_input(minute: Any) -> None:
    with pytest.raises(BadInput, match="Which minute") as caught:
        clients_at(minute)
    assert caught.value.required == "0 to 180, in steps of 5"


def test_what_there_is_not_is_bad_input_with_what_there_is() -> None:
    with pytest.raises(BadInput, match="no such time of an outage") as caught:
        clients_at(down="always")
    assert caught.value.required == '"never", "minutes 50 to 60", "minutes 40 to 100"'
    assert taken(lambda minute: clients_at(minute), fine=(0,)) == {}
    assert taken(lambda down: clients_at(down=down)) == {}


@pytest.mark.parametrize("function", [clients_at, simulator])
def test_the_release_and_the_seed_are_those_of_a_lab(function: Any) -> None:
    assert said_otherwise(function) == []


def test_its_controls_have_names_and_all_there_is() -> None:
    _, minute, down, _, _ = simulator("2019-08", 7).box.children
    assert minute.description == "Minute (0 to 180, in steps of 5)"
    assert down.description == "The workspace's region is down"
    assert (minute.min, minute.max, minute.step, minute.value) == (0, MINUTES, EVERY, 0)
    assert tuple(down.options) == tuple(OUTAGES)


def test_where_there_is_no_widget_its_text_is_that_of_the_first_minute() -> None:
    panel = simulator()
    assert panel._repr_mimebundle_()["text/plain"] == repr(panel) == repr(clients_at())
