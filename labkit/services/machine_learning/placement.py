"""Where a compute target stands, so that its calls come from there. Statement net-compute-vnet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labkit.authenticators.platform import Platform
from labkit.core.errors import BadRequest, brief
from labkit.core.operation import Call
from labkit.core.resource import Resource, Resources
from labkit.network.places import INTERNET
from labkit.services.kubernetes import KubernetesCluster
from labkit.services.machine_learning.compute import INSTANCE, ComputeCluster
from labkit.services.machine_learning.private_link import check_instance
from labkit.services.machine_learning.workspace import Workspace
from labkit.services.virtual_network import subnet_of

SUBNET = "subnet"


def put_in_place(
    call: Call[ComputeCluster], properties: Mapping[str, Any], resources: Resources, platform: Platform
) -> None:
    """A managed one stands in the subnet that it names, or at a public address; a machine that is attached
    stands where it stood before. Raises BadRequest, and Forbidden for whoever may not join the subnet."""
    target = call.target
    target.network = place_of(resources.get(target.machine)) if target.machine else INTERNET
    if target.machine and SUBNET in properties:
        raise BadRequest(
            "A machine that is attached stands where it is.",
            presented=f"{SUBNET}: {brief(properties[SUBNET], 160)}",
            required="nothing: the machine itself names its subnet when it is created",
        )
    if SUBNET in properties:
        target.subnet = target.network = subnet_of(call, platform, properties[SUBNET])
    if target.compute_type == INSTANCE:
        workspace = resources.find(target.workspace_id)
        assert isinstance(workspace, Workspace)
        check_instance(workspace)


def place_of(machine: Resource | None) -> str:
    """The network that a machine's own programs call from."""
    if isinstance(machine, KubernetesCluster):
        return machine.subnet or INTERNET
    return machine.network if machine is not None else INTERNET
