"""Deny assignments: what is refused whatever roles say. Azure makes them for its own purposes, such as locked
blueprints; nobody assigns one by hand."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cached_property

from labkit.access.roles import Role
from labkit.access.scope import label

EVERYONE = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True)
class DenyAssignment:
    """Denies `actions` except `not_actions` (`data_actions` except `not_data_actions`) at a scope and below,
    or with `only_here` (doNotApplyToChildScopes) at the scope alone, to `principals` (object ids, groups
    too; EVERYONE for all) except the `excluded` ones."""

    id: str
    name: str
    scope: str
    principals: Collection[str]
    excluded: Collection[str] = ()
    actions: tuple[str, ...] = ()
    not_actions: tuple[str, ...] = ()
    data_actions: tuple[str, ...] = ()
    not_data_actions: tuple[str, ...] = ()
    only_here: bool = False

    def __str__(self) -> str:
        return f"the deny assignment {self.name!r} at {label(self.scope)}"

    def concerns(self, principal_ids: Iterable[str]) -> bool:
        """Whether somebody with this object id and these groups is meant."""
        ids = set(principal_ids)
        meant = EVERYONE in self.principals or not ids.isdisjoint(self.principals)
        return meant and ids.isdisjoint(self.excluded)

    def match(self, action: str, data: bool, one_segment: bool = False) -> str:
        """The pattern that denies the action, or ""."""
        denying, spared = self._patterns.match(action, data, one_segment)
        return "" if spared else denying

    @cached_property
    def _patterns(self) -> Role:
        # The two lists of patterns relate as those of a role do.
        lists = (self.actions, self.not_actions, self.data_actions, self.not_data_actions)
        return Role(self.id, self.name, "", *lists)
