"""How Resource Manager creates and deletes private endpoints."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from labkit.authenticators.platform import Platform
from labkit.core.errors import BadRequest, brief
from labkit.core.operation import Call
from labkit.core.resource import Resource, Resources
from labkit.network.rules import NetworkRules
from labkit.providers.firewalls import present
from labkit.services import key_vault, registry, storage
from labkit.services.machine_learning import workspace
from labkit.services.machine_learning.private_link import RULES, check_other, check_workspace
from labkit.services.machine_learning.workspace import Workspace
from labkit.services.private_endpoint import PrivateEndpoint
from labkit.services.resource_id import group_of, name_of, resource_type
from labkit.services.resource_manager import Provider, ResourceManager
from labkit.services.virtual_network import InvalidResourceReference, subnet_of

SUBNET, CONNECTIONS, TO = "subnet", "privateLinkServiceConnections", "privateLinkServiceId"
GROUPS = "groupIds"
# What can have one in the lab, and the parts of it that Azure knows. In the lab one endpoint leads to all of
# them (assumption: endpoint-to-all).
# https://learn.microsoft.com/azure/private-link/private-endpoint-overview#private-link-resource
KNOWN: Mapping[str, tuple[str, ...]] = {
    workspace.TYPE: ("amlworkspace",),
    storage.TYPE: ("blob", "file"),
    key_vault.TYPE: ("vault",),
    registry.TYPE: ("registry",),
}
_FORM = f'"{SUBNET}": {{"id": ...}}, "{CONNECTIONS}": [{{"{TO}": the id of one of {", ".join(KNOWN)}}}]'


class PrivateEndpoints:
    """Who makes one has to be allowed to write what it leads to, and it is then approved at once:
    https://learn.microsoft.com/azure/storage/common/storage-private-endpoints. Statement net-private-link."""

    def __init__(self, resources: Resources, platform: Platform) -> None:
        self._resources = resources
        self._platform = platform

    @property
    def provider(self) -> Provider:
        """What Resource Manager calls."""
        return Provider(_make, self._created, self._deleted)

    def _created(self, call: Call[PrivateEndpoint], properties: Mapping[str, Any]) -> dict[str, Any]:
        if left := properties.keys() - {SUBNET, CONNECTIONS}:
            raise _refuse(", ".join(sorted(left)))
        to = _connection(properties.get(CONNECTIONS))
        endpoint = call.target
        endpoint.subnet = subnet_of(call, self._platform, properties.get(SUBNET))
        endpoint.connects = call.ask(ResourceManager.link, to, self._platform.forward(call.identity))
        target = self._resources.find(endpoint.connects)
        if isinstance(target, Workspace):
            check_workspace(target, self._resources)
        else:
            check_other(target, self._resources)
        _set(call, target, _rules(target).linked(endpoint.id, endpoint.subnet))
        return {}

    def _deleted(self, call: Call[PrivateEndpoint]) -> None:
        """What it led to may be gone meanwhile, or be another one that knows nothing of this endpoint."""
        target = self._resources.get(call.target.connects)
        before = target.firewall if target is not None else None
        if target is not None and isinstance(before, NetworkRules):
            _set(call, target, before.unlinked(call.target.id))


def _make(id: str, region: str) -> Resource:
    host = f"{name_of(id)}.{name_of(group_of(id))}.privateendpoint.azure.example"
    return PrivateEndpoint(id, name_of(id), host, region)


def _rules(target: Resource) -> NetworkRules:
    found = target.firewall
    if isinstance(found, NetworkRules):
        return found
    return RULES if isinstance(target, Workspace) else present(target)


def _set(call: Call[Any], target: Resource, rules: NetworkRules) -> None:
    call.undo(partial(setattr, target, "firewall", target.firewall))
    target.firewall = rules


def _connection(given: object) -> str:
    one = given[0] if type(given) is list and len(given) == 1 else None
    to = one.get(TO) if type(one) is dict and one.keys() <= {"name", GROUPS, TO} else None
    if type(one) is not dict or type(to) is not str:
        raise _refuse(brief(given, 200))
    parts = next((KNOWN[known] for known in KNOWN if known.lower() == resource_type(to).lower()), None)
    if parts is None:
        raise InvalidResourceReference(
            "The lab has no private link to this type.",
            presented=brief(resource_type(to), 120),
            required=" or ".join(KNOWN),
        )
    groups = one.get(GROUPS, [*parts])
    if type(groups) is not list or not groups or any(group not in parts for group in groups):
        raise BadRequest(
            "A private endpoint leads to a part that the resource has.",
            presented=f"{GROUPS}: {brief(groups, 120)}",
            required=" or ".join(parts),
        )
    return to


def _refuse(presented: str) -> BadRequest:
    return BadRequest(
        "A private endpoint stands in a subnet and leads to one resource.",
        presented=brief(presented, 200),
        required=_FORM,
    )
