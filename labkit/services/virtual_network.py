"""Virtual networks, their subnets, and joining them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, runtime_checkable

from labkit.authenticators.platform import Forwarded, Platform
from labkit.core.errors import BadRequest, Conflict, brief
from labkit.core.operation import Call, Op, operation
from labkit.core.resource import Resource, Resources
from labkit.network.places import place
from labkit.services.management_plane import ManagementPlane, ResourceManagerEndpoint
from labkit.services.resource_id import name_of, parent_of, resource_type

TYPE = "Microsoft.Network/virtualNetworks"
SUBNET_TYPE = f"{TYPE}/subnets"


@dataclass(eq=False)
class VirtualNetwork(Resource):
    """A network of the customer's own, in one region."""

    service: ClassVar[str] = "Virtual Network"


@dataclass(eq=False)
class Subnet(Resource):
    """A part of one: what stands in it is known by the subnet that its calls come from."""

    service: ClassVar[str] = "Subnet"

    @property
    def parent(self) -> str:
        """The id of the virtual network."""
        return parent_of(self.id)


@runtime_checkable
class Joined(Protocol):
    """What can stand in a subnet: `subnet` is that one's id as a place, "" for none."""

    id: str
    name: str
    subnet: str


class InvalidResourceReference(BadRequest):
    """What a property names is not there, or not where it has to be."""

    # https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/error-invalid-resource
    fixed_code: ClassVar[str] = "InvalidResourceReference"


class InUse(Conflict):
    """Something stands in it."""

    # https://learn.microsoft.com/azure/virtual-network/virtual-network-troubleshoot-cannot-delete-vnet
    fixed_code: ClassVar[str] = "InUseSubnetCannotBeDeleted"


def standing_in(resources: Resources, subnet_id: str) -> list[str]:
    """The names of what stands in a subnet."""
    wanted = place(subnet_id)
    return [one.name for one in resources if isinstance(one, Joined) and one.subnet == wanted]


def check_free(resources: Resources, subnet_id: str) -> None:
    """Raises InUse."""
    if users := standing_in(resources, subnet_id):
        raise InUse(
            "The subnet is in use and cannot be deleted.",
            presented=", ".join(users[:5]),
            required="nothing that stands in it",
            advice="delete these first",
        )


class VirtualNetworks(ManagementPlane):
    """What it takes to put something into a subnet. The target is the subnet.
    https://learn.microsoft.com/azure/virtual-network/virtual-network-manage-subnet#permissions"""

    def __init__(self, endpoint: ResourceManagerEndpoint, resources: Resources) -> None:
        super().__init__(endpoint)
        self._resources = resources

    def targets(self, resources: Resources) -> Iterator[str]:
        return (one.id for one in resources if isinstance(one, Subnet))

    def _found(self, call: Call[ResourceManagerEndpoint]) -> Subnet:
        found = self._resources.get(call.scope)
        if not isinstance(found, Subnet):
            raise InvalidResourceReference(
                "There is no such subnet.",
                presented=brief(call.scope, 200),
                required=f"the id of one of {SUBNET_TYPE}",
                advice="make the virtual network first, with the subnet in it",
            )
        return found

    @operation("Join subnet", action=f"{SUBNET_TYPE}/join/action", accepts=(Forwarded,))
    def join(self, call: Call[ResourceManagerEndpoint], id: str, region: str) -> str:
        """Lets a resource (its id) of a region stand in the subnet. Returns the subnet's place. Raises
        InvalidResourceReference for a subnet that is not there, or is in another subscription or region."""
        subnet = self._found(call)
        same = subnet.id.split("/")[2].lower() == id.split("/")[2].lower()
        if not same or subnet.region != region:
            raise InvalidResourceReference(
                "The virtual network is in another region or subscription.",
                presented=f"{name_of(subnet.parent)} in {subnet.region}",
                required=f"{region}, and the subscription of {brief(id, 160)}",
            )
        return place(subnet.id)

    @operation(
        "Join subnet via service endpoint",
        action=f"{SUBNET_TYPE}/joinViaServiceEndpoint/action",
        accepts=(Forwarded,),
    )
    def join_via_service_endpoint(
        self, call: Call[ResourceManagerEndpoint], id: str = "", region: str = ""
    ) -> str:
        """Lets a rule name the subnet, of whichever region. Returns its place. Raises
        InvalidResourceReference."""
        # assumption: service-endpoints
        return place(self._found(call).id)


def subnet_of(
    call: Call[Any],
    platform: Platform,
    given: object,
    op: Op[[str, str], str] = VirtualNetworks.join,
    name: str = "id",
    extra: frozenset[str] = frozenset(),
) -> str:
    """The place of the subnet that a property names, `{"id": ...}`, which the caller has to be allowed to
    join. Raises BadRequest, and Forbidden."""
    id = given.get(name) if type(given) is dict and given.keys() <= {name} | extra else None
    if type(id) is not str or not _is_subnet(id):
        raise BadRequest(
            "That is no subnet.",
            presented=brief(given, 200),
            required=f'{{"{name}": the id of one of {SUBNET_TYPE}}}',
            advice='the id of a virtual network, and "/subnets/" and the name behind it',
        )
    return call.ask(op, id, platform.forward(call.identity), call.target.id, call.target.region)


def _is_subnet(id: str) -> bool:
    try:
        return resource_type(id).lower() == SUBNET_TYPE.lower()
    except BadRequest:
        return False
