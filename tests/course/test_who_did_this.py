"""Drills on who did something: the logs answer where they can, and where they cannot that is the answer."""

from __future__ import annotations

from typing import Any

import pytest

from labkit.azure import Monitor
from labkit.core.errors import BadInput
from labkit.course.who_did_this import DRILLS, SOURCES, SUSPECTS, UNKNOWN, telling_sources, who_did_this

TELLING = {
    "role assignment": ("activity log",),
    "storage key": ("activity log",),
    "compute target": ("activity log",),
    "model": ("models",),
    "run": ("run history",),
    "web service": (),
}


@pytest.mark.parametrize("drill", DRILLS)
def test_where_it_stands_is_found_by_trying(drill: str) -> None:
    assert telling_sources(drill) == TELLING[drill]


@pytest.mark.parametrize("drill", DRILLS)
def test_with_real_entropy_it_stands_in_the_same_places(drill: str) -> None:
    # Labs of their own would differ in all their ids.
    assert telling_sources(drill, seed=None) == TELLING[drill]


def test_with_real_entropy_one_answer_is_right() -> None:
    assert who_did_this("web service", None).answer(UNKNOWN).right
    case = who_did_this("model", None)
    assert case.answer(case._culprit).right


@pytest.mark.parametrize("drill", DRILLS)
def test_one_answer_is_right(drill: str) -> None:
    case = who_did_this(drill)
    right = [answer for answer in (*SUSPECTS, UNKNOWN) if case.answer(answer).right]
    assert right == [case._culprit if TELLING[drill] else UNKNOWN]


@pytest.mark.parametrize("drill", [one for one, sources in TELLING.items() if sources == ("activity log",)])
def test_the_activity_log_names_them(drill: str) -> None:
    case = who_did_this(drill)
    lab = case.lab
    events = lab.ask("olivia", Monitor.activity_log, lab.subscription, lab.sign_in("olivia").bearer)
    what = {
        "role assignment": "*/roleAssignments/delete",
        "storage key": "*/regenerateKey/action",
        "compute target": "*/computes/delete",
    }
    [event] = events.where(operationName=what[drill])
    assert event.caller == f"{case._culprit}@contoso.example"
    assert case.answer(event.caller.partition("@")[0]).right
    # Others are in it as well, so that it takes reading.
    assert {f"{who}@contoso.example" for who in SUSPECTS} <= {one.caller for one in events}


def test_the_service_that_is_gone_was_deleted_by_the_workspace() -> None:
    lab = who_did_this("web service").lab
    events = lab.ask("olivia", Monitor.activity_log, lab.subscription, lab.sign_in("olivia").bearer)
    [event] = events.where(operationName="Microsoft.ContainerInstance/containerGroups/delete")
    assert lab.directory.name_of(event.caller) == "ml-example"


def test_who_did_it_follows_from_the_seed() -> None:
    assert len({who_did_this("compute target", seed)._culprit for seed in range(6)}) > 1
    assert who_did_this("run", 3)._culprit == who_did_this("run", 3)._culprit


def test_it_does_not_say_who_it_was() -> None:
    case = who_did_this("storage key")
    shown = repr(case)
    assert all(shown.count(who) == 1 for who in SUSPECTS)
    assert "_culprit" not in shown
    wrong = next(one for one in SUSPECTS if one != case._culprit)
    assert case._culprit not in repr(case.answer(wrong)).replace(wrong, "")


def test_a_wrong_answer_is_told_where_to_look_and_a_guess_what_it_is() -> None:
    case = who_did_this("storage key")
    wrong = next(one for one in SUSPECTS if one != case._culprit)
    assert "Look again: activity log" in case.answer(wrong).why
    assert "activity log" in case.answer(UNKNOWN).why
    open_case = who_did_this("web service")
    assert "A guess" in open_case.answer(open_case._culprit).why
    assert "before it happens" in open_case.answer(UNKNOWN).why


def test_the_evidence_is_all_that_can_be_read() -> None:
    answer = who_did_this("model").answer(UNKNOWN)
    assert [row[0] for row in answer.evidence.rows] == list(SOURCES)
    assert ("models", "yes") in answer.evidence.rows
    assert repr(answer).startswith("cannot be known: not right.")


@pytest.mark.parametrize("name", ["olivia", "Carl", "", None, 5, "nobody"])
def test_an_answer_is_a_suspect_or_that_it_cannot_be_known(name: Any) -> None:
    with pytest.raises(BadInput):
        who_did_this("storage key").answer(name)


@pytest.mark.parametrize("drill", ["", None, "Model", 1])
def test_a_drill_has_a_name(drill: Any) -> None:
    with pytest.raises(BadInput):
        who_did_this(drill)
    with pytest.raises(BadInput):
        telling_sources(drill)


@pytest.mark.parametrize("release", ["2019-08", "2020-01"])
def test_in_every_release(release: str) -> None:
    case = who_did_this("compute target", release=release)
    assert case.answer(case._culprit).right
