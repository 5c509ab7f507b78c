"""Role assignments and role definitions through Resource Manager (`Microsoft.Authorization`)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, ClassVar

from labkit.access.assignment import RoleAssignment
from labkit.access.custom_role import check_role, read_role
from labkit.access.deny import DenyAssignment
from labkit.access.errors import (
    InvalidRoleAssignmentId,
    InvalidRoleDefinition,
    LinkedAuthorizationFailed,
    PrincipalNotFound,
    RoleAssignmentNotFound,
    RoleDefinitionDoesNotExist,
    RoleDefinitionExists,
    RoleDefinitionHasAssignments,
)
from labkit.access.rbac import RoleAssignments
from labkit.access.roles import Role
from labkit.access.scope import ROOT, check_scope, key
from labkit.authenticators.platform import Forwarded, Platform
from labkit.core.credential import Bearer
from labkit.core.entropy import Entropy
from labkit.core.errors import Forbidden, NotFound, brief
from labkit.core.identity import within
from labkit.core.operation import Call, operation
from labkit.core.resource import Resources
from labkit.services.management_plane import ManagementPlane, ResourceManagerEndpoint
from labkit.services.resource_id import name_of

PROVIDER = "Microsoft.Authorization"
_ASSIGNMENTS = f"{PROVIDER}/roleAssignments"
_DEFINITIONS = f"{PROVIDER}/roleDefinitions"

_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")

Endpoint = Call[ResourceManagerEndpoint]


class Authorization(ManagementPlane):
    """Shares a workspace, a resource group or a subscription: the target is the scope."""

    roots: ClassVar[tuple[str, ...]] = (ROOT,)

    def __init__(
        self,
        endpoint: ResourceManagerEndpoint,
        resources: Resources,
        platform: Platform,
        roles: RoleAssignments,
        name_of_principal: Callable[[str], str],
        entropy: Entropy,
    ) -> None:
        super().__init__(endpoint)
        self._resources = resources
        self._platform = platform
        self._roles = roles
        self._name_of_principal = name_of_principal
        self._entropy = entropy
        self._made: Counter[str] = Counter()

    def _scope(self, call: Endpoint) -> str:
        """The scope of the call. Raises InvalidScope, and NotFound where nothing is there."""
        scope = check_scope(call.scope or ROOT)
        # A resource that is being created counts, though Resource Manager does not show it yet.
        places = (self._endpoint.documents, self._endpoint.management_groups)
        if (
            scope != ROOT
            and not self._resources.get(scope)
            and not any(scope.lower() in one for one in places)
        ):
            raise NotFound(
                "There is nothing at this scope.", presented=scope, advice="check the id, letter by letter"
            )
        return scope

    @operation("Create role assignment", action=f"{_ASSIGNMENTS}/write", accepts=(Bearer, Forwarded))
    def assign(self, call: Endpoint, role: str, principal_id: str, name: str = "") -> dict[str, Any]:
        """Gives a role (name or id) to a principal (object id) at the scope. `name` is the new assignment's
        own id (a GUID), drawn unless given; the same name again with the same content changes nothing. Raises
        InvalidScope, NotFound, RoleDefinitionDoesNotExist, PrincipalNotFound, InvalidRoleAssignmentId,
        RoleAssignmentExists, RoleAssignmentUpdateNotPermitted or RoleAssignmentLimitExceeded. Statement
        rbac-roles."""
        scope = self._scope(call)
        definition = self._roles.definitions.find(role)
        self._check_available(definition, scope)
        principal = self._name_of_principal(principal_id)
        if not principal:
            raise PrincipalNotFound(
                "The directory has no such principal.",
                presented=brief(principal_id),
                required="the object id of a user, group, service principal or managed identity",
                advice="a client id is not an object id; who was deleted has none any more",
            )
        new = self._named(name, RoleAssignment("", principal_id, definition.id, scope, principal))
        before = self._roles.get(new.id)
        if before is not None and _content(before) == _content(new):
            return self._shown(before)
        call.undo(self._roles.add(new, call.now))
        if not name:
            self._made[_label(new)] += 1
        return self._shown(new)

    def _check_available(self, role: Role, scope: str) -> None:
        if _available(role, self._roles.hierarchy.ancestors(scope)):
            return
        raise RoleDefinitionDoesNotExist(
            "The role is not available at this scope.",
            presented=f"{role.name} at {scope}",
            required=f"a scope at or below {' or '.join(role.assignable_scopes)}",
            advice="assign it there, or have the scope added to its AssignableScopes",
        )

    def _named(self, given: str, one: RoleAssignment) -> RoleAssignment:
        if not given:
            # One that is made again is another one.
            return replace(one, id=self._entropy.uuid(f"{_label(one)}/{self._made[_label(one)] + 1}"))
        if not _GUID.fullmatch(given.lower()):
            raise InvalidRoleAssignmentId(
                "That is no name of a role assignment.",
                presented=brief(given),
                required="a GUID",
                advice="without a name, one is drawn",
            )
        return replace(one, id=given.lower())

    @operation("Delete role assignment", action=f"{_ASSIGNMENTS}/delete", accepts=(Bearer, Forwarded))
    def unassign(self, call: Endpoint) -> dict[str, Any]:
        """Takes an assignment back; the target is its id. Returns what it was. Raises
        RoleAssignmentNotFound."""
        found = self._roles.get(name_of(call.scope).lower())
        if found is None or found.resource_id.lower() != call.scope.lower():
            # assumption: missing-assignment
            raise RoleAssignmentNotFound(
                "There is no such role assignment.",
                presented=brief(call.scope, 200),
                required="the id of a role assignment, scope included",
                advice="Authorization.assignments lists those of a scope",
            )
        call.undo(self._roles.remove(found.id, call.now))
        return self._shown(found)

    @operation("List role assignments", action=f"{_ASSIGNMENTS}/read", accepts=(Bearer, Forwarded))
    def assignments(self, call: Endpoint, below: bool = False) -> list[dict[str, Any]]:
        """The role assignments that count at the scope: its own and inherited ones; with `below` those of
        everything inside of it as well."""
        scope = self._scope(call)
        ancestors = self._roles.hierarchy.ancestors(scope)
        return [
            self._shown(one)
            for one in self._roles
            if key(one.scope) in ancestors or (below is True and within(one.scope, scope))
        ]

    def _shown(self, one: RoleAssignment) -> dict[str, Any]:
        role = self._roles.definitions.get(one.role_id)
        return {
            "id": one.resource_id,
            "name": one.id,
            "type": _ASSIGNMENTS,
            "principalId": one.principal_id,
            # Who was deleted has no name any more.
            "principalName": self._name_of_principal(one.principal_id),
            "roleDefinitionId": f"{_place(one.scope)}/providers/{_DEFINITIONS}/{one.role_id}",
            "roleDefinitionName": role.name if role else "",
            "scope": one.scope,
        }

    @operation("Create role definition", action=f"{_DEFINITIONS}/write", accepts=(Bearer, Forwarded))
    def define(self, call: Endpoint, definition: Mapping[str, Any], name: str = "") -> dict[str, Any]:
        """Makes a custom role, or changes the one whose Id is given. `name` is the new role's own id (a
        GUID), drawn unless given; where a role has it, that one is changed. Takes roleDefinitions/write at
        each of its assignable scopes, or is refused as LinkedAuthorizationFailed. Raises what `read_role`,
        `check_role` and `RoleDefinitions.define` raise. Statements rbac-custom, rbac-custom-scope."""
        self._scope(call)
        definitions = self._roles.definitions
        role = read_role(definition)
        if name and not _GUID.fullmatch(name.lower()):
            raise InvalidRoleDefinition("That is no id for a role.", presented=brief(name), required="a GUID")
        before = definitions.get(name.lower() or role.id.lower())
        if role.id and before is None:
            raise RoleDefinitionDoesNotExist("No role has this Id.", presented=brief(role.id))
        if before is not None and not before.custom:
            raise _built_in(before)
        check_role(role, definitions.one_segment, definitions.as_documented)
        self._ask_elsewhere(call, {*role.assignable_scopes, *(before.assignable_scopes if before else ())})
        label = f"role definition/{role.name.lower()}"
        drawn = self._entropy.uuid(f"{label}/{self._made[label] + 1}")
        role = replace(role, id=before.id if before else name.lower() or drawn)
        call.undo(definitions.define(role))
        self._made[label] += before is None and not name
        return shown_role(role)

    def _ask_elsewhere(self, call: Endpoint, scopes: set[str]) -> None:
        """Whoever changes a role needs the right to at every scope where it counts."""
        for scope in sorted(scopes):
            if key(scope) == key(call.scope):
                continue
            try:
                call.ask(Authorization.make_available, scope, self._platform.forward(call.identity))
            except Forbidden as refusal:
                raise LinkedAuthorizationFailed(
                    "The right to write the role is missing at another scope of it.",
                    presented=refusal.presented,
                    required=refusal.required,
                    advice=refusal.advice,
                ) from None

    @operation("Change where a role is available", action=f"{_DEFINITIONS}/write", accepts=(Forwarded,))
    def make_available(self, call: Endpoint) -> None:
        """Asked at each further assignable scope of a role. Raises NotFound."""
        self._scope(call)

    @operation("Delete role definition", action=f"{_DEFINITIONS}/delete", accepts=(Bearer, Forwarded))
    def undefine(self, call: Endpoint, role: str) -> None:
        """Deletes a custom role (name or id). Raises RoleDefinitionDoesNotExist, and
        RoleDefinitionHasAssignments while somebody holds it."""
        found = self._roles.definitions.find(role)
        if not found.custom:
            raise _built_in(found)
        self._ask_elsewhere(call, set(found.assignable_scopes))
        holders = [one for one in self._roles if one.role_id == found.id]
        if holders:
            raise RoleDefinitionHasAssignments(
                "The role is assigned.",
                presented=f"{found.name}, held by " + ", ".join(one.principal_name for one in holders[:5]),
                required="no role assignment that refers to it",
                advice="delete these assignments first",
            )
        call.undo(self._roles.definitions.remove(found))

    @operation("List role definitions", action=f"{_DEFINITIONS}/read", accepts=(Bearer, Forwarded))
    def definitions(self, call: Endpoint) -> list[dict[str, Any]]:
        """The roles that can be assigned at the scope."""
        ancestors = self._roles.hierarchy.ancestors(self._scope(call))
        return [shown_role(role) for role in self._roles.definitions if _available(role, ancestors)]

    @operation(
        "List deny assignments", action=f"{PROVIDER}/denyAssignments/read", accepts=(Bearer, Forwarded)
    )
    def deny_assignments(self, call: Endpoint) -> list[DenyAssignment]:
        """The deny assignments that count at the scope. Nobody makes one by hand: there is no operation for
        it."""
        ancestors = self._roles.hierarchy.ancestors(self._scope(call))
        return [one for one in self._roles.denies if key(one.scope) in ancestors]


def _place(scope: str) -> str:
    """Where a role is looked up for a scope: its subscription; "" for what is in none."""
    return "/".join(scope.split("/")[:3]) if scope.lower().startswith("/subscriptions/") else ""


def shown_role(role: Role) -> dict[str, Any]:
    """A role as `az role definition list` prints it."""
    return {
        "Name": role.name,
        "Id": role.id,
        "IsCustom": role.custom,
        "Description": role.description,
        "Actions": list(role.actions),
        "NotActions": list(role.not_actions),
        "DataActions": list(role.data_actions),
        "NotDataActions": list(role.not_data_actions),
        "AssignableScopes": list(role.assignable_scopes),
    }


def _available(role: Role, ancestors: list[str]) -> bool:
    """Whether a role can be assigned at the scope that has these ancestors."""
    return any(key(one) in ancestors for one in role.assignable_scopes)


def _content(one: RoleAssignment) -> tuple[str, str, str]:
    return one.principal_id, one.role_id, one.scope.lower()


def _label(one: RoleAssignment) -> str:
    return "/".join(("role assignment", *_content(one)))


def _built_in(role: Role) -> RoleDefinitionExists:
    return RoleDefinitionExists(
        "Built-in roles are Azure's.", presented=role.name, advice="make a custom role with its patterns"
    )
