"""Secrets and data: what Azure ML fetches with its own identity, and what a vault says to others."""

from typing import Any

import pytest

from labkit.authenticators.shared_key import SharedKey
from labkit.core.credential import Anonymous, Bearer
from labkit.core.errors import BadRequest, CredentialMissing, Forbidden, NotFound, Refusal, RegionDown
from labkit.identity.errors import TokenExpired, TokenRefused, WrongAudience, WrongTenant
from labkit.lab import Lab
from labkit.services.azure_ad import KEY_VAULT, STORAGE
from labkit.services.key_vault import KeyVault, Vault
from labkit.services.machine_learning.compute import RunContext
from labkit.services.machine_learning.data_stores import DataStores
from labkit.services.machine_learning.run_secrets import RunSecrets
from labkit.services.machine_learning.runs import Runs
from labkit.services.storage import BlobStorage, StorageAccount

STORE = "workspaceblobstore"


@pytest.fixture
def carl(lab: Lab) -> Bearer:
    return lab.sign_in("carl").bearer


@pytest.fixture
def account(lab: Lab) -> StorageAccount:
    return next(one for one in lab.resources if isinstance(one, StorageAccount))


class TestThroughAzureMl:
    def test_a_run_gets_its_secret_and_its_data_without_reaching_the_vault(
        self, lab: Lab, carl: Bearer
    ) -> None:
        lab.ask("carl", RunSecrets.put, lab.workspace, carl, "api-key", "hunter2")
        seen: list[str] = []

        def script(context: RunContext) -> None:
            seen.extend([context.secret("api-key").reveal(), context.data_store(STORE).reveal()])

        lab.ask("carl", Runs.submit, lab.workspace, carl, "train", lab.cluster, script)
        lab.trace.clear()
        lab.work()
        assert seen[0] == "hunter2"
        assert seen[1].startswith("DefaultEndpointsProtocol=https;AccountName=mlexample")
        at_vault = [hop for hop in lab.trace if hop.service == "Key Vault"]
        assert len(at_vault) == 2
        assert {(hop.caller, hop.subject) for hop in at_vault} == {
            ("ml-example", "ml-example (managed identity)")
        }
        assert {hop.initiator for hop in at_vault} == {"cpu-cluster"}

    def test_no_secret_stands_in_the_trace(self, lab: Lab, carl: Bearer) -> None:
        lab.ask("carl", RunSecrets.put, lab.workspace, carl, "api-key", "hunter2")
        assert lab.ask("carl", RunSecrets.get, lab.workspace, carl, "api-key").reveal() == "hunter2"
        assert "hunter2" not in repr(lab.trace) + "".join(map(repr, lab.trace))

    def test_who_may_not_write_the_workspace_sets_no_secret(self, lab: Lab) -> None:
        rita = lab.sign_in("rita").bearer
        with pytest.raises(Forbidden):
            lab.ask("rita", RunSecrets.put, lab.workspace, rita, "api-key", "x")
        assert not any(hop.service == "Key Vault" for hop in lab.trace)

    def test_a_reader_gets_no_credential_of_a_data_store(self, lab: Lab) -> None:
        rita = lab.sign_in("rita").bearer
        assert lab.ask("rita", DataStores.list_stores, lab.workspace, rita) == [STORE]
        with pytest.raises(Forbidden):
            lab.ask("rita", DataStores.credential, lab.workspace, rita, STORE)

    def test_nor_does_a_reader_get_it_as_a_run_secret(self, lab: Lab) -> None:
        vault, rita = lab.resources.find(lab.vault), lab.sign_in("rita").bearer
        assert isinstance(vault, Vault)
        own = [name.partition("/")[2] for name in vault.secrets.names()]
        assert own == [f"datastore/{STORE}", "registry/password", "registry/password2"]
        for name in (STORE, f"ml-example-{STORE}", f"../datastore/{STORE}", *own, *vault.secrets.names()):
            with pytest.raises(NotFound):
                lab.ask("rita", RunSecrets.get, lab.workspace, rita, name)

    def test_a_run_secret_takes_no_data_store_s_place(self, lab: Lab, carl: Bearer) -> None:
        before = lab.ask("carl", DataStores.credential, lab.workspace, carl, STORE)
        for name in (STORE, f"ml-example-{STORE}", f"datastore/{STORE}"):
            lab.ask("carl", RunSecrets.put, lab.workspace, carl, name, "AccountName=mallory")
        assert lab.ask("carl", DataStores.credential, lab.workspace, carl, STORE) == before

    def test_a_run_secret_has_a_name(self, lab: Lab, carl: Bearer) -> None:
        for op, args in ((RunSecrets.put, ("", "x")), (RunSecrets.get, ("",))):
            with pytest.raises(BadRequest) as caught:
                lab.ask("carl", op, lab.workspace, carl, *args)
            assert caught.value.stage == "parse"

    @pytest.mark.parametrize("op", [DataStores.credential, RunSecrets.get], ids=str)
    def test_what_is_not_there_is_not_found(self, lab: Lab, carl: Bearer, op: Any) -> None:
        with pytest.raises(NotFound):
            lab.ask("carl", op, lab.workspace, carl, "nothing")
        for name in (None, 5, [], {}):
            with pytest.raises(BadRequest):
                lab.ask("carl", op, lab.workspace, carl, name)

    def test_each_workspace_has_its_own_vault(self, lab: Lab, carl: Bearer) -> None:
        lab.ask("carl", RunSecrets.put, lab.workspace, carl, "api-key", "hunter2")
        with pytest.raises(NotFound):
            lab.ask("carl", RunSecrets.get, lab.other_workspace, carl, "api-key")

    def test_while_the_region_is_down_nothing_is_fetched_and_nothing_is_lost(
        self, lab: Lab, carl: Bearer
    ) -> None:
        lab.ask("carl", RunSecrets.put, lab.workspace, carl, "api-key", "hunter2")
        lab.switchboard.down("eastus")
        with pytest.raises(RegionDown):
            lab.ask("carl", RunSecrets.get, lab.workspace, carl, "api-key")
        lab.switchboard.up("eastus")
        assert lab.ask("carl", RunSecrets.get, lab.workspace, carl, "api-key").reveal() == "hunter2"


