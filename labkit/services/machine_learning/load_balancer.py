"""Whether the web services of an attached Kubernetes cluster answer at a public address or at a private one.
Statement net-private-link-limits."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from labkit.core.errors import BadRequest, brief
from labkit.core.operation import Call
from labkit.core.resource import Resources
from labkit.network.places import virtual_network
from labkit.network.rules import NetworkRules, within
from labkit.services.kubernetes import KubernetesCluster
from labkit.services.machine_learning.compute import ComputeCluster
from labkit.services.resource_id import name_of
from labkit.services.virtual_network import Subnet

# https://learn.microsoft.com/python/api/azureml-core/azureml.core.compute.aks.aksupdateconfiguration
KIND, SUBNET = "loadBalancerType", "loadBalancerSubnet"
PUBLIC, INTERNAL = "PublicIp", "InternalLoadBalancer"


def balance(call: Call[ComputeCluster], given: Mapping[str, Any], resources: Resources) -> None:
    """Gives the cluster the load balancer that a compute target names, if it names one: at once, and for all
    that runs there (assumption: one-load-balancer). Raises BadRequest."""
    wanted = {name: given[name] for name in (KIND, SUBNET) if name in given}
    if not wanted:
        return
    cluster = resources.get(call.target.machine)
    if not isinstance(cluster, KubernetesCluster):
        raise _refuse(wanted, "a compute target of type AKS")
    kind = wanted.get(KIND, INTERNAL if not cluster.balancer.rules.public else PUBLIC)
    if kind not in (PUBLIC, INTERNAL):
        raise _refuse(wanted, f"{KIND}: {PUBLIC} or {INTERNAL}")
    if kind == INTERNAL:
        _check_subnet(cluster, wanted, resources)
    elif SUBNET in wanted:
        raise _refuse(wanted, f"{SUBNET} with {KIND}: {INTERNAL} alone")
    balancer = cluster.balancer
    call.undo(partial(setattr, balancer, "rules", balancer.rules))
    balancer.rules = within(cluster.subnet) if kind == INTERNAL else NetworkRules()


def _check_subnet(cluster: KubernetesCluster, wanted: Mapping[str, Any], resources: Resources) -> None:
    """The balancer stands in the cluster's own subnet, or in another one of the same network."""
    if not cluster.subnet:
        raise _refuse(wanted, f"a cluster in a virtual network, which {cluster.name} is not")
    name = wanted.get(SUBNET, name_of(cluster.subnet))
    inside = virtual_network(cluster.subnet)
    if type(name) is not str or not isinstance(resources.get(f"{inside}/subnets/{name}"), Subnet):
        raise _refuse(wanted, f"{SUBNET}: the name of a subnet of {name_of(inside)}")


def _refuse(wanted: Mapping[str, Any], required: str) -> BadRequest:
    return BadRequest(
        "The web services of the cluster cannot be reached like this.",
        presented=brief(dict(wanted), 160),
        required=required,
    )
