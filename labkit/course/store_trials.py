"""Every store that keeps data at rest, tried: something is put into it, read again, and looked for on the
disk."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from labkit.access.errors import RoleAssignmentExists
from labkit.authenticators.service_key import ServiceKey
from labkit.authenticators.shared_key import SharedKey
from labkit.core.credential import Anonymous
from labkit.core.errors import BadInput
from labkit.core.operation import Op, P, R
from labkit.course.key_scene import OWNER, address, let_in, put
from labkit.furniture import CLUSTER, GROUPS, REGION, SUBSCRIPTION, workspace_id
from labkit.identity.first_party import CONTAINER_INSTANCES, COSMOS
from labkit.lab import Lab
from labkit.services import databricks, kubernetes
from labkit.services.authorization import Authorization
from labkit.services.azure_ad import ARM, DATABRICKS
from labkit.services.databricks import Databricks
from labkit.services.disk_encryption_set import TYPE as ENCRYPTION_SETS
from labkit.services.key_vault import KeyVersion
from labkit.services.machine_learning.models import Models
from labkit.services.machine_learning.permissions import PROVIDER_APP
from labkit.services.machine_learning.runs import Runs
from labkit.services.machine_learning.scoring import Scoring
from labkit.services.machine_learning.web_services import WebServices
from labkit.services.machine_learning.workspace import TYPE as WORKSPACES
from labkit.services.machine_learning.workspace import Workspace
from labkit.services.provider_registration import COSMOS_KEYS, Features, ProviderRegistration
from labkit.services.registry import ContainerRegistry
from labkit.services.resource_id import name_of
from labkit.services.storage import BlobStorage, FileStorage, StorageAccount
from labkit.stores import (
    BLOBS,
    CLUSTER_DATA,
    CLUSTER_OS,
    COMPUTE_OS,
    COMPUTE_TEMPORARY,
    CONTAINERS,
    DBFS,
    FILES,
    IMAGES,
    OWN_RUN_HISTORY,
    RUN_HISTORY,
)

# What is put into each of them, and looked for. A name of an experiment can be no other text.
TEXT = "patient-4711"
_GROUP = f"{SUBSCRIPTION}/resourceGroups/{GROUPS[0]}/providers"


class NotPossible(BadInput):
    """There is no way even to ask for it."""

    code = "NotPossible"


@dataclass(frozen=True)
class InUse:
    """A store with TEXT in it. `read` gets it back through the service and raises what the door raises; None
    where there is no service to ask. `medium` begins the names of the disks that it lies on."""

    read: Callable[[], object] | None
    medium: str


@dataclass(frozen=True)
class Wish:
    """How it is to be kept: with which key of olivia's (None for what there is without), in which of her
    vaults that is, and whether the workspace is one of high business impact. Where the vault's region makes a
    difference, the rest is there too. `edition` is that of a new workspace, "" for the one that it takes, and
    `kubernetes` the version of a new cluster."""

    key: KeyVersion | None
    vault: str
    hbi: bool = False
    edition: str = ""
    kubernetes: str = "1.17.0"


# Raises what the door raises.
Begin = Callable[[Lab, Wish], InUse]


def _asked(lab: Lab, op: Op[P, R], target: str, *args: P.args, **kwargs: P.kwargs) -> R:
    return lab.ask(OWNER, op, target, lab.sign_in(OWNER, resource=ARM).bearer, *args, **kwargs)


def account(lab: Lab, id: str = "") -> StorageAccount:
    """A storage account by its id, or that of the lab's workspace."""
    found = lab.resources.find(id or lab.storage)
    assert isinstance(found, StorageAccount)
    return found


