"""Creating a workspace, with all that it depends on, and deleting it."""

from typing import Any

import pytest

from labkit.core.credential import Bearer
from labkit.core.errors import Conflict, Forbidden, NotFound, Refusal, RegionDown
from labkit.furniture import SUBSCRIPTION, workspace_id
from labkit.identity.errors import TokenExpired, UnknownApplication
from labkit.lab import Lab
from labkit.services.azure_ad import ARM, KEY_VAULT, AzureAD
from labkit.services.key_vault import KeyVault, Vault
from labkit.services.machine_learning.data_stores import DataStores
from labkit.services.machine_learning.runs import Runs
from labkit.services.machine_learning.workspace import Workspace
from labkit.services.resource_manager import ResourceManager, ResourceProviders
from tests.services.ml import secret
from tests.services.state import everything

GROUP = f"{SUBSCRIPTION}/resourceGroups/your-resource-group-name"
NEW = workspace_id("your-resource-group-name", "new-workspace")


@pytest.fixture
def carl(lab: Lab) -> Bearer:
    return lab.sign_in("carl").bearer


def create(lab: Lab, cred: Bearer, region: str = "eastus") -> Workspace:
    lab.ask("carl", ResourceManager.put, NEW, cred, region)
    found = lab.resources.find(NEW)
    assert isinstance(found, Workspace)
    return found


class TestCreation:
    def test_everything_it_depends_on_is_created_in_its_group(self, lab: Lab, carl: Bearer) -> None:
        workspace = create(lab, carl)
        assert set(workspace.depends_on) == {"vault", "storage", "registry", "insights"}
        for id in workspace.depends_on.values():
            assert id.startswith(GROUP + "/")
            assert lab.ask("carl", ResourceManager.get, id, carl)["location"] == "eastus"

    def test_the_trace_goes_from_resource_manager_to_azure_ml_and_back_and_to_the_vault(
        self, lab: Lab, carl: Bearer
    ) -> None:
        create(lab, carl)
        steps = [(hop.caller, hop.service, hop.operation) for hop in lab.trace.last()]
        arm, name = "Azure Resource Manager", "new-workspace"
        assert steps == [
            ("carl", arm, "PUT"),
            (arm, "Azure Machine Learning", "Provision"),
            *((name, arm, "PUT"), (arm, "Key Vault", "Provision")),
            *((name, arm, "PUT"), (arm, "Azure Storage", "Provision")),
            *((name, arm, "PUT"), (arm, "Container Registry", "Provision")),
            *((name, arm, "PUT"), (arm, "Application Insights", "Provision")),
            (name, "Azure AD", "Get token"),
            *[(name, arm, "Create role assignment")] * 4,
            *((name, "Azure AD", "Get token"), (name, arm, "Set access policy")),
            *((name, "Azure AD", "Get token"), (name, "Azure AD", "Get token")),
            *((name, arm, "POST"), (arm, "Azure Storage", "Act")),
            (name, "Azure AD", "Get token"),
            (name, "Key Vault", "Set secret"),
            (name, "Azure AD", "Get token"),
            *((name, arm, "POST"), (arm, "Container Registry", "Act")),
            *[(name, "Azure AD", "Get token"), (name, "Key Vault", "Set secret")] * 2,
        ]
        assert all(hop.ok for hop in lab.trace)
        assert {hop.initiator for hop in lab.trace.last()} == {"carl"}

    def test_the_user_creates_azure_ml_gives_roles_and_the_identity_does_the_rest(
        self, lab: Lab, carl: Bearer
    ) -> None:
        create(lab, carl)
        subjects: dict[str, set[str]] = {}
        for hop in lab.trace.last():
            subjects.setdefault(hop.operation, set()).add(hop.subject)
        user, identity = {"carl@contoso.example (user)"}, {"new-workspace (managed identity)"}
        azure_ml = {"Azure Machine Learning (service principal)"}
        assert subjects == {
            **dict.fromkeys(("PUT", "Provision"), user),
            "Create role assignment": azure_ml,
            "Get token": azure_ml | identity,
            **dict.fromkeys(("Set access policy", "POST", "Act", "Set secret"), identity),
        }

    def test_no_second_factor_stops_it(self, lab: Lab) -> None:
        lab.directory.mfa_required = True
        assert create(lab, lab.sign_in("carl", second_factor=True).bearer)

    def test_the_connection_string_is_in_the_vault_and_opens_the_account(
        self, lab: Lab, carl: Bearer
    ) -> None:
        workspace = create(lab, carl)
        vault: Any = lab.resources.find(workspace.depends_on["vault"])
        account: Any = lab.resources.find(workspace.depends_on["storage"])
        assert isinstance(vault, Vault)
        value = secret(vault, workspace.own("datastore/workspaceblobstore"))
        keys = lab.ask("carl", ResourceManager.post, account.id, carl, "listKeys")
        assert value.startswith(
            f"DefaultEndpointsProtocol=https;AccountName={account.name};AccountKey={keys['key1'].reveal()};"
        )
        assert lab.ask("carl", DataStores.credential, NEW, carl, "workspaceblobstore").reveal() == value
        assert value not in repr(vault) + repr(account)

    def test_its_identity_holds_what_it_needs_and_nothing_elsewhere(self, lab: Lab, carl: Bearer) -> None:
        workspace = create(lab, carl)
        roles, depends = lab.parts.access.roles, workspace.depends_on
        assert {
            (roles.definitions.find(one.role_id).name, one.scope)
            for one in roles
            if one.principal_id == workspace.identity_id
        } == {
            ("Contributor", NEW),
            ("Contributor", depends["registry"]),
            ("Contributor", GROUP),
            ("Storage Blob Data Contributor", depends["storage"]),
        }


