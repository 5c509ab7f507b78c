"""The managed identity of a workspace: what it may do, who gave it, and what breaks without it."""

from typing import Any

import pytest

from labkit.azure import Authorization, DataStores, KeyVault, ResourceManager, RunSecrets, VaultAccess
from labkit.core.credential import Bearer
from labkit.core.errors import Conflict, Forbidden
from labkit.furniture import GROUPS, SUBSCRIPTION, workspace_id
from labkit.lab import Lab, start
from labkit.services.machine_learning.permissions import PROVIDER_APP, permissions
from labkit.services.machine_learning.workspace import Workspace
from tests.services.state import everything, refused

GROUP, OTHER_GROUP = (f"{SUBSCRIPTION}/resourceGroups/{name}" for name in GROUPS)
NEW = workspace_id(GROUPS[0], "new-workspace")


@pytest.fixture
def owner(lab: Lab) -> Bearer:
    return lab.sign_in("olivia").bearer


def create(lab: Lab, cred: Bearer, properties: dict[str, Any] | None = None) -> Workspace:
    lab.ask("somebody", ResourceManager.put, NEW, cred, "eastus", properties)
    found = lab.resources.find(NEW)
    assert isinstance(found, Workspace)
    return found


def held(lab: Lab, principal_id: str) -> set[tuple[str, str]]:
    """What a principal holds, read back through Resource Manager."""
    owner = lab.sign_in("olivia").bearer
    scopes = {one.scope for one in lab.parts.access.roles}
    return {
        (one["roleDefinitionName"], one["scope"])
        for scope in scopes
        for one in lab.ask("olivia", Authorization.assignments, scope, owner)
        if one["principalId"] == principal_id
    }


def other_vault(lab: Lab) -> str:
    """The vault of the workspace in the other resource group."""
    found = lab.resources.find(workspace_id(GROUPS[1], "your-workspace-name"))
    assert isinstance(found, Workspace)
    return found.depends_on["vault"]


class TestTable:
    def test_the_rows_are_those_of_the_documents_and_nothing_more(self, lab: Lab, owner: Bearer) -> None:
        workspace = create(lab, owner)
        rows = permissions(workspace)
        assert [(one.on, one.role) for one in rows] == [
            ("workspace", "Contributor"),
            ("storage account", "Storage Blob Data Contributor"),
            ("container registry", "Contributor"),
            ("resource group of the workspace", "Contributor"),
        ]
        assert held(lab, workspace.identity_id) == {(one.role, one.scope) for one in rows}
        policy = lab.ask("olivia", VaultAccess.get_policy, workspace.depends_on["vault"], owner)
        kinds = ("secrets", "keys", "certificates")
        assert policy == {workspace.identity_id: tuple(f"Microsoft.KeyVault/vaults/{k}/*" for k in kinds)}

    def test_the_vault_s_group_is_a_row_only_where_it_is_another(self, lab: Lab, owner: Bearer) -> None:
        vault = other_vault(lab)
        workspace = create(lab, owner, {"keyVault": vault})
        assert permissions(workspace)[-1].on == "resource group of the key vault"
        assert ("Contributor", OTHER_GROUP) in held(lab, workspace.identity_id)
        assert workspace.identity_id in lab.ask("olivia", VaultAccess.get_policy, vault, owner)

    def test_the_case_of_the_group_makes_no_other_group(self, lab: Lab, owner: Bearer) -> None:
        workspace = create(lab, owner, {"keyVault": lab.vault.replace(GROUPS[0], GROUPS[0].upper())})
        assert len(permissions(workspace)) == 4

    def test_nor_does_the_case_of_the_workspace_s_own(self, lab: Lab, owner: Bearer) -> None:
        new = NEW.replace(GROUPS[0], GROUPS[0].upper())
        lab.ask("somebody", ResourceManager.put, new, owner, "eastus", {"keyVault": lab.vault})
        workspace = lab.resources.find(new)
        assert isinstance(workspace, Workspace)
        assert len(permissions(workspace)) == 4

    def test_the_same_seed_gives_the_same_assignments(self) -> None:
        first, second = ([*start(seed=7).parts.access.roles] for _ in range(2))
        assert first == second
        assert len({one.id for one in first}) == len(first)


