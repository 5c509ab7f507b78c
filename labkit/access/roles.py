"""Azure's built-in roles, as Azure publishes them (`roles.json`)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from labkit.core.identity import action_pattern


@dataclass(frozen=True)
class Role:
    """A role definition. `not_actions` subtract within the role; they deny nothing that another
    assignment grants."""

    id: str
    name: str
    description: str
    actions: tuple[str, ...] = ()
    not_actions: tuple[str, ...] = ()
    data_actions: tuple[str, ...] = ()
    not_data_actions: tuple[str, ...] = ()

    def grants(self, action: str, data: bool) -> str:
        """The pattern of this role that grants an action, or "" where none does or one subtracts it."""
        plus, minus = (self.data_actions, self.not_data_actions) if data else (self.actions, self.not_actions)
        if _first(minus, action):
            return ""
        return _first(plus, action)


def _first(patterns: tuple[str, ...], action: str) -> str:
    return next((pattern for pattern in patterns if action_pattern(pattern).fullmatch(action)), "")


@lru_cache(maxsize=1)
def built_in() -> dict[str, Role]:
    """The built-in roles by name in lower case."""
    text = files("labkit.access").joinpath("roles.json").read_text("utf-8")
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
