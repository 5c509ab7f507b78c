"""Azure AD Graph: the directory of a tenant as something to read and change, the way `az ad` of 2019 did it.

Answers have the names of its reference (https://learn.microsoft.com/previous-versions/azure/ad/graph/api/),
as far as the lab knows what stands behind them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar

from labkit.access import directory_permissions as may
from labkit.core.clock import iso
from labkit.core.errors import (
    BadRequest,
    CredentialMissing,
    CredentialNotAccepted,
    Forbidden,
    NotFound,
    UnknownHost,
    brief,
)
from labkit.core.operation import Call, Service, operation
from labkit.core.resource import Resource, Resources, before_query, split_address, without_query
from labkit.identity.directory import SECRET_LIFETIME, Application, Directory, ServicePrincipal
from labkit.identity.errors import TokenExpired, TokenRefused
from labkit.identity.tenant import Tenant
from labkit.services.azure_ad import GRAPH

_URI = re.compile(r"[a-z][a-z0-9+.-]{0,20}://[!-~]{1,200}")
HOST = "graph.windows.net"
_LONGEST_NAME, _LONGEST_SECRET, _LONGEST_LIFE = 120, 1000, 100 * 365 * 24 * 3600


@dataclass(eq=False)
class DirectoryEndpoint(Resource):
    """The directory of one tenant, as Graph serves it."""

    service: ClassVar[str] = "Azure AD Graph"
    directory: Directory = field(kw_only=True)


Endpoint = Call[DirectoryEndpoint]


def directory_endpoint(tenant: Tenant) -> DirectoryEndpoint:
    """The endpoint of a tenant."""
    return DirectoryEndpoint(
        f"{GRAPH}/{tenant.tenant_id}",
        f"Graph of {tenant.directory.domain}",
        HOST,
        boundary="Azure AD",
        tenant_id=tenant.tenant_id,
        audience=GRAPH,
        directory=tenant.directory,
    )


class Graph(Service):
    """The target of its operations is a collection of the tenant or a thing in it:
    `https://graph.windows.net/TENANT/applications/CLIENT-ID`."""

    name = "Azure AD Graph"
    resource = DirectoryEndpoint
    dialect = {
        CredentialMissing: (401, "Authentication_MissingOrMalformed"),
        CredentialNotAccepted: (401, "Authentication_MissingOrMalformed"),
        TokenRefused: (401, "Authentication_MissingOrMalformed"),
        TokenExpired: (401, "Authentication_ExpiredToken"),
        Forbidden: (403, "Authorization_RequestDenied"),
        NotFound: (404, "Request_ResourceNotFound"),
        BadRequest: (400, "Request_BadRequest"),
    }

    def locate(self, target: str, resources: Resources) -> tuple[Resource, str]:
        """The endpoint of the tenant that the address names; the scope is what comes after the host."""
        endpoint, _ = super().locate(target, resources)
        path = split_address(before_query(target))[2].rstrip("/")
        if path.partition("/")[0] != endpoint.tenant_id:
            raise UnknownHost(
                "Graph does not serve this.",
                presented=without_query(target),
                required=f"{GRAPH}/{endpoint.tenant_id}/applications, servicePrincipals or users",
            )
        return endpoint, f"/{path}"

    @operation("List applications", action=may.READ_APPLICATIONS)
    def applications(self, call: Endpoint, name: str = "") -> list[dict[str, Any]]:
        """The app registrations, or those of this display name."""
        found = (one for one in call.target.directory.applications() if name in ("", one.name))
        return [_shown_application(one) for one in found]

    @operation("Create application", action=may.REGISTER)
    def register(self, call: Endpoint, name: str, uri: str = "") -> dict[str, Any]:
        """An app registration; `uri` is another name of it. Whoever registers it owns it. Raises BadRequest
        for what is no name, or a uri that another application has."""
        directory = call.target.directory
        _check_name(name)
        # Not a bare name: one that is another application's client id would be taken for it.
        if uri and not _URI.fullmatch(uri):
            raise BadRequest("That is no identifier uri.", presented=brief(uri), required="http://name")
        if uri and any(uri == one.uri for one in directory.applications()):
            raise BadRequest(
                "Another application has this identifier uri.", presented=brief(uri), required="another one"
            )
        call.undo(directory.as_it_is())
        return _shown_application(directory.register(name, "", uri, call.identity.object_id))

    @operation("Update application", action=may.CHANGE_SECRETS)
    def set_secret(self, call: Endpoint, secret: str, lifetime: int = SECRET_LIFETIME) -> None:
        """Gives the application this secret, good for `lifetime` seconds, in place of all that it has: what
        is sent is the whole list of its credentials. Raises NotFound or BadRequest."""
        application = _application(call)
        if not 1 <= len(secret) <= _LONGEST_SECRET:
            raise BadRequest(
                "A secret has a length.", presented=f"{len(secret)} characters", required="1 to 1000"
            )
        if type(lifetime) is not int or not 0 < lifetime <= _LONGEST_LIFE:
            raise BadRequest("A secret has an end.", presented=brief(lifetime), required="1 to 100 years")
        before = application.secrets
        call.undo(lambda: setattr(application, "secrets", before))
        application.secrets = []
        call.target.directory.add_secret(application, secret, call.now, lifetime)

    @operation("Delete application", action=may.UNREGISTER)
    def unregister(self, call: Endpoint) -> None:
        """Deletes the application and its service principal. Role assignments that name it stay behind.
        Raises NotFound."""
        directory, application = call.target.directory, _application(call)
        principal = directory.principal_of(application.client_id)
        call.undo(directory.as_it_is())
        if principal is not None:
            directory.remove_principal(principal.object_id)
        directory.unregister(application.client_id)

    @operation("List service principals", action=may.READ_PRINCIPALS)
    def service_principals(self, call: Endpoint, name: str = "") -> list[dict[str, Any]]:
        """The service principals, or the one that has this name: a client id or an identifier uri."""
        directory = call.target.directory
        shown = (_shown_principal(directory, one) for one in directory.service_principals())
        return [one for one in shown if not name or name in one["servicePrincipalNames"]]

    @operation("Create service principal", action=may.ADD_PRINCIPAL)
    def add_service_principal(self, call: Endpoint, client_id: str) -> dict[str, Any]:
        """The application's presence in the tenant. Raises BadRequest for an unknown application and for one
        that has it."""
        directory = call.target.directory
        application = directory.application(client_id)
        if application is None or directory.principal_of(client_id) is not None:
            raise BadRequest(
                "The appId does not reference an application without a service principal.",
                presented=brief(client_id),
                required="the client id of an app registration",
            )
        made = directory.add_service_principal(application)
        call.undo(partial(directory.remove_principal, made.object_id))
        return _shown_principal(directory, made)

    @operation("List users", action=may.READ_USERS)
    def users(self, call: Endpoint, upn: str = "") -> list[dict[str, Any]]:
        """The users and guests, or the one of this user principal name, in whatever case."""
        everybody = _shown_users(call.target.directory)
        return [one for one in everybody if upn.lower() in ("", one["userPrincipalName"].lower())]

    @operation("Get objects", action=may.READ_USERS)
    def objects(self, call: Endpoint, ids: str) -> list[dict[str, Any]]:
        """Users, groups and service principals by object id: several are separated by commas. Who is not
        there is left out."""
        wanted, directory = set(ids.split(",")), call.target.directory
        groups = [
            {"displayName": name, "objectId": id, "objectType": "Group"}
            for id, name, kind in directory.principals()
            if kind == "group"
        ]
        principals = [_shown_principal(directory, one) for one in directory.service_principals()]
        everybody = [*_shown_users(directory), *groups, *principals]
        return [one for one in everybody if one["objectId"] in wanted]


def _check_name(name: str) -> None:
    if not 1 <= len(name) <= _LONGEST_NAME or not name.isprintable() or name != name.strip():
        raise BadRequest(
            "That is no display name.",
            presented=brief(name),
            required=f"1 to {_LONGEST_NAME} visible characters, no space at either end",
        )


def _application(call: Endpoint) -> Application:
    _, _, collection, client_id = [*call.scope.split("/", 3), "", ""][:4]
    found = call.target.directory.application(client_id)
    if found is None or collection != "applications":
        raise NotFound("There is no such application.", presented=brief(client_id), required="a client id")
    return found


def _shown_application(one: Application) -> dict[str, Any]:
    return {
        "appId": one.client_id,
        "displayName": one.name,
        "identifierUris": [one.uri] if one.uri else [],
        "objectId": one.object_id,
        "objectType": "Application",
        # What a secret was is known to nobody any more.
        "passwordCredentials": [
            {"endDate": iso(secret.expires).replace(" ", "T"), "value": None} for secret in one.secrets
        ],
    }


def _shown_principal(directory: Directory, one: ServicePrincipal) -> dict[str, Any]:
    application = directory.application(one.app_id)
    uri = application.uri if application else ""
    return {
        "accountEnabled": "True",
        "addIns": [],
        "appDisplayName": one.name,
        "appId": one.app_id,
        "appOwnerTenantId": directory.tenant_id,
        "displayName": one.name,
        "objectId": one.object_id,
        "objectType": "ServicePrincipal",
        "servicePrincipalNames": [*([uri] if uri else []), one.app_id],
        "servicePrincipalType": "ManagedIdentity" if one.resource_id else "Application",
    }


def _shown_users(directory: Directory) -> list[dict[str, Any]]:
    return [
        {
            "displayName": upn.partition("@")[0],
            "objectId": id,
            "objectType": "User",
            "userPrincipalName": upn,
            "userType": "Guest" if "#EXT#" in upn else "Member",
        }
        for id, upn, kind in directory.principals()
        if kind == "user"
    ]