class TestWhoGives:
    def test_a_contributor_creates_a_workspace_and_gives_no_role(self, lab: Lab) -> None:
        lab.trace.clear()
        create(lab, lab.sign_in("carl").bearer)
        given = [hop.subject for hop in lab.trace if hop.operation == "Create role assignment"]
        assert set(given) == {"Azure Machine Learning (service principal)"}

    @pytest.mark.parametrize("missing", ["role", "principal"])
    def test_without_azure_ml_s_own_principal_no_workspace_is_made(
        self, lab: Lab, owner: Bearer, missing: str
    ) -> None:
        provider = lab.directory.principal_of(PROVIDER_APP)
        assert provider is not None
        if missing == "principal":
            lab.directory.remove_principal(provider.object_id)
        else:
            [one] = [one for one in lab.parts.access.roles if one.principal_id == provider.object_id]
            lab.ask("olivia", Authorization.unassign, one.resource_id, owner)
        before = everything(lab)
        assert not lab.attempt("olivia", ResourceManager.put, NEW, owner, "eastus")
        assert everything(lab) == before

    @pytest.mark.parametrize(
        "op",
        [Authorization.assign, VaultAccess.set_policy, KeyVault.set_secret, ResourceManager.post],
        ids=str,
    )
    def test_wherever_it_fails_nobody_holds_anything(
        self, lab: Lab, owner: Bearer, op: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        original, calls = op.function, []

        def fail_at_last(*args: Any) -> Any:
            calls.append(args)
            if op is not Authorization.assign or len(calls) == 3:
                raise Conflict("This step fails.")
            return original(*args)

        before = everything(lab)
        with monkeypatch.context() as patched:
            patched.setattr(op, "function", fail_at_last)
            with pytest.raises(Conflict):
                create(lab, owner)
        assert everything(lab) == before


class TestGainingRights:
    """Nobody gets at a resource by having a workspace made that uses it."""

    @pytest.fixture
    def dora(self, lab: Lab, owner: Bearer) -> Bearer:
        """Contributor of one group and Reader of the other."""
        dora = lab.hire("dora").object_id
        for scope, role in ((GROUP, "Contributor"), (OTHER_GROUP, "Reader")):
            lab.ask("olivia", Authorization.assign, scope, owner, role, dora)
        return lab.sign_in("dora").bearer

    @pytest.mark.parametrize("role", ["vault", "storage", "registry", "insights"])
    def test_a_resource_that_one_may_only_read_is_not_used(self, lab: Lab, dora: Bearer, role: str) -> None:
        theirs = lab.resources.find(workspace_id(GROUPS[1], "your-workspace-name"))
        assert isinstance(theirs, Workspace)
        names = {
            "vault": "keyVault",
            "storage": "storageAccount",
            "registry": "containerRegistry",
            "insights": "applicationInsights",
        }
        refused(
            *(lab, Forbidden, ResourceManager.put, NEW, dora, "eastus"),
            {names[role]: theirs.depends_on[role]},
        )

    def test_who_may_write_a_vault_and_not_its_group_gives_nobody_the_group(
        self, lab: Lab, owner: Bearer, dora: Bearer
    ) -> None:
        me = lab.people["dora"].object_id
        lab.ask("olivia", Authorization.assign, other_vault(lab), owner, "Contributor", me)
        cred = lab.sign_in("dora").bearer
        refused(lab, Forbidden, ResourceManager.put, NEW, cred, "eastus", {"keyVault": other_vault(lab)})

    def test_an_update_brings_no_other_resource_in(self, lab: Lab, dora: Bearer) -> None:
        create(lab, dora)
        verdict = lab.attempt(
            "dora", ResourceManager.put, NEW, dora, "eastus", {"keyVault": other_vault(lab)}
        )
        found = lab.resources.find(NEW)
        assert isinstance(found, Workspace)
        assert not verdict
        assert found.depends_on["vault"] != other_vault(lab)


class TestRevoking:
    """What breaks without each row: Contributor on the resource group is inherited, so that most do not."""

    @pytest.mark.parametrize("on", ["workspace", "storage account", "container registry"])
    def test_a_row_below_the_group_is_not_missed(self, lab: Lab, owner: Bearer, on: str) -> None:
        self.revoke(lab, owner, on)
        assert self.secrets_work(lab)
        # What the group's Contributor has no right to is the data of the blobs.
        assert self.may_write_blobs(lab) is (on != "storage account")

    def test_without_the_vault_s_policy_secrets_are_out_of_reach(self, lab: Lab, owner: Bearer) -> None:
        workspace = lab.resources.find(lab.workspace)
        assert isinstance(workspace, Workspace)
        lab.ask("olivia", VaultAccess.remove_policy, lab.vault, owner, workspace.identity_id)
        assert not self.secrets_work(lab)

    @staticmethod
    def revoke(lab: Lab, owner: Bearer, on: str) -> None:
        workspace = lab.resources.find(lab.workspace)
        assert isinstance(workspace, Workspace)
        [row] = [one for one in permissions(workspace) if one.on == on]
        [found] = [
            one
            for one in lab.parts.access.roles
            if (one.principal_id, one.scope) == (workspace.identity_id, row.scope)
        ]
        lab.ask("olivia", Authorization.unassign, found.resource_id, owner)

    @staticmethod
    def secrets_work(lab: Lab) -> bool:
        carl = lab.sign_in("carl").bearer
        put = lab.attempt("carl", RunSecrets.put, lab.workspace, carl, "a", "b")
        return bool(
            put and lab.attempt("carl", DataStores.credential, lab.workspace, carl, "workspaceblobstore")
        )

    @staticmethod
    def may_write_blobs(lab: Lab) -> bool:
        workspace = lab.resources.find(lab.workspace)
        assert isinstance(workspace, Workspace)
        blobs = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write"
        return lab.access.explain(workspace.identity_id, blobs, lab.storage).allowed
