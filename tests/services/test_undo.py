"""What somebody's call has changed is taken back when the call around it fails, whatever it was."""

from collections.abc import Callable
from typing import Any

import pytest

from labkit.azure import (
    KEY_VAULT,
    STORAGE,
    Authorization,
    AutomatedML,
    BlobStorage,
    Blueprints,
    ContainerRegistry,
    DataStores,
    Editions,
    Features,
    Images,
    KeyVault,
    Kubernetes,
    ManagementGroups,
    Models,
    Notebooks,
    ProviderRegistration,
    ResourceManager,
    Resync,
    Runs,
    RunSecrets,
    Snapshots,
    VaultAccess,
    WebServices,
)
from labkit.core.credential import Bearer
from labkit.core.errors import Conflict
from labkit.core.operation import Call, Op, Service, operation
from labkit.furniture import SUBSCRIPTION
from labkit.lab import Lab, start
from labkit.services.machine_learning.permissions import permissions
from labkit.services.machine_learning.workspace import TYPE
from labkit.services.provider_registration import COSMOS_KEYS
from tests.services.ml import GROUP, OTHER_GROUP, ask, dependency, deploy, revoke, workspace
from tests.services.state import everything

ROLE = {"Name": "Looker", "Actions": [f"{TYPE}/read"], "AssignableScopes": [GROUP]}
MANAGED = "/providers/Microsoft.Management/managementGroups"
LONG = "a" * 32

# What is called, on what, and with which arguments.
What = Callable[[Lab], tuple[Op[..., Any], str, tuple[Any, ...]]]


class Halfway(Service):
    """Has something done in the caller's name, and fails after it."""

    name = "Halfway"

    @operation("Do and fail")
    def go(
        self, call: Call[Any], op: Op[..., Any], target: str, cred: Bearer, arguments: tuple[Any, ...]
    ) -> None:
        call.ask(op, target, cred, *arguments)
        raise Conflict("Half way.")


@pytest.fixture
def lab() -> Lab:
    """A lab in which there is something of everything."""
    lab = start()
    owner = lab.sign_in("olivia").bearer
    for kind, auth in (("aci", "none"), ("aks", "key")):
        deploy(lab, f"on-{kind}", kind, auth)
    # Its container group goes before the compute targets, being of a longer name.
    deploy(lab, LONG, "aci", "key")
    ask(lab, "olivia", Images.create, "scorer", "churn")
    lab.ask("olivia", Authorization.define, GROUP, owner, ROLE)
    lab.ask("olivia", ManagementGroups.create, f"{MANAGED}/upper", owner)
    free = [lab.people["olivia"].object_id, workspace(lab).identity_id, "x"]
    lab.ask(
        "olivia", Blueprints.assign, SUBSCRIPTION, owner, "golden", GROUP, "AllResourcesDoNotDelete", free
    )
    lab.parts.door.install(Halfway())
    return lab


def held(lab: Lab) -> str:
    return next(one.resource_id for one in lab.parts.access.roles if one.scope == GROUP)


def rita(lab: Lab) -> str:
    return lab.people["rita"].object_id


