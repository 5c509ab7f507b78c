"""Each operation of the documents' table does what it is called, with what is asked through the door."""

from collections.abc import Callable
from typing import Any

import pytest

import labkit
from labkit.core.errors import BadInput, Conflict, Refusal
from labkit.course.operations import OPERATIONS
from labkit.course.role_matrix import role_matrix
from labkit.furniture import CLIENT_ID
from labkit.lab import Lab
from labkit.ledger import statement
from labkit.releases import RELEASES
from labkit.services.authorization import Authorization
from labkit.services.machine_learning.web_services import WebServices
from labkit.services.machine_learning.workspace import Workspace

UPGRADE = "Upgrade to Enterprise edition"
EACH = pytest.mark.parametrize("name", OPERATIONS)


def workspace(lab: Lab) -> Workspace:
    found = lab.resources.find(lab.workspace)
    assert isinstance(found, Workspace)
    return found


def services(lab: Lab) -> set[str]:
    token = lab.sign_in("olivia").bearer
    return {one.name for one in lab.ask("olivia", WebServices.list_services, lab.workspace, token)}


def runs(lab: Lab) -> set[str]:
    account: Any = lab.resources.find(workspace(lab).history)
    return {name.rpartition("/")[2] for name in account.documents.names()}


def readers(lab: Lab) -> set[str]:
    token = lab.sign_in("olivia").bearer
    found = lab.ask("olivia", Authorization.assignments, lab.workspace, token)
    return {one["principalName"] for one in found if one["scope"] == lab.workspace}


# What is there afterwards, and was not before.
LEFT: dict[str, Callable[[Lab, str], bool]] = {
    "Create workspace": lambda lab, who: bool(
        lab.resources.get(lab.workspace.replace("ml-example", f"{who}-workspace"))
    ),
    "Share workspace": lambda lab, who: f"{who}_friend@contoso.example" in readers(lab),
    UPGRADE: lambda lab, who: workspace(lab).edition == "Enterprise",
    "Create compute target": lambda lab, who: f"{who}-cluster" in workspace(lab).computes,
    "Attach compute target": lambda lab, who: f"{who}-attached" in workspace(lab).computes,
    "Attach data stores": lambda lab, who: f"{who}data" in workspace(lab).data_stores,
    "Run experiment": lambda lab, who: f"{who}-experiment_1" in runs(lab),
    "Register model": lambda lab, who: f"{who}-model" in workspace(lab).models,
    "Create image": lambda lab, who: f"{who}-image" in workspace(lab).images,
    "Deploy web service": lambda lab, who: {f"{who}-on-aci", f"{who}-on-aks"} <= services(lab),
}


def test_they_are_those_of_the_documents_in_their_order() -> None:
    rows = list(statement("rbac-matrix").table)
    assert list(OPERATIONS) == [*rows[:2], *statement("rbac-upgrade").table, *rows[2:]]
    assert list(statement("rbac-upgrade").table) == [UPGRADE]


@pytest.mark.parametrize("name", LEFT)
@pytest.mark.parametrize("who", ["olivia", "rita"])
def test_what_was_done_is_there_and_what_was_refused_is_not(lab: Lab, name: str, who: str) -> None:
    assert not LEFT[name](lab, who)
    ways = OPERATIONS[name].attempt(lab, who)
    assert {way.verdict.accepted for way in ways} == {who == "olivia"}
    assert LEFT[name](lab, who) is (who == "olivia")


@pytest.mark.parametrize("who", ["carl", "rita"])
def test_what_is_viewed_and_called_is_what_olivia_has_made(lab: Lab, who: str) -> None:
    [runs] = OPERATIONS["View runs/metrics"].attempt(lab, who)
    run: Any = runs.verdict.value
    assert (run.metrics, run.status) == ([("loss", 0.25)], "Completed")
    assert "olivia" in run.submitted_by
    [seen] = OPERATIONS["View models/images"].attempt(lab, who)
    value: Any = seen.verdict.value
    models, images = value
    assert [one.name for one in models] == [one.name for one in images] == [f"{who}-lesson"]
    answer: Any = OPERATIONS["Call web service"].attempt(lab, who)[0].verdict.value
    assert "checksum" in answer