def signed(lab: Lab, at: StorageAccount, op: Op[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
    """Somebody with the account's access key asks it. Raises what the door raises."""
    request = op.request(at.id, args, kwargs)
    cred = SharedKey.sign(at.name, at.access_keys["key1"], request, lab.clock.now)
    return lab.ask("somebody", op, at.id, cred, *args, **kwargs)


def _identify(lab: Lab, store: str, vault: str) -> None:
    """Gives a store an identity that may use the keys of the workspace's vault."""
    shown = put(lab, store, {"identity": {"type": "SystemAssigned"}})
    let_in(lab, shown["identity"]["principalId"], vault=vault)


def _encrypt_account(lab: Lab, wish: Wish) -> None:
    if wish.key is not None:
        _identify(lab, lab.storage, wish.vault)
        wanted = {"keyname": wish.key.name, "keyvaulturi": address(wish.vault)}
        put(
            lab,
            lab.storage,
            {"encryption": {"keySource": "Microsoft.Keyvault", "keyvaultproperties": wanted}},
        )


def _blobs(lab: Lab, wish: Wish) -> InUse:
    _encrypt_account(lab, wish)
    at = account(lab)
    signed(lab, at, BlobStorage.put, "data/rows.csv", TEXT.encode())
    return InUse(lambda: signed(lab, at, BlobStorage.get, "data/rows.csv"), f"{at.name}, blobs")


def _files(lab: Lab, wish: Wish) -> InUse:
    _encrypt_account(lab, wish)
    at = account(lab)
    signed(lab, at, FileStorage.put, "share/rows.csv", TEXT.encode())
    return InUse(lambda: signed(lab, at, FileStorage.get, "share/rows.csv"), f"{at.name}, files")


def _images(lab: Lab, wish: Wish) -> InUse:
    workspace = lab.resources.find(lab.workspace)
    assert isinstance(workspace, Workspace)
    registry = workspace.depends_on["registry"]
    if wish.key is not None:
        _identify(lab, registry, wish.vault)
        wanted = {"keyIdentifier": f"{address(wish.vault)}/keys/{wish.key.name}", "identity": "system"}
        put(lab, registry, {"encryption": {"status": "enabled", "keyVaultProperties": wanted}})
    _asked(lab, ContainerRegistry.push, registry, "rows:1", TEXT.encode())
    return InUse(lambda: _asked(lab, ContainerRegistry.pull, registry, "rows:1"), name_of(registry))


def _script(context: Any) -> None:
    context.stage("rows.csv", TEXT.encode())


def _submit(lab: Lab, workspace: str) -> Callable[[], object]:
    """A run whose experiment has TEXT for its name. Returns how to read it in the run history."""
    run = _asked(lab, Runs.submit, workspace, TEXT, CLUSTER, _script)
    return lambda: _asked(lab, Runs.get, workspace, run.run_id).experiment


def _history(lab: Lab, wish: Wish) -> InUse:
    if wish.key is not None:
        raise NotPossible("Nobody can give the account that all customers share a key of their own.")
    return InUse(_submit(lab, lab.workspace), f"azureml-{REGION}")


def _own_history(lab: Lab, wish: Wish) -> InUse:
    if wish.key is None:
        raise NotPossible("Without a key of one's own there is no account of one's own.")
    request_own_cosmos(lab)
    workspace = workspace_id(GROUPS[0], "ml-own")
    cosmos = lab.directory.principal_of(COSMOS.client_id)
    assert cosmos is not None
    let_in(lab, cosmos.object_id, vault=wish.vault)
    region = lab.resources.find(wish.vault).region
    edition = {"edition": wish.edition or "Enterprise"} if lab.release.editions else {}
    named = {"resource_cmk_uri": wish.key.key_id, "cmk_keyvault": wish.vault}
    put(lab, workspace, named | edition, region)
    put(lab, f"{workspace}/computes/{CLUSTER}", region=region)
    found = lab.resources.find(workspace)
    assert isinstance(found, Workspace)
    return InUse(_submit(lab, workspace), name_of(found.history))


def request_own_cosmos(lab: Lab) -> None:
    """What has to be done in a subscription before a workspace can have an account of its own for its run
    history, as far as it is not a matter of the workspace. Raises what the door raises."""
    for namespace in ("Microsoft.MachineLearningServices", "Microsoft.DocumentDB"):
        _asked(lab, ProviderRegistration.register, lab.subscription, namespace)
    _asked(lab, Features.register, lab.subscription, COSMOS_KEYS)
    provider = lab.directory.principal_of(PROVIDER_APP)
    assert provider is not None
    with suppress(RoleAssignmentExists):
        _asked(lab, Authorization.assign, lab.subscription, "Contributor", provider.object_id)


def _model(lab: Lab) -> None:
    _asked(lab, Models.register, lab.workspace, "rows", TEXT.encode())


def _scored(lab: Lab, address: str, cred: Any) -> Callable[[], object]:
    return lambda: lab.ask("client", Scoring.score, address, cred, "[1]")


def _containers(lab: Lab, wish: Wish) -> InUse:
    _model(lab)
    vault, name, version = None, None, None
    if wish.key is not None:
        _asked(lab, ProviderRegistration.register, lab.subscription, "Microsoft.ContainerInstance")
        instances = lab.directory.principal_of(CONTAINER_INSTANCES.client_id)
        assert instances is not None
        let_in(lab, instances.object_id, vault=wish.vault)
        vault, name, version = address(wish.vault), wish.key.name, wish.key.version
    service = _asked(
        *(lab, WebServices.deploy_aci, lab.workspace, "rows", "rows"),
        cmk_vault_base_url=vault,
        cmk_key_name=name,
        cmk_key_version=version,
    )
    return InUse(_scored(lab, service.address, Anonymous()), "rows-")


def _cluster(lab: Lab, wish: Wish, which: str) -> InUse:
    _model(lab)
    machine = f"{_GROUP}/{kubernetes.TYPE}/disks"
    properties = {"kubernetesVersion": wish.kubernetes} if wish.key is not None else {}
    if wish.key is not None:
        disks = f"{_GROUP}/{ENCRYPTION_SETS}/disks"
        source = {"sourceVault": {"id": wish.vault}, "keyUrl": wish.key.key_id}
        shown = put(lab, disks, {"activeKey": source})
        let_in(lab, shown["identity"]["principalId"], vault=wish.vault)
        properties["diskEncryptionSetID"] = disks
    put(lab, machine, properties)
    put(lab, f"{lab.workspace}/computes/aks", {"computeType": "AKS", "resourceId": machine})
    service = _asked(lab, WebServices.deploy_aks, lab.workspace, "rows", "rows", "aks")
    primary, _ = _asked(lab, WebServices.get_aks_keys, lab.workspace, "rows")
    return InUse(_scored(lab, service.address, ServiceKey(primary.reveal())), f"disks, {which}")


def _root(lab: Lab, wish: Wish) -> InUse:
    bricks = f"{_GROUP}/{databricks.TYPE}/bricks"
    shown = put(lab, bricks, {"prepareEncryption": True})
    if wish.key is not None:
        let_in(lab, shown["storageAccountIdentity"]["principalId"], vault=wish.vault)
        key, at = wish.key, address(wish.vault)
        named = {"KeyVaultUri": at, "KeyName": key.name, "keyversion": key.version}
        put(lab, bricks, {"encryption": {"keySource": "Microsoft.Keyvault", **named}})

    def ask(op: Op[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        return lab.ask(OWNER, op, bricks, lab.sign_in(OWNER, resource=DATABRICKS).bearer, *args, **kwargs)

    ask(Databricks.put, "/rows.csv", TEXT.encode())
    return InUse(lambda: ask(Databricks.read, "/rows.csv"), "bricks")


def _node(lab: Lab, wish: Wish) -> str:
    """A run on a node of a subscription in which there was no cluster before. Returns the cluster's name."""
    group = f"{lab.open_subscription('clinic')}/resourceGroups/clinic"
    put(lab, group)
    workspace = f"{group}/providers/{WORKSPACES}/clinic"
    put(lab, workspace, {"hbiWorkspace": True} if wish.hbi else None)
    encryption = {"diskEncryptionSetID": wish.key.key_id} if wish.key else None
    put(lab, f"{workspace}/computes/gpu", encryption)
    _asked(lab, Runs.submit, workspace, TEXT, "gpu", _script)
    lab.work(f"{workspace}/computes/gpu")
    return "gpu of clinic, node-1, "


def _os_disk(lab: Lab, wish: Wish) -> InUse:
    return InUse(None, f"{_node(lab, wish)}OS")


def _temporary_disk(lab: Lab, wish: Wish) -> InUse:
    return InUse(None, f"{_node(lab, wish)}temporary")


TRIALS: Mapping[str, Begin] = {
    BLOBS: _blobs,
    FILES: _files,
    IMAGES: _images,
    RUN_HISTORY: _history,
    OWN_RUN_HISTORY: _own_history,
    CONTAINERS: _containers,
    CLUSTER_OS: partial(_cluster, which="OS"),
    CLUSTER_DATA: partial(_cluster, which="data"),
    COMPUTE_OS: _os_disk,
    COMPUTE_TEMPORARY: _temporary_disk,
    DBFS: _root,
}
