"""A tenant with four small roles, for tests that need no lab."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

from labkit.access.assignment import RoleAssignment
from labkit.access.decision import Decision
from labkit.access.rbac import RoleAssignments
from labkit.access.role_definitions import RoleDefinitions
from labkit.access.roles import Role
from labkit.access.scope import Hierarchy
from labkit.core.identity import Identity

READ, WRITE = "Things/read", "Things/write"
READER = Role("reader", "Thing Reader", actions=("*/read",), custom=True)
WRITER = Role("writer", "Thing Writer", actions=("*/write",), custom=True)
DATA = Role("data", "Thing Data", data_actions=("*",), custom=True)
NOT_WRITER = Role("not-writer", "Not Thing Writer", actions=("*",), not_actions=("*/write",), custom=True)

SUBSCRIPTION = "/subscriptions/a"
GROUP = f"{SUBSCRIPTION}/resourceGroups/g"
THING = f"{GROUP}/providers/N.S/things/one"


def person(*groups: str, token: str = "", name: str = "ann") -> Identity:
    """Ann, in some groups."""
    return Identity("user", name, object_id=name, groups=groups, token_id=token)


class Tenant:
    """Role assignments, and who asks."""

    def __init__(self) -> None:
        self.definitions, self.hierarchy = RoleDefinitions(), Hierarchy()
        self.roles = RoleAssignments(self.definitions, self.hierarchy)
        self._ids = map(str, count(1))
        for role in (READER, WRITER, DATA, NOT_WRITER):
            self.definitions.define(role)

    def give(
        self, role: Role, scope: str, principal: str = "ann", now: int = 0, id: str = ""
    ) -> Callable[[], None]:
        """Assigns a role."""
        one = RoleAssignment(id or next(self._ids), principal, role.id, scope, principal.title())
        return self.roles.add(one, now)

    def decide(
        self, action: str, scope: str, who: Identity | None = None, data: bool = False, now: int = 0
    ) -> Decision:
        """The decision, on Ann unless it is somebody else."""
        return self.roles.decide(who or person(), action, data, scope, now)

    def may(
        self, action: str, scope: str, who: Identity | None = None, data: bool = False, now: int = 0
    ) -> bool:
        """Whether it is allowed."""
        return self.decide(action, scope, who, data, now).allowed
