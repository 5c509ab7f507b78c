"""Images at rest: encrypted before they are stored, decrypted on the fly, with Microsoft's key or the
customer's."""

from __future__ import annotations

from typing import Any

import pytest

from labkit.azure import ContainerRegistry, Images, Models, ResourceManager, WebServices
from labkit.core.errors import BadRequest, Conflict, Forbidden, NotFound, UnknownHost
from labkit.crypto.errors import Damaged
from labkit.furniture import GROUPS, workspace_id
from labkit.lab import Lab, start
from labkit.services.encryption import HOLD, KeyRefused, TokenNotAcquired
from labkit.services.key_vault.errors import KeyDisabled
from labkit.services.machine_learning.images import model_in
from labkit.services.registry import Registry
from tests.services.ml import GROUP, WEIGHTS, ask, dependency, kept, unchanged, workspace
from tests.services.stores import ENOUGH, address, allow, disable, enable, identify, new_version, put

OWN = f"{GROUP}/providers/Microsoft.ContainerRegistry/registries/ownimages"
IDENTITY = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/images-identity"
WORKSPACE = workspace_id(GROUPS[0], "with-own-images")
LAYERS = b"layers of the image, and what is secret in them"


def registry(lab: Lab, id: str = "") -> Registry:
    found = lab.resources.find(id) if id else dependency(lab, "registry")
    assert isinstance(found, Registry)
    return found


def push(lab: Lab, data: bytes = LAYERS, id: str = "") -> str:
    carl = lab.sign_in("carl").bearer
    return lab.ask("carl", ContainerRegistry.push, registry(lab, id).id, carl, "churn:1", data)


def pull(lab: Lab, id: str = "") -> bytes:
    carl = lab.sign_in("carl").bearer
    return lab.ask("carl", ContainerRegistry.pull, registry(lab, id).id, carl, "churn:1")


def encrypted(lab: Lab, identity: str = "system", version: str = "", name: str = "images") -> dict[str, Any]:
    """The property of a registry that gives it a key."""
    identifier = f"{address(lab.vault)}/keys/{name}" + (f"/{version}" if version else "")
    return {"status": "enabled", "keyVaultProperties": {"keyIdentifier": identifier, "identity": identity}}


def own_registry(lab: Lab) -> None:
    """A registry that has the customer's key from the beginning: its identity is there before it is."""
    new_version(lab, "images")
    shown = put(lab, IDENTITY)["properties"]
    allow(lab, shown["principalId"], *ENOUGH)
    identity = {"type": "UserAssigned", "userAssignedIdentities": {IDENTITY: {}}}
    put(lab, OWN, {"identity": identity, "encryption": encrypted(lab, shown["clientId"])})


def default_registry(lab: Lab) -> None:
    """The one that was made with the workspace gets the customer's key afterwards."""
    new_version(lab, "images")
    id = registry(lab).id
    allow(lab, identify(lab, id), *ENOUGH)
    put(lab, id, {"encryption": encrypted(lab)})


class TestAtRest:
    def test_what_lies_on_the_disk_is_ciphertext_and_the_pull_gives_the_plaintext(self, lab: Lab) -> None:
        push(lab)
        medium = registry(lab).images.medium
        assert medium.names() == ["churn:1"]
        assert medium.find(LAYERS) == medium.find("secret") == []
        assert len(medium.raw("churn:1")) > len(LAYERS)
        assert pull(lab) == LAYERS
        assert registry(lab).account_key.owner == "Microsoft"

    def test_what_azure_ml_builds_lies_there_too_and_is_decrypted_when_it_deploys(self, lab: Lab) -> None:
        ask(lab, "carl", Models.register, "churn", WEIGHTS)
        ask(lab, "carl", Images.create, "scorer", "churn")
        assert registry(lab).images.medium.find(WEIGHTS) == []
        assert model_in(kept(lab, "registry", workspace(lab).own("scorer:1"))) == WEIGHTS
        lab.trace.clear()
        ask(lab, "carl", WebServices.deploy_aci, "one", "churn")
        assert [hop.subject for hop in lab.trace if hop.operation == "Pull image"] == [
            "ml-example (managed identity)"
        ]

    def test_layers_that_were_changed_on_the_disk_are_not_handed_out(self, lab: Lab) -> None:
        push(lab)
        medium = registry(lab).images.medium
        raw = medium.raw("churn:1")
        for changed in (raw[:-1], raw[:100] + b"evil" + raw[104:], b"evil", b""):
            medium.overwrite("churn:1", changed)
            with pytest.raises(Damaged) as caught:
                pull(lab)
            assert (caught.value.status, caught.value.code) == (500, "UNKNOWN")
        medium.overwrite("churn:1", raw)
        assert pull(lab) == LAYERS


