"""What else is right and what is not in the exercises of 07-secrets-and-managed-identity; its predictions."""

from collections.abc import Callable
from typing import Any

import pytest

import labkit
from labkit.azure import KEY_VAULT, KeyVault, VaultAccess
from labkit.core.errors import BadInput
from labkit.course.exercises.secrets_where import SECRETS
from labkit.course.leaked_string import STEPS, follow, leaked_string
from labkit.course.secret_places import MICROSOFT_VAULT, NOWHERE, PLACES, WORKSPACE_VAULT, search, where_is
from labkit.course.seven_secrets import kept_in, seven_secrets
from labkit.lab import Lab
from labkit.services.machine_learning.workspace import Workspace
from labkit.services.storage import StorageAccount
from labkit.services.virtual_machine import VirtualMachine
from tests.course.answers import (  # noqa: F401
    test_a_prediction_comes_out_as_azure_would_have_it,
    test_an_answer_that_cannot_be_tried_is_told_why,
    test_an_answer_that_is_nearly_right_does_not_pass,
    test_another_right_answer_passes,
)

KEPT = {
    "storage connection string": WORKSPACE_VAULT,
    "registry password": WORKSPACE_VAULT,
    "data store": WORKSPACE_VAULT,
    "SSH key": MICROSOFT_VAULT,
    "machine's password": NOWHERE,
    "run secret": WORKSPACE_VAULT,
    "identity certificate": NOWHERE,
}
ENDED = ["regenerate key2", "switch to key2", "regenerate key1"]

RIGHT: list[tuple[str, object]] = [
    ("kv-where", {name: f" {place.upper()} " for name, place in KEPT.items()}),
    ("kv-leak", [*ENDED, "resync"]),
    ("kv-leak", tuple(one.title() for one in ENDED)),
    ("kv-leak", ["people out of the vault", *ENDED, "resync", "regenerate key2"]),
    ("kv-least", {"secrets": ("get",)}),
    ("kv-least", {"secrets": {"get"}}),
]
NOT_YET: list[tuple[str, object, str]] = [
    ("kv-where", KEPT | {"run secret": "my desk"}, "one of these: workspace vault"),
    ("kv-where", KEPT | {"run secret": None}, "'run secret'"),
    ("kv-where", {"run secret": NOWHERE}, "nothing of these yet: storage connection string"),
    ("kv-where", KEPT | {"PIN": NOWHERE}, "Not asked for: 'PIN'"),
    ("kv-where", KEPT | {"SSH key": NOWHERE}, "it was there"),
    ("kv-leak", [], "no step"),
    ("kv-leak", "resync", "some of these"),
    ("kv-leak", ["regenerate key3"], "'regenerate key3'"),
    ("kv-leak", {*ENDED}, "no order"),
    ("kv-leak", ["resync"] * 13, "At most 12"),
    ("kv-least", {}, "permits nothing"),
    ("kv-least", {"secrets": "get"}, "'secrets'"),
    ("kv-least", {"secrets": []}, "no permission of an access policy"),
    ("kv-least", {"secrets": ["read"]}, "no permission of an access policy"),
    ("kv-least", {"Secrets": ["get"]}, "no permission of an access policy"),
    ("kv-least", {"secrets": [["get"]]}, "A permission for 'secrets'"),
    ("kv-least", {"secrets": ["set"]}, "ForbiddenByPolicy"),
    ("kv-least", {"certificates": ["get"]}, "ForbiddenByPolicy"),
    ("kv-least", {"secrets": ["get", "set"]}, "passed as well: Set secret, Update secret."),
    ("kv-least", {"secrets": ["get", "backup"]}, "passed as well: Backup secret."),
    ("kv-where", KEPT | {"identity certificate": "virtual machine"}, "is not there"),
]
WRONG: list[tuple[str, object, str]] = [
    ("kv-where", KEPT | {"machine's password": MICROSOFT_VAULT}, "what-i-type-is-kept"),
    ("kv-where", KEPT | {"identity certificate": "Azure AD"}, "whoever-checks-it-has-it"),
    ("kv-where", KEPT | {"identity certificate": MICROSOFT_VAULT}, "identities-need-secrets"),
    ("kv-where", KEPT | {"SSH key": "virtual machine"}, "a-key-has-one-half"),
    ("kv-where", KEPT | {"data store": "storage account"}, "the-account-keeps-it"),
    ("kv-where", KEPT | {"run secret": NOWHERE}, "a-run-carries-it"),
    ("kv-leak", ["regenerate key1"], "resync-comes-in-time"),
    ("kv-leak", ["regenerate key2", "resync"], "moving-is-ending"),
    ("kv-leak", ["switch to key2", "regenerate key2", "regenerate key1"], "the-other-is-always-free"),
    ("kv-leak", ["regenerate key2", "delete the secret"], "what-nobody-finds-is-safe"),
    ("kv-leak", ["resync"], "moving-is-ending"),
    ("kv-least", {"secrets": ["get"], "certificates": ["get"]}, "reading-is-harmless"),
    ("kv-least", {"secrets": ["get", "delete"]}, "one-kind-is-one-right"),
    ("kv-least", {"keys": ["all"]}, "a-key-is-what-opens"),
]


