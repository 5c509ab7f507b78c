"""Role assignments and the decisions that follow from them.

Assignments add up, a scope inherits from those above it, groups pass on what they hold, a deny assignment
wins. Changes do not reach everybody at once: what a token sees is read when it is first used, and again half
an hour later. So it is with role assignments; the rest holds at once.  # assumption: changes-at-once
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator
from functools import partial

from labkit.access.assignment import RoleAssignment
from labkit.access.decision import Considered, Decision
from labkit.access.deny import DenyAssignment
from labkit.access.errors import (
    RoleAssignmentExists,
    RoleAssignmentLimitExceeded,
    RoleAssignmentNotFound,
    RoleAssignmentUpdateNotPermitted,
)
from labkit.access.role_definitions import RoleDefinitions
from labkit.access.scope import MANAGEMENT_GROUPS, Hierarchy, key
from labkit.core.errors import brief
from labkit.core.identity import Identity

# Seconds. The documentation of 2020 says: up to 30 minutes, or a new sign-in.  # assumption: role-propagation
PROPAGATION = 30 * 60
_MOST_VIEWS = 4096
_NEVER = 2**62


class _Held:
    """An assignment, and the states of the table (counted) from which and until which it is in it."""

    __slots__ = ("assignment", "removed_at", "since", "until")

    def __init__(self, assignment: RoleAssignment, since: int) -> None:
        self.assignment = assignment
        self.since = since
        self.until = _NEVER
        self.removed_at = 0


class RoleAssignments:
    """All role assignments of a tenant and its deny assignments, indexed by principal and scope, so that a
    decision takes as long among a hundred thousand as among ten.

    limits  how many role assignments a subscription and a management group may hold

    What changes something returns the step that takes the change back, as if it had never been made.
    """

    def __init__(self, definitions: RoleDefinitions, hierarchy: Hierarchy) -> None:
        self.definitions = definitions
        self.hierarchy = hierarchy
        self.limits = {"subscription": 2000, "management group": 500}
        self._by_id: dict[str, _Held] = {}
        self._index: dict[str, dict[str, list[_Held]]] = {}
        self._denies: dict[str, list[DenyAssignment]] = {}
        self._counts: Counter[str] = Counter()
        self._state = 0
        self._views: dict[str, tuple[int, int]] = {}
        self._gone: deque[_Held] = deque()
        self._prune_at = _MOST_VIEWS

    def add(self, assignment: RoleAssignment, now: int = 0) -> Callable[[], None]:
        """Raises RoleAssignmentExists where this principal has this role at this scope already,
        RoleAssignmentUpdateNotPermitted where another assignment has the id, and
        RoleAssignmentLimitExceeded."""
        scope = key(assignment.scope)
        held = self._index.get(assignment.principal_id, {}).get(scope, ())
        if any(one.until == _NEVER and one.assignment.role_id == assignment.role_id for one in held):
            raise RoleAssignmentExists(
                "The role assignment exists already.",
                presented=f"{assignment.role_id} for {assignment.principal_id} at {assignment.scope}",
                advice="there is nothing to do: the principal has the role at this scope",
            )
        if assignment.id in self._by_id:
            raise RoleAssignmentUpdateNotPermitted(
                "A role assignment of this name exists, and none is ever changed.",
                presented=assignment.id,
                required="another name",
                advice="delete the assignment and make a new one",
            )
        kind, place = _counted(scope)
        if kind and self._counts[place] >= self.limits[kind]:
            raise RoleAssignmentLimitExceeded(
                f"The {kind} holds as many role assignments as it may.",
                presented=f"{self.limits[kind]} role assignments in {place}",
                advice="assign roles to groups, and at wider scopes",
            )
        self._forget(now)
        self._state += 1
        new = _Held(assignment, self._state)
        self._list(new)
        self._find_by_scope(new)
        return partial(self._take_back, new)

    def _take_back(self, held: _Held) -> None:
        self._unlist(held)
        self._lose(held)

    def remove(self, id: str, now: int = 0, *, at_once: bool = False) -> Callable[[], None]:
        """Takes an assignment back; `at_once` for every token, since what it was about is gone. Raises
        RoleAssignmentNotFound."""
        held = self._by_id.get(id)
        if held is None:
            raise RoleAssignmentNotFound("There is no such role assignment.", presented=brief(id))
        self._forget(now)
        self._state += 1
        self._unlist(held)
        held.until, held.removed_at = self._state, now
        if at_once:
            self._lose(held)
        else:
            self._gone.append(held)
        return partial(self._bring_back, held)

    def _bring_back(self, held: _Held) -> None:
        held.until = _NEVER
        if held in self._gone:
            self._gone.remove(held)
        else:
            self._find_by_scope(held)
        self._list(held)
        self._by_id = dict(sorted(self._by_id.items(), key=lambda item: item[1].since))

    def _list(self, held: _Held) -> None:
        self._by_id[held.assignment.id] = held
        self._counts[_counted(key(held.assignment.scope))[1]] += 1

    def _unlist(self, held: _Held) -> None:
        del self._by_id[held.assignment.id]
        self._counts[_counted(key(held.assignment.scope))[1]] -= 1

    def _find_by_scope(self, held: _Held) -> None:
        of = self._index.setdefault(held.assignment.principal_id, {})
        of.setdefault(key(held.assignment.scope), []).append(held)

    def _lose(self, held: _Held) -> None:
        self._index[held.assignment.principal_id][key(held.assignment.scope)].remove(held)

    def _forget(self, now: int) -> None:
        """Drops removed assignments that no token can see any more."""
        while self._gone and self._gone[0].removed_at + PROPAGATION <= now:
            self._lose(self._gone.popleft())

    def get(self, id: str) -> RoleAssignment | None:
        """The assignment with this id, or None."""
        held = self._by_id.get(id)
        return held.assignment if held else None

    def __iter__(self) -> Iterator[RoleAssignment]:
        return (held.assignment for held in self._by_id.values())

    def deny(self, assignment: DenyAssignment) -> None:
        """Puts a deny assignment in force."""
        self._denies.setdefault(key(assignment.scope), []).append(assignment)

    def allow_again(self, assignment: DenyAssignment) -> None:
        """Takes it out of force, if it is in force."""
        held = self._denies.get(key(assignment.scope), [])
        if assignment in held:
            held.remove(assignment)

    @property
    def denies(self) -> Iterator[DenyAssignment]:
        """All deny assignments in force."""
        return (deny for denies in self._denies.values() for deny in denies)

    def decide(self, who: Identity, action: str, data: bool, scope: str, now: int) -> Decision:
        """Whether `who` may do `action` (`data`: of the data plane) at `scope`, and why. `now` is in
        seconds."""
        seen, refreshed = self._view(who.token_id, now)
        principals = [who.object_id, *who.groups]
        ancestors = self.hierarchy.ancestors(scope)
        held = [of for principal in principals if (of := self._index.get(principal))]
        considered, pending = [], []
        one_segment = self.definitions.one_segment
        for above in ancestors:
            for each in [one for of in held for one in of.get(above, ())]:
                role = self.definitions.get(each.assignment.role_id)
                if role is None:
                    continue
                pattern, minus = role.match(action, data, one_segment)
                looked = Considered(each.assignment, role, pattern, minus, each.until <= self._state)
                if each.since <= seen < each.until:
                    considered.append(looked)
                elif each.since > seen and looked.grants and not looked.removed:
                    pending.append(looked)
        denied = self._denying(principals, action, data, ancestors) if self._denies else ()
        return Decision(
            *(who, action, data, scope, tuple(considered), denied, tuple(pending), refreshed),
            self.definitions,
        )

    def _denying(
        self, principals: list[str], action: str, data: bool, ancestors: list[str]
    ) -> tuple[tuple[DenyAssignment, str], ...]:
        one_segment = self.definitions.one_segment
        return tuple(
            (deny, pattern)
            for above in ancestors
            for deny in self._denies.get(above, ())
            if (above == ancestors[-1] or not deny.only_here) and deny.concerns(principals)
            if (pattern := deny.match(action, data, one_segment))
        )

    def _view(self, token_id: str, now: int) -> tuple[int, int]:
        """The state of the table that a token sees, and when (seconds) it will look again."""
        if not token_id:
            return self._state, now
        view = self._views.get(token_id)
        if view is None or now >= view[1]:
            if len(self._views) >= self._prune_at:
                self._views = {id: one for id, one in self._views.items() if one[1] > now}
                self._prune_at = max(_MOST_VIEWS, 2 * len(self._views))
            view = self._views[token_id] = (self._state, now + PROPAGATION)
        return view


def _counted(scope: str) -> tuple[str, str]:
    """What limits the assignments at a scope: the kind, and the place that is counted."""
    if scope.startswith("/subscriptions/"):
        return "subscription", "/".join(scope.split("/")[:3])
    if scope.startswith(MANAGEMENT_GROUPS.lower()):
        return "management group", scope
    return "", scope
