"""Whom a resource lets in, by the network that a call comes from: a firewall, and private endpoints."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from labkit.network.places import (
    AZURE_ML,
    RESOURCE_MANAGER,
    TRUSTED,
    place,
    said,
    said_whole,
    virtual_network,
)

ALLOW, DENY = "Allow", "Deny"
# More than these are counted, and not named.
_NAMED = 4


@dataclass(frozen=True)
class NetworkRules:
    """The rules of one resource. Resource Manager always comes through: what it changes is not the data that
    a firewall stands in front of.

    default    ALLOW or DENY: what holds at the public endpoint for whom no rule names
    subnets    subnets (`places.place`) that a rule lets in, each by itself
    services   networks of Azure's own services that are let in
    endpoints  private endpoints, as (id in lower case, virtual network): the whole network is let in
    closes     whether the first private endpoint closes the public one. It does so for a workspace (statement
               net-private-link), and not for a storage account:
               https://learn.microsoft.com/azure/storage/common/storage-private-endpoints
    """

    default: str = ALLOW
    subnets: frozenset[str] = frozenset()
    services: frozenset[str] = frozenset()
    endpoints: frozenset[tuple[str, str]] = field(default=frozenset())
    closes: bool = False

    @property
    def public(self) -> bool:
        """Whether it answers anybody at its public endpoint."""
        return self.default == ALLOW and not (self.closes and self.endpoints)

    @property
    def virtual_networks(self) -> frozenset[str]:
        """Those that have a private endpoint of it."""
        return frozenset(inside for _, inside in self.endpoints)

    def admits(self, network: str) -> bool:
        """Whether a call that comes from there is let in."""
        if self.public or network == RESOURCE_MANAGER or network in self.services:
            return True
        return network in self.subnets or virtual_network(network) in self.virtual_networks

    @property
    def required(self) -> str:
        """Where a call has to come from, in words."""
        named = [
            *map(said_whole, sorted(self.virtual_networks)),
            *map(said, sorted(self.subnets | self.services)),
        ]
        more = [f"{len(named) - _NAMED} more"] if len(named) > _NAMED else []
        return " or ".join(named[:_NAMED] + more) or "a network that a rule lets in, and there is none"

    def advice(self, network: str) -> str:
        """What helps whoever was refused who asked from there."""
        if network in TRUSTED:
            return 'whoever may write the resource lets services in with bypass: "AzureServices"'
        if self.subnets or self.endpoints:
            return "ask from a machine in that network, or get connected to it: lab.connect(who, subnet_id)"
        return "whoever may write the resource can let a virtual network in"

    def linked(self, endpoint: str, subnet: str) -> NetworkRules:
        """With a private endpoint that lies in a subnet."""
        one = (endpoint.lower(), virtual_network(place(subnet)))
        return replace(self, endpoints=self.endpoints | {one})

    def unlinked(self, endpoint: str) -> NetworkRules:
        """Without that private endpoint."""
        left = frozenset(one for one in self.endpoints if one[0] != endpoint.lower())
        return replace(self, endpoints=left)


# The IP filter of a cluster of high business impact: no service but Azure ML calls the batch pool that the
# cluster is underneath. Statement enc-hbi-effects.
ONLY_AZURE_ML = NetworkRules(DENY, services=frozenset({AZURE_ML}))


def within(subnet: str, *services: str) -> NetworkRules:
    """What is inside of a virtual network: it is reached from all of that network, and by these services."""
    inside = virtual_network(place(subnet))
    return NetworkRules(DENY, services=frozenset(services), endpoints=frozenset({("", inside)}))
