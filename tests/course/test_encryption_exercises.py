"""What else is right and what is not in the exercises of 05-encryption-at-rest; scenes and predictions."""

from collections.abc import Callable
from typing import Any

import pytest

import labkit
from labkit.core.errors import BadInput
from labkit.core.verdict import Verdict
from labkit.course import exercise
from labkit.course.carried_away import STORES, carried_away
from labkit.course.exercises.encryption_bite import STORES as BITTEN
from labkit.course.exercises.encryption_find import PLACES
from labkit.course.exercises.encryption_incidents import INCIDENTS
from labkit.course.key_incidents import ACTIONS, after
from labkit.course.key_scene import KEY, at_vault, new_version, put
from labkit.course.key_timeline import key_timeline
from labkit.course.model_keys import model_keys
from labkit.course.own_history import STEPS, own_history
from labkit.course.own_key import BLOB, begin, follow, read
from labkit.course.store_matrix import store_matrix
from labkit.course.store_trials import TEXT, TRIALS, Wish, account, signed
from labkit.lab import Lab
from labkit.services.encryption import HOLD
from labkit.services.key_vault import KeyVault
from labkit.services.storage import BlobStorage
from labkit.stores import BLOBS, COMPUTE_TEMPORARY
from tests.course.answers import (  # noqa: F401
    Later,
    test_a_prediction_comes_out_as_azure_would_have_it,
    test_an_answer_that_cannot_be_tried_is_told_why,
    test_an_answer_that_is_nearly_right_does_not_pass,
    test_another_right_answer_passes,
)

FOUND = {
    "ward": {"Compute temporary disk", "Container Instances"},
    "clinic": {"Compute temporary disk"},
}
OWN = ["soft delete", "purge protection", "key", "identity", "access policy", "encryption"]
BITES = {"Blob storage": 20, "Container Registry": 0, "Cosmos DB": 50, "Databricks, DBFS root": 59}
DONE = {
    "fred": "remove from access policy",
    "regulator": "disable",
    "policy": "rotate",
    "mistake": "recover",
    "old vault": "restore backup",
}
TAKEN = ["contributor", "cosmos provider", "vault access", "feature"]
UNTOLD = ["soft delete", "purge protection", "key", "identity", "access policy"]


def arguments(**others: str) -> dict[str, str]:
    scene = model_keys(labkit.start())
    key = scene.newest("models")
    right = {
        "cmk_vault_base_url": scene.vault,
        "cmk_key_name": key.name,
        "cmk_key_version": key.version,
    }
    return right | others


