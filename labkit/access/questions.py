"""Questions about rights that need no call: who can, what can, why, and with which role."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

from labkit.access.control import AccessControl
from labkit.access.operations import Operation, find_operation, operations
from labkit.access.roles import Role
from labkit.access.scope import check_scope, key, label
from labkit.core.clock import Clock
from labkit.core.door import Decision
from labkit.core.errors import BadInput, brief
from labkit.core.identity import Identity
from labkit.core.table import Table

ANY, ONE = "any number of segments", "one segment or more"


class Principals(Protocol):
    """What has to be known of a directory."""

    def principals(self) -> Iterator[tuple[str, str, str]]:
        """Everybody, as (object id, name, kind)."""

    def groups_of(self, object_id: str) -> tuple[str, ...]:
        """Object ids of the groups that somebody is in, nested ones included."""


class Access:
    """Answers from the same facts that the door decides by, as they are at this moment: with a token of now,
    that is. A principal is a name, as `carl` or `carl@contoso.example`, or an object id."""

    # A setting that is misspelt must not vanish.
    __slots__ = ("_clock", "_control", "_directory")

    def __init__(self, control: AccessControl, directory: Principals, clock: Clock) -> None:
        self._control = control
        self._directory = directory
        self._clock = clock

    def explain(self, principal: str, action: str, scope: str) -> Decision:
        """The decision on an operation, with everything that was looked at. Raises BadInput or
        InvalidScope."""
        return self._decide(self._identity(principal), find_operation(action), check_scope(scope))

    def who_can(self, action: str, scope: str) -> Table:
        """Everybody who may do it, and why. Raises BadInput or InvalidScope."""
        operation, scope = find_operation(action), check_scope(scope)
        rows = []
        for object_id, name, kind in self._directory.principals():
            if kind != "group":
                decision = self._decide(self._of(object_id, name, kind), operation, scope)
                if decision.allowed:
                    rows.append((name, kind, decision.why))
        return Table(("who", "kind", "why"), rows, caption=f"Who can do {operation} at {label(scope)}")

    def what_can(self, principal: str, scope: str) -> Table:
        """The operations, of those that the lab knows, that somebody may do, and why. Raises BadInput or
        InvalidScope."""
        who, scope = self._identity(principal), check_scope(scope)
        decisions = ((one, self._decide(who, one, scope)) for one in operations().values())
        rows = [(one, "data" if one.data else "", said.why) for one, said in decisions if said.allowed]
        return Table(("operation", "plane", "why"), rows, caption=f"What {who.name} can do at {label(scope)}")

    def smallest_role(self, action: str) -> Role | None:
        """The built-in role that has this operation and the fewest others; None where none has it. Raises
        BadInput."""
        operation = find_operation(action)
        return self._control.roles.definitions.smallest(operation.name, operation.data)

    def role(self, name: str) -> Role:
        """A role by name or id. Raises RoleDefinitionDoesNotExist."""
        return self._control.roles.definitions.find(name)

    def assignments(self, principal: str = "", scope: str = "") -> Table:
        """Role assignments: those of a principal (through groups as well), or all; those that count at a
        scope, or all. Raises BadInput or InvalidScope."""
        roles = self._control.roles
        who = self._identity(principal) if principal else None
        wanted = {who.object_id, *who.groups} if who else set()
        ancestors = roles.hierarchy.ancestors(check_scope(scope)) if scope else []
        rows = []
        for one in roles:
            if who and one.principal_id not in wanted:
                continue
            if scope and key(one.scope) not in ancestors:
                continue
            role = roles.definitions.get(one.role_id)
            holder, name = one.principal_name or one.principal_id, role.name if role else one.role_id
            rows.append((holder, name, one.scope, one.id))
        return Table(("principal", "role", "scope", "id"), rows, caption="Role assignments")

    def operations(self, containing: str = "") -> Table:
        """The operations that the lab knows, or those whose name contains a text. Raises BadInput."""
        if type(containing) is not str:
            raise BadInput("Which operations?", presented=brief(containing), required="a part of their names")
        found = [one for one in operations().values() if containing.lower() in one.name.lower()]
        return Table(("operation", "plane"), [(one, "data" if one.data else "") for one in found])

    @property
    def interior_wildcard(self) -> str:
        """What `/*/` in a pattern stands for: "any number of segments" (none as well) or "one segment or
        more". Azure does not say; the lab takes the first (the assumption interior-wildcard). Raises BadInput
        when set to anything else."""
        return ONE if self._control.roles.definitions.one_segment else ANY

    @interior_wildcard.setter
    def interior_wildcard(self, reading: str) -> None:
        self._control.roles.definitions.one_segment = _choice(reading, ANY, ONE) == ONE

    @property
    def custom_roles(self) -> str:
        """Whose rule a new custom role is held to: "documents", which limit it to the workspace and its
        compute (statement rbac-custom), or "azure". Raises BadInput when set to anything else."""
        return "documents" if self._control.roles.definitions.as_documented else "azure"

    @custom_roles.setter
    def custom_roles(self, rule: str) -> None:
        self._control.roles.definitions.as_documented = _choice(rule, "documents", "azure") == "documents"

    def _decide(self, who: Identity, operation: Operation, scope: str) -> Decision:
        return self._control(who, operation.name, operation.data, scope, self._clock.now)

    def _identity(self, principal: object) -> Identity:
        known = list(self._directory.principals())
        wanted = principal.lower() if type(principal) is str else ""
        found = [
            one
            for one in known
            if wanted in (one[0].lower(), one[1].lower(), one[1].partition("@")[0].lower())
        ]
        if len(found) == 1:
            return self._of(*found[0])
        raise BadInput(
            "Several have this name." if found else "The directory has nobody of that name.",
            presented=brief(principal),
            required=", ".join(f"{id} ({name})" for id, name, _ in found)
            or ", ".join(one[1] for one in known),
            advice="name one by the object id" if found else "",
        )

    def _of(self, object_id: str, name: str, kind: str) -> Identity:
        return Identity(kind, name, object_id, groups=self._directory.groups_of(object_id))


def _choice(value: Any, *options: str) -> str:
    if type(value) is not str or value not in options:
        raise BadInput(
            "There is no such reading.",
            presented=brief(value),
            required=" or ".join(f'"{one}"' for one in options),
        )
    return value
