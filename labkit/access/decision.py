"""What role assignments and deny assignments come to, and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from labkit.access.assignment import RoleAssignment
from labkit.access.deny import DenyAssignment
from labkit.access.errors import DeniedByAssignment
from labkit.access.role_definitions import RoleDefinitions
from labkit.access.roles import Role
from labkit.access.scope import label
from labkit.core.clock import iso
from labkit.core.errors import Forbidden
from labkit.core.identity import Identity
from labkit.core.show import Shown


@dataclass(frozen=True)
class Considered:
    """A role assignment that was looked at. `pattern` grants the action, `minus` takes it out of the role
    again; each is "" where there is none. `removed` says that the assignment is gone and that the token has
    not noticed yet."""

    assignment: RoleAssignment
    role: Role
    pattern: str
    minus: str
    removed: bool = False

    @property
    def grants(self) -> bool:
        """Whether it allows the action, as far as roles go."""
        return bool(self.pattern) and not self.minus

    def __str__(self) -> str:
        return f"{self.role.name} at {label(self.assignment.scope)}"

    def held(self, who: Identity) -> str:
        """How somebody comes to hold it."""
        holder = self.assignment.principal_id
        if holder == who.object_id:
            return "directly"
        return f"through the group {self.assignment.principal_name or holder}"


@dataclass(frozen=True, repr=False)
class Decision(Shown):
    """Whether `who` may do `action` at `scope`, with everything that was looked at.

    considered  the role assignments at the scope and above it, from the widest scope down
    denied      each deny assignment that forbids it, with the pattern that does
    pending     assignments that would allow it and that this token does not see yet, until `refreshed`
                (seconds): it was first used before they were made
    """

    who: Identity
    action: str
    data: bool
    scope: str
    considered: tuple[Considered, ...]
    denied: tuple[tuple[DenyAssignment, str], ...]
    pending: tuple[Considered, ...]
    refreshed: int
    definitions: RoleDefinitions = field(compare=False)

    @property
    def granting(self) -> Considered | None:
        """The first assignment that grants it."""
        return next((one for one in self.considered if one.grants), None)

    @property
    def allowed(self) -> bool:
        """Some assignment grants it and no deny assignment forbids it."""
        return not self.denied and self.granting is not None

    @property
    def why(self) -> str:
        """The reason in a line."""
        if self.denied:
            deny, pattern = self.denied[0]
            spared = deny.not_data_actions if self.data else deny.not_actions
            return f"{deny} forbids {pattern}{' but ' + ' and '.join(spared) if spared else ''}"
        if (one := self.granting) is not None:
            how = one.held(self.who)
            way = "" if how == "directly" else f", held {how}"
            late = ", which was removed and is still seen by this token" if one.removed else ""
            return f"{one} grants {one.pattern}{way}{late}"
        held = ", ".join(f"{one}{_minus(one)}" for one in self.considered)
        return held or "no role assignment at or above this scope"

    @property
    def reason(self) -> str:
        """What `why` is: the reason ("because"), or where nothing allowed it what was found ("found")."""
        return "because" if self.allowed or self.denied else "found"

    @property
    def advice(self) -> str:
        """What somebody can do who was refused."""
        if self.allowed:
            return ""
        if self.denied:
            return "a deny assignment wins over every role: whatever made it has to be taken away"
        if self.pending:
            late = f"{self.pending[0]} came after this token was first used"
            return f"{late}: sign in again, or wait until {iso(self.refreshed)}"
        role = self.definitions.smallest(self.action, self.data)
        if role is None:
            return f"no built-in role has {self.action}: it takes a custom role"
        return f"ask an Owner for {role.name}, the smallest built-in role that has {self.action}"

    @property
    def refusal(self) -> type[Forbidden]:
        """What a refused call is refused with."""
        return DeniedByAssignment if self.denied else Forbidden

    def __repr__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        yield f"{'ALLOWED' if self.allowed else 'REFUSED'}  {self.who}"
        yield f"  action   {self.action}{' (data)' if self.data else ''}"
        yield f"  scope    {self.scope}"
        yield f"  {self.reason:<8} {self.why}"
        for one in self.considered:
            yield f"  looked at {one}, held {one.held(self.who)}: {_said(one)}"
        for deny, pattern in self.denied:
            yield f"  denied by {deny}: {pattern}"
        if self.advice:
            yield f"  what to do  {self.advice}"


def _minus(one: Considered) -> str:
    return f" without {one.minus}" if one.minus else ""


def _said(one: Considered) -> str:
    if one.minus:
        return f"{one.pattern} would grant it, its NotActions take out {one.minus}"
    said = f"{one.pattern} grants it" if one.pattern else "has no pattern for it"
    return f"{said}; the assignment is removed, and this token has not noticed" if one.removed else said
