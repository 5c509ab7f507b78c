"""What the documents say about roles and about the workspace's own identity, attempted in the lab. Each test
does what the ledger's `shown_by` says of its statement."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

import labkit
from labkit.access.errors import OutsideDocumentedRoles, RoleDefinitionDoesNotExist
from labkit.access.roles import built_in
from labkit.access.scope import management_group
from labkit.authenticators.platform import ManagedIdentity
from labkit.azure import (
    Authorization,
    AzureAD,
    Bearer,
    ClientSecret,
    DataStores,
    Editions,
    Images,
    Models,
    ResourceManager,
    Resync,
    Runs,
    RunSecrets,
    VaultAccess,
    WebServices,
    WorkspaceKeys,
)
from labkit.core.errors import BadInput, Forbidden, Refusal
from labkit.core.operation import Op
from labkit.core.verdict import Verdict
from labkit.course.operations import OPERATIONS
from labkit.course.role_matrix import DOCUMENTED_ROLES, role_matrix
from labkit.course.sample_roles import SAMPLES
from labkit.furniture import GROUPS, SUBSCRIPTION, workspace_id
from labkit.lab import Lab
from labkit.ledger import statement
from labkit.releases import RELEASES
from labkit.services import kubernetes
from labkit.services.key_vault import TYPE as VAULT
from labkit.services.machine_learning.permissions import Permission, permissions
from labkit.services.machine_learning.support_application import PREFIX
from labkit.services.machine_learning.web_services import CONTAINER_GROUP
from labkit.services.machine_learning.workspace import TYPE, Workspace
from labkit.services.resource_id import group_of
from tests.services.training import attach_hadoop, attach_machine

in_every_release = pytest.mark.parametrize("release", RELEASES)
WORKSPACES = [
    workspace_id(GROUPS[0], "ml-example"),
    *(workspace_id(one, "your-workspace-name") for one in GROUPS),
]
# What the newcomer is given a role at, and the workspaces that it reaches.
SCOPES = {
    SUBSCRIPTION: WORKSPACES,
    f"{SUBSCRIPTION}/resourceGroups/{GROUPS[0]}": WORKSPACES[:2],
    WORKSPACES[0]: WORKSPACES[:1],
}


def hired(lab: Lab, name: str, role: str = "", scope: str = "") -> Bearer:
    """Somebody new, with this role at this scope if any, signed in."""
    lab.hire(name)
    user = lab.directory.user(name)
    assert user is not None
    if role:
        owner(lab, Authorization.assign, scope, role, user.object_id)
    return lab.sign_in(name).bearer


def owner(lab: Lab, op: Op[..., Any], target: str, *args: Any) -> Any:
    """What olivia, the Owner, asks for."""
    return lab.ask("olivia", op, target, lab.sign_in("olivia").bearer, *args)


def the_workspace(lab: Lab) -> Workspace:
    found = lab.resources.find(lab.workspace)
    assert isinstance(found, Workspace)
    return found


# ---- roles


@pytest.mark.proves("rbac-roles")
@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("role", DOCUMENTED_ROLES)
@in_every_release
def test_a_role_reaches_every_workspace_beneath_it_and_no_other(release: str, role: str, scope: str) -> None:
    lab = labkit.start(release)
    sam = hired(lab, "sam", role, scope)
    opened = [one for one in WORKSPACES if lab.attempt("sam", ResourceManager.get, one, sam)]
    assert opened == SCOPES[scope]


@pytest.mark.proves("rbac-roles")
@in_every_release
def test_many_people_share_a_workspace_and_each_does_what_the_own_role_allows(release: str) -> None:
    lab = labkit.start(release)
    people = {f"{role.lower()}{n}": role for role in DOCUMENTED_ROLES for n in range(5)}
    tokens = {name: hired(lab, name, role, lab.workspace) for name, role in people.items()}
    for name, role in people.items():
        friend = lab.hire(f"friend_of_{name}").object_id
        assert lab.attempt(name, Models.list_models, lab.workspace, tokens[name])
        wrote = lab.attempt(name, Models.register, lab.workspace, tokens[name], f"of-{name}", b"weights")
        shared = lab.attempt(name, Authorization.assign, lab.workspace, tokens[name], "Reader", friend)
        assert (wrote.accepted, shared.accepted) == (role != "Reader", role == "Owner")
        assert shared.code in ("", "AuthorizationFailed")
        assert bool(lab.access.assignments(f"friend_of_{name}").rows) is shared.accepted
    # One more role takes none away, here or elsewhere.
    for name, more in (("reader0", "Contributor"), ("contributor0", "Reader")):
        user = lab.directory.user(name)
        assert user is not None
        for role, scope in ((more, lab.workspace), ("Reader", WORKSPACES[2])):
            owner(lab, Authorization.assign, scope, role, user.object_id)
        again = lab.sign_in(name).bearer
        assert lab.attempt(name, Models.register, lab.workspace, again, f"more-of-{name}", b"weights")
        assert lab.attempt(name, Models.list_models, WORKSPACES[2], again)
        elsewhere = lab.attempt(name, Models.register, WORKSPACES[2], again, f"more-of-{name}", b"weights")
        assert elsewhere.code == "AuthorizationFailed"


@pytest.mark.proves("rbac-matrix")
@in_every_release
def test_every_cell_comes_out_as_the_documents_print_it(release: str) -> None:
    found, printed = role_matrix(release=release), statement("rbac-matrix").table
    assert len(printed) == 12
    for operation, ticks in printed.items():
        assert tuple(role for role in DOCUMENTED_ROLES if found.cell(operation, role).allowed) == ticks
        for role in ticks:
            ways = {way.name: way.verdict.accepted for way in found.cell(operation, role).ways}
            # Whoever has the tick may do it in any way, but that a Reader is not given a service's keys.
            closed = ["by a fetched key"] if (operation, role) == ("Call web service", "Reader") else []
            assert [name for name, accepted in ways.items() if not accepted] == closed
    assert statement("rbac-matrix").stance(release) == "states"


@pytest.mark.proves("rbac-upgrade")
@pytest.mark.parametrize("release", ["2020-01", "2020-03"])
def test_only_an_owner_upgrades_the_workspace(release: str) -> None:
    found = role_matrix(release=release)
    [row] = statement("rbac-upgrade").table.items()
    assert found.operations[2] == row[0]
    assert (
        tuple(role for role in DOCUMENTED_ROLES if found.cell(row[0], role).allowed) == row[1] == ("Owner",)
    )
    lab = labkit.start(release)
    assert the_workspace(lab).edition == "Basic"
    assert owner(lab, Editions.upgrade, lab.workspace) == the_workspace(lab).edition == "Enterprise"


@pytest.mark.proves("rbac-upgrade")
@pytest.mark.parametrize("release", ["2020-01", "2020-03"])
def test_no_other_role_upgrades_it_in_any_way(release: str) -> None:
    lab = labkit.start(release)
    ways: list[tuple[Op[..., Any], tuple[Any, ...]]] = [
        (Editions.upgrade, ()),
        (ResourceManager.put, ("eastus", {"edition": "Enterprise"})),
    ]
    others = sorted({role.name for role in built_in().values()} - {"Owner"})
    for number, role in enumerate(others):
        sam = hired(lab, f"sam{number}", role, lab.resource_group)
        for op, args in ways:
            assert not lab.attempt(f"sam{number}", op, lab.workspace, sam, *args), role
            assert the_workspace(lab).edition == "Basic", role
    assert len(others) > 20


@pytest.mark.proves("rbac-upgrade")
def test_in_the_earliest_release_there_is_nothing_to_upgrade_and_no_such_row() -> None:
    assert statement("rbac-upgrade").stance("2019-08") == "says otherwise"
    lab = labkit.start("2019-08")
    with pytest.raises(BadInput, match="knows no editions"):
        owner(lab, Editions.upgrade, lab.workspace)
    assert len(role_matrix(release="2019-08").rows) == len(OPERATIONS) - 1 == 12


# ---- custom roles


def definition(name: str, *actions: str, scopes: tuple[str, ...] = (SUBSCRIPTION,)) -> dict[str, Any]:
    return {"Name": name, "Actions": list(actions), "AssignableScopes": list(scopes)}


@pytest.mark.proves("rbac-custom")
@in_every_release
def test_a_custom_role_grants_what_it_lists_on_the_workspace_and_its_compute(release: str) -> None:
    lab = labkit.start(release)
    allowed = [f"{TYPE}/{one}" for one in ("read", "computes/read", "computes/write", "computes/delete")]
    owner(lab, Authorization.define, SUBSCRIPTION, definition("Compute keeper", *allowed))
    sam = hired(lab, "sam", "Compute keeper", lab.workspace)
    cluster = f"{lab.workspace}/computes/new-cluster"
    assert lab.attempt("sam", ResourceManager.get, lab.workspace, sam)
    assert lab.attempt("sam", ResourceManager.put, cluster, sam, "eastus")
    assert lab.attempt("sam", ResourceManager.get, cluster, sam)
    assert lab.attempt("sam", ResourceManager.delete, cluster, sam)
    for refused in (
        lab.attempt("sam", ResourceManager.delete, lab.workspace, sam),
        lab.attempt("sam", Models.list_models, lab.workspace, sam),
        lab.attempt("sam", Runs.submit, lab.workspace, sam, "train", lab.cluster, print),
    ):
        assert refused.code == "AuthorizationFailed"


@pytest.mark.proves("rbac-custom")
@pytest.mark.parametrize(
    "action",
    [
        "Microsoft.Storage/storageAccounts/read",
        "Microsoft.KeyVault/vaults/write",
        "Microsoft.Authorization/roleAssignments/write",
        "*",
        "*/read",
    ],
)
def test_one_that_reaches_for_another_provider_is_turned_down_with_the_reason(lab: Lab, action: str) -> None:
    wanted = definition("Too far", f"{TYPE}/read", action)
    with pytest.raises(OutsideDocumentedRoles, match="workspace and its compute alone") as caught:
        owner(lab, Authorization.define, SUBSCRIPTION, wanted)
    assert action in caught.value.presented
    assert TYPE in caught.value.required
    with pytest.raises(RoleDefinitionDoesNotExist):
        lab.access.role("Too far")
    # The limit is the documents': Azure itself knows none.
    lab.access.custom_roles = "azure"
    assert owner(lab, Authorization.define, SUBSCRIPTION, wanted)["Name"] == "Too far"


@pytest.mark.proves("rbac-custom-scope")
@pytest.mark.parametrize("available", SCOPES)
@in_every_release
def test_a_custom_role_is_assigned_within_its_scopes_and_refused_outside(
    available: str, release: str
) -> None:
    lab = labkit.start(release)
    owner(lab, Authorization.define, available, definition("Viewer", f"{TYPE}/read", scopes=(available,)))
    for number, workspace in enumerate(WORKSPACES):
        if workspace in SCOPES[available]:
            sam = hired(lab, f"sam{number}", "Viewer", workspace)
            assert lab.attempt("sam", ResourceManager.get, workspace, sam)
        else:
            with pytest.raises(RoleDefinitionDoesNotExist, match="not available at this scope") as caught:
                hired(lab, f"sam{number}", "Viewer", workspace)
            assert available in caught.value.required
    if available != SUBSCRIPTION:
        with pytest.raises(RoleDefinitionDoesNotExist):
            hired(lab, "above", "Viewer", SUBSCRIPTION)


@pytest.mark.proves("rbac-custom-scope")
@pytest.mark.parametrize(
    "scope", [management_group("your-tenant-id"), f"{WORKSPACES[0]}/computes/cpu-cluster"]
)
def test_there_is_no_other_kind_of_scope_for_one(lab: Lab, scope: str) -> None:
    wanted = definition("Viewer", f"{TYPE}/read", scopes=(scope,))
    with pytest.raises(OutsideDocumentedRoles) as caught:
        owner(lab, Authorization.define, SUBSCRIPTION, wanted)
    assert caught.value.presented == scope
    assert "rbac-custom-scope" in caught.value.required


# ---- what is attached to the workspace


@pytest.mark.proves("rbac-compute-data")
@in_every_release
@pytest.mark.parametrize("role", DOCUMENTED_ROLES)
def test_owners_and_contributors_use_every_compute_target_and_data_store(role: str, release: str) -> None:
    lab = labkit.start(release)
    machine = f"{group_of(lab.workspace)}/providers/{kubernetes.TYPE}/machine"
    owner(lab, ResourceManager.put, machine, "eastus")
    attached = {"computeType": "AKS", "resourceId": machine}
    owner(lab, ResourceManager.put, f"{lab.workspace}/computes/aks", "eastus", attached)
    owner(lab, ResourceManager.put, f"{lab.workspace}/computes/second", "eastus")
    machines = (attach_machine(lab), attach_hadoop(lab))
    owner(lab, DataStores.attach, lab.workspace, "more", "AccountName=more;AccountKey=a2V5")
    owner(lab, Models.register, lab.workspace, "model", b"weights")
    # The role is on the workspace alone: nobody needs one on the machines or on the storage account.
    sam, workspace = hired(lab, "sam", role, lab.workspace), the_workspace(lab)
    assert set(workspace.computes) == {lab.cluster, "aks", "second", *machines}
    assert set(workspace.data_stores) == {"workspaceblobstore", "more"}
    tried: list[Verdict[Any]] = [
        *(
            lab.attempt("sam", Runs.submit, lab.workspace, sam, "train", cluster, print)
            for cluster in (lab.cluster, "second", *machines)
        ),
        lab.attempt("sam", WebServices.deploy_aks, lab.workspace, sam, "service", "model", "aks"),
        *(
            lab.attempt("sam", DataStores.credential, lab.workspace, sam, one)
            for one in workspace.data_stores
        ),
    ]
    assert {one.accepted for one in tried} == {role != "Reader"}
    assert {one.code for one in tried} == {"" if role != "Reader" else "AuthorizationFailed"}


@pytest.mark.proves("rbac-aci-block")
@in_every_release
def test_a_custom_role_deploys_to_aks_and_cannot_to_aci_by_any_way(release: str) -> None:
    found = role_matrix(["AKS operator", "Contributor"], release=release)
    ways = {
        cell.role: {way.name: way.verdict.accepted for way in cell.ways}
        for cell in found
        if cell.operation == "Deploy web service"
    }
    assert ways["AKS operator"] == {"on ACI": False, "on AKS": True}
    assert ways["Contributor"] == {"on ACI": True, "on AKS": True}
    lab = labkit.start(release)
    owner(lab, Authorization.define, SUBSCRIPTION, SAMPLES["AKS operator"])
    sam = hired(lab, "sam", "AKS operator", group_of(lab.workspace))
    group = f"{group_of(lab.workspace)}/providers/{CONTAINER_GROUP}/by-hand"
    assert lab.attempt("sam", ResourceManager.put, group, sam, "eastus").code == "AuthorizationFailed"
    assert release == "2020-01" or statement("rbac-aci-block").stance(release) == "is silent"


# ---- the workspace's own identity


def identities(lab: Lab, name: str) -> list[str]:
    """Object ids of the managed identities of this name."""
    found = lab.directory.principals()
    return [object_id for object_id, known, kind in found if (known, kind) == (name, "managed identity")]


@pytest.mark.proves("mi-system-assigned")
@in_every_release
def test_a_workspace_has_an_identity_of_its_own_name_as_long_as_it_is_there(release: str) -> None:
    lab, new = labkit.start(release), workspace_id(GROUPS[0], "new-workspace")
    assert identities(lab, "new-workspace") == []
    shown = owner(lab, ResourceManager.put, new, "eastus")
    assert identities(lab, "new-workspace") == [shown["properties"]["identity"]]
    # Another workspace of that name has an identity of its own, which stays.
    namesake = owner(lab, ResourceManager.put, workspace_id(GROUPS[1], "new-workspace"), "eastus")
    assert len(identities(lab, "new-workspace")) == 2
    owner(lab, ResourceManager.delete, new)
    assert identities(lab, "new-workspace") == [namesake["properties"]["identity"]]
    owner(lab, ResourceManager.delete, namesake["id"])
    assert identities(lab, "new-workspace") == []


@pytest.mark.proves("mi-system-assigned")
@in_every_release
def test_no_secret_of_it_can_be_read_and_none_opens_it(release: str) -> None:
    lab = labkit.start(release)
    [identity] = identities(lab, "ml-example")
    principal = lab.directory.principal(identity)
    assert principal is not None
    # There is no app registration, which is where secrets are kept.
    assert lab.directory.application(principal.app_id) is None
    assert not [value for value in vars(principal).values() if isinstance(value, bytes)]
    # What Resource Manager shows of the workspace is the identity's id, no proof.
    shown = owner(lab, ResourceManager.get, lab.workspace)["properties"]
    assert shown.pop("identity") == identity
    assert {*shown} - {"edition", "hbiWorkspace"} == {*the_workspace(lab).depends_on}
    for guess in (
        ClientSecret(principal.app_id, "your-client-secret"),
        ClientSecret(identity, ""),
        ManagedIdentity(identity, b""),
        ManagedIdentity(identity, identity.encode()),
    ):
        with pytest.raises(Refusal) as caught:
            lab.ask("mallory", AzureAD.token, lab.tenant, guess)
        assert caught.value.stage == "authentication"
        assert caught.value.code.startswith("AADSTS")


def held(lab: Lab, workspace: Workspace) -> set[tuple[str, str]]:
    """The identity's roles and their scopes, as Resource Manager lists them."""
    scopes = {*workspace.depends_on.values(), workspace.id}
    return {
        (one["roleDefinitionName"], one["scope"])
        for scope in scopes
        for one in owner(lab, Authorization.assignments, scope)
        if one["principalId"] == workspace.identity_id
    }