class TestCustomersKey:
    def test_an_own_registry_has_it_from_the_beginning_and_is_given_to_a_workspace(self, lab: Lab) -> None:
        own_registry(lab)
        put(lab, WORKSPACE, {"containerRegistry": OWN})
        carl = lab.sign_in("carl").bearer
        lab.ask("carl", Models.register, WORKSPACE, carl, "churn", WEIGHTS)
        lab.ask("carl", Images.create, WORKSPACE, carl, "scorer", "churn")
        [name] = registry(lab, OWN).images.medium.names()
        assert name.endswith("/scorer:1")
        assert registry(lab, OWN).account_key.wrapped.key_id == f"{address(lab.vault)}/keys/images"
        assert registry(lab, OWN).images.medium.find(WEIGHTS) == []

    def test_the_default_one_gets_it_later_and_what_was_there_still_comes(self, lab: Lab) -> None:
        push(lab)
        raw = registry(lab).images.medium.raw("churn:1")
        default_registry(lab)
        assert registry(lab).account_key.wrapped.key_id == f"{address(lab.vault)}/keys/images"
        assert registry(lab).images.medium.raw("churn:1") == raw
        assert pull(lab) == LAYERS

    @pytest.mark.parametrize("id", ["", OWN], ids=["default", "own"])
    def test_revoked_it_stops_every_pull_and_enabled_it_brings_the_images_back(
        self, lab: Lab, id: str
    ) -> None:
        (own_registry if id else default_registry)(lab)
        push(lab, id=id)
        disable(lab, name="images")
        lab.clock.advance(HOLD - 1)
        assert pull(lab, id) == LAYERS
        lab.clock.advance(1)
        for attempt in (pull, lambda lab, id: push(lab, b"newer", id)):
            with unchanged(lab), pytest.raises(KeyRefused) as caught:
                attempt(lab, id)
            assert (caught.value.service, caught.value.code) == ("Container Registry", "DENIED")
            assert isinstance(caught.value.__cause__, KeyDisabled)
        enable(lab, name="images")
        assert pull(lab, id) == LAYERS

    def test_rotated_it_rewraps_the_account_key_and_touches_no_image(self, lab: Lab) -> None:
        default_registry(lab)
        push(lab)
        raw = registry(lab).images.medium.raw("churn:1")
        version = new_version(lab, "images").version
        lab.clock.advance(HOLD)
        assert pull(lab) == LAYERS
        assert registry(lab).account_key.wrapped.version == version
        assert registry(lab).images.medium.raw("churn:1") == raw

    def test_a_version_in_the_address_is_kept_to(self, lab: Lab) -> None:
        default_registry(lab)
        first = registry(lab).account_key.wrapped.version
        put(lab, registry(lab).id, {"encryption": encrypted(lab, version=first)})
        new_version(lab, "images")
        lab.clock.advance(HOLD)
        push(lab)
        assert registry(lab).account_key.wrapped.version == first

    def test_a_deployment_says_what_is_wrong_in_the_end(self, lab: Lab) -> None:
        default_registry(lab)
        ask(lab, "carl", Models.register, "churn", WEIGHTS)
        ask(lab, "carl", Images.create, "scorer", "churn")
        disable(lab, name="images")
        lab.clock.advance(HOLD)
        with unchanged(lab), pytest.raises(KeyRefused) as caught:
            ask(lab, "carl", WebServices.deploy_aci, "one", "churn")
        assert "KeyDisabled" in caught.value.presented

    def test_it_is_not_taken_back_again(self, lab: Lab) -> None:
        default_registry(lab)
        with unchanged(lab), pytest.raises(Conflict):
            put(lab, registry(lab).id, {"encryption": {"status": "disabled"}})
        lab = start()
        put(lab, registry(lab).id, {"encryption": {"status": "disabled"}})

    def test_an_identity_that_is_deleted_takes_the_images_with_it_until_it_is_replaced(
        self, lab: Lab
    ) -> None:
        own_registry(lab)
        push(lab, id=OWN)
        lab.ask("olivia", ResourceManager.delete, IDENTITY, lab.sign_in("olivia").bearer)
        lab.clock.advance(HOLD - 1)
        allow(lab, identify(lab, OWN), *ENOUGH)
        put(lab, OWN, {"encryption": encrypted(lab)})
        lab.clock.advance(HOLD)
        assert pull(lab, OWN) == LAYERS
        own = lab.directory
        own.remove_principal(registry(lab, OWN).identity_id)
        lab.clock.advance(HOLD)
        with pytest.raises(TokenNotAcquired):
            pull(lab, OWN)

    @pytest.mark.parametrize("named", ["another", "its own"])
    def test_an_identity_that_is_not_named_any_more_asks_for_no_other_key(self, lab: Lab, named: str) -> None:
        """The present key it still asks for: nothing that was readable becomes unreadable."""
        own_registry(lab)
        push(lab, id=OWN)
        [client] = registry(lab, OWN).given_identities
        new_version(lab, "other")
        if named == "its own":
            identify(lab, OWN)
        else:
            put(lab, other := f"{IDENTITY}-2")
            put(lab, OWN, {"identity": {"type": "UserAssigned", "userAssignedIdentities": {other: {}}}})
        with unchanged(lab), pytest.raises(BadRequest, match="no identity"):
            put(lab, OWN, {"encryption": encrypted(lab, client, name="other")})
        lab.clock.advance(HOLD)
        assert pull(lab, OWN) == LAYERS


