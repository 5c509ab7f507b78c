"""Registered models, the workspace's keys, and data stores that are attached."""

from typing import Any

import pytest

from labkit.azure import BlobStorage, DataStores, Models, WorkspaceKeys
from labkit.core.errors import BadRequest, Conflict, Forbidden, GuestNotSupported, NotFound
from labkit.lab import Lab, start
from labkit.services.azure_ad import STORAGE
from labkit.services.machine_learning.workspace import Model
from tests.services.ml import (
    GROUP,
    WEIGHTS,
    ask,
    dependency,
    kept,
    refused,
    revoke,
    secret,
    share,
    unchanged,
    workspace,
)

BAD_NAMES = ["", " ", "-a", "a b", "a/b", "../keys", "a\n", "x" * 101, None, 5, [], {}, b"churn"]


class TestModels:
    def test_a_model_is_a_blob_of_the_workspace_s_account(self, lab: Lab) -> None:
        model = ask(lab, "carl", Models.register, "churn", WEIGHTS)
        assert model == Model("churn", 1, len(WEIGHTS), model.blob, "carl@contoso.example")
        assert kept(lab, "storage", model.blob) == WEIGHTS
        assert model.blob == f"azureml/{workspace(lab).own('models/churn/1')}"
        assert ask(lab, "rita", Models.download, "churn") == WEIGHTS

    def test_registered_again_it_has_another_version_and_the_first_stays(self, lab: Lab) -> None:
        first = ask(lab, "carl", Models.register, "churn", b"1")
        second = ask(lab, "carl", Models.register, "churn", b"22")
        other = ask(lab, "carl", Models.register, "Fraud.v2", b"")
        assert ask(lab, "rita", Models.get, "churn") == second
        assert ask(lab, "rita", Models.download, "churn") == b"22"
        assert ask(lab, "rita", Models.list_models) == [other, first, second]
        assert kept(lab, "storage", f"azureml/{workspace(lab).own('models/churn/1')}") == b"1"

    def test_the_identity_writes_and_not_the_user(self, lab: Lab) -> None:
        ask(lab, "carl", Models.register, "churn", WEIGHTS)
        hops = [(hop.caller, hop.subject) for hop in lab.trace.last() if hop.operation == "Put Blob"]
        assert hops == [("ml-example", "ml-example (managed identity)")]
        token = lab.sign_in("carl", resource=STORAGE).bearer
        with pytest.raises(Forbidden):
            lab.ask("carl", BlobStorage.get, dependency(lab, "storage").id, token, "azureml/models/churn/1")

    def test_without_its_role_on_the_account_nothing_is_stored_or_read(self, lab: Lab) -> None:
        ask(lab, "carl", Models.register, "churn", WEIGHTS)
        account = dependency(lab, "storage").id
        revoke(lab, "ml-example", "Storage Blob Data Contributor", account)
        for op, args in ((Models.register, ("churn", b"2")), (Models.download, ("churn",))):
            refusal = refused(lab, Forbidden, "carl", op, *args)
            assert (refusal.code, refusal.service) == ("AuthorizationPermissionMismatch", "Azure Storage")
        share(lab, workspace(lab).identity_id, "Storage Blob Data Contributor", account)
        assert ask(lab, "carl", Models.download, "churn") == WEIGHTS

    def test_a_reader_reads_and_registers_nothing(self, lab: Lab) -> None:
        refusal = refused(lab, Forbidden, "rita", Models.register, "churn", WEIGHTS)
        assert "workspaces/models/write on" in refusal.required
        assert ask(lab, "rita", Models.list_models) == []

    @pytest.mark.parametrize("op", [Models.get, Models.download], ids=str)
    def test_an_unknown_model_is_not_found(self, lab: Lab, op: Any) -> None:
        ask(lab, "carl", Models.register, "churn", WEIGHTS)
        for name in ("", "Churn", "churn/1"):
            assert refused(lab, NotFound, "carl", op, name).required == "churn"
        for name in (None, 5, [], {}):
            refused(lab, BadRequest, "carl", op, name)

    @pytest.mark.parametrize("name", BAD_NAMES, ids=repr)
    def test_a_model_has_a_name(self, lab: Lab, name: Any) -> None:
        refused(lab, BadRequest, "carl", Models.register, name, WEIGHTS)

    @pytest.mark.parametrize("data", [None, "text", 5, [], bytearray(b"x")], ids=repr)
    def test_a_model_is_bytes(self, lab: Lab, data: Any) -> None:
        refused(lab, BadRequest, "carl", Models.register, "churn", data)

    def test_a_guest_is_turned_away(self, lab: Lab) -> None:
        refused(lab, GuestNotSupported, "gita", Models.register, "churn", WEIGHTS)