def refusals(lab: Lab, op: Any, target: str, audience: str, *args: Any) -> dict[type[Refusal], Refusal]:
    """What a service says to no token, an expired one, and one for another audience or tenant."""
    old = lab.sign_in("carl", resource=audience).bearer
    lab.clock.advance("61m")
    shown = {
        CredentialMissing: Anonymous(),
        TokenExpired: old,
        WrongAudience: lab.sign_in("carl").bearer,
        WrongTenant: lab.sign_in("gita", resource=audience, tenant="partner-tenant-id").bearer,
        TokenRefused: Bearer("nonsense"),
    }
    found: dict[type[Refusal], Refusal] = {}
    for expected, cred in shown.items():
        with pytest.raises(expected) as caught:
            lab.ask("somebody", op, target, cred, *args)
        found[expected] = caught.value
    return found


class TestDialects:
    def test_key_vault_speaks_its_own(self, lab: Lab) -> None:
        said = refusals(lab, KeyVault.get_secret, lab.vault, KEY_VAULT, "x")
        assert {kind: (one.status, one.code) for kind, one in said.items()} == {
            CredentialMissing: (401, "AKV10000"),
            TokenExpired: (401, "Unauthorized"),
            WrongAudience: (401, "AKV10022"),
            WrongTenant: (401, "AKV10032"),
            TokenRefused: (401, "Unauthorized"),
        }

    def test_storage_speaks_its_own(self, lab: Lab, account: StorageAccount) -> None:
        said = refusals(lab, BlobStorage.get, account.id, STORAGE, "x")
        assert {(one.status, one.code) for one in said.values()} == {
            (401, "NoAuthenticationInformation"),
            (401, "InvalidAuthenticationInfo"),
        }

    def test_a_vault_is_closed_to_its_owner_and_open_to_its_workspace(self, lab: Lab) -> None:
        olivia = lab.sign_in("olivia", resource=KEY_VAULT).bearer
        for op, args in (
            (KeyVault.list_secrets, ()),
            (KeyVault.get_secret, ("x",)),
            (KeyVault.set_secret, ("x", "y")),
        ):
            with pytest.raises(Forbidden) as caught:
                lab.ask("olivia", op, lab.vault, olivia, *args)
            assert (caught.value.status, caught.value.code) == (403, "ForbiddenByPolicy")


@pytest.mark.parametrize("name", ["", None, 5, "x" * 1025])
def test_a_blob_has_a_name(lab: Lab, account: StorageAccount, name: Any) -> None:
    request = BlobStorage.get.request(account.id, (name,))
    cred = SharedKey.sign(account.name, account.access_keys["key1"], request, lab.clock.now)
    with pytest.raises(BadRequest) as caught:
        lab.ask("somebody", BlobStorage.get, account.id, cred, name)
    assert caught.value.stage == "parse"
