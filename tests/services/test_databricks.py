"""The root of Databricks' own file system: under Microsoft's key, or under the customer's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from labkit.azure import DATABRICKS, Databricks, KeyVault, ResourceManager
from labkit.core.errors import BadRequest, Forbidden, NotFound, Refusal, Unauthenticated
from labkit.crypto.errors import Damaged
from labkit.lab import Lab
from labkit.services.databricks import TYPE, DatabricksWorkspace
from labkit.services.encryption import HOLD, KeyRefused, VaultGone
from labkit.services.key_vault import TYPE as VAULTS
from labkit.services.key_vault.errors import KeyDisabled, KeyExpired, KeyNotFound, KeyOperationForbidden
from tests.services.ml import GROUP
from tests.services.own_history import owner
from tests.services.state import everything
from tests.services.stores import ENOUGH, address, allow, at_vault, disable, enable, new_version, put

BRICKS = f"{GROUP}/providers/{TYPE}/bricks"
KEY = "dbfs-key"
TEXT = b"What a pipeline leaves behind."


@pytest.fixture
def lab(lab: Lab) -> Lab:
    """A lab with a Databricks workspace."""
    put(lab, BRICKS)
    return lab


def bricks(lab: Lab) -> DatabricksWorkspace:
    found = lab.resources.find(BRICKS)
    assert isinstance(found, DatabricksWorkspace)
    return found


def ask(lab: Lab, op: Any, *args: Any, who: str = "carl") -> Any:
    return lab.ask(who, op, BRICKS, lab.sign_in(who, resource=DATABRICKS).bearer, *args)


def prepare(lab: Lab) -> str:
    """The storage account gets an identity. Returns its object id."""
    shown = put(lab, BRICKS, {"prepareEncryption": True})
    return str(shown["properties"]["storageAccountIdentity"]["principalId"])


def wanted(lab: Lab, version: str, vault: str = "", name: str = KEY) -> dict[str, Any]:
    where = address(vault or lab.vault)
    key = {"keySource": "Microsoft.Keyvault", "KeyVaultUri": where, "KeyName": name, "keyversion": version}
    return {"encryption": key}


def encrypted(lab: Lab) -> str:
    """The root gets a key of the customer's. Returns its version."""
    allow(lab, prepare(lab), *ENOUGH)
    version = new_version(lab, KEY).version
    put(lab, BRICKS, wanted(lab, version))
    return version


def refused(lab: Lab, kind: type[Refusal], properties: dict[str, Any]) -> Any:
    before = everything(lab)
    with pytest.raises(kind) as caught:
        put(lab, BRICKS, properties)
    assert type(caught.value) is kind
    assert everything(lab) == before
    return caught.value


def test_by_default_the_root_is_under_microsoft_s_key(lab: Lab) -> None:
    ask(lab, Databricks.put, "/results", TEXT)
    medium = bricks(lab).root.medium
    assert (medium.names(), medium.find(TEXT)) == (["/results"], [])
    assert bricks(lab).account_key.owner == "Microsoft"
    assert ask(lab, Databricks.read, "/results") == TEXT
    assert ask(lab, Databricks.list_files) == ["/results"]


def test_the_root_can_be_under_the_customer_s_and_what_was_there_is_still_read(lab: Lab) -> None:
    ask(lab, Databricks.put, "/before", TEXT)
    raw = bricks(lab).root.medium.raw("/before")
    version = encrypted(lab)
    key = bricks(lab).account_key
    assert (key.owner, key.wrapped.version) == ("customer", version)
    assert key.wrapped.key_id == f"{address(lab.vault)}/keys/{KEY}"
    assert bricks(lab).root.medium.raw("/before") == raw
    ask(lab, Databricks.put, "/after", TEXT)
    assert bricks(lab).root.medium.find(TEXT) == []
    assert [ask(lab, Databricks.read, path) for path in ("/before", "/after")] == [TEXT, TEXT]