class TestKeys:
    def test_a_contributor_gets_the_account_s_keys_and_a_reader_does_not(self, lab: Lab) -> None:
        keys = ask(lab, "carl", WorkspaceKeys.list_keys)
        assert set(keys) == {"key1", "key2"}
        assert keys["key1"].reveal() not in repr(keys)
        refusal = refused(lab, Forbidden, "rita", WorkspaceKeys.list_keys)
        assert "workspaces/listKeys/action on" in refusal.required

    def test_the_identity_fetches_them_and_needs_its_role_on_the_group(self, lab: Lab) -> None:
        ask(lab, "carl", WorkspaceKeys.list_keys)
        assert {hop.subject for hop in lab.trace.last() if hop.parent} == {"ml-example (managed identity)"}
        revoke(lab, "ml-example", "Contributor", GROUP)
        refusal = refused(lab, Forbidden, "carl", WorkspaceKeys.list_keys)
        assert "Microsoft.Storage/storageAccounts/listKeys/action on" in refusal.required

    def test_two_labs_of_a_seed_have_the_same_ones(self) -> None:
        first, second = (ask(start(seed=7), "carl", WorkspaceKeys.list_keys) for _ in range(2))
        assert first == second


class TestDataStores:
    def test_what_opens_an_attached_store_is_kept_in_the_vault(self, lab: Lab) -> None:
        ask(lab, "carl", DataStores.attach, "sales", "AccountKey=hunter2")
        assert ask(lab, "rita", DataStores.list_stores) == ["sales", "workspaceblobstore"]
        assert ask(lab, "carl", DataStores.credential, "sales").reveal() == "AccountKey=hunter2"
        kept = workspace(lab).own("datastore/sales")
        assert secret(dependency(lab, "vault"), kept) == "AccountKey=hunter2"
        assert "hunter2" not in repr(lab.trace) + repr(workspace(lab))

    def test_the_identity_stores_it(self, lab: Lab) -> None:
        ask(lab, "carl", DataStores.attach, "sales", "AccountKey=hunter2")
        hops = [hop.subject for hop in lab.trace.last() if hop.service == "Key Vault"]
        assert hops == ["ml-example (managed identity)"]

    def test_a_reader_attaches_nothing(self, lab: Lab) -> None:
        refusal = refused(lab, Forbidden, "rita", DataStores.attach, "sales", "x")
        assert "workspaces/datastores/write on" in refusal.required

    @pytest.mark.parametrize("name", ["workspaceblobstore", "sales"])
    def test_a_name_that_is_taken_is_a_conflict(self, lab: Lab, name: str) -> None:
        ask(lab, "carl", DataStores.attach, "sales", "AccountKey=hunter2")
        refused(lab, Conflict, "carl", DataStores.attach, name, "another")

    @pytest.mark.parametrize(
        ("name", "secret"),
        [
            *((name, "x") for name in ("", "a b", "a-b", "a/b", "é", "x" * 101, None, 5, [])),
            ("a", ""),
            ("a", None),
        ],
        ids=repr,
    )
    def test_it_has_a_name_and_something_that_opens_it(self, lab: Lab, name: Any, secret: Any) -> None:
        refused(lab, BadRequest, "carl", DataStores.attach, name, secret)

    def test_a_vault_that_is_down_keeps_nothing(self, lab: Lab) -> None:
        dependency(lab, "vault").region = "westus2"
        lab.switchboard.down("westus2")
        with unchanged(lab):
            assert lab.attempt(
                "carl", DataStores.attach, lab.workspace, lab.sign_in("carl").bearer, "a", "b"
            ).code == ("ServiceUnavailable")
