"""How machines of the customer's own are put into a virtual network. Statement net-compute-vnet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labkit.authenticators.platform import Platform
from labkit.core.errors import BadRequest, brief
from labkit.core.operation import Call
from labkit.network.places import AZURE_ML, INTERNET
from labkit.network.rules import DENY, NetworkRules, within
from labkit.services.kubernetes import KubernetesCluster
from labkit.services.virtual_machine import VirtualMachine
from labkit.services.virtual_network import subnet_of

SUBNET = "subnet"
# https://learn.microsoft.com/rest/api/aks/managed-clusters/create-or-update
POOLS, POOL_SUBNET = "agentPoolProfiles", "vnetSubnetID"
API_SERVER, PRIVATE = "apiServerAccessProfile", "enablePrivateCluster"


def put_machine(call: Call[VirtualMachine], platform: Platform, properties: Mapping[str, Any]) -> None:
    """A machine calls from its subnet, and is reached from that one's network and by Azure ML; without one
    it calls from a public address, and answers there. Raises BadRequest, and Forbidden."""
    machine = call.target
    machine.network = INTERNET
    if SUBNET in properties:
        # A network interface of its own stands between the two at Azure.  # assumption: machine-in-subnet
        machine.subnet = machine.network = subnet_of(call, platform, properties[SUBNET])
        machine.firewall = within(machine.subnet, AZURE_ML)


def stand(call: Call[KubernetesCluster], platform: Platform, properties: Mapping[str, Any]) -> None:
    """The same for a Kubernetes cluster. Its API server is reached from everywhere, unless it is a private
    cluster. Raises BadRequest, and Forbidden."""
    cluster = call.target
    if POOLS in properties:
        pools = properties[POOLS]
        if type(pools) is not list or len(pools) != 1:
            raise BadRequest(
                "The lab's clusters have one node pool.",
                presented=brief(pools, 160),
                required=f'{POOLS}: [{{"{POOL_SUBNET}": the id of a subnet}}]',
            )
        cluster.subnet = subnet_of(call, platform, pools[0], name=POOL_SUBNET, extra=frozenset({"name"}))
    cluster.private = _private(properties.get(API_SERVER))
    if cluster.private:
        cluster.firewall = within(cluster.subnet) if cluster.subnet else NetworkRules(DENY)


def _private(given: object) -> bool:
    if given is None:
        return False
    wanted = given.get(PRIVATE) if type(given) is dict and given.keys() == {PRIVATE} else None
    if type(wanted) is not bool:
        raise BadRequest(
            "That is no access to an API server.",
            presented=f"{API_SERVER}: {brief(given, 160)}",
            required=f'{{"{PRIVATE}": true or false}}',
        )
    return wanted
