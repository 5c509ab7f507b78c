"""What a custom role has to look like, and the limit that the documents set."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from labkit.access.errors import (
    InvalidActionOrNotAction,
    InvalidRoleDefinition,
    InvalidRoleDefinitionType,
    InvalidScope,
    LinkedInvalidPropertyId,
    MissingAssignableScopes,
    OutsideDocumentedRoles,
    RoleDefinitionNameNullOrEmpty,
)
from labkit.access.operations import matching
from labkit.access.roles import Role
from labkit.access.scope import MANAGEMENT_GROUPS, ROOT, check_scope
from labkit.core.errors import brief

WORKSPACE = "Microsoft.MachineLearningServices/workspaces"
_LISTS = {
    "actions": "actions",
    "notactions": "not_actions",
    "dataactions": "data_actions",
    "notdataactions": "not_data_actions",
    "assignablescopes": "assignable_scopes",
}
_TEXTS = {"name": "name", "description": "description", "id": "id"}
_LONGEST_NAME, _LONGEST_TEXT, _LONGEST_LIST = 128, 1024, 2048
_HALF = re.compile("[\ud800-\udfff]")
_PATTERN = re.compile(r"[A-Za-z0-9.*/]+")


def read_role(definition: object) -> Role:
    """A role from what `az role definition create` takes: Name, Description, Actions, NotActions,
    DataActions, NotDataActions, AssignableScopes. The case of these names does not count. Raises
    InvalidRoleDefinition."""
    if type(definition) is not dict:
        raise InvalidRoleDefinition(
            "A role definition is a mapping.",
            presented=brief(definition),
            required='{"Name": …, "Actions": […], "AssignableScopes": […]}',
        )
    fields: dict[str, Any] = {}
    for key, value in definition.items():
        if type(key) is not str or key.lower() not in (*_LISTS, *_TEXTS, "iscustom"):
            raise InvalidRoleDefinition(
                "A role definition has no such part.",
                presented=brief(key),
                required="Name, Description, Actions, NotActions, DataActions, NotDataActions or "
                "AssignableScopes",
            )
        part = {**_LISTS, **_TEXTS, "iscustom": "custom"}[key.lower()]
        if part in fields:
            raise InvalidRoleDefinition("A part is given once.", presented=f"{key}, in two spellings")
        fields[part] = _texts(key, value) if key.lower() in _LISTS else value
    if fields.pop("custom", True) is not True:
        raise InvalidRoleDefinitionType(
            "A role that somebody makes is a custom one.", required="IsCustom: true"
        )
    name = fields.get("name")
    if name is None or (type(name) is str and not name.strip()):
        raise RoleDefinitionNameNullOrEmpty("A role needs a name.", required='"Name": "…"')
    for part in _TEXTS.values():
        _text(part.title(), fields.get(part, ""))
    return Role(**{"id": "", "assignable_scopes": (), **fields}, custom=True)


def _text(key: str, value: object) -> str:
    if type(value) is not str or len(value) > _LONGEST_TEXT or _HALF.search(value):
        raise InvalidRoleDefinition(
            f"{key} is a text.", presented=brief(value), required=f"{_LONGEST_TEXT} characters at most"
        )
    return value


def _texts(key: str, value: object) -> tuple[str, ...]:
    if type(value) not in (list, tuple) or len(value) > _LONGEST_LIST:  # type: ignore[arg-type]
        raise InvalidRoleDefinition(f"{key} is a list of texts.", presented=brief(value))
    return tuple(_text(f"Each of {key}", one) for one in value)  # type: ignore[attr-defined]


def check_role(role: Role, one_segment: bool, as_documented: bool) -> None:
    """Whether Azure would take this custom role, and with `as_documented` whether the documents would
    (statement rbac-custom). Raises an InvalidRoleDefinition or InvalidActionOrNotAction."""
    if len(role.name) > _LONGEST_NAME or not role.name.isprintable() or role.name != role.name.strip():
        # A name that looks like another one would be taken for it.  # assumption: role-names
        raise InvalidRoleDefinition(
            "That is no name for a role.",
            presented=brief(role.name, 160),
            required=f"{_LONGEST_NAME} visible characters at most, no space at either end",
        )
    if not role.actions and not role.data_actions:
        raise InvalidRoleDefinition("A role grants something.", required="one of Actions or DataActions")
    for pattern, data in _patterns(role):
        _check_pattern(pattern, data, one_segment)
    _check_scopes(role)
    if as_documented:
        _check_documented(role, one_segment)


def _patterns(role: Role) -> Iterator[tuple[str, bool]]:
    yield from ((pattern, False) for pattern in (*role.actions, *role.not_actions))
    yield from ((pattern, True) for pattern in (*role.data_actions, *role.not_data_actions))


def _check_pattern(pattern: str, data: bool, one_segment: bool) -> None:
    if not _PATTERN.fullmatch(pattern):
        raise InvalidActionOrNotAction(
            "A string of a custom role has a character that none may have.",
            presented=brief(pattern, 120),
            required="letters, digits, and . * /",
        )
    if pattern.count("*") > 1:
        raise InvalidActionOrNotAction(
            "A string of a custom role has one wildcard at most.",
            presented=pattern,
            required="one * in a string",
            advice="write several strings instead, one for each middle part",
        )
    if not matching(pattern, data, one_segment):
        plane = "data operation" if data else "operation"
        other = "Actions" if data else "DataActions"
        wrong_plane = f"it belongs among the {other}" if matching(pattern, not data, one_segment) else ""
        raise InvalidActionOrNotAction(
            f"{brief(pattern, 120)} matches no {plane} of the resource providers.",
            presented=brief(pattern, 120),
            required=f"the name of one {plane}, or a pattern that covers one",
            advice=wrong_plane or "lab.access.operations() lists those that the lab knows",
        )


def _check_scopes(role: Role) -> None:
    if not role.assignable_scopes:
        raise MissingAssignableScopes(
            "A custom role says where it may be assigned.", required="one scope or more in AssignableScopes"
        )
    groups = 0
    for scope in map(_scope, role.assignable_scopes):
        if scope == ROOT:
            raise InvalidRoleDefinition(
                "Only built-in roles are available everywhere.", presented=ROOT, required="a narrower scope"
            )
        groups += scope.lower().startswith(MANAGEMENT_GROUPS.lower())
    if groups > 1:
        raise InvalidRoleDefinition("A custom role is available in one management group at most.")
    if groups and role.data_actions:
        raise InvalidRoleDefinition(
            "A custom role with DataActions cannot be made available in a management group.",
            required="subscriptions, resource groups or resources",
        )


def _scope(text: str) -> str:
    try:
        return check_scope(text)
    except InvalidScope as refusal:
        raise LinkedInvalidPropertyId(
            "An assignable scope is the id of something.",
            presented=refusal.presented,
            required=refusal.required,
            advice=refusal.advice,
        ) from None


def _check_documented(role: Role, one_segment: bool) -> None:
    advice = "Azure itself takes this role: lab.access.custom_roles = 'azure' sets the documents' rule aside"
    for pattern, data in [
        *((one, False) for one in role.actions),
        *((one, True) for one in role.data_actions),
    ]:
        outside = [one for one in matching(pattern, data, one_segment) if not _of_workspace(one.name)]
        if outside:
            raise OutsideDocumentedRoles(
                "By the documents, custom roles are for operations on the workspace and its compute alone.",
                presented=f"{pattern}, which covers {outside[0]}",
                required=f"patterns that begin with {WORKSPACE} (statement rbac-custom)",
                advice=advice,
            )
    for scope in role.assignable_scopes:
        if not _documented_scope(scope):
            raise OutsideDocumentedRoles(
                "By the documents, custom roles are for workspaces, resource groups and subscriptions.",
                presented=scope,
                required="one of these three (statement rbac-custom-scope)",
                advice=advice,
            )


def _of_workspace(action: str) -> bool:
    return f"{action.lower()}/".startswith(f"{WORKSPACE.lower()}/")


def _documented_scope(scope: str) -> bool:
    segments = scope.lower().strip("/").split("/")
    if segments[0] != "subscriptions":
        return False
    return len(segments) in (2, 4) or (
        segments[4:7] == ["providers", *WORKSPACE.lower().split("/")] and len(segments) == 8
    )
