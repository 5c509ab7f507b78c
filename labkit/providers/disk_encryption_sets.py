"""How Resource Manager creates, changes and deletes a disk encryption set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from labkit.core.errors import BadRequest, Conflict, brief
from labkit.core.operation import Call
from labkit.core.resource import Resource
from labkit.providers.stores import Makings
from labkit.services.disk_encryption_set import TYPE, DiskEncryptionSet
from labkit.services.encryption import CustomerKey
from labkit.services.key_address import FORM, check_vault, key_at
from labkit.services.kubernetes import KubernetesCluster
from labkit.services.resource_id import group_of, name_of, resource_type
from labkit.services.resource_manager import Provider, ResourceManager, may_change

KEY, IDENTITY = "activeKey", "identity"


class DiskEncryptionSets:
    """A set has a managed identity of its own. It is let into the vault after the set is there, and before a
    disk is put under its key. Statement enc-aks-cmk."""

    def __init__(self, with_: Makings) -> None:
        self._with = with_

    @property
    def provider(self) -> Provider:
        """What Resource Manager calls."""
        return Provider(self._make, self._created, self._deleted, changed=self._changed)

    def _make(self, id: str, region: str) -> Resource:
        host = f"{name_of(id)}.{name_of(group_of(id))}.diskencryptionset.azure.example"
        return DiskEncryptionSet(id, name_of(id), host, region, tenant_id=self._with.tenant_id)

    def _created(self, call: Call[DiskEncryptionSet], properties: Mapping[str, Any]) -> dict[str, Any]:
        one, directory = call.target, self._with.directory
        key = self._key(call, properties.get(KEY))
        call.undo(directory.as_it_is())
        one.identity_id = directory.add_managed_identity(one.name, one.id).object_id
        one.key = replace(key, identity_id=one.identity_id)
        return {
            IDENTITY: {
                "type": "SystemAssigned",
                "principalId": one.identity_id,
                "tenantId": one.tenant_id,
            }
        }

    def _key(self, call: Call[DiskEncryptionSet], given: object) -> CustomerKey:
        """Its version is named, and stays until somebody names another one. Raises BadRequest."""
        if type(given) is not dict or set(given) != {"sourceVault", "keyUrl"}:
            raise BadRequest(
                "A disk encryption set has a key.",
                presented=brief(given, 160),
                required=f'{KEY}: {{"sourceVault": {{"id": the vault\'s id}}, "keyUrl": "{FORM}"}}',
            )
        source = given["sourceVault"]
        vault = source.get("id") if type(source) is dict else source
        key = key_at("keyUrl", given["keyUrl"], call.target.identity_id, version=True)
        as_caller = self._with.platform.forward(call.identity)
        check_vault(call, as_caller, "sourceVault", vault, key, above=call.target.id)
        return key

    def _changed(self, call: Call[DiskEncryptionSet], changes: Mapping[str, Any]) -> None:
        """Another key, or another version: the disks that it is for go over to that at once."""
        one = call.target
        may_change(KEY)(call, changes)
        if KEY in changes:
            key, before = self._key(call, changes[KEY]), one.key
            for cluster in self._used_by(one):
                cluster.account_key.give(call, key)
            call.undo(lambda: setattr(one, "key", before))
            one.key = key

    def _deleted(self, call: Call[DiskEncryptionSet]) -> None:
        used_by = [cluster.name for cluster in self._used_by(call.target)]
        if used_by:
            raise Conflict(
                "The disk encryption set is in use: without it these disks could not be read.",
                presented=", ".join(used_by),
                advice="delete them first",
            )
        call.undo(self._with.directory.as_it_is())
        self._with.directory.remove_principal(call.target.identity_id)

    def _used_by(self, one: DiskEncryptionSet) -> Iterator[KubernetesCluster]:
        for found in self._with.resources:
            if isinstance(found, KubernetesCluster) and found.encryption_set.lower() == one.id.lower():
                yield found

    def of(self, call: Call[KubernetesCluster], id: object) -> DiskEncryptionSet:
        """The set of this id, for disks of a cluster in its region and subscription. Raises BadRequest and
        NotFound."""
        if type(id) is not str or resource_type(id).lower() != TYPE.lower():
            raise BadRequest("That is no disk encryption set.", presented=brief(id, 160), required=TYPE)
        cluster = call.target
        call.ask(ResourceManager.get, id, self._with.platform.forward(call.identity))
        found = self._with.resources.find(id)
        assert isinstance(found, DiskEncryptionSet)
        same = found.id.split("/")[2].lower() == cluster.id.split("/")[2].lower()
        if found.region != cluster.region or not same:
            raise BadRequest(
                "The disk encryption set is in another region or subscription than the cluster.",
                presented=f"{found.name} in {found.region}",
                required=cluster.region,
            )
        return found