@EACH
def test_only_the_calls_of_whoever_tries_are_told(lab: Lab, name: str) -> None:
    ways = OPERATIONS[name].attempt(lab, "carl")
    assert all(way.calls for way in ways)
    subjects = {call.subject for way in ways for call in way.calls}
    assert not [one for one in subjects if "olivia" in one]
    assert all(call.initiator == "carl" for way in ways for call in way.calls)


@EACH
@pytest.mark.parametrize("who", ["olivia", "carl", "rita", "gita"])
def test_the_decision_that_is_told_is_the_one_that_the_door_made(lab: Lab, name: str, who: str) -> None:
    for way in OPERATIONS[name].attempt(lab, who):
        if way.decision is None:
            continue
        if way.verdict.refusal is None:
            asked = next(call for call in way.calls if call.action == way.decision.action)
            assert way.decision.allowed
            assert way.decision.why == asked.why
        elif who != "gita":
            assert not way.decision.allowed
            assert way.decision.why == way.verdict.refusal.presented
            assert way.verdict.refusal.required == f"{way.decision.action} on {way.decision.scope}"


def test_a_key_that_was_handed_over_asks_no_role(lab: Lab) -> None:
    lab.hire("sam")
    ways = {way.name: way for way in OPERATIONS["Call web service"].attempt(lab, "sam")}
    assert {name: (way.verdict.accepted, way.asks_role) for name, way in ways.items()} == {
        "by token": (False, True),
        "by a fetched key": (False, True),
        "by a key handed over": (True, False),
    }
    [call] = ways["by a key handed over"].calls
    assert (call.credential, "sam" in call.subject.partition(" ")[0]) == ("service key", True)


def test_a_reader_fetches_the_token_and_not_the_key(lab: Lab) -> None:
    ways = {way.name: way.verdict for way in OPERATIONS["Call web service"].attempt(lab, "rita")}
    assert ways["by token"].accepted
    refusal = ways["by a fetched key"].refusal
    assert isinstance(refusal, Refusal)
    assert refusal.required.startswith(
        "Microsoft.MachineLearningServices/workspaces/services/aks/listkeys/action"
    )


def test_what_fails_for_another_reason_is_not_taken_for_a_missing_right(lab: Lab) -> None:
    assert OPERATIONS["Attach data stores"].attempt(lab, "carl")[0].verdict
    with pytest.raises(Conflict):
        OPERATIONS["Attach data stores"].attempt(lab, "carl")


def test_a_scene_that_olivia_cannot_set_is_not_taken_for_a_missing_right(lab: Lab) -> None:
    lab.switchboard.down("eastus")
    with pytest.raises(Refusal, match="does not answer"):
        OPERATIONS["View runs/metrics"].attempt(lab, "carl")


@EACH
def test_an_application_can_try_as_well_as_a_person(lab: Lab, name: str) -> None:
    ways = OPERATIONS[name].attempt(lab, CLIENT_ID)
    assert {way.verdict.accepted for way in ways} == {name not in ("Share workspace", UPGRADE)}
    assert next(way.asks_role for way in ways)


def test_it_works_where_a_second_factor_is_required(lab: Lab) -> None:
    lab.directory.mfa_required = True
    assert OPERATIONS["Register model"].attempt(lab, "carl")[0].verdict


@pytest.mark.parametrize("who", ["nobody", "", None, 3])
def test_who_is_not_in_the_lab_cannot_try(lab: Lab, who: Any) -> None:
    with pytest.raises(BadInput):
        OPERATIONS["Register model"].attempt(lab, who)


@pytest.mark.parametrize("release", RELEASES)
def test_the_lab_itself_says_which_operations_it_has(release: str) -> None:
    lab = labkit.start(release)
    there = [name for name, one in OPERATIONS.items() if one.is_in(lab)]
    assert set(OPERATIONS) - set(there) == ({UPGRADE} if release == "2019-08" else set())
    assert role_matrix(["Reader"], release=release).operations == tuple(there)
