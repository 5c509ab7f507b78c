"""`az role`: role assignments and role definitions."""

from __future__ import annotations

import json
from argparse import Namespace
from pathlib import Path
from typing import Any

from labkit.access.errors import RoleAssignmentExists
from labkit.core.errors import Forbidden, brief
from labkit.sdk.az_commands import command, needed, option
from labkit.sdk.az_directory import object_id_of, objects
from labkit.sdk.az_errors import AzError
from labkit.sdk.az_session import Session
from labkit.services.authorization import Authorization

_GROUP = option("--resource-group", "-g")
_SCOPE = option("--scope")
_ASSIGNEE = option("--assignee")
_LONGEST_FILE = 100_000
_KNOWN = ("id", "name", "principalId", "scope", "type", "roleDefinitionId", "roleDefinitionName")


def _scope(session: Session, given: Namespace) -> str:
    if given.scope and given.resource_group:
        raise AzError(f"Resource group {brief(given.resource_group)} is redundant because scope is supplied")
    if given.resource_group:
        return f"{session.subscription(given.subscription)}/resourceGroups/{given.resource_group}"
    return given.scope or session.subscription(given.subscription)


def _shown(session: Session, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Assignments as az prints them. Who they are for is looked up in the directory; whoever may not read
    that gets no names."""
    try:
        people = objects(session, {one["principalId"] for one in found})
    except Forbidden:
        return [{"canDelegate": None, **{name: one[name] for name in _KNOWN}} for one in found]
    rows = []
    for one in found:
        person = people.get(one["principalId"], {})
        row = {"canDelegate": None, **{name: one[name] for name in _KNOWN}}
        rows.append(row | {"principalName": _name(person), "principalType": person.get("objectType")})
    return rows


def _name(person: dict[str, Any]) -> str:
    names = [*person.get("servicePrincipalNames", []), person.get("displayName", "")]
    return str(person.get("userPrincipalName") or names[0])


def _search(session: Session, given: Namespace, everything: bool = False) -> list[dict[str, Any]]:
    wanted = object_id_of(session, given.assignee) if given.assignee else ""
    scope = _scope(session, given)
    role = (given.role or "").lower()
    role = role.rpartition("/")[2] if role.startswith("/") else role
    found = session.ask(Authorization.assignments, scope, everything)
    return [
        one
        for one in found
        if (everything or given.include_inherited or one["scope"].lower() == scope.lower().rstrip("/"))
        and wanted in ("", one["principalId"])
        and role in ("", one["roleDefinitionName"].lower(), one["roleDefinitionId"].rpartition("/")[2])
    ]


@command(
    "role assignment list",
    *(_ASSIGNEE, option("--role"), _SCOPE, _GROUP),
    option("--include-inherited", kind="flag"),
    option("--all", kind="flag"),
)
def list_assignments(session: Session, given: Namespace) -> Any:
    """The assignments at a scope, by default the subscription; with --all all in the subscription."""
    if given.all and (given.scope or given.resource_group):
        raise AzError("group or scope are not required when --all is used")
    return _shown(session, _search(session, given, given.all))


@command(
    "role assignment create",
    *(needed("--role"), _ASSIGNEE, option("--assignee-object-id"), _SCOPE, _GROUP),
)
def create_assignment(session: Session, given: Namespace) -> Any:
    """Gives a role. Where it is given already, that assignment is shown."""
    if bool(given.assignee) == bool(given.assignee_object_id):
        raise AzError("usage error: --assignee STRING | --assignee-object-id GUID")
    principal = given.assignee_object_id or object_id_of(session, given.assignee)
    scope = _scope(session, given)
    try:
        made = session.ask(Authorization.assign, scope, given.role, principal)
    except RoleAssignmentExists:
        given.include_inherited = False
        found = _search(session, given)
        [made] = [one for one in found if one["principalId"] == principal]
    [row] = _shown(session, [made])
    return {name: value for name, value in row.items() if name not in ("principalName", "roleDefinitionName")}


@command(
    "role assignment delete",
    *(option("--ids", kind="texts"), _ASSIGNEE, option("--role"), _SCOPE, _GROUP),
    option("--include-inherited", kind="flag"),
    option("--yes", "-y", kind="flag"),
)
def delete_assignments(session: Session, given: Namespace) -> None:
    """Takes assignments back: by their ids, or all that fit."""
    by = (given.assignee, given.role, given.scope, given.resource_group, given.include_inherited)
    if given.ids and any(by):
        raise AzError("When assignment ids are used, other parameter values are not required")
    if not given.ids and not any((*by, given.yes)):
        raise AzError(
            "Unable to prompt for confirmation as no tty available. Use --yes.",
            presented="a command that would delete all role assignments of the subscription",
            required="--ids, --assignee, --role, --scope or --resource-group",
        )
    ids = given.ids or [one["id"] for one in _search(session, given)]
    if not ids:
        raise AzError("No matched assignments were found to delete")
    for id in ids:
        session.ask(Authorization.unassign, id)


@command(
    "role definition list",
    *(option("--name", "-n"), _SCOPE, _GROUP, option("--custom-role-only", kind="flag")),
)
def list_definitions(session: Session, given: Namespace) -> Any:
    """The roles that can be assigned at a scope, by default the subscription."""
    found = session.ask(Authorization.definitions, _scope(session, given))
    return [
        _shown_role(session, one)
        for one in found
        if given.name in (None, one["Name"], one["Id"]) and (one["IsCustom"] or not given.custom_role_only)
    ]


@command("role definition create", needed("--role-definition"))
def create_definition(session: Session, given: Namespace) -> Any:
    """Makes a custom role from JSON, or from a file of it."""
    definition = _read_definition(given.role_definition)
    lowered = {name.lower(): value for name, value in definition.items()}
    if not lowered.get("name"):
        raise AzError("please provide role name", required='"Name": "…"')
    scopes = lowered.get("assignablescopes")
    if not scopes or not isinstance(scopes, list):
        needed_part = '"AssignableScopes": ["/subscriptions/…"]'
        raise AzError("please provide 'assignableScopes'", required=needed_part)
    # A new role gets a new id, whatever the file says.
    content = {name: value for name, value in definition.items() if name.lower() != "id"}
    return _shown_role(session, session.ask(Authorization.define, str(scopes[0]), content))


@command("role definition delete", needed("--name", "-n"), _SCOPE, _GROUP)
def delete_definition(session: Session, given: Namespace) -> None:
    """Deletes a custom role."""
    session.ask(Authorization.undefine, _scope(session, given), given.name)


def _read_definition(text: str) -> dict[str, Any]:
    path = Path(text.removeprefix("@"))
    try:
        if not text.lstrip().startswith("{") and path.is_file():
            text = path.read_text("utf-8")[:_LONGEST_FILE]
        definition = json.loads(text)
    except (ValueError, OSError, RecursionError):
        raise AzError(
            f"Failed to parse string as JSON: {brief(text)}",
            required="""JSON in single quotes, or the name of a file: --role-definition role.json""",
        ) from None
    if type(definition) is not dict:
        raise AzError("Invalid role definition. A valid dictionary JSON representation is expected.")
    return definition


def _shown_role(session: Session, one: dict[str, Any]) -> dict[str, Any]:
    kind = "Microsoft.Authorization/roleDefinitions"
    return {
        "assignableScopes": one["AssignableScopes"],
        "description": one["Description"],
        "id": f"{session.subscription()}/providers/{kind}/{one['Id']}",
        "name": one["Id"],
        "permissions": [
            {
                "actions": one["Actions"],
                "dataActions": one["DataActions"],
                "notActions": one["NotActions"],
                "notDataActions": one["NotDataActions"],
            }
        ],
        "roleName": one["Name"],
        "roleType": "CustomRole" if one["IsCustom"] else "BuiltInRole",
        "type": kind,
    }