class TestFailure:
    @pytest.mark.parametrize("person", ["rita", "gita"])
    def test_who_may_not_create_changes_nothing(self, lab: Lab, person: str) -> None:
        elsewhere = NEW if person == "rita" else workspace_id("nowhere", "new-workspace")
        before = everything(lab)
        with pytest.raises(Forbidden) as caught:
            lab.ask(person, ResourceManager.put, elsewhere, lab.sign_in(person).bearer, "eastus")
        assert (caught.value.status, caught.value.code) == (403, "AuthorizationFailed")
        assert caught.value.required == f"Microsoft.MachineLearningServices/workspaces/write on {elsewhere}"
        assert everything(lab) == before

    def test_a_region_that_is_down_takes_everything_back(self, lab: Lab, carl: Bearer) -> None:
        before = everything(lab)
        lab.switchboard.down("westus2")
        with pytest.raises(RegionDown):
            create(lab, carl, "westus2")
        assert everything(lab) == before

    @pytest.mark.parametrize("failing", [ResourceManager.post, KeyVault.set_secret, AzureAD.token], ids=str)
    def test_wherever_it_fails_everything_is_taken_back(
        self, lab: Lab, carl: Bearer, failing: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*args: Any) -> None:
            raise Conflict("This step fails.")

        before = everything(lab)
        with monkeypatch.context() as patched:
            patched.setattr(failing, "function", fail)
            with pytest.raises(Conflict):
                create(lab, carl)
        assert everything(lab) == before
        assert create(lab, carl)
        assert lab.ask("carl", DataStores.list_stores, NEW, carl) == ["workspaceblobstore"]

    def test_a_dependency_that_fails_takes_back_those_before_it(
        self, lab: Lab, carl: Bearer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        prepare = ResourceProviders.prepare

        def fail_at_insights(self: ResourceProviders, call: Any, id: str, region: str) -> None:
            if "Insights" in id:
                raise Conflict("This resource fails.")
            prepare(self, call, id, region)

        before = everything(lab)
        monkeypatch.setattr(ResourceProviders, "prepare", fail_at_insights)
        with pytest.raises(Conflict):
            create(lab, carl)
        assert everything(lab) == before


class TestDeletion:
    def test_the_identity_goes_and_the_dependencies_stay(self, lab: Lab, carl: Bearer) -> None:
        workspace = create(lab, carl)
        lab.ask("carl", ResourceManager.delete, NEW, carl)
        assert lab.directory.principal(workspace.identity_id) is None
        # Role assignments elsewhere stay, as in Azure, and name nobody.
        held = [one for one in lab.parts.access.roles if one.principal_id == workspace.identity_id]
        assert {one.scope for one in held} == {
            *(GROUP, workspace.depends_on["registry"], workspace.depends_on["storage"])
        }
        for id in workspace.depends_on.values():
            assert lab.ask("carl", ResourceManager.get, id, carl)
        with pytest.raises(Refusal):
            lab.ask("carl", DataStores.list_stores, NEW, carl)
        with pytest.raises(NotFound):
            lab.ask("carl", ResourceManager.get, NEW, carl)

    def test_its_compute_goes_with_it(self, lab: Lab, carl: Bearer) -> None:
        cluster = f"{lab.workspace}/computes/cpu-cluster"
        lab.ask("carl", ResourceManager.delete, lab.workspace, carl)
        assert lab.resources.get(cluster) is None
        with pytest.raises(NotFound):
            lab.ask("carl", ResourceManager.get, cluster, carl)

    def test_created_again_it_works_and_is_somebody_else(self, lab: Lab, carl: Bearer) -> None:
        first = create(lab, carl).identity_id
        lab.ask("carl", ResourceManager.delete, NEW, carl)
        second = create(lab, carl)
        assert second.identity_id != first
        lab.ask("carl", ResourceManager.put, f"{NEW}/computes/c", carl, "eastus")
        run = lab.ask("carl", Runs.submit, NEW, carl, "e", "c", lambda context: None)
        assert run.status == "Queued"

    def test_its_old_identity_gets_no_token_any_more_and_what_it_has_ends_with_its_hour(
        self, lab: Lab, carl: Bearer
    ) -> None:
        workspace = create(lab, carl)
        vault = workspace.depends_on["vault"]
        azure_ml: Any = lab.parts.door.services[Runs]
        certificate = azure_ml._platform.certificate(workspace.identity_id)
        for_arm, for_vault = (
            lab.ask("new-workspace", AzureAD.token, lab.tenant, certificate, audience).access_token.bearer
            for audience in (ARM, KEY_VAULT)
        )
        assert lab.ask("new-workspace", KeyVault.list_secrets, vault, for_vault)
        lab.ask("carl", ResourceManager.delete, NEW, carl)
        for again in (False, True):
            if again:
                create(lab, carl)
            with pytest.raises(UnknownApplication):
                lab.ask("new-workspace", AzureAD.token, lab.tenant, certificate, ARM)
        lab.clock.advance("1h")
        for op, target, token in (
            (KeyVault.list_secrets, vault, for_vault),
            (ResourceManager.get, vault, for_arm),
        ):
            with pytest.raises(TokenExpired):
                lab.ask("new-workspace", op, target, token)

    def test_deleting_compute_detaches_it(self, lab: Lab, carl: Bearer) -> None:
        lab.ask("carl", ResourceManager.delete, f"{lab.workspace}/computes/cpu-cluster", carl)
        with pytest.raises(NotFound):
            lab.ask("carl", Runs.submit, lab.workspace, carl, "e", "cpu-cluster", lambda context: None)


@pytest.mark.parametrize("segment", ["computes", "Computes", "COMPUTES"])
def test_compute_is_attached_to_the_workspace_in_whose_id_it_stands(
    lab: Lab, carl: Bearer, segment: str
) -> None:
    lab.ask("carl", ResourceManager.put, f"{lab.workspace}/{segment}/second", carl, "eastus")
    run = lab.ask("carl", Runs.submit, lab.workspace, carl, "e", "second", lambda context: None)
    assert run.compute == "second"