RIGHT: list[tuple[str, object]] = [
    ("enc-carried-away", FOUND),
    (
        "enc-carried-away",
        {
            "ward": ["container instances", " Compute temporary disk "],
            "clinic": ("Compute temporary disk",),
        },
    ),
    ("enc-own-key", ["identity", "soft delete", "key", "access policy", *OWN[1:2], "encryption"]),
    ("enc-own-key", [*OWN[2:], *OWN[:2]]),
    ("enc-own-key", tuple(one.upper() for one in OWN)),
    ("enc-bite", BITES),
    ("enc-bite", {name: float(minute) for name, minute in BITES.items()}),
    ("enc-revoke-or-rotate", DONE),
    ("enc-revoke-or-rotate", {name: f" {action.title()}" for name, action in DONE.items()}),
    ("enc-cosmos-steps", TAKEN),
    ("enc-cosmos-steps", ("feature", "cosmos provider", "vault access", "contributor")),
    ("enc-mend-deployment", Later(arguments)),
    ("enc-mend-deployment", Later(lambda: arguments(cmk_key_name="Models"))),
]
NOT_YET: list[tuple[str, object, str]] = [
    ("enc-carried-away", {"ward": set()}, "nothing of these yet: clinic"),
    ("enc-carried-away", FOUND | {"hospital": set()}, "The names are ward, clinic"),
    (
        "enc-carried-away",
        FOUND | {"ward": "Blob storage"},
        "a list or a set of some of these: 'Blob storage'",
    ),
    ("enc-carried-away", FOUND | {"ward": {"Key Vault"}}, "one of these: Blob storage"),
    ("enc-carried-away", FOUND | {"clinic": {1}}, "'clinic'"),
    ("enc-own-key", [], "no step"),
    ("enc-own-key", "key", "some of these"),
    ("enc-own-key", ["key", "hope"], "'hope'"),
    ("enc-own-key", {"key": 1}, "some of these"),
    ("enc-own-key", {*OWN}, "no order"),
    ("enc-own-key", [*OWN, "encryption"], "without 'encryption' as well"),
    ("enc-own-key", [*OWN, "encryption, this version", "encryption"], "as well"),
    ("enc-bite", BITES | {"Cosmos DB": ...}, "nothing of these yet: Cosmos DB"),
    ("enc-bite", BITES | {"Cosmos DB": "10:50"}, "'Cosmos DB'"),
    ("enc-bite", BITES | {"Cosmos DB": -10}, "whole number of minutes"),
    ("enc-bite", BITES | {"Cosmos DB": 49.5}, "whole number of minutes"),
    ("enc-bite", BITES | {"Cosmos DB": 1_000}, "whole number of minutes"),
    ("enc-bite", BITES | {"Cosmos DB": 30}, "at 10:30 it could be read"),
    ("enc-bite", BITES | {"Cosmos DB": 55}, "at 10:54 it was refused already"),
    ("enc-bite", BITES | {"File storage": 5}, "Not asked for: 'File storage'"),
    ("enc-revoke-or-rotate", DONE | {"fred": "wait"}, "'wait'"),
    ("enc-revoke-or-rotate", DONE | {"fred": None}, "'fred'"),
    ("enc-revoke-or-rotate", DONE | {"fred": "recover"}, "KeyNotFound"),
    ("enc-revoke-or-rotate", DONE | {"policy": "recover"}, "the same version"),
    ("enc-cosmos-steps", [], "No steps were taken"),
    ("enc-cosmos-steps", {*TAKEN}, "no order"),
    ("enc-cosmos-steps", [*TAKEN, "feature"], "twice"),
    ("enc-cosmos-steps", ["wait"], "'wait'"),
    ("enc-mend-deployment", {"cmk_key_version": 5}, "cmk_key_version"),
    ("enc-mend-deployment", {"cmk_key": "models"}, "They are cmk_vault_base_url"),
    (
        "enc-mend-deployment",
        dict.fromkeys(("cmk_vault_base_url", "cmk_key_name", "cmk_key_version"), ""),
        "cmk_vault_base_url is an empty text",
    ),
    (
        "enc-mend-deployment",
        {"cmk_vault_base_url": "models", "cmk_key_name": "models", "cmk_key_version": "1"},
        "no address of a key vault",
    ),
]
WRONG: list[tuple[str, object, str]] = [
    ("enc-carried-away", {"ward": [], "clinic": []}, "at-rest-is-everywhere"),
    ("enc-carried-away", {name: set(STORES) for name in FOUND}, "only-my-own-key-counts"),
    ("enc-carried-away", FOUND | {"clinic": {"Container Instances"}}, "once-plain-always-plain"),
    ("enc-own-key", [*UNTOLD[:4], "encryption", "access policy"], "the-store-asks-as-the-owner"),
    ("enc-own-key", ["purge protection", "soft delete", *OWN[2:]], "any-order-will-do"),
    ("enc-own-key", ["access policy", "identity", "key", "encryption"], "any-order-will-do"),
    ("enc-own-key", [*OWN, "contributor"], "roles-open-the-vault"),
    ("enc-own-key", [*OWN, "all permissions"], "all-to-be-safe"),
    ("enc-own-key", ["key"] * 40, "making-it-is-using-it"),
    ("enc-bite", BITES | {"Container Registry": 60}, "the-hour-begins-now"),
    ("enc-bite", BITES | {"Cosmos DB": 59}, "reading-keeps-it-open"),
    ("enc-bite", BITES | {"Databricks, DBFS root": 0}, "disabled-is-disabled"),
    ("enc-revoke-or-rotate", DONE | {"policy": "purge"}, "gone-is-safest"),
    ("enc-revoke-or-rotate", DONE | {"old vault": "rotate"}, "the-name-is-the-key"),
    ("enc-cosmos-steps", ["cosmos provider"], "the-owner-asks-so-it-may"),
    ("enc-cosmos-steps", [*TAKEN, "new version"], "the-whole-list-again"),
    ("enc-cosmos-steps", list(STEPS), "any-order-will-do"),
    ("enc-mend-deployment", {"cmk_key_name": "models"}, "the-rest-is-obvious"),
]


@pytest.mark.parametrize("name", PLACES)
def test_the_text_is_in_every_store_before_the_disks_are_carried_away(name: str) -> None:
    place = PLACES[name]
    loot = carried_away(labkit.start(place.release), name, place.hbi)
    assert loot.clear.keys() | loot.sealed.keys() == set(STORES)
    assert loot.clear.keys() == FOUND[name]
    assert all(raw == TEXT.encode() for _, raw in loot.clear.values())
    assert all(store in repr(loot) for store in STORES)


def test_with_the_flag_and_no_cluster_before_the_staged_text_is_sealed() -> None:
    lab = labkit.start()
    disk = TRIALS[COMPUTE_TEMPORARY](lab, Wish(None, lab.vault, hbi=True)).medium
    assert [row for row in lab.media.find(TEXT).rows if str(row[0]).startswith(disk)] == []


def test_a_message_about_what_was_left_out_does_not_say_which_store_it_is() -> None:
    for name in PLACES:
        result = exercise("enc-carried-away").check(FOUND | {name: set()})
        assert not any(store in result.message for store in STORES), result.message


def test_an_account_under_its_own_key_is_no_upload_at_all(lab: Lab) -> None:
    begin(lab)
    before = account(lab).blobs.medium.raw(BLOB)
    assert follow(lab, OWN) is None
    assert account(lab).account_key.owner == "customer"
    assert account(lab).blobs.medium.raw(BLOB) == before
    assert read(lab) == TEXT.encode()


