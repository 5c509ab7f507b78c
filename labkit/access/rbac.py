"""Role assignments and the decision that follows from them.

Assignments add up; a scope inherits from those above it; groups pass on what they hold. An assignment
holds from the moment it is made (assumption: roles-at-once).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from labkit.access.roles import Role
from labkit.core.door import Decision
from labkit.core.errors import Conflict
from labkit.core.identity import Identity


@dataclass(frozen=True)
class RoleAssignment:
    """A role given to a principal (object id) at a scope."""

    principal_id: str
    role: Role
    scope: str

    def __str__(self) -> str:
        return f"{self.role.name} at {self.scope}"


class RoleAssignments:
    """All role assignments of a lab, indexed by principal and scope, so that a decision takes as long
    among a hundred thousand as among ten."""

    def __init__(self) -> None:
        self._held: dict[tuple[str, str], dict[str, RoleAssignment]] = {}

    def add(self, assignment: RoleAssignment) -> None:
        """Raises Conflict where this principal has this role at this scope already."""
        held = self._held.setdefault((assignment.principal_id, assignment.scope.lower().rstrip("/")), {})
        if assignment.role.id in held:
            raise Conflict("This role assignment exists already.", presented=str(assignment))
        held[assignment.role.id] = assignment

    def remove(self, assignment: RoleAssignment) -> bool:
        """Takes an assignment back. Returns whether there was one."""
        key = (assignment.principal_id, assignment.scope.lower().rstrip("/"))
        return self._held.get(key, {}).pop(assignment.role.id, None) is not None

    def held_by(self, principal_ids: tuple[str, ...], scope: str) -> Iterator[RoleAssignment]:
        """What these principals hold at a scope, inherited ones included, from the widest scope down."""
        for above in _ancestors(scope):
            for principal_id in principal_ids:
                yield from self._held.get((principal_id, above), {}).values()

    def decide(self, who: Identity, action: str, data: bool, scope: str, now: int) -> Decision:
        """Whether `who` may do `action` at `scope`, and by which assignment."""
        looked_at = []
        for assignment in self.held_by((who.object_id, *who.groups), scope):
            if pattern := assignment.role.grants(action, data):
                return Decision(True, f"{assignment} grants {pattern}")
            looked_at.append(str(assignment))
        held = ", ".join(looked_at) or "no role assignment at or above this scope"
        return Decision(False, held, f"ask an Owner for a role that has {action}")


def _ancestors(scope: str) -> Iterator[str]:
    """The scope and all above it, from the widest down, as index keys."""
    segments = scope.lower().rstrip("/").split("/")
    yield ""
    for end in range(2, len(segments) + 1):
        yield "/".join(segments[:end])