@pytest.mark.parametrize("name", SECRETS)
def test_each_of_the_seven_is_where_the_documents_say(name: str, lab: Lab) -> None:
    found = kept_in(seven_secrets(lab), name)
    assert KEPT[name] in found if KEPT[name] != NOWHERE else found == ()


@pytest.mark.parametrize(("release", "hbi"), [("2019-08", False), ("2020-01", True)])
def test_the_scene_of_the_seven_can_be_set_in_every_release(release: str, hbi: bool) -> None:
    scene = seven_secrets(labkit.start(release))
    assert ("high business impact" in repr(scene)) is hbi
    assert all(place in (kept_in(scene, name) or (NOWHERE,)) for name, place in KEPT.items())


def test_what_is_in_a_vault_is_in_no_other_place_that_can_be_named(lab: Lab) -> None:
    scene = seven_secrets(lab)
    for name, place in KEPT.items():
        assert set(kept_in(scene, name)) & set(PLACES) <= {place}


@pytest.mark.parametrize("name", ["PIN", None, ["SSH key"]])
def test_what_is_none_of_the_seven_is_told_so(lab: Lab, name: Any) -> None:
    with pytest.raises(BadInput, match="SSH key"):
        kept_in(seven_secrets(lab), name)


def test_the_search_looks_into_every_kind_of_place(lab: Lab) -> None:
    scene = seven_secrets(lab)
    machine, account = (lab.resources.find(id) for id in (scene.machine, lab.storage))
    assert isinstance(machine, VirtualMachine)
    assert isinstance(account, StorageAccount)
    [line] = machine.authorized_keys["ann"]
    assert where_is(lab, line).rows == [("virtual machine",)]
    assert search(lab, lambda held: account.access_keys["key1"] in held) == ("storage account",)
    assert "Azure AD" in search(lab, lambda held: b"carl@contoso.example" in held)
    assert where_is(lab, "a text that nobody has").rows == [(NOWHERE,)]


@pytest.mark.parametrize("text", ["", None, 5, b"x"])
def test_a_search_for_nothing_is_refused(lab: Lab, text: Any) -> None:
    with pytest.raises(BadInput):
        where_is(lab, text)


def test_the_scenes_print_no_secret(lab: Lab) -> None:
    seven, leaky = seven_secrets(lab), leaked_string(lab)
    shown = repr(seven) + repr(leaky) + "".join(leaky._repr_mimebundle_().values())
    assert seven.typed not in shown
    assert not any(one.reveal() in shown for one in leaky.leaked.values())


def test_a_run_works_at_first_and_both_strings_open_the_account(lab: Lab) -> None:
    scene = leaked_string(lab)
    assert scene.run() == ""
    assert scene.alive() == ["key1", "key2"]
    assert set(STEPS) >= set(ENDED)


def test_the_workspace_keeps_the_connection_string_in_its_vault_alone(lab: Lab) -> None:
    scene = leaked_string(lab)
    assert follow(scene, ENDED) is None
    found = lab.resources.find(scene.workspace)
    assert isinstance(found, Workspace)
    assert all(one.value is None for one in found.credentials.values())


def lists_secrets(who: str, *, lets_in: bool) -> str:
    lab = labkit.start()
    if lets_in:
        me, bearer = lab.people[who].object_id, lab.sign_in(who).bearer
        lab.ask(who, VaultAccess.set_policy, lab.vault, bearer, me, {"secrets": ["list"]})
    token = lab.sign_in(who, resource=KEY_VAULT).bearer
    return lab.attempt(who, KeyVault.list_secrets, lab.vault, token).word


def typed() -> str:
    scene = seven_secrets(labkit.start())
    return str(where_is(scene.lab, scene.typed).rows[0][0])


def regenerated() -> str:
    scene = leaked_string(labkit.start())
    scene.take("regenerate key1")
    return "refused" if scene.run() else "accepted"


OUTCOMES: dict[str, tuple[Callable[[], str], str]] = {
    "kv-owner-reads": (lambda: lists_secrets("olivia", lets_in=False), "refused"),
    "kv-contributor-in": (lambda: lists_secrets("carl", lets_in=True), "accepted"),
    "kv-typed-password": (typed, NOWHERE),
    "kv-key-regenerated": (regenerated, "refused"),
}