@pytest.mark.proves("mi-permissions")
@in_every_release
def test_it_holds_the_rows_of_the_documents_and_the_last_only_where_the_vault_is_elsewhere(
    release: str,
) -> None:
    lab, elsewhere = labkit.start(release), f"{SUBSCRIPTION}/resourceGroups/{GROUPS[1]}"
    vault = f"{elsewhere}/providers/{VAULT}/elsewhere-vault"
    owner(lab, ResourceManager.put, vault, "eastus")
    new = workspace_id(GROUPS[0], "new-workspace")
    owner(lab, ResourceManager.put, new, "eastus", {"keyVault": vault})
    for id, extra in ((lab.workspace, set[tuple[str, str]]()), (new, {("Contributor", elsewhere)})):
        workspace = lab.resources.find(id)
        assert isinstance(workspace, Workspace)
        depends = workspace.depends_on
        assert held(lab, workspace) == {
            ("Contributor", id),
            ("Storage Blob Data Contributor", depends["storage"]),
            ("Contributor", depends["registry"]),
            ("Contributor", group_of(id)),
            *extra,
        }
        policy = owner(lab, VaultAccess.get_policy, depends["vault"])
        assert set(policy[workspace.identity_id]) == {
            f"{VAULT}/{of}/*" for of in ("keys", "secrets", "certificates")
        }


