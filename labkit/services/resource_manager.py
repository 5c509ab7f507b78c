"""Azure Resource Manager: one REST surface for everything that is created, read and deleted.

It authorizes each call and passes it on to the resource provider that is registered for the type.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, ClassVar

from labkit.authenticators.platform import Forwarded, Platform
from labkit.core.credential import Bearer
from labkit.core.errors import (
    BadRequest,
    Conflict,
    CredentialMissing,
    CredentialNotAccepted,
    Forbidden,
    NotFound,
    UnknownHost,
    brief,
)
from labkit.core.identity import within
from labkit.core.operation import Call, Op, Service, operation
from labkit.core.resource import Resource, Resources, split_address
from labkit.identity.errors import (
    NotAJwt,
    TokenExpired,
    TokenNotYetValid,
    TokenRefused,
    WrongAudience,
    WrongIssuer,
    WrongTenant,
)
from labkit.network.regions import check_region
from labkit.services.resource_id import group_of, name_of, parent_of, resource_type

TOKEN_DIALECT = {
    CredentialMissing: (401, "AuthenticationFailed"),
    CredentialNotAccepted: (401, "AuthenticationFailed"),
    NotAJwt: (401, "InvalidAuthenticationToken"),
    TokenRefused: (401, "InvalidAuthenticationToken"),
    TokenExpired: (401, "ExpiredAuthenticationToken"),
    TokenNotYetValid: (401, "InvalidAuthenticationToken"),
    WrongTenant: (401, "InvalidAuthenticationTokenTenant"),
    WrongIssuer: (401, "InvalidAuthenticationTokenTenant"),
    WrongAudience: (401, "InvalidAuthenticationTokenAudience"),
    Forbidden: (403, "AuthorizationFailed"),
}


@dataclass(eq=False)
class ResourceManagerEndpoint(Resource):
    """The endpoint, and what it remembers: properties by resource id in lower case."""

    service: ClassVar[str] = "Azure Resource Manager"
    documents: dict[str, dict[str, Any]] = field(default_factory=dict, kw_only=True)


@dataclass(frozen=True)
class Provider:
    """A registered resource provider for one type.

    make     builds the resource from its id and region
    created  completes it, asking other services if need be; returns its properties
    deleted  takes away what it has outside of itself
    actions  POST actions by name, such as `listKeys`
    """

    make: Callable[[str, str], Resource]
    created: Callable[[Call[Any], Mapping[str, Any]], dict[str, Any]] = lambda call, properties: {}
    deleted: Callable[[Call[Any]], None] = lambda call: None
    actions: Mapping[str, Callable[[Call[Any]], Any]] = field(default_factory=dict)


def _action(verb: str) -> Callable[..., str]:
    return lambda scope, *_, **__: f"{resource_type(scope)}/{verb}"


class ResourceProviders(Service):
    """Where Resource Manager passes calls on to. Takes nobody else's call."""

    name = "resource provider"

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self._providers: dict[str, Provider] = {}

    def register(self, type_: str, provider: Provider) -> None:
        """From now on resources of this type can be created."""
        self._providers[type_.lower()] = provider

    def prepare(self, call: Call[Any], id: str, region: str) -> None:
        """Makes the new resource known, so that it can be reached; undone with the call."""
        resource = self._provider(id).make(id, region)
        if self._resources.at_host(resource.host) is not None:
            raise Conflict("The name is taken: it is unique in all of Azure.", presented=resource.host)
        self._resources.add(resource)
        call.undo(lambda: self._resources.remove(resource))

    def targets(self, resources: Resources) -> Iterator[str]:
        return (one.id for one in resources if one.id.startswith("/subscriptions/"))

    def check(self, id: str) -> None:
        """Raises BadRequest for an id of a type that no provider is registered for."""
        self._provider(id)

    def _provider(self, id: str) -> Provider:
        found = self._providers.get(resource_type(id).lower())
        if found is None:
            raise BadRequest(
                "The lab has no provider for this type.",
                presented=resource_type(id),
                required="one of " + ", ".join(sorted(self._providers)),
            )
        return found

    @operation("Provision", accepts=(Forwarded,))
    def provision(self, call: Call[Resource], properties: Mapping[str, Any]) -> dict[str, Any]:
        """Completes a new resource. Returns its properties."""
        return self._provider(call.target.id).created(call, properties)

    @operation("Deprovision", accepts=(Forwarded,))
    def deprovision(self, call: Call[Resource]) -> None:
        """Deletes it."""
        resource = call.target
        self._provider(resource.id).deleted(call)
        self._resources.remove(resource)
        call.undo(lambda: self._resources.add(resource))

    @operation("Act", accepts=(Forwarded,))
    def act(self, call: Call[Resource], action: str) -> Any:
        """Carries out a POST action."""
        actions = self._provider(call.target.id).actions
        if action not in actions:
            raise BadRequest("No such action.", presented=action, required=", ".join(actions) or "none")
        return actions[action](call)


