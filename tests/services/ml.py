"""What the tests of Azure ML's services ask of a lab, and how they see that a refusal changed nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from types import SimpleNamespace
from typing import Any

import pytest

from labkit.azure import Models, ResourceManager, WebServices
from labkit.core.credential import Bearer
from labkit.core.errors import Refusal
from labkit.core.operation import Op
from labkit.core.secret import Secret
from labkit.furniture import SUBSCRIPTION
from labkit.lab import Lab
from labkit.services.authorization import Authorization
from labkit.services.key_vault import Vault
from labkit.services.machine_learning.web_services import WebService
from labkit.services.machine_learning.workspace import Workspace

GROUP = f"{SUBSCRIPTION}/resourceGroups/your-resource-group-name"
OTHER_GROUP = f"{SUBSCRIPTION}/resourceGroups/your-resource-group-id"
CLUSTERS = "providers/Microsoft.ContainerService/managedClusters"
MACHINE = f"{GROUP}/providers/Microsoft.Compute/virtualMachines/box"
MACHINE_PASSWORD = "correct horse battery"
WEIGHTS = b"weights of the churn model"


def ask(lab: Lab, who: str, op: Op[..., Any], *args: Any) -> Any:
    """Somebody asks something of the lab's workspace."""
    return lab.ask(who, op, lab.workspace, lab.sign_in(who).bearer, *args)


def workspace(lab: Lab) -> Workspace:
    found = lab.resources.find(lab.workspace)
    assert isinstance(found, Workspace)
    return found


def dependency(lab: Lab, role: str) -> Any:
    """The storage account, vault or registry of the workspace."""
    return lab.resources.find(workspace(lab).depends_on[role])


def secret(vault: Vault, name: str) -> str:
    """The newest value under a name, read without asking anybody."""
    value: Secret = vault.secrets.live[name.lower()][-1].material
    return value.reveal()


def _seat(lab: Lab, store: Any) -> Any:
    """What a disk sees of a call, for those who have not come through the door."""
    return SimpleNamespace(target=store, now=lab.clock.now, undo=lambda step: None)


def _disk(store: Any) -> Any:
    return next(iter(store.disks()))


def kept(lab: Lab, role: str, name: str) -> bytes:
    """What the workspace's storage account or registry keeps under a name, decrypted."""
    store = dependency(lab, role)
    return bytes(_disk(store).read(_seat(lab, store), name))


def keep(lab: Lab, role: str, name: str, data: bytes) -> None:
    """Puts something there, past the door."""
    store = dependency(lab, role)
    _disk(store).write(_seat(lab, store), name, data)


def model_at(lab: Lab, endpoint: Any) -> bytes:
    """The model that an endpoint scores with, decrypted."""
    return bytes(endpoint.disk.read(_seat(lab, endpoint), f"{endpoint.folder}model"))


def revoke(lab: Lab, principal: str, role: str, scope: str) -> None:
    """The owner takes a role back that somebody has at this very scope."""
    owner = lab.sign_in("olivia").bearer
    found = [
        one["id"]
        for one in lab.ask("olivia", Authorization.assignments, scope, owner)
        if (one["principalName"], one["roleDefinitionName"]) == (principal, role)
        and one["scope"].lower() == scope.lower()
    ]
    assert found, f"{principal} is no {role} at {scope}"
    for id in found:
        lab.ask("olivia", Authorization.unassign, id, owner)


def share(lab: Lab, principal_id: str, role: str, scope: str) -> None:
    """The owner gives somebody a role."""
    lab.ask("olivia", Authorization.assign, scope, lab.sign_in("olivia").bearer, role, principal_id)


def state(lab: Lab) -> Any:
    """All that the resources of the subscription hold, and what Resource Manager shows of them. What was
    reported to Application Insights or noted of a workspace is not counted: what was refused is there too."""
    held = {
        one.id: {
            name: deepcopy(value) for name, value in vars(one).items() if name not in ("reports", "watched")
        }
        for one in lab.resources
        if one.id.startswith("/subscriptions/")
    }
    return held, deepcopy(lab.parts.arm.documents)


@contextmanager
def unchanged(lab: Lab) -> Iterator[None]:
    """Whatever happens in it changes nothing."""
    before = state(lab)
    yield
    assert state(lab) == before


def refused(lab: Lab, refusal: type[Refusal], who: str, op: Op[..., Any], *args: Any) -> Refusal:
    """The refusal of a call on the workspace that has to be refused and to leave everything as it was."""
    with unchanged(lab), pytest.raises(refusal) as caught:
        ask(lab, who, op, *args)
    return caught.value


def attach_cluster(lab: Lab, name: str = "prod", region: str = "eastus", group: str = GROUP) -> str:
    """A Kubernetes cluster, attached to the workspace under its own name. Returns the cluster's id."""
    owner, cluster = lab.sign_in("olivia").bearer, f"{group}/{CLUSTERS}/{name}"
    lab.ask("olivia", ResourceManager.put, cluster, owner, region)
    attach(lab, "olivia", name, {"computeType": "AKS", "resourceId": cluster})
    return cluster


def make_machine(lab: Lab, id: str = MACHINE, region: str = "westus2") -> str:
    """A virtual machine with an account. Returns its id."""
    profile = {"osProfile": {"adminUsername": "ann", "adminPassword": MACHINE_PASSWORD}}
    lab.ask("carl", ResourceManager.put, id, lab.sign_in("carl").bearer, region, profile)
    return id


def machine_account(**login: str) -> dict[str, Any]:
    """How somebody attaches that machine, with its password if not with something else."""
    account = {"username": "ann", **(login or {"password": MACHINE_PASSWORD})}
    return {
        "computeType": "VirtualMachine",
        "resourceId": MACHINE,
        "properties": {"administratorAccount": account},
    }


def attach(lab: Lab, who: str, name: str, properties: dict[str, Any]) -> Any:
    """Somebody attaches a compute target, or creates one."""
    id, token = f"{lab.workspace}/computes/{name}", lab.sign_in(who).bearer
    return lab.ask(who, ResourceManager.put, id, token, "eastus", properties)


def deploy(lab: Lab, name: str, kind: str, auth: str) -> WebService:
    """A web service of the churn model, registered anew each time."""
    ask(lab, "carl", Models.register, "churn", WEIGHTS)
    if kind == "aci":
        return lab.ask("carl", WebServices.deploy_aci, *_at(lab), name, "churn", auth == "key")
    if "prod" not in workspace(lab).computes:
        attach_cluster(lab)
    return lab.ask(
        "carl", WebServices.deploy_aks, *_at(lab), name, "churn", "prod", auth == "key", auth == "token"
    )


def _at(lab: Lab) -> tuple[str, Bearer]:
    return lab.workspace, lab.sign_in("carl").bearer