# What the workspace does for its people with the rights of its identity.
USES: dict[str, Callable[[Lab], object]] = {
    "train": lambda lab: owner(lab, Runs.submit, lab.workspace, "train", lab.cluster, print),
    "register a model": lambda lab: owner(lab, Models.register, lab.workspace, "another", b"weights"),
    "create an image": lambda lab: owner(lab, Images.create, lab.workspace, "image", "model"),
    "deploy to ACI": lambda lab: owner(
        lab, WebServices.deploy_aci, lab.workspace, f"service{len(lab.trace)}", "model"
    ),
    "read the account's keys": lambda lab: owner(lab, WorkspaceKeys.list_keys, lab.workspace),
    "open a data store": lambda lab: owner(lab, DataStores.credential, lab.workspace, "workspaceblobstore"),
    "keep a secret": lambda lab: owner(lab, RunSecrets.put, lab.workspace, "name", "value"),
}
# By role and by what it is on. Three that are lost and not missed: Contributor of the group stands in.
BROKEN = {
    "workspace": set[str](),
    "storage account": {"register a model", "create an image", "deploy to ACI"},
    "container registry": set[str](),
    "resource group of the workspace": {"deploy to ACI", "read the account's keys"},
    "key vault": {"open a data store", "keep a secret"},
}


