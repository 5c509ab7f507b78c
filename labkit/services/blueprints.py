"""Azure Blueprints, as far as their locks go: what made deny assignments in 2020."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import partial

from labkit.access.deny import EVERYONE, DenyAssignment
from labkit.access.rbac import RoleAssignments
from labkit.access.scope import check_scope
from labkit.authenticators.platform import Forwarded
from labkit.core.credential import Bearer
from labkit.core.entropy import Entropy
from labkit.core.errors import BadRequest, Conflict, NotFound, brief
from labkit.core.identity import within
from labkit.core.operation import Call, operation
from labkit.services.management_plane import ManagementPlane, ResourceManagerEndpoint

_TYPE = "Microsoft.Blueprint/blueprintAssignments"
# What a lock denies, and what it leaves, by the documentation of 2020 (azure-docs, resource-locking.md).
LOCKS = {"AllResourcesReadOnly": (("*",), ("*/read",)), "AllResourcesDoNotDelete": (("*/delete",), ())}
_MOST_EXCLUDED = 5
_NAME = re.compile(r"[A-Za-z0-9_-]{1,90}")


def _check_lock(name: str, lock: str, excluded: Sequence[str]) -> None:
    if not _NAME.fullmatch(name):
        raise BadRequest(
            "A blueprint is assigned under a name.",
            presented=brief(name),
            required="letters, digits, - and _",
        )
    if lock not in LOCKS:
        raise BadRequest("There is no such lock.", presented=brief(lock), required=" or ".join(LOCKS))
    if type(excluded) not in (list, tuple) or any(type(one) is not str or not one for one in excluded):
        raise BadRequest("Excluded principals are a list of object ids.", presented=brief(excluded))
    if EVERYONE in excluded:
        raise BadRequest("A lock that excludes everybody locks nothing.", presented=EVERYONE)
    if len(excluded) > _MOST_EXCLUDED:
        raise BadRequest("A lock excludes five principals at most.", presented=str(len(excluded)))


class Blueprints(ManagementPlane):
    """Assigned in a subscription, which is the target; a lock holds against everybody, Owners included.
    # assumption: blueprint-locks
    """

    def __init__(self, endpoint: ResourceManagerEndpoint, roles: RoleAssignments, entropy: Entropy) -> None:
        super().__init__(endpoint)
        self._roles = roles
        self._entropy = entropy
        self._assigned: dict[tuple[str, str], list[DenyAssignment]] = {}
        self._made: Counter[str] = Counter()

    @operation("Assign blueprint", action=f"{_TYPE}/write", accepts=(Bearer, Forwarded), parse=_check_lock)
    def assign(
        self,
        call: Call[ResourceManagerEndpoint],
        name: str,
        group: str,
        lock: str,
        excluded: Sequence[str] = (),
    ) -> list[DenyAssignment]:
        """Assigns a blueprint that locks a resource group of this subscription and each resource that is in
        it now, against all but the `excluded` principals (object ids). Returns the deny assignments. Raises
        InvalidScope, BadRequest, NotFound, or Conflict for a name in use."""
        scope, key = check_scope(group), (call.scope.lower(), name.lower())
        if call.scope.count("/") != 2:
            # Assigned in the group, it would lock out those who may take it away.
            raise BadRequest("A blueprint is assigned in a subscription.", presented=brief(call.scope, 120))
        if scope.count("/") != 4 or not within(scope, call.scope):
            raise BadRequest("A lock is for a resource group of the subscription.", presented=scope)
        if scope.lower() not in self._endpoint.documents:
            raise NotFound("There is no such resource group.", presented=scope)
        if key in self._assigned:
            raise Conflict("A blueprint of this name is assigned here.", presented=name)
        documents = [one["id"] for one in self._endpoint.documents.values() if within(one["id"], scope)]
        denies = [self._deny(name, lock, one, excluded) for one in documents]
        for deny in denies:
            self._roles.deny(deny)
            call.undo(partial(self._roles.allow_again, deny))
        call.undo(partial(self._assigned.pop, key))
        self._assigned[key] = denies
        return denies

    def _deny(self, name: str, lock: str, scope: str, excluded: Sequence[str]) -> DenyAssignment:
        actions, spared = LOCKS[lock]
        label = f"deny assignment/{scope.lower()}/{name}"
        self._made[label] += 1
        return DenyAssignment(
            self._entropy.uuid(f"{label}/{self._made[label]}"),
            f"{lock} of {name}",
            scope,
            (EVERYONE,),
            # Not a set: a set prints itself in another order each time.
            tuple(sorted(set(excluded))),
            actions,
            spared,
            # The group's own does not reach into it: each resource has one.
            only_here=scope.count("/") == 4,
        )

    @operation("Unassign blueprint", action=f"{_TYPE}/delete", accepts=(Bearer, Forwarded))
    def unassign(self, call: Call[ResourceManagerEndpoint], name: str) -> None:
        """Takes a blueprint and its locks away. Raises NotFound."""
        key, in_force = (call.scope.lower(), name.lower()), set(self._roles.denies)
        if key not in self._assigned:
            raise NotFound("No blueprint of this name is assigned here.", presented=brief(name))
        # Those at what was deleted since are gone.
        for deny in in_force.intersection(self._assigned[key]):
            self._roles.allow_again(deny)
            call.undo(partial(self._roles.deny, deny))
        call.undo(partial(self._assigned.update, {key: self._assigned[key]}))
        del self._assigned[key]