def _check_properties(location: str, properties: Mapping[str, Any] | None = None) -> None:
    if properties is not None and not isinstance(properties, Mapping):
        raise BadRequest("Properties are a mapping.", presented=brief(properties), required="a dict, or None")
    try:
        json.dumps(dict(properties or {}))
    except (TypeError, ValueError, RecursionError):
        raise BadRequest(
            "Properties are JSON.", presented=brief(properties), required="plain values"
        ) from None


class ResourceManager(Service):
    """The target of its operations is the id of the resource that they are about."""

    name = "Azure Resource Manager"
    resource = ResourceManagerEndpoint
    dialect = TOKEN_DIALECT

    def __init__(
        self, endpoint: ResourceManagerEndpoint, platform: Platform, providers: ResourceProviders
    ) -> None:
        self._endpoint = endpoint
        self._platform = platform
        self._providers = providers

    def locate(self, target: str, resources: Resources) -> tuple[Resource, str]:
        """Every `/subscriptions/…` scope is reached at the one endpoint."""
        scheme, host, path = split_address(target)
        # A query may hold a signature, and a scope is written down.
        scope = (f"/{path}" if scheme else target).partition("?")[0].rstrip("/")
        elsewhere = scheme and host != self._endpoint.host
        if elsewhere or not scope.lower().startswith("/subscriptions/"):
            raise UnknownHost(
                "Resource Manager does not serve this.", presented=target[:120], required="a resource id"
            )
        return self._endpoint, scope

    def targets(self, resources: Resources) -> Iterator[str]:
        return (document["id"] for document in self._endpoint.documents.values())

    def _document(self, scope: str) -> dict[str, Any]:
        found = self._endpoint.documents.get(scope.lower())
        if found is None:
            raise NotFound(
                "There is no such resource.", presented=scope, advice="check the id, letter by letter"
            )
        return found

    def _pass_on(self, call: Call[Any], op: Op[..., Any], scope: str, *args: object) -> Any:
        return call.ask(op, scope, self._platform.forward(call.identity), *args)

    @operation("PUT", action=_action("write"), accepts=(Bearer, Forwarded), parse=_check_properties)
    def put(
        self, call: Call[ResourceManagerEndpoint], location: str, properties: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Creates a resource, or changes its properties, and returns it as Resource Manager shows it. Raises
        NotFound for a missing resource group, BadRequest for an unknown type, BadInput for a region that
        the lab does not have. Statement flow-create-workspace."""
        documents, scope = self._endpoint.documents, call.scope
        for above in (group_of(scope), parent_of(scope)):
            if above.lower() not in documents:
                raise NotFound("What this would be created in does not exist.", presented=above)
        self._providers.check(scope)
        region = check_region(location)
        existing = documents.get(scope.lower())
        if existing is not None and existing["location"] != region:
            raise Conflict("A resource stays in its region.", presented=region, required=existing["location"])
        document = {
            "id": existing["id"] if existing else scope,
            "name": existing["name"] if existing else name_of(scope),
            "type": resource_type(scope),
            "location": region,
            "properties": {
                **(existing["properties"] if existing else {}),
                **deepcopy(dict(properties or {})),
            },
        }
        if existing is None:
            self._providers.prepare(call, scope, region)
            document["properties"] |= self._pass_on(
                call, ResourceProviders.provision, scope, properties or {}
            )
        self._store(call, document)
        return deepcopy(document)

    def _store(self, call: Call[Any], document: dict[str, Any]) -> None:
        documents, key = self._endpoint.documents, call.scope.lower()
        before = documents.get(key)
        call.undo(lambda: documents.update({key: before}) if before else documents.pop(key, None))
        documents[key] = document

    @operation("GET", action=_action("read"), accepts=(Bearer, Forwarded))
    def get(self, call: Call[ResourceManagerEndpoint]) -> dict[str, Any]:
        """The resource as Resource Manager shows it. Raises NotFound."""
        return deepcopy(self._document(call.scope))

    @operation("DELETE", action=_action("delete"), accepts=(Bearer, Forwarded))
    def delete(self, call: Call[ResourceManagerEndpoint]) -> None:
        """Deletes it, and what is inside of it first. Raises NotFound."""
        self._document(call.scope)
        documents = self._endpoint.documents
        inside = sorted((key for key in documents if within(key, call.scope)), key=len, reverse=True)
        for key in inside:
            self._providers.check(documents[key]["id"])
        for key in inside:
            self._pass_on(call, ResourceProviders.deprovision, documents[key]["id"])
        for key in inside:
            del documents[key]

    @operation("POST", action=lambda scope, action="listKeys", *_, **__: _action(f"{action}/action")(scope))
    def post(self, call: Call[ResourceManagerEndpoint], action: str = "listKeys") -> Any:
        """A POST action such as `listKeys`. Raises NotFound or BadRequest."""
        self._document(call.scope)
        return self._pass_on(call, ResourceProviders.act, call.scope, action)
