"""How Resource Manager creates, changes and deletes virtual networks and their subnets."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from labkit.authenticators.platform import Platform
from labkit.core.errors import BadRequest, brief
from labkit.core.operation import Call
from labkit.core.resource import Resource, Resources
from labkit.network.places import place
from labkit.providers.firewalls import without_subnet
from labkit.services.management_plane import ResourceManagerEndpoint
from labkit.services.resource_id import group_of, name_of, parent_of
from labkit.services.resource_manager import Provider, ResourceManager, may_change
from labkit.services.virtual_network import SUBNET_TYPE, Subnet, VirtualNetwork, check_free

SUBNETS = "subnets"
_FORM = '"subnets": [{"name": "default"}, ...]'
# https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,78}[A-Za-z0-9_])?")
_MOST = 3000


class VirtualNetworksProvider:
    """Subnets are a property of their network and resources of their own: both ways to make one and to take
    one away lead to the same. There are no addresses (assumption: no-addresses)."""

    def __init__(self, endpoint: ResourceManagerEndpoint, resources: Resources, platform: Platform) -> None:
        self._platform = platform
        self._documents = endpoint.documents
        self._resources = resources

    @property
    def networks(self) -> Provider:
        """What Resource Manager calls for a network."""
        return Provider(_network, self._created, changed=self._changed)

    @property
    def subnets(self) -> Provider:
        """What it calls for a subnet."""
        return Provider(_subnet, self._subnet_created, self._subnet_deleted)

    def _created(self, call: Call[VirtualNetwork], properties: Mapping[str, Any]) -> dict[str, Any]:
        if left := properties.keys() - {SUBNETS}:
            raise _refuse(sorted(left))
        return {SUBNETS: self._set(call, properties.get(SUBNETS, []))}

    def _changed(self, call: Call[VirtualNetwork], changes: Mapping[str, Any]) -> dict[str, Any]:
        may_change(SUBNETS)(call, changes)
        return {SUBNETS: self._set(call, changes[SUBNETS])} if changes else {}

    def _set(self, call: Call[VirtualNetwork], given: object) -> list[dict[str, str]]:
        """Makes the network have these subnets and no others. Raises BadRequest, and InUse."""
        names, network = _names(given), call.target
        wanted = {_id(network.id, name).lower() for name in names}
        for one in self._parts(network):
            if one.id.lower() not in wanted:
                call.ask(ResourceManager.delete, one.id, self._platform.forward(call.identity))
        for name in names:
            if self._resources.get(_id(network.id, name)) is None:
                self._add(call, network, name)
        return [{"name": name} for name in names]

    def _parts(self, network: VirtualNetwork) -> list[Subnet]:
        return [
            one
            for one in self._resources
            if isinstance(one, Subnet) and one.parent.lower() == network.id.lower()
        ]

    def _add(self, call: Call[Any], network: VirtualNetwork, name: str) -> None:
        subnet = _subnet(_id(network.id, name), network.region)
        call.undo(partial(self._resources.remove, subnet))
        self._resources.add(subnet)
        document = {
            "id": subnet.id,
            "name": name,
            "type": SUBNET_TYPE,
            "location": network.region,
            "properties": {},
        }
        self._put(call, subnet.id, document)

    def _put(self, call: Call[Any], id: str, document: dict[str, Any]) -> None:
        """Resource Manager shows it like this from now on."""
        key, documents = id.lower(), self._documents
        before = documents.get(key)
        call.undo(lambda: documents.pop(key, None) if before is None else documents.update({key: before}))
        documents[key] = document

    def _subnet_created(self, call: Call[Subnet], properties: Mapping[str, Any]) -> dict[str, Any]:
        subnet, network = call.target, self._resources.find(call.target.parent)
        if properties:
            raise _refuse(sorted(properties))
        if subnet.region != network.region:
            raise BadRequest(
                "A subnet is where its network is.", presented=subnet.region, required=network.region
            )
        _names([{"name": subnet.name}])
        self._list(call, lambda names: [*names, subnet.name])
        return {}

    def _subnet_deleted(self, call: Call[Subnet]) -> None:
        gone = call.target.name.lower()
        check_free(self._resources, call.target.id)
        for id, document in without_subnet(call, self._resources, self._documents, call.target.id):
            self._put(call, id, document)
        self._list(call, lambda names: [one for one in names if one.lower() != gone])

    def _list(self, call: Call[Subnet], change: Callable[[list[str]], list[str]]) -> None:
        """Changes what the network shows of its subnets."""
        network = call.target.parent
        shown = self._documents[network.lower()]
        names = change([one["name"] for one in shown["properties"][SUBNETS]])
        properties = {**shown["properties"], SUBNETS: [{"name": one} for one in names]}
        self._put(call, network, {**shown, "properties": properties})


def _network(id: str, region: str) -> Resource:
    host = f"{name_of(id)}.{name_of(group_of(id))}.virtualnetwork.azure.example"
    return VirtualNetwork(id, name_of(id), host, region)


def _subnet(id: str, region: str) -> Subnet:
    network = parent_of(id)
    host = f"{name_of(id)}.{name_of(network)}.{name_of(group_of(id))}.subnet.azure.example"
    return Subnet(id, name_of(id), host, region, network=place(id))


def _id(network: str, name: str) -> str:
    return f"{network}/{SUBNETS}/{name}"


def _names(given: object) -> list[str]:
    if type(given) is not list or len(given) > _MOST:
        raise BadRequest(f"{SUBNETS} is a list.", presented=brief(given, 120), required=_FORM)
    names: list[str] = []
    for one in given:
        name = one.get("name") if type(one) is dict and one.keys() == {"name"} else None
        if type(name) is not str or not _NAME.fullmatch(name):
            raise BadRequest("That is no subnet.", presented=brief(one, 120), required=_FORM)
        names.append(name)
    if len({name.lower() for name in names}) < len(names):
        raise BadRequest("Two subnets have the same name.", presented=", ".join(names)[:120])
    return names


def _refuse(names: list[str]) -> BadRequest:
    return BadRequest(
        "The lab's virtual networks have subnets, and nothing else.",
        presented=brief(", ".join(names), 120),
        required=_FORM,
    )
