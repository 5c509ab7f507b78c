"""Role definitions: what a role grants, and Azure's built-in ones as Azure publishes them (`roles.json`)."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache

from labkit.access.scope import ROOT
from labkit.core.identity import action_pattern
from labkit.core.shipped import shipped
from labkit.core.show import Shown

Match = tuple[str, Callable[[str], object]]
Sides = tuple[list[Match], list[Match]]


@dataclass(frozen=True, repr=False)
class Role(Shown):
    """A role definition. `not_actions` subtract within the role; they deny nothing that another
    assignment grants. `assignable_scopes` is where it may be assigned: there, and below."""

    id: str
    name: str
    description: str = ""
    actions: tuple[str, ...] = ()
    not_actions: tuple[str, ...] = ()
    data_actions: tuple[str, ...] = ()
    not_data_actions: tuple[str, ...] = ()
    assignable_scopes: tuple[str, ...] = (ROOT,)
    custom: bool = False

    def match(self, action: str, data: bool, one_segment: bool = False) -> tuple[str, str]:
        """The pattern of this role that grants an action and the one that takes it out again, each "" where
        there is none. `one_segment` is the other reading of `/*/` (`action_pattern`)."""
        plus, minus = self._matches.get((data, one_segment)) or self._compile(data, one_segment)
        granting = next((text for text, matches in plus if matches(action)), "")
        if not granting:
            return "", ""
        return granting, next((text for text, matches in minus if matches(action)), "")

    def grants(self, action: str, data: bool, one_segment: bool = False) -> bool:
        """Whether it grants the action."""
        granting, minus = self.match(action, data, one_segment)
        return bool(granting) and not minus

    def __repr__(self) -> str:
        lists = {
            "Actions": self.actions,
            "NotActions": self.not_actions,
            "DataActions": self.data_actions,
            "NotDataActions": self.not_data_actions,
            "AssignableScopes": self.assignable_scopes,
        }
        lines = [f"{self.name} ({'custom' if self.custom else 'built-in'})", self.description]
        for name, patterns in lists.items():
            lines += [f"  {name if not at else '':<16} {pattern}" for at, pattern in enumerate(patterns)]
        return "\n".join(line for line in lines if line.strip())

    @cached_property
    def _matches(self) -> dict[tuple[bool, bool], Sides]:
        return {}

    def _compile(self, data: bool, one_segment: bool) -> Sides:
        """What a question of this kind is answered by; made when the first one comes."""
        plus, minus = (self.data_actions, self.not_data_actions) if data else (self.actions, self.not_actions)
        sides = _compiled(plus, one_segment), _compiled(minus, one_segment)
        self._matches[data, one_segment] = sides
        return sides


def _compiled(patterns: tuple[str, ...], one_segment: bool) -> list[Match]:
    return [(pattern, action_pattern(pattern, one_segment).fullmatch) for pattern in patterns]


@lru_cache(maxsize=1)
def built_in() -> dict[str, Role]:
    """The built-in roles by name in lower case."""
    text = shipped(__file__, "roles.json")
    roles = (
        Role(
            entry["id"],
            entry["name"],
            entry["description"],
            tuple(entry["actions"]),
            tuple(entry["notActions"]),
            tuple(entry["dataActions"]),
            tuple(entry["notDataActions"]),
        )
        for entry in json.loads(text)["roles"]
    )
    return {role.name.lower(): role for role in roles}
