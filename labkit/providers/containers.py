"""How Resource Manager creates and changes what containers run on: container groups, clusters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from labkit.core.errors import BadRequest, brief
from labkit.core.operation import Call
from labkit.core.resource import Resource
from labkit.identity.first_party import CONTAINER_INSTANCES
from labkit.providers.disk_encryption_sets import DiskEncryptionSets
from labkit.providers.machines import stand
from labkit.providers.stores import Lives, Makings
from labkit.services.azure_ad import ARM
from labkit.services.container_instances import ContainerGroup, DiskNotEncrypted
from labkit.services.customer_keys import customer_key
from labkit.services.encryption import CustomerKey, disk
from labkit.services.kubernetes import KubernetesCluster, version_of
from labkit.services.resource_id import group_of, name_of
from labkit.services.resource_manager import Provider
from labkit.stores import CLUSTER_DATA, CLUSTER_OS, CONTAINERS, NO_KEY

Deleted = Callable[[Call[Any]], None]
ENCRYPTION = "encryptionProperties"
# https://learn.microsoft.com/azure/container-instances/container-instances-encrypt-data
_PARTS = ("vaultBaseUrl", "keyName", "keyVersion")
VERSION, ENCRYPTION_SET = "kubernetesVersion", "diskEncryptionSetID"
# What a cluster has that nobody has said a version for.  # assumption: kubernetes-default
DEFAULT_VERSION = "1.14.8"
# From which version on its disks can be under a customer's key. Statement enc-aks-cmk.
KEYS_FROM = (1, 17, 0)


def container_groups(with_: Makings, deleted: Deleted) -> Provider:
    """The provider of container groups. Statements enc-aci-none, enc-aci-cmk."""
    kind, lives = with_.kinds[CONTAINERS], Lives()

    def make(id: str, region: str) -> Resource:
        name, key = name_of(id), None if kind.key == NO_KEY else with_.key(CONTAINERS)
        # Names are unique in their group, and the type tells a machine from a container of that name.
        host = f"{name}.{name_of(group_of(id))}.containerinstances.azure.example"
        return ContainerGroup(
            *(id, name, host, region),
            tenant_id=with_.tenant_id,
            account_key=key,
            disk=disk(kind, f"{name}, container group", key),
        )

    def created(call: Call[ContainerGroup], properties: Mapping[str, Any]) -> dict[str, Any]:
        key, given = call.target.account_key, properties.get(ENCRYPTION)
        if given is not None and not kind.customer_key:
            raise DiskNotEncrypted(
                "Container Instances does not support disk encryption.",
                presented=f"{ENCRYPTION}: {brief(given)}",
                required="no encryption",
                advice="where it is needed, deploy to Azure Kubernetes Service",
            )
        if key is not None:
            key.begin(lives.next(call), with_.entropy)
            if given is not None:
                key.give(call, _group_key(with_, given))
        return {}

    return Provider(make, created, deleted)


def _group_key(with_: Makings, given: object) -> CustomerKey:
    """Container Instances itself asks the vault: it is the same for all container groups."""
    if type(given) is not dict or set(given) != set(_PARTS) or not given["keyVersion"]:
        missing = [part for part in _PARTS if type(given) is not dict or not given.get(part)]
        raise BadRequest(
            f"Of the key {' and '.join(missing) or 'something else'} is missing.",
            presented=brief(given, 160),
            required=", ".join(_PARTS),
        )
    if CONTAINER_INSTANCES.principal(with_.directory) is None:
        raise BadRequest(
            f"{CONTAINER_INSTANCES.name} has no service principal in the tenant, so no vault can let it in.",
            required=f"one for the application {CONTAINER_INSTANCES.client_id}",
            advice="register Microsoft.ContainerInstance again: it comes with that",
        )
    uri, name, version = (given[part] for part in _PARTS)
    return customer_key(uri, name, version, CONTAINER_INSTANCES.client_id)


class KubernetesClusters:
    """Statement enc-aks-cmk."""

    def __init__(self, with_: Makings, sets: DiskEncryptionSets, deleted: Deleted) -> None:
        self._with = with_
        self._sets = sets
        self._deleted = deleted
        self._lives = Lives()

    @property
    def provider(self) -> Provider:
        """What Resource Manager calls."""
        return Provider(self._make, self._created, self._deleted, changed=self._changed)

    def _make(self, id: str, region: str) -> Resource:
        name, kinds, key = name_of(id), self._with.kinds, self._with.key(CLUSTER_OS)
        return KubernetesCluster(
            *(id, name, f"{name}.{name_of(group_of(id))}.{region}.azmk8s.io", region),
            tenant_id=self._with.tenant_id,
            audience=ARM,
            account_key=key,
            os_disks=disk(kinds[CLUSTER_OS], f"{name}, OS disks", key),
            data_disks=disk(kinds[CLUSTER_DATA], f"{name}, data disks", key),
        )

    def _created(self, call: Call[KubernetesCluster], properties: Mapping[str, Any]) -> dict[str, Any]:
        cluster = call.target
        cluster.account_key.begin(self._lives.next(call), self._with.entropy)
        cluster.version = properties.get(VERSION, DEFAULT_VERSION)
        version_of(cluster.version)
        stand(call, self._with.platform, properties)
        if ENCRYPTION_SET in properties:
            self._encrypt(call, cluster.version, properties[ENCRYPTION_SET])
        return {VERSION: cluster.version}

    def _changed(self, call: Call[KubernetesCluster], changes: Mapping[str, Any]) -> None:
        """A newer version, or a disk encryption set: at any time, as the documents say."""
        # assumption: cluster-key-any-time
        cluster = call.target
        for name in changes:
            if name not in (VERSION, ENCRYPTION_SET):
                raise BadRequest(
                    f"The property {brief(name)} of {cluster.name} cannot be changed.",
                    presented=brief(changes[name]),
                    required=f"{VERSION} or {ENCRYPTION_SET}",
                )
        before, wanted = cluster.version, changes.get(VERSION, cluster.version)
        if version_of(wanted) < version_of(before):
            raise BadRequest("A cluster goes to no older version.", presented=wanted, required=before)
        call.undo(lambda: setattr(cluster, "version", before))
        cluster.version = wanted
        if ENCRYPTION_SET in changes:
            self._encrypt(call, wanted, changes[ENCRYPTION_SET])

    def _encrypt(self, call: Call[KubernetesCluster], version: str, set_id: object) -> None:
        if version_of(version) < KEYS_FROM:
            raise BadRequest(
                "Disks of a cluster can be under a customer's key from Kubernetes 1.17 on.",
                presented=f"{VERSION}: {version}",
                required="1.17 or a later one",
                advice="without a disk encryption set they are under Microsoft's key",
            )
        cluster, before = call.target, call.target.encryption_set
        found = self._sets.of(call, set_id)
        cluster.account_key.give(call, found.key)
        call.undo(lambda: setattr(cluster, "encryption_set", before))
        cluster.encryption_set = found.id