def broken(lab: Lab) -> set[str]:
    """The uses that are refused for want of a right. Any other refusal is raised."""

    def works(use: Callable[[Lab], object]) -> bool:
        try:
            use(lab)
        except Forbidden:
            return False
        return True

    return {name for name, use in USES.items() if not works(use)}


def revoke(lab: Lab, on: str) -> None:
    workspace = the_workspace(lab)
    if on == "key vault":
        owner(lab, VaultAccess.remove_policy, workspace.depends_on["vault"], workspace.identity_id)
        return
    [row] = [one for one in permissions(workspace) if one.on == on]
    [id] = assignments(lab, row)
    owner(lab, Authorization.unassign, id)


def assignments(lab: Lab, row: Permission) -> Iterator[str]:
    wanted = (the_workspace(lab).identity_id, row.role, row.scope)
    for one in owner(lab, Authorization.assignments, row.scope):
        if (one["principalId"], one["roleDefinitionName"], one["scope"]) == wanted:
            yield one["id"]


@pytest.mark.proves("mi-do-not-revoke")
def test_before_anything_is_revoked_everything_works(lab: Lab) -> None:
    owner(lab, Models.register, lab.workspace, "model", b"weights")
    assert broken(lab) == set()


@pytest.mark.proves("mi-do-not-revoke")
@pytest.mark.parametrize("on", BROKEN)
def test_some_losses_hurt_and_some_are_hidden_and_resync_keys_mends_them_all(lab: Lab, on: str) -> None:
    owner(lab, Models.register, lab.workspace, "model", b"weights")
    revoke(lab, on)
    assert broken(lab) == BROKEN[on]
    before = held(lab, the_workspace(lab))
    owner(lab, Resync.resync, lab.workspace)
    assert broken(lab) == set()
    assert len(held(lab, the_workspace(lab))) == len(before) + (on != "key vault") == 4