class TestBadInput:
    @pytest.mark.parametrize(
        "encryption",
        [
            None,
            {},
            {"status": "on"},
            {"status": "enabled"},
            {"status": "enabled", "keyVaultProperties": []},
            {"status": "disabled", "keyVaultProperties": {}},
            *(
                {"status": "enabled", "keyVaultProperties": bad}
                for bad in [
                    {"keyIdentifier": None},
                    {"keyIdentifier": "https://x.vault.azure.net"},
                    {"keyIdentifier": "https://x.vault.azure.net/keys/a/latest"},
                    {"keyIdentifier": "https://x.vault.azure.net/secrets/a"},
                    {"keyIdentifier": "https://x.vault.azure.net/keys/a", "identity": "nobody"},
                    {"keyIdentifier": "https://x.vault.azure.net/keys/a", "identity": ["x"]},
                    {"keyIdentifier": "https://x.vault.azure.net/keys/a", "other": "x"},
                ]
            ),
        ],
        ids=str,
    )
    def test_what_is_no_encryption_is_refused(self, lab: Lab, encryption: Any) -> None:
        identify(lab, registry(lab).id)
        with unchanged(lab), pytest.raises(BadRequest):
            put(lab, registry(lab).id, {"encryption": encryption})

    @pytest.mark.parametrize(
        ("identities", "kind"),
        [
            (None, BadRequest),
            ({}, BadRequest),
            ([IDENTITY], BadRequest),
            ({IDENTITY: {}}, NotFound),
            ({"": {}}, UnknownHost),
        ],
        ids=str,
    )
    def test_what_is_no_identity_is_refused(self, lab: Lab, identities: Any, kind: type[Exception]) -> None:
        with unchanged(lab), pytest.raises(kind):
            put(
                lab,
                registry(lab).id,
                {"identity": {"type": "UserAssigned", "userAssignedIdentities": identities}},
            )

    def test_another_resource_is_no_identity(self, lab: Lab) -> None:
        identity = {"type": "UserAssigned", "userAssignedIdentities": {lab.vault: {}}}
        with unchanged(lab), pytest.raises(BadRequest, match="no managed identity"):
            put(lab, registry(lab).id, {"identity": identity})

    def test_whoever_may_not_write_an_identity_gives_it_to_no_registry(self, lab: Lab) -> None:
        apart = f"{lab.resource_group}-apart"
        mine = f"{apart}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/apart"
        put(lab, apart)
        put(lab, mine)
        carl = lab.sign_in("carl").bearer
        identity = {"type": "UserAssigned", "userAssignedIdentities": {mine: {}}}
        with unchanged(lab), pytest.raises(Forbidden):
            lab.ask("carl", ResourceManager.put, registry(lab).id, carl, "eastus", {"identity": identity})

    def test_a_registry_that_asks_too_early_is_not_created(self, lab: Lab) -> None:
        """Its own identity comes with it, so nobody can have given that one access before."""
        new_version(lab, "images")
        properties = {"identity": {"type": "SystemAssigned"}, "encryption": encrypted(lab)}
        with unchanged(lab), pytest.raises(KeyRefused):
            put(lab, OWN, properties)

    def test_a_storage_account_takes_no_identity_of_others(self, lab: Lab) -> None:
        put(lab, IDENTITY)
        identity = {"type": "UserAssigned", "userAssignedIdentities": {IDENTITY: {}}}
        with unchanged(lab), pytest.raises(BadRequest):
            put(lab, lab.storage, {"identity": identity})


def test_an_identity_of_its_own_shows_who_it_is_and_can_be_created_again(lab: Lab) -> None:
    first = put(lab, IDENTITY)["properties"]
    assert set(first) == {"principalId", "clientId", "tenantId"}
    lab.ask("olivia", ResourceManager.delete, IDENTITY, lab.sign_in("olivia").bearer)
    assert put(lab, IDENTITY)["properties"]["principalId"] != first["principalId"]
