"""How Azure ML makes the clusters that it manages, and gives them nodes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

from labkit.authenticators.platform import ManagedIdentity, Platform
from labkit.core.clock import Clock
from labkit.core.entropy import Entropy
from labkit.core.operation import Call
from labkit.core.resource import Resources
from labkit.core.secret import Secret
from labkit.network.rules import ONLY_AZURE_ML
from labkit.services import storage
from labkit.services.azure_ad import KEY_VAULT, AzureAD
from labkit.services.encryption import AccountKey, Disk, disk
from labkit.services.key_vault import KeyVault
from labkit.services.machine_learning.compute import MANAGED, ComputeCluster, Job
from labkit.services.machine_learning.disks import NodeStorage, check_disks
from labkit.services.machine_learning.high_business_impact import Passed, ScratchEncryption
from labkit.services.machine_learning.nodes import Node, in_place, scale_of
from labkit.services.machine_learning.ssh_keys import SshVaults
from labkit.services.machine_learning.workspace import Workspace
from labkit.services.resource_id import name_of
from labkit.stores import COMPUTE_OS, COMPUTE_TEMPORARY, MICROSOFT, MICROSOFT_SUBSCRIPTION, StoreKind

# assumption: node-storage
_GROUP = f"{MICROSOFT_SUBSCRIPTION}/resourceGroups/compute"


class Clusters:
    """Everything that happens to a managed cluster on Azure ML's side. `kinds` are those of the lab's
    release; `ssh_vaults` have what opens attached machines."""

    def __init__(
        self,
        resources: Resources,
        platform: Platform,
        entropy: Entropy,
        kinds: Mapping[str, StoreKind],
        clock: Clock,
        ssh_vaults: SshVaults,
    ) -> None:
        self.scratch = ScratchEncryption()
        self.ssh_vaults = ssh_vaults
        self._resources = resources
        self._platform = platform
        self._entropy = entropy
        self._kinds = kinds
        self._clock = clock
        self._made: Counter[str] = Counter()

    @property
    def resources(self) -> Resources:
        """Where clusters, and what they depend on, are looked up."""
        return self._resources

    def now(self) -> int:
        """The present moment."""
        return self._clock.now

    def check(self, properties: Mapping[str, Any]) -> None:
        """Raises DiskEncryptionNotSupported."""
        check_disks(self._kinds, properties)

    def created(self, call: Call[ComputeCluster], properties: Mapping[str, Any]) -> None:
        """Completes a cluster that was made known to its workspace. Attached machines are left as they are.
        Raises BadRequest."""
        cluster = call.target
        if cluster.compute_type != MANAGED:
            return
        self.check(properties)
        cluster.scale = scale_of(properties)
        id, workspace = cluster.id.lower(), self.workspace(cluster)
        call.undo(partial(self._made.update, {id: -1}))
        self._made[id] += 1
        cluster.life = f"{id}/{self._made[id]}"
        cluster.hbi = workspace.hbi
        self.scratch.cluster_made(call, cluster.hbi)
        self._storage(call, cluster.region)
        cluster.ssh = self._ssh(call, workspace)
        cluster.firewall = ONLY_AZURE_ML if cluster.hbi else None

    def workspace(self, cluster: ComputeCluster) -> Workspace:
        """The one that a cluster belongs to. Raises UnknownHost once it is deleted."""
        workspace = self._resources.find(cluster.workspace_id)
        assert isinstance(workspace, Workspace)
        return workspace

    def certificate(self, workspace: Workspace) -> ManagedIdentity:
        """What a node proves with that it asks as the workspace (assumption: node-identity)."""
        return self._platform.certificate(workspace.identity_id)

    def _ssh(self, call: Call[ComputeCluster], workspace: Workspace) -> Passed:
        """The password of the nodes' SSH account, which Azure ML makes up (assumption: node-ssh)."""
        name = workspace.own(f"ssh/{call.target.name}")
        value = self._entropy.text(f"{call.target.life}/ssh")
        if not call.target.hbi:
            return Passed(name, Secret(value))
        certificate = self.certificate(workspace)
        token = call.ask(AzureAD.token, workspace.tenant_id, certificate, KEY_VAULT).access_token.bearer
        call.ask(KeyVault.set_secret, workspace.depends_on["vault"], token, name, value)
        return Passed(name, None)

    def _storage(self, call: Call[Any], region: str) -> None:
        """Azure ML's own account in a region, which comes with the first cluster there."""
        id = _storage_id(region)
        if self._resources.get(id) is not None:
            return
        name, key = f"amlnodes{region}", AccountKey(self._kinds[COMPUTE_OS], self._platform)
        key.begin(id.lower(), self._entropy)
        host = f"{name}.{storage.BLOB_HOST}"
        account = NodeStorage(
            *(id, name, host, region, MICROSOFT),
            account_key=key,
            os_disks=lambda: self._os_disks(region),
        )
        call.undo(lambda: self._resources.remove(account))
        self._resources.add(account)

    def _os_disks(self, region: str) -> Iterator[Disk]:
        for one in self._resources:
            node = one.present() if isinstance(one, ComputeCluster) and one.region == region else None
            if node is not None:
                yield node.os_disk

    @contextmanager
    def taken_up(self, cluster: ComputeCluster, job: Job) -> Iterator[Node]:
        """The node that carries out a job meanwhile. Whoever interrupts it finds the job waiting again."""
        node = self._begin(cluster, job.run_id)
        try:
            with waiting_again(cluster, job):
                yield node
        finally:
            self._end(cluster, node)

    def _begin(self, cluster: ComputeCluster, run_id: str) -> Node:
        """The node that takes up a run: the one that is there, or a new one. In a workspace of high business
        impact its temporary disk is cleaned before (assumption: scratch-cleaned)."""
        node, call = cluster.present(), in_place(cluster, self.now())
        if node is None:
            node = cluster.node = self._provisioned(cluster)
        elif cluster.hbi and not node.running:
            for name in node.temporary_disk.names():
                node.temporary_disk.remove(call, name)
        node.running += 1
        node.os_disk.write(call, f"{node.name}/var/log/{run_id}", f"{run_id} begins\n".encode())
        return node

    def _end(self, cluster: ComputeCluster, node: Node) -> None:
        """A run has ended on a node. If no other waits it is idle from now on."""
        node.running -= 1
        if not node.running and not cluster.jobs:
            node.idle_since = self.now()

    def _provisioned(self, cluster: ComputeCluster) -> Node:
        # assumption: one-node
        cluster.provisioned += 1
        name = f"node-{cluster.provisioned}"
        full = f"{cluster.name} of {name_of(cluster.workspace_id)}, {name}"
        account = self._resources.find(_storage_id(cluster.region))
        assert isinstance(account, NodeStorage)
        kind, key = self._kinds[COMPUTE_TEMPORARY], None
        if cluster.hbi and kind.hbi_key and self.scratch.on(cluster.id):
            kind = replace(kind, key=kind.hbi_key)
            key = AccountKey(kind, self._platform)
            key.begin(f"{cluster.life}/node/{cluster.provisioned}", self._entropy)
        os_disk = disk(account.account_key.kind, f"{full}, OS disk", account.account_key)
        return Node(name, os_disk, disk(kind, f"{full}, temporary disk", key))


@contextmanager
def waiting_again(cluster: ComputeCluster, job: Job) -> Iterator[None]:
    """A job that is interrupted in it goes back to the head of the queue."""
    try:
        yield
    except BaseException as end:
        if not isinstance(end, Exception):
            cluster.jobs.insert(0, job)
        raise


def _storage_id(region: str) -> str:
    return f"{_GROUP}/providers/{storage.TYPE}/amlnodes{region}"


def list_nodes(call: Call[ComputeCluster], body: Mapping[str, Any]) -> dict[str, Any]:
    """The POST action listNodes: the nodes that there are, and whose key encrypts each of their disks. What
    is said of the disks is the lab's own (assumption: node-list)."""
    node = call.target.present()
    if node is None:
        return {"nodes": []}
    shown = {"nodeId": node.name, "nodeState": "running" if node.running else "idle"}
    return {"nodes": [shown | {"osDisk": _shown(node.os_disk), "temporaryDisk": _shown(node.temporary_disk)}]}


def _shown(one: Disk) -> dict[str, Any]:
    return {"encryptedBy": one.key.owner if one.key else one.kind.key, "subscription": one.kind.subscription}
