"""The scene of the leaked key, and what its requests leave open."""

import pytest

import labkit
from labkit.authenticators.service_key import ServiceKey
from labkit.core.errors import BadInput, Refusal
from labkit.course import leaked_key, service_incident
from labkit.course.service_incident import ATTEMPTS, HONEST, QUESTIONS, requests_of, undecided
from labkit.course.service_scene import deploy, keys_of
from labkit.lab import Lab
from labkit.services.app_insights import AppInsights
from labkit.services.machine_learning.scoring import Scoring


def test_what_was_found_is_one_key_of_the_service_and_opens_it(lab: Lab) -> None:
    scene = leaked_key(lab)
    stolen = ServiceKey(scene.leaked.reveal())
    assert keys_of(lab, scene.service).count(stolen) == 1
    assert lab.attempt("mallory", Scoring.score, scene.service.address, stolen, "[1]")


def test_the_scene_shows_the_story_and_no_key(lab: Lab) -> None:
    scene = leaked_key(lab)
    shown = f"{scene!r} {scene.leaked!r} {lab.trace!r} {requests_of(scene)!r}"
    assert "public repository" in shown
    assert all(client in shown for client in HONEST)
    assert all(key.key not in shown for key in keys_of(lab, scene.service))


def test_each_request_is_in_application_insights_for_who_may_read_it(lab: Lab) -> None:
    scene = leaked_key(lab)
    found = requests_of(scene).found
    assert [one.user_agent for one in found] == [one.says for one in ATTEMPTS]
    assert [one.result_code for one in found].count("401") == sum(one.wrong_key for one in ATTEMPTS) == 1
    lab.hire("nobody")
    with pytest.raises(Refusal, match="AuthorizationFailed"):
        lab.ask("nobody", AppInsights.query, scene.insights, lab.sign_in("nobody").bearer)


def test_not_all_of_mallorys_requests_bear_a_strange_name() -> None:
    names = {one.says for one in ATTEMPTS if one.maker == "mallory"}
    assert names & HONEST.keys()
    assert names - HONEST.keys()


def test_which_key_leaked_is_the_same_whatever_the_seed() -> None:
    def which(seed: int) -> int:
        lab = labkit.start(seed=seed)
        scene = leaked_key(lab)
        return keys_of(lab, scene.service).index(ServiceKey(scene.leaked.reveal()))

    assert which(1) == which(2)


def test_the_scene_begins_in_a_new_lab_and_changes_nothing_in_another(lab: Lab) -> None:
    deploy(lab, "key", name="prices")
    now, requests = lab.clock.now, len(list(lab.resources))
    with pytest.raises(BadInput, match="a service of its own"):
        leaked_key(lab)
    assert (lab.clock.now, len(list(lab.resources))) == (now, requests)


def test_the_key_the_data_and_the_caller_stay_unknown() -> None:
    assert undecided(labkit.start) == {"which key", "which data", "who"}


def test_where_mallory_made_no_request_nothing_could_have_been_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    honest = tuple(one for one in ATTEMPTS if one.maker != "mallory")
    monkeypatch.setattr(service_incident, "ATTEMPTS", honest)
    assert undecided(labkit.start) == set(QUESTIONS)
