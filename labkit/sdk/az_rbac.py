"""`az ad sp create-for-rbac`: an application, its service principal, a secret, and a role for it."""

from __future__ import annotations

import json
from argparse import Namespace
from dataclasses import dataclass, field
from typing import Any

from labkit.access.errors import RoleAssignmentExists
from labkit.core.clock import iso
from labkit.core.errors import Forbidden, Refusal
from labkit.furniture import CLIENT_ID, CLIENT_SECRET
from labkit.sdk.az_commands import command, option
from labkit.sdk.az_directory import principals_named
from labkit.sdk.az_errors import AzError
from labkit.sdk.az_output import Verbatim
from labkit.sdk.az_session import Session
from labkit.services.authorization import Authorization
from labkit.services.graph import Graph

_YEAR = 365 * 24 * 3600
_ENDPOINTS = {
    "activeDirectoryEndpointUrl": "https://login.microsoftonline.com",
    "resourceManagerEndpointUrl": "https://management.azure.com",
    "activeDirectoryGraphResourceId": "https://graph.windows.net",
    "sqlManagementEndpointUrl": "https://management.core.windows.net:5555",
    "galleryEndpointUrl": "https://gallery.azure.com/",
    "managementEndpointUrl": "https://management.core.windows.net",
}
_LINK = (
    "https://docs.microsoft.com/en-us/azure/azure-resource-manager/"
    "resource-group-create-service-principal-portal"
)


@dataclass
class _Made:
    """What one run has come to: names and ids, the secret, and which of it is new."""

    name: str
    uri: str
    client_id: str = ""
    object_id: str = ""
    secret: str = field(default="", repr=False)
    new_application: bool = False
    new_principal: bool = False
    assignments: list[str] = field(default_factory=list)


@command(
    "ad sp create-for-rbac",
    option("--name", "-n"),
    option("--role", default="Contributor"),
    option("--scopes", kind="texts"),
    option("--skip-assignment", kind="flag"),
    option("--sdk-auth", kind="flag"),
    option("--years", kind="number", default=1),
)
def create_for_rbac(session: Session, given: Namespace) -> Any:
    """An application that may do something. Unless told otherwise, Contributor of the whole subscription, as
    in 2019. An application of this name is used again, and its new secret takes the place of all that it
    had."""
    scopes = given.scopes or [session.subscription()]
    made = _names(session, given.name)
    existing = principals_named(session, made.uri)
    if existing:
        made.name, made.object_id = existing[0]["appDisplayName"], existing[0]["objectId"]
    try:
        _application(session, made, given.years)
        _principal(session, made)
        if not given.skip_assignment:
            _assign(session, made, given.role, scopes)
    except Refusal as refusal:
        try:
            _clean_up(session, made)
        except Refusal:
            session.say(f"The application {made.client_id} stays behind: it could not be deleted.")
        raise refusal from None
    if given.sdk_auth:
        return Verbatim(json.dumps(_for_sdk(session, made, scopes[0]), indent=2))
    return {
        "appId": made.client_id,
        "displayName": made.name,
        "name": made.uri,
        "password": made.secret,
        "tenant": session.account.tenant,
    }


def _for_sdk(session: Session, made: _Made, scope: str) -> dict[str, str]:
    return {
        "clientId": made.client_id,
        "clientSecret": made.secret,
        "subscriptionId": [*scope.split("/"), "", ""][2],
        "tenantId": session.account.tenant,
        **_ENDPOINTS,
    }


def _names(session: Session, name: str | None) -> _Made:
    if not name:
        moment = iso(session.lab.clock.now).rstrip("Z").replace(" ", "-").replace(":", "-")
        return _Made(f"azure-cli-{moment}", f"http://azure-cli-{moment}")
    if "://" in name:
        return _Made(name.partition("://")[2], name)
    uri = f"http://{name}"
    said = "which is the required format used for service principal names"
    session.say(f'Changing "{name}" to a valid URI of "{uri}", {said}')
    return _Made(name, uri)


def _application(session: Session, made: _Made, years: int) -> None:
    """Registers the application, or takes the one of this name; then gives it a secret."""
    found = session.ask_graph(Graph.applications, "applications", made.name)
    same = [one["appId"] for one in found if made.uri in one["identifierUris"]]
    if same:
        made.client_id = same[0]
        session.say(f'Found an existing application instance of "{made.client_id}". We will patch it')
    else:
        made.client_id = _register(session, made)
        made.new_application = True
    secret = session.draw_secret(made.client_id, CLIENT_SECRET if made.client_id == CLIENT_ID else "")
    session.ask_graph(Graph.set_secret, f"applications/{made.client_id}", secret, years * _YEAR)
    made.secret = secret


def _register(session: Session, made: _Made) -> str:
    try:
        return str(session.ask_graph(Graph.register, "applications", made.name, made.uri)["appId"])
    except Forbidden as refusal:
        said = "Directory permission is needed for the current user to register the application."
        raise AzError(
            f"{said} For how to configure, please refer '{_LINK}'. Original error: Insufficient privileges "
            "to complete the operation.",
            presented=refusal.presented,
            required=refusal.required,
            advice=refusal.advice,
        ) from refusal


def _principal(session: Session, made: _Made) -> None:
    if made.object_id:
        return
    new = session.ask_graph(Graph.add_service_principal, "servicePrincipals", made.client_id)
    made.object_id, made.new_principal = new["objectId"], True


def _assign(session: Session, made: _Made, role: str, scopes: list[str]) -> None:
    for scope in scopes:
        session.say(f'Creating a role assignment under the scope of "{scope}"')
        try:
            made.assignments.append(session.ask(Authorization.assign, scope, role, made.object_id)["id"])
        except RoleAssignmentExists:
            session.say("  Role assignment already exists.\n")
        except Refusal:
            session.say("  Role assignment creation failed.\n")
            raise


def _clean_up(session: Session, made: _Made) -> None:
    """Takes back what there is of a run that was refused, and says what that was. az itself leaves it."""
    # assumption: az-cleans-up
    for id in made.assignments:
        session.ask(Authorization.unassign, id)
        session.say(f"Created until then and deleted again: role assignment {id}")
    if made.new_application:
        principal = f", and its service principal {made.object_id}" if made.new_principal else ""
        session.ask_graph(Graph.unregister, f"applications/{made.client_id}")
        session.say(f"Created until then and deleted again: application {made.client_id}{principal}")
        session.say("(az itself would leave them behind.)")
    elif made.secret:
        session.say(f"The application {made.client_id} was there before and stays. Its secret was replaced:")
        session.say("the old one does not work any more, and nobody has seen the new one.")