CALLS: dict[str, What] = {
    "assign": lambda lab: (Authorization.assign, OTHER_GROUP, ("Owner", rita(lab))),
    "unassign": lambda lab: (Authorization.unassign, held(lab), ()),
    "define": lambda lab: (Authorization.define, GROUP, ({**ROLE, "Name": "Another"},)),
    "change a role": lambda lab: (
        Authorization.define,
        GROUP,
        ({**ROLE, "Name": "Renamed", "Id": lab.access.role("Looker").id},),
    ),
    "undefine": lambda lab: (Authorization.undefine, GROUP, ("Looker",)),
    "lock": lambda lab: (
        Blueprints.assign,
        SUBSCRIPTION,
        ("second", OTHER_GROUP, "AllResourcesReadOnly", [lab.people["olivia"].object_id]),
    ),
    "unlock": lambda lab: (Blueprints.unassign, SUBSCRIPTION, ("golden",)),
    "make a management group": lambda lab: (
        ManagementGroups.create,
        f"{MANAGED}/lower",
        (f"{MANAGED}/upper",),
    ),
    "move the subscription": lambda lab: (
        ManagementGroups.add_subscription,
        f"{MANAGED}/upper",
        (SUBSCRIPTION,),
    ),
    "set a policy": lambda lab: (VaultAccess.set_policy, lab.vault, (rita(lab), {"secrets": ["get"]})),
    "change a policy": lambda lab: (
        VaultAccess.set_policy,
        lab.vault,
        (workspace(lab).identity_id, {"secrets": ["get"]}),
    ),
    "remove a policy": lambda lab: (VaultAccess.remove_policy, lab.vault, (workspace(lab).identity_id,)),
    "create a workspace": lambda lab: (
        ResourceManager.put,
        f"{OTHER_GROUP}/providers/{TYPE}/new",
        ("westus2",),
    ),
    "create a compute target": lambda lab: (
        ResourceManager.put,
        f"{lab.workspace}/computes/new",
        ("eastus",),
    ),
    "delete a compute target": lambda lab: (ResourceManager.delete, f"{lab.workspace}/computes/prod", ()),
    "delete the cluster": lambda lab: (
        ResourceManager.delete,
        f"{GROUP}/providers/Microsoft.ContainerService/managedClusters/prod",
        (),
    ),
    "delete the vault": lambda lab: (ResourceManager.delete, lab.vault, ()),
    "delete the workspace": lambda lab: (ResourceManager.delete, lab.workspace, ()),
    "delete the group": lambda lab: (ResourceManager.delete, GROUP, ()),
    "register": lambda lab: (Models.register, lab.workspace, ("churn", b"newer")),
    "submit a run": lambda lab: (Runs.submit, lab.workspace, ("night", lab.cluster, print)),
    "make a snapshot": lambda lab: (Snapshots.create, lab.workspace, ({"a.py": b""},)),
    "submit an automated run": lambda lab: (
        AutomatedML.submit,
        lab.workspace,
        ("night", lab.cluster, "workspaceblobstore", "a/b.csv", "y"),
    ),
    "build an image": lambda lab: (
        ContainerRegistry.build,
        workspace(lab).depends_on["registry"],
        ("mine:latest", b"recipe"),
    ),
    "save a notebook": lambda lab: (Notebooks.save, lab.workspace, ("a.ipynb", "{}")),
    "create an image": lambda lab: (Images.create, lab.workspace, ("scorer", "churn")),
    "deploy to ACI": lambda lab: (WebServices.deploy_aci, lab.workspace, ("new", "churn")),
    "deploy to AKS": lambda lab: (WebServices.deploy_aks, lab.workspace, ("new", "churn", "prod")),
    "run a container": lambda lab: (
        Kubernetes.deploy,
        f"{GROUP}/providers/Microsoft.ContainerService/managedClusters/prod",
        (f"{lab.workspace}/on-aks", "evil:1"),
    ),
    "push over an image": lambda lab: (
        ContainerRegistry.push,
        dependency(lab, "registry").id,
        (workspace(lab).own("scorer:1"), b"evil"),
    ),
    "attach data": lambda lab: (DataStores.attach, lab.workspace, ("sales", "AccountKey=x")),
    "set a run secret": lambda lab: (RunSecrets.put, lab.workspace, ("api", "x")),
    "upgrade": lambda lab: (Editions.upgrade, lab.workspace, ()),
    "register a provider": lambda lab: (
        ProviderRegistration.register,
        SUBSCRIPTION,
        ("Microsoft.DocumentDB",),
    ),
    "unregister a provider": lambda lab: (
        ProviderRegistration.unregister,
        SUBSCRIPTION,
        ("Microsoft.Databricks",),
    ),
    "register a feature": lambda lab: (Features.register, SUBSCRIPTION, (COSMOS_KEYS,)),
}


@pytest.mark.parametrize("name", CALLS)
def test_what_was_done_is_taken_back(lab: Lab, name: str) -> None:
    op, target, arguments = CALLS[name](lab)
    owner = lab.sign_in("olivia").bearer
    before = everything(lab)
    with pytest.raises(Conflict, match="Half way"):
        lab.ask("olivia", Halfway.go, lab.workspace, owner, op, target, owner, arguments)
    assert everything(lab) == before
    # And it would have changed something.
    lab.ask("olivia", op, target, owner, *arguments)
    assert everything(lab) != before


def test_a_resync_is_taken_back(lab: Lab) -> None:
    row = permissions(workspace(lab))[1]
    revoke(lab, "ml-example", row.role, row.scope)
    owner, before = lab.sign_in("olivia").bearer, everything(lab)
    with pytest.raises(Conflict):
        lab.ask("olivia", Halfway.go, lab.workspace, owner, Resync.resync, lab.workspace, owner, ())
    assert everything(lab) == before


@pytest.mark.parametrize("name", ["new", "old"])
def test_what_was_written_to_storage_and_vault_is_taken_back(lab: Lab, name: str) -> None:
    owner = lab.sign_in("olivia").bearer
    for role, audience, op, value in (
        ("storage", STORAGE, BlobStorage.put, b"2"),
        ("vault", KEY_VAULT, KeyVault.set_secret, "2"),
    ):
        target = dependency(lab, role)
        lab.ask(
            "olivia",
            VaultAccess.set_policy,
            lab.vault,
            owner,
            lab.people["olivia"].object_id,
            {"secrets": ["all"]},
        )
        lab.ask(
            "olivia",
            Authorization.assign,
            target.id,
            owner,
            "Storage Blob Data Contributor",
            lab.people["olivia"].object_id,
        )
        cred = lab.sign_in("olivia", resource=audience).bearer
        lab.ask("olivia", op, target.id, cred, "old", value[:0])
        before = everything(lab)
        with pytest.raises(Conflict):
            lab.ask(
                "olivia",
                Halfway.go,
                lab.workspace,
                lab.sign_in("olivia").bearer,
                op,
                target.id,
                cred,
                (name, value),
            )
        assert everything(lab) == before
