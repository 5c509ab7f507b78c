"""Management groups: what lies above subscriptions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from labkit.access.assignment import RoleAssignment
from labkit.access.errors import InvalidScope
from labkit.access.rbac import RoleAssignments
from labkit.access.scope import MANAGEMENT_GROUPS, ROOT, check_scope, management_group
from labkit.authenticators.platform import Forwarded, Platform
from labkit.core.credential import Bearer
from labkit.core.entropy import Entropy
from labkit.core.errors import BadRequest, Conflict, NotFound, brief
from labkit.core.operation import Call, operation
from labkit.core.resource import Resources
from labkit.services.management_plane import ManagementPlane, ResourceManagerEndpoint
from labkit.services.resource_id import name_of

_TYPE = "Microsoft.Management/managementGroups"
Endpoint = Call[ResourceManagerEndpoint]


def _check_parent(parent: str = "") -> None:
    if parent and not parent.lower().startswith(f"{MANAGEMENT_GROUPS}/".lower()):
        raise BadRequest("A parent is a management group.", presented=brief(parent, 120))


class ManagementGroups(ManagementPlane):
    """The target is the id of a management group. The uppermost one has the tenant's id as its name."""

    roots: ClassVar[tuple[str, ...]] = (f"{MANAGEMENT_GROUPS}/", "/subscriptions/")

    def __init__(
        self, endpoint: ResourceManagerEndpoint, platform: Platform, roles: RoleAssignments, entropy: Entropy
    ) -> None:
        super().__init__(endpoint)
        self._platform = platform
        self._roles = roles
        self._entropy = entropy
        self.root = management_group(endpoint.tenant_id)
        endpoint.management_groups[self.root.lower()] = {"id": self.root}

    def targets(self, resources: Resources) -> Iterator[str]:
        return (one["id"] for one in self._endpoint.management_groups.values())

    def _known(self, id: str) -> str:
        found = self._endpoint.management_groups.get(id.lower())
        if found is None:
            raise NotFound("There is no such management group.", presented=brief(id, 120))
        return str(found["id"])

    @operation("Create management group", accepts=(Bearer, Forwarded), parse=_check_parent)
    def create(self, call: Endpoint, parent: str = "") -> None:
        """Makes a management group below `parent`, which takes the right to write that one, or below the
        root. Anybody in the tenant may, and becomes its Owner: Azure's default. Raises InvalidScope, NotFound
        or Conflict."""
        id = check_scope(call.scope)
        if not id.lower().startswith(f"{MANAGEMENT_GROUPS}/".lower()):
            # Whoever made a group of a subscription would own it.
            raise InvalidScope(
                "That is no management group.", presented=id, required=f"{MANAGEMENT_GROUPS}/…"
            )
        groups, above = self._endpoint.management_groups, self._known(parent or self.root)
        self._ask_write(call, above)
        if id.lower() in groups:
            raise Conflict("The management group exists.", presented=id)
        owner = self._roles.definitions.find("Owner")  # assumption: management-group-makers
        held = RoleAssignment(
            self._entropy.uuid(f"management group/{id.lower()}"),
            call.identity.object_id,
            owner.id,
            id,
            call.identity.name,
        )
        call.undo(self._roles.add(held, call.now))
        call.undo(self._roles.hierarchy.place(id, above))
        call.undo(lambda: groups.pop(id.lower()))
        groups[id.lower()] = {"id": id}

    def _ask_write(self, call: Endpoint, group: str) -> None:
        """Whoever takes something into a management group, or out of it, writes it; into the root and out of
        it anybody may."""
        if group.lower() not in (self.root.lower(), ROOT):
            call.ask(ManagementGroups.change, group, self._platform.forward(call.identity))

    @operation("Change management group", action=f"{_TYPE}/write", accepts=(Forwarded,))
    def change(self, call: Endpoint) -> None:
        """Asked of the group that something is taken into or out of. Raises NotFound."""
        self._known(call.scope)

    @operation("Add subscription", action=f"{_TYPE}/subscriptions/write", accepts=(Bearer, Forwarded))
    def add_subscription(self, call: Endpoint, subscription: str) -> None:
        """Moves a subscription into the management group. Takes write on this group and on the one that it
        was in, and the right to assign roles in the subscription, since whoever holds a role above will hold
        it there. Raises InvalidScope, NotFound or BadRequest."""
        above, subscription = self._known(call.scope), check_scope(subscription)
        call.ask(ManagementGroups.move, subscription, self._platform.forward(call.identity))
        self._ask_write(call, above)
        self._ask_write(call, self._roles.hierarchy.parent(subscription))
        call.undo(self._roles.hierarchy.place(subscription, above))

    @operation(
        "Move subscription", action="Microsoft.Authorization/roleAssignments/write", accepts=(Forwarded,)
    )
    def move(self, call: Endpoint) -> None:
        """Asked of the subscription that is moved. Raises BadRequest for what is none."""
        if call.scope.lower() not in self._endpoint.documents or call.scope.count("/") != 2:
            raise BadRequest("That is no subscription.", presented=name_of(call.scope))
