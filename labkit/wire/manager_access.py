"""Role definitions and role assignments over REST: /{scope}/providers/Microsoft.Authorization/…"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs

from labkit.access.errors import RoleAssignmentNotFound, RoleDefinitionDoesNotExist
from labkit.core.credential import Credential
from labkit.core.errors import BadRequest, brief
from labkit.services.authorization import PROVIDER, Authorization
from labkit.services.resource_id import name_of
from labkit.wire.message import CALLER, HOST_OF_ARM, Answer, AnyLab, MalformedBody, Request, VerbRefused

Json = dict[str, Any]
Handler = Callable[[AnyLab, Request, Credential], Answer]

_PATH = re.compile(
    rf"(?P<scope>.*?)/providers/{re.escape(PROVIDER)}/(?P<kind>roleAssignments|roleDefinitions)(?:/(?P<name>[^/]+))?",
    re.IGNORECASE,
)
_EQUALS = re.compile(r"(\w+)\s+eq\s+'([^']*)'", re.IGNORECASE)
_PERMISSIONS = ("actions", "notActions", "dataActions", "notDataActions")


class FilterInvalid(BadRequest):
    """An OData filter that the lab does not know."""

    status = 400
    code = "InvalidFilter"


def route(request: Request) -> Handler | None:
    """What answers a path, or None for one that is about something else."""
    found = _PATH.fullmatch(request.path)
    if found is None:
        return None
    handlers = _ASSIGNMENTS if found["kind"].lower() == "roleassignments" else _DEFINITIONS
    key = (request.method, found["name"] is not None)
    if key not in handlers:
        raise VerbRefused(
            "A list takes GET; one of them GET, PUT and DELETE.", presented=brief(request.method)
        )
    return handlers[key]


def _scope(request: Request) -> str:
    found = _PATH.fullmatch(request.path)
    assert found is not None
    return request.at(HOST_OF_ARM, found["scope"])


def _properties(request: Request) -> Json:
    properties = request.json().get("properties")
    if not isinstance(properties, dict):
        raise MalformedBody(
            "The body has no properties.", presented=brief(properties), required='{"properties": {…}}'
        )
    return properties


def _text(properties: Mapping[str, Any], name: str) -> str:
    value = properties.get(name)
    if not isinstance(value, str) or not value:
        raise MalformedBody(f"The property {name} is a text.", presented=brief(value), required=name)
    return value


# ---- role assignments


def _assign(lab: AnyLab, request: Request, credential: Credential) -> Answer:
    properties = _properties(request)
    role, principal = name_of(_text(properties, "roleDefinitionId")), _text(properties, "principalId")
    made = lab.ask(
        CALLER, Authorization.assign, _scope(request), credential, role, principal, name_of(request.path)
    )
    return Answer.json(201, _shown_assignment(made))


def _assignments(lab: AnyLab, request: Request, credential: Credential) -> Answer:
    wanted, at_scope = _filter(request, ("principalId",), "atScope()")
    found = lab.ask(CALLER, Authorization.assignments, _scope(request), credential, not at_scope)
    shown = [_shown_assignment(one) for one in found if _fits(one, wanted)]
    return Answer.json(200, {"value": shown})


def _assignment(lab: AnyLab, request: Request, credential: Credential) -> Answer:
    for one in lab.ask(CALLER, Authorization.assignments, _scope(request), credential):
        if one["id"].lower() == request.path.lower():
            return Answer.json(200, _shown_assignment(one))
    raise RoleAssignmentNotFound("There is no such role assignment.", presented=brief(request.path, 200))


def _unassign(lab: AnyLab, request: Request, credential: Credential) -> Answer:
    was = lab.ask(CALLER, Authorization.unassign, request.at(HOST_OF_ARM, request.path), credential)
    return Answer.json(200, _shown_assignment(was))


def _shown_assignment(one: Mapping[str, Any]) -> Json:
    properties = {name: one[name] for name in ("roleDefinitionId", "principalId", "scope")}
    return {"id": one["id"], "name": one["name"], "type": one["type"], "properties": properties}


# ---- role definitions


def _define(lab: AnyLab, request: Request, credential: Credential) -> Answer:
    properties = _properties(request)
    permissions = properties.get("permissions")
    if not isinstance(permissions, list) or len(permissions) != 1 or not isinstance(permissions[0], dict):
        raise MalformedBody(
            "A role has one set of permissions.",
            presented=brief(permissions),
            required='"permissions": [{"actions": […], "notActions": […]}]',
        )
    definition = {
        "Name": properties.get("roleName"),
        "AssignableScopes": properties.get("assignableScopes", []),
    }
    definition |= {part: permissions[0].get(part, []) for part in _PERMISSIONS}
    definition |= {"Description": properties.get("description", "")}
    made = lab.ask(
        CALLER, Authorization.define, _scope(request), credential, definition, name_of(request.path)
    )
    return Answer.json(201, _shown_definition(made, request))


def _definitions(lab: AnyLab, request: Request, credential: Credential) -> Answer:
    wanted, _ = _filter(request, ("roleName", "type"), "atScopeAndBelow()")
    found = lab.ask(CALLER, Authorization.definitions, _scope(request), credential)
    shown = [_shown_definition(one, request) for one in found]
    return Answer.json(200, {"value": [one for one in shown if _fits(one["properties"], wanted)]})


def _definition(lab: AnyLab, request: Request, credential: Credential) -> Answer:
    for one in lab.ask(CALLER, Authorization.definitions, _scope(request), credential):
        if one["Id"].lower() == name_of(request.path).lower():
            return Answer.json(200, _shown_definition(one, request))
    raise RoleDefinitionDoesNotExist("No role has this id.", presented=brief(request.path, 200))


def _undefine(lab: AnyLab, request: Request, credential: Credential) -> Answer:
    lab.ask(CALLER, Authorization.undefine, _scope(request), credential, name_of(request.path))
    return Answer(204)


def _shown_definition(one: Mapping[str, Any], request: Request) -> Json:
    lists = {part.lower(): one[part] for part in one if isinstance(one[part], list)}
    segments = request.segments
    place = f"/subscriptions/{segments[1]}" if segments[0].lower() == "subscriptions" else ""
    return {
        "id": f"{place}/providers/{PROVIDER}/roleDefinitions/{one['Id']}",
        "name": one["Id"],
        "type": f"{PROVIDER}/roleDefinitions",
        "properties": {
            "roleName": one["Name"],
            "type": "CustomRole" if one["IsCustom"] else "BuiltInRole",
            "description": one["Description"],
            "assignableScopes": one["AssignableScopes"],
            "permissions": [{part: lists[part.lower()] for part in _PERMISSIONS}],
        },
    }


# ---- filters


def _filter(request: Request, names: tuple[str, ...], word: str) -> tuple[dict[str, str], bool]:
    """What a $filter compares, and whether it says the one word that the list knows. Raises FilterInvalid."""
    asked = parse_qs(request.query).get("$filter", [""])[0].strip()
    if asked.lower() == word.lower() or not asked:
        return {}, bool(asked)
    found = _EQUALS.fullmatch(asked)
    known = {name.lower(): name for name in names}
    if found is None or found[1].lower() not in known:
        raise FilterInvalid(
            "The lab does not know this filter.",
            presented=brief(asked, 120),
            required=" or ".join([word, *(f"{name} eq '…'" for name in names)]),
        )
    return {known[found[1].lower()]: found[2]}, False


def _fits(one: Mapping[str, Any], wanted: Mapping[str, str]) -> bool:
    return all(str(one[name]).lower() == value.lower() for name, value in wanted.items())


_ASSIGNMENTS: dict[tuple[str, bool], Handler] = {
    ("GET", False): _assignments,
    ("GET", True): _assignment,
    ("PUT", True): _assign,
    ("DELETE", True): _unassign,
}
_DEFINITIONS: dict[tuple[str, bool], Handler] = {
    ("GET", False): _definitions,
    ("GET", True): _definition,
    ("PUT", True): _define,
    ("DELETE", True): _undefine,
}
