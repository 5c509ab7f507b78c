"""The roles of a tenant: Azure's built-in ones, and its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache

from labkit.access.errors import (
    RoleDefinitionDoesNotExist,
    RoleDefinitionLimitExceeded,
    RoleDefinitionWithSameNameExists,
)
from labkit.access.operations import operations
from labkit.access.roles import Role, built_in
from labkit.core.errors import brief


class RoleDefinitions:
    """Roles by id.

    one_segment  the reading of `/*/` in a pattern: False for any number of segments, none included; True for
                 at least one (the assumption interior-wildcard)
    as_documented  whether a custom role is held to the documents' limit (statement rbac-custom)
    limit        how many custom roles a tenant may have

    What changes something returns the step that takes the change back.
    """

    def __init__(self) -> None:
        self.one_segment = False
        self.as_documented = True
        self.limit = 5000
        self._roles = {role.id: role for role in built_in().values()}
        self._by_name = dict(built_in())

    def get(self, id: str) -> Role | None:
        """The role with this id, or None."""
        return self._roles.get(id)

    def find(self, name: object) -> Role:
        """By id or by name, in whatever case. Raises RoleDefinitionDoesNotExist."""
        # The id first: nobody gets hold of a role by naming another one after its id.
        lower = name.lower() if type(name) is str else ""
        found = self._roles.get(lower) or self._by_name.get(lower)
        if found is None:
            raise RoleDefinitionDoesNotExist(
                "There is no such role.",
                presented=brief(name),
                required=", ".join(role.name for role in self),
            )
        return found

    def define(self, role: Role) -> Callable[[], None]:
        """Adds a custom role, or changes the one of this id. Raises RoleDefinitionWithSameNameExists or
        RoleDefinitionLimitExceeded."""
        namesake = self._by_name.get(role.name.lower())
        if namesake is not None and namesake.id != role.id:
            raise RoleDefinitionWithSameNameExists(
                "A role of this name exists in the tenant.",
                presented=role.name,
                required="another name",
                advice="one name for two roles would leave it open which of them is assigned",
            )
        before = self._roles.get(role.id)
        if before is None and sum(one.custom for one in self) >= self.limit:
            raise RoleDefinitionLimitExceeded(
                "The tenant has as many custom roles as it may.",
                presented=f"{self.limit} custom roles",
                advice="delete one that nobody needs",
            )
        take_back = self._as_it_is()
        if before is not None:
            del self._by_name[before.name.lower()]
        self._roles[role.id] = self._by_name[role.name.lower()] = role
        return take_back

    def remove(self, role: Role) -> Callable[[], None]:
        """Deletes a role."""
        take_back = self._as_it_is()
        del self._roles[role.id], self._by_name[role.name.lower()]
        return take_back

    def _as_it_is(self) -> Callable[[], None]:
        roles, names = dict(self._roles), dict(self._by_name)

        def take_back() -> None:
            self._roles, self._by_name = roles, names

        return take_back

    def __iter__(self) -> Iterator[Role]:
        return iter(self._roles.values())

    def smallest(self, action: str, data: bool) -> Role | None:
        """The built-in role that has this action and the fewest others of the operations that the lab knows;
        None where no built-in role has it."""
        able = [role for role in self if not role.custom and role.grants(action, data, self.one_segment)]
        return min(able, key=lambda role: (self.size(role), role.name), default=None)

    def size(self, role: Role) -> int:
        """How many of the known operations a role grants."""
        return _size(role, self.one_segment)


# Whoever is refused is told the smallest role that would do, and whoever tries everything is refused often.
@lru_cache(maxsize=256)
def _size(role: Role, one_segment: bool) -> int:
    return sum(role.grants(one.name, one.data, one_segment) for one in operations().values())