def test_and_back_under_microsoft_s(lab: Lab) -> None:
    encrypted(lab)
    ask(lab, Databricks.put, "/results", TEXT)
    put(lab, BRICKS, {"encryption": {"keySource": "Default"}})
    assert bricks(lab).account_key.owner == "Microsoft"
    disable(lab, name=KEY)
    lab.clock.advance(HOLD)
    assert ask(lab, Databricks.read, "/results") == TEXT


def test_a_new_version_is_named_and_takes_effect_at_once(lab: Lab) -> None:
    first = encrypted(lab)
    ask(lab, Databricks.put, "/results", TEXT)
    second = new_version(lab, KEY).version
    lab.clock.advance(HOLD)
    ask(lab, Databricks.read, "/results")
    assert bricks(lab).account_key.wrapped.version == first
    put(lab, BRICKS, wanted(lab, second))
    assert bricks(lab).account_key.wrapped.version == second
    disable(lab, first, KEY)
    lab.clock.advance(HOLD)
    assert ask(lab, Databricks.read, "/results") == TEXT


def test_revoked_it_stops_the_root_within_the_hour_and_brings_it_back(lab: Lab) -> None:
    encrypted(lab)
    ask(lab, Databricks.put, "/results", TEXT)
    disable(lab, name=KEY)
    lab.clock.advance(HOLD - 1)
    assert ask(lab, Databricks.read, "/results") == TEXT
    lab.clock.advance(1)
    for op, *args in ((Databricks.read, "/results"), (Databricks.put, "/results", b"newer")):
        before = everything(lab)
        with pytest.raises(KeyRefused) as caught:
            ask(lab, op, *args)
        assert everything(lab) == before
        assert (caught.value.service, caught.value.code) == ("Azure Databricks", "PERMISSION_DENIED")
        assert isinstance(caught.value.__cause__, KeyDisabled)
        assert "KeyDisabled" in caught.value.presented
    enable(lab, name=KEY)
    assert ask(lab, Databricks.read, "/results") == TEXT


def test_it_is_prepared_first_and_once(lab: Lab) -> None:
    version = new_version(lab, KEY).version
    assert "prepareEncryption" in refused(lab, BadRequest, wanted(lab, version)).required
    first = prepare(lab)
    assert prepare(lab) == first
    for wrong in (False, None, 1, "yes"):
        refused(lab, BadRequest, {"prepareEncryption": wrong})


def test_its_identity_asks_the_vault_and_has_to_be_let_in(lab: Lab) -> None:
    principal, version = prepare(lab), new_version(lab, KEY).version
    for some in ((), ENOUGH[1:2], ENOUGH[:2]):
        if some:
            allow(lab, principal, *some)
        refused(lab, KeyRefused, wanted(lab, version))
    allow(lab, principal, *ENOUGH)
    lab.trace.clear()
    put(lab, BRICKS, wanted(lab, version))
    asked = [(hop.operation, hop.subject) for hop in lab.trace if "key" in hop.operation]
    assert asked == [(op, "bricks (managed identity)") for op in ("Wrap key", "Unwrap key")]


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        (lambda lab: disable(lab, name=KEY), KeyDisabled),
        (lambda lab: at_vault(lab, KeyVault.update_key, KEY, expires=lab.clock.now), KeyExpired),
        (lambda lab: at_vault(lab, KeyVault.delete_key, KEY), KeyNotFound),
        (lambda lab: at_vault(lab, KeyVault.update_key, KEY, operations=["sign"]), KeyOperationForbidden),
    ],
    ids=["disabled", "expired", "deleted", "of another kind"],
)
def test_a_key_that_cannot_be_used_is_refused_and_the_vault_says_why(
    lab: Lab, change: Callable[[Lab], None], cause: type[Refusal]
) -> None:
    allow(lab, prepare(lab), *ENOUGH)
    version = new_version(lab, KEY).version
    change(lab)
    assert type(refused(lab, KeyRefused, wanted(lab, version)).__cause__) is cause