@pytest.mark.proves("mi-do-not-revoke")
def test_the_trace_shows_who_does_the_mending(lab: Lab) -> None:
    revoke(lab, "storage account")
    revoke(lab, "key vault")
    owner(lab, Resync.resync, lab.workspace)
    first, *hops = lab.trace.last()
    assert (first.operation, first.subject) == ("Resync keys", "olivia@contoso.example (user)")
    who = {hop.operation: hop.subject for hop in hops}
    assert who["Create role assignment"] == "Azure Machine Learning (service principal)"
    assert who["Set access policy"] == who["Set secret"] == "ml-example (managed identity)"
    assert not [hop for hop in hops if "olivia" in hop.subject]


# ---- applications of Azure ML


def applications(lab: Lab) -> list[tuple[str, str]]:
    """Azure ML's applications: name and object id of each, also where two have one name."""
    return sorted((name, id) for id, name, _ in lab.directory.principals() if name.startswith(PREFIX))


@pytest.mark.proves("app-aml")
@in_every_release
def test_every_region_with_a_workspace_has_one_application(release: str) -> None:
    lab = labkit.start(release)
    assert [name for name, _ in applications(lab)] == [f"{PREFIX}eastus"]
    for name, region, count in (
        ("north", "northeurope", 2),
        ("east", "eastus", 2),
        ("north2", "northeurope", 2),
    ):
        owner(lab, ResourceManager.put, workspace_id(GROUPS[1], name), region)
        assert len(applications(lab)) == count
    assert [name for name, _ in applications(lab)] == [f"{PREFIX}eastus", f"{PREFIX}northeurope"]
    assert PREFIX == "Microsoft-AzureML-Support-App-"


@pytest.mark.proves("app-aml")
@in_every_release
def test_each_of_them_is_contributor_on_the_subscription(release: str) -> None:
    lab = labkit.start(release)
    owner(lab, ResourceManager.put, workspace_id(GROUPS[1], "north"), "northeurope")
    found = owner(lab, Authorization.assignments, SUBSCRIPTION)
    for _, object_id in applications(lab):
        roles = [
            (one["roleDefinitionName"], one["scope"]) for one in found if one["principalId"] == object_id
        ]
        assert roles == [("Contributor", SUBSCRIPTION)]