def test_the_hour_of_the_bites_is_that_of_the_stores() -> None:
    assert f"for {HOLD} seconds" in repr(exercise("enc-bite"))
    assert [name for name, store in BITTEN.items() if store.busy] == ["Cosmos DB"]
    for wrong in (BITES | {"Cosmos DB": 49}, BITES | {"Cosmos DB": None}):
        assert "10:50" not in exercise("enc-bite").check(wrong).message


@pytest.mark.parametrize("name", INCIDENTS)
def test_one_action_alone_is_right_in_an_incident(name: str) -> None:
    incident = INCIDENTS[name]
    right = []
    for action in ACTIONS:
        scene = incident.scene(labkit.start())
        if not incident.wrong(scene, after(scene, action)):
            right.append(action)
    assert right == [DONE[name]]


def test_the_creation_is_refused_four_times_and_each_time_for_something_else(lab: Lab) -> None:
    scene = own_history(lab)
    told = []
    for step in ("contributor", "cosmos provider", "feature", "vault access"):
        told.append(type(scene.create().refusal).__name__)
        assert scene.do(step)
    assert len(set(told)) == 4
    assert scene.create()
    assert all(step in repr(scene) for step in STEPS)


@pytest.mark.parametrize("step", ["wait", None, ["feature"]])
def test_what_is_no_step_of_a_scene_is_told_so(lab: Lab, step: Any) -> None:
    with pytest.raises(BadInput, match="cosmos provider"):
        own_history(lab).do(step)


def test_the_scene_of_the_deployment_shows_all_versions_and_no_more(lab: Lab) -> None:
    scene = model_keys(lab)
    assert [(one.name, one.enabled) for one in scene.versions] == [
        ("models", False),
        ("models", True),
        ("pipeline", True),
    ]
    assert all(one.version in repr(scene) for one in scene.versions)
    assert [scene.newest(name) for name in ("models", "pipeline")] == [*scene.versions[1:]]


@pytest.mark.parametrize("name", ["model", "Models", None, 5])
def test_a_key_that_the_scene_of_the_deployment_does_not_have_is_told_so(lab: Lab, name: Any) -> None:
    with pytest.raises(BadInput, match="pipeline"):
        model_keys(lab).newest(name)


@pytest.mark.parametrize(("release", "stores"), [("2019-08", 3), ("2020-01", 4), ("2020-03", 4)])
def test_a_timeline_has_the_stores_that_take_a_key_in_its_release(release: str, stores: int) -> None:
    assert len(key_timeline({}, minutes=1, release=release).stores) == stores


def raw() -> str:
    lab = labkit.start()
    signed(lab, account(lab), BlobStorage.put, BLOB, TEXT.encode())
    return "found" if lab.media.find(TEXT).rows else "not found"


def read_after(minutes: int) -> str:
    told = key_timeline({0: "disable"}, BLOBS, minutes=minutes, every=minutes).answers[-1]
    return "accepted" if told.ok else "refused"


def rotated() -> str:
    lab = labkit.start()
    store = TRIALS[BLOBS](lab, Wish(new_version(lab), lab.vault))
    assert store.read
    medium, wrapped = account(lab).blobs.medium, account(lab).account_key.wrapped
    before = medium.records[BLOB]
    new_version(lab)
    lab.clock.advance("61m")
    store.read()
    assert account(lab).account_key.wrapped.version != wrapped.version
    now = medium.records[BLOB]
    if now == before:
        return "not one byte changed"
    return "their data keys wrapped anew" if now[3] == before[3] else "encrypted anew"


def purged() -> str:
    lab = labkit.start()
    store = TRIALS[BLOBS](lab, Wish(new_version(lab), lab.vault))
    assert store.read
    at_vault(lab, KeyVault.delete_key, lab.vault, KEY)
    lab.clock.advance("61m")
    Verdict.of(lambda: put(lab, lab.storage, {"encryption": {"keySource": "Microsoft.Storage"}}))
    if Verdict.of(store.read):
        return "Microsoft's key"
    Verdict.of(lambda: at_vault(lab, KeyVault.recover_deleted_key, lab.vault, KEY))
    return "recovering olivia's key" if Verdict.of(store.read) else "nothing"


OUTCOMES: dict[str, tuple[Callable[[], str], str]] = {
    "enc-raw": (raw, "not found"),
    "enc-temp-disk": (
        lambda: store_matrix(COMPUTE_TEMPORARY).rows[COMPUTE_TEMPORARY].default.rpartition(", ")[2],
        "plain text",
    ),
    "enc-after-disable-10": (lambda: read_after(10), "accepted"),
    "enc-after-disable-61": (lambda: read_after(61), "refused"),
    "enc-bytes-lost": (
        lambda: "all of it" if store_matrix(BLOBS).rows[BLOBS].restored else "nothing",
        "all of it",
    ),
    "enc-rotate-old-data": (rotated, "not one byte changed"),
    "enc-purge": (purged, "nothing"),
}
