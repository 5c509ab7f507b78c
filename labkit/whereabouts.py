"""From where the calls of people come."""

from __future__ import annotations

from labkit.core.errors import BadInput, brief
from labkit.core.resource import Component, Resource, Resources
from labkit.network.places import INTERNET, place
from labkit.services.machine_learning.compute import ComputeCluster
from labkit.services.virtual_network import SUBNET_TYPE, Subnet


class Whereabouts:
    """Everybody is on the internet who is not connected to a subnet. It takes no right to connect
    (assumption: vpn-for-anybody)."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self._subnets: dict[str, Subnet] = {}

    def connect(self, who: str, subnet_id: object) -> None:
        """Puts somebody into a subnet. Raises BadInput."""
        if self._compute_target(who) is not None:
            raise BadInput(
                "A compute target stands where it was put.",
                presented=brief(who),
                required="the name of somebody",
                advice="name its subnet when it is created",
            )
        found = self._resources.get(subnet_id) if type(subnet_id) is str else None
        if not isinstance(found, Subnet):
            known = [one.id for one in self._resources if isinstance(one, Subnet)]
            raise BadInput(
                "The lab has no such subnet.",
                presented=brief(subnet_id, 200),
                required=" or ".join(known[:3]) or f"the id of one of {SUBNET_TYPE}: there is none yet",
                advice='its id is that of its virtual network, and "/subnets/" and its name behind it',
            )
        self._subnets[who] = found

    def disconnect(self, who: str) -> None:
        """Takes them out. Raises BadInput."""
        if who not in self._subnets:
            raise BadInput(
                "Nobody of that name is connected.",
                presented=brief(who),
                required=", ".join(self._subnets) or "nobody is",
            )
        del self._subnets[who]

    def component(self, caller: str) -> Component:
        """Who asks under this name: a compute target, or somebody at a computer."""
        target = self._compute_target(caller)
        return target.component if target is not None else Component(caller, network=self._network(caller))

    def _compute_target(self, name: str) -> Resource | None:
        found = (one for one in self._resources if one.name == name and isinstance(one, ComputeCluster))
        return next(found, None)

    def _network(self, who: str) -> str:
        subnet = self._subnets.get(who)
        # Who was connected to a subnet that is gone is connected to nothing.
        still = subnet is not None and self._resources.get(subnet.id) is subnet
        return place(subnet.id) if subnet is not None and still else INTERNET