@pytest.mark.parametrize(
    "change",
    [
        {"keyversion": ""},
        {"keyversion": None},
        {"keyversion": "newest"},
        {"KeyName": "a/b"},
        {"KeyName": 5},
        {"KeyVaultUri": "http://x.vault.azure.net"},
        {"KeyVaultUri": ""},
        {"keySource": "Default"},
        {"keySource": "Elsewhere"},
        {"more": 1},
    ],
)
def test_what_is_no_key_is_refused(lab: Lab, change: dict[str, Any]) -> None:
    allow(lab, prepare(lab), *ENOUGH)
    key = wanted(lab, new_version(lab, KEY).version)["encryption"]
    refused(lab, BadRequest, {"encryption": key | change})
    for wrong in (None, "", [], 5, {}):
        refused(lab, BadRequest, {"encryption": wrong})


def test_the_vault_is_there_and_in_the_same_region(lab: Lab) -> None:
    principal, version = prepare(lab), new_version(lab, KEY).version
    refused(lab, VaultGone, wanted(lab, version, f"{GROUP}/providers/{VAULTS}/nowhere"))
    far = f"{GROUP}/providers/{VAULTS}/far"
    put(lab, far, region="westus2")
    allow(lab, principal, *ENOUGH, vault=far)
    refusal = refused(lab, BadRequest, wanted(lab, new_version(lab, KEY, far).version, far))
    assert (refusal.presented, refusal.required) == ("far in westus2", "eastus")


def test_the_rest_of_it_cannot_be_changed(lab: Lab) -> None:
    refused(lab, BadRequest, {"sku": "premium"})


@pytest.mark.parametrize("path", ["", "/", "name", "/mnt/elsewhere", "/" + "x" * 1000, 5, None])
def test_what_is_no_path_in_the_root_is_refused(lab: Lab, path: Any) -> None:
    for op, *args in ((Databricks.put, path, TEXT), (Databricks.read, path)):
        with pytest.raises(BadRequest):
            ask(lab, op, *args)
    assert ask(lab, Databricks.list_files) == []


def test_a_file_that_is_not_there_is_not_found(lab: Lab) -> None:
    with pytest.raises(NotFound) as caught:
        ask(lab, Databricks.read, "/nothing")
    assert caught.value.code == "RESOURCE_DOES_NOT_EXIST"


def test_a_reader_is_not_let_in_and_no_other_token_counts(lab: Lab) -> None:
    with pytest.raises(Forbidden) as caught:
        ask(lab, Databricks.put, "/results", TEXT, who="rita")
    assert caught.value.code == "PERMISSION_DENIED"
    with pytest.raises(Unauthenticated):
        lab.ask("carl", Databricks.list_files, BRICKS, lab.sign_in("carl").bearer)


def test_what_was_changed_on_the_disk_is_not_handed_out(lab: Lab) -> None:
    encrypted(lab)
    ask(lab, Databricks.put, "/a", TEXT)
    ask(lab, Databricks.put, "/b", TEXT)
    medium = bricks(lab).root.medium
    raw = medium.raw("/a")
    for changed in (raw[:-1], b"", TEXT, medium.raw("/b")):
        medium.overwrite("/a", changed)
        with pytest.raises(Damaged):
            ask(lab, Databricks.read, "/a")
    medium.overwrite("/a", raw)
    assert ask(lab, Databricks.read, "/a") == TEXT


def test_a_workspace_that_comes_again_is_another_one(lab: Lab) -> None:
    principal = prepare(lab)
    ask(lab, Databricks.put, "/a", TEXT)
    raw = bricks(lab).root.medium.raw("/a")
    owner(lab, ResourceManager.delete, BRICKS)
    assert lab.directory.principal(principal) is None
    put(lab, BRICKS)
    assert ask(lab, Databricks.list_files) == []
    ask(lab, Databricks.put, "/a", TEXT)
    assert bricks(lab).root.medium.raw("/a") != raw
    assert prepare(lab) != principal
