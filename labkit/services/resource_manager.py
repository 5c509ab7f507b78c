"""Azure Resource Manager: one REST surface for everything that is created, read and deleted.

It authorizes each call and passes it on to the resource provider that is registered for the type.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from labkit.access.rbac import RoleAssignments
from labkit.authenticators.platform import Forwarded, Platform
from labkit.core.credential import Bearer
from labkit.core.errors import BadRequest, Conflict, Forbidden, NotFound, brief
from labkit.core.identity import within
from labkit.core.operation import Call, Op, Service, operation
from labkit.core.resource import Component, Resource, Resources
from labkit.crypto.errors import Damaged
from labkit.network.regions import check_region
from labkit.services.management_plane import ManagementPlane, ResourceManagerEndpoint
from labkit.services.resource_id import group_of, name_of, parent_of, resource_type


def may_change(*names: str) -> Callable[[Call[Any], Mapping[str, Any]], None]:
    """A `Provider.changed` that lets these properties change and no others."""

    def changed(call: Call[Any], changes: Mapping[str, Any]) -> None:
        for name, value in changes.items():
            if name not in names:
                raise BadRequest(
                    f"The property {brief(name)} of {call.target.name} cannot be changed like this.",
                    presented=f"{brief(name)}: {brief(value)}",
                    required=f"the value that it has; what may change: {', '.join(names) or 'nothing'}",
                )

    return changed


_NOTHING_CHANGES = may_change()


@dataclass(frozen=True)
class Provider:
    """A registered resource provider for one type.

    make     builds the resource from its id and region
    created  completes it, asking other services if need be; returns its properties
    deleted  takes away what it has outside of itself
    actions  POST actions by name, such as `listKeys`; each is given the body too
    changed  carries out what a PUT over it would change, given as the properties that get another value, and
             returns those that are shown otherwise than they were given; raises BadRequest for those that
             may not change, by default all
    secret   properties that Resource Manager passes on and keeps nowhere; what it shows of them is what
             `created` returns
    """

    make: Callable[[str, str], Resource]
    created: Callable[[Call[Any], Mapping[str, Any]], dict[str, Any]] = lambda call, properties: {}
    deleted: Callable[[Call[Any]], None] = lambda call: None
    actions: Mapping[str, Callable[[Call[Any], Mapping[str, Any]], Any]] = field(default_factory=dict)
    changed: Callable[[Call[Any], Mapping[str, Any]], Mapping[str, Any] | None] = _NOTHING_CHANGES
    secret: frozenset[str] = frozenset()


_SUBSCRIPTIONS = "Microsoft.Resources/subscriptions"


def _action(verb: str) -> Callable[..., str]:
    return lambda scope, *_, **__: f"{resource_type(scope)}/{verb}"


class ResourceProviders(Service):
    """Where Resource Manager passes calls on to. Takes nobody else's call."""

    name = "resource provider"
    dialect = {Damaged: (500, "InternalServerError")}

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

    def component(self, resource: Resource) -> Component:
        """The resource's name; its provider is not where the resource is."""
        return Component(resource.name, resource.boundary, resource.provider_network)

    def check(self, id: str) -> None:
        """Raises BadRequest for an id of a type that no provider is registered for."""
        self._provider(id)

    def secret(self, id: str) -> frozenset[str]:
        """The properties of this resource that are kept nowhere."""
        return self._provider(id).secret

    def _provider(self, id: str) -> Provider:
        return self.of_type(resource_type(id))

    def of_type(self, type_: str) -> Provider:
        """The provider of a type. Raises BadRequest."""
        found = self._providers.get(type_.lower())
        if found is None:
            raise BadRequest(
                "The lab has no provider for this type.",
                presented=type_[:120],
                required="one of " + ", ".join(sorted(self._providers)),
            )
        return found

    @operation("Provision", accepts=(Forwarded,))
    def provision(self, call: Call[Resource], properties: Mapping[str, Any]) -> dict[str, Any]:
        """Completes a new resource. Returns its properties."""
        return self._provider(call.target.id).created(call, properties)

    @operation("Update", accepts=(Forwarded,))
    def update(self, call: Call[Resource], changes: Mapping[str, Any]) -> dict[str, Any]:
        """Carries out what a PUT changes. Returns what is shown otherwise than it was given. Raises
        BadRequest."""
        return dict(self._provider(call.target.id).changed(call, changes) or {})

    @operation("Deprovision", accepts=(Forwarded,))
    def deprovision(self, call: Call[Resource]) -> None:
        """Deletes it."""
        resource = call.target
        self._provider(resource.id).deleted(call)
        self._resources.remove(resource)
        call.undo(lambda: self._resources.add(resource))

    @operation("Act", accepts=(Forwarded,))
    def act(self, call: Call[Resource], action: str, body: Mapping[str, Any]) -> Any:
        """Carries out a POST action."""
        actions = self._provider(call.target.id).actions
        if action not in actions:
            raise BadRequest("No such action.", presented=action, required=", ".join(actions) or "none")
        return actions[action](call, body)


def _plain(properties: Mapping[str, Any] | None) -> dict[str, Any]:
    """A copy of plain values, of which nothing lies about what it is. Raises BadRequest."""
    try:
        plain: dict[str, Any] = _copy({} if properties is None else properties)
        json.dumps(plain)
    except (TypeError, ValueError, RecursionError):
        raise BadRequest(
            "Properties are JSON.",
            presented=f"{_kind(properties)}, not shown",
            required="plain values by name, or None",
        ) from None
    return plain


def _kind(value: object) -> str:
    """What is said of properties that are refused as a whole: a password may be among them."""
    return type(value).__name__


def _copy(value: Any) -> Any:
    # By identity: a foreign type may say that it is equal to another.
    kind = type(value)
    if kind is list or kind is tuple:
        return [_copy(one) for one in value]
    if kind is dict and all(type(name) is str for name in value):
        return {name: _copy(one) for name, one in value.items()}
    if value is None or any(kind is plain for plain in (str, bool, int, float)):
        return value
    raise TypeError


def _differing(given: Mapping[str, Any], shown: Mapping[str, Any]) -> dict[str, Any]:
    """The given properties that are shown with another value, or not at all."""
    # As texts, since True equals 1 in Python and not in JSON.
    texts = {name: json.dumps(value, sort_keys=True) for name, value in shown.items()}
    return {
        name: value for name, value in given.items() if texts.get(name) != json.dumps(value, sort_keys=True)
    }


def _says_more(shown: Any, given: Any) -> bool:
    """Whether a property has what was asked for, and more is shown of it than was said."""
    if type(shown) is not dict or type(given) is not dict:
        return False
    different = _differing(given, shown)
    return all(name in shown and _says_more(shown[name], value) for name, value in different.items())


def _check_properties(properties: Mapping[str, Any] | None) -> None:
    if properties is not None and type(properties) is not dict:
        raise BadRequest("Properties are a mapping.", presented=_kind(properties), required="a dict, or None")
    _plain(properties)


def _check_body(body: Mapping[str, Any] | None) -> None:
    _check_properties(body)


class ResourceManager(ManagementPlane):
    """The target of its operations is the id of the resource that they are about."""

    def __init__(
        self,
        endpoint: ResourceManagerEndpoint,
        platform: Platform,
        providers: ResourceProviders,
        roles: RoleAssignments,
    ) -> None:
        super().__init__(endpoint)
        self._platform = platform
        self._roles = roles
        self._providers = providers

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
        NotFound for a missing resource group, BadRequest for an unknown type and for a property that cannot
        have this value, MissingSubscriptionRegistration for a type whose provider is not registered, BadInput
        for a region that the lab does not have. Statement flow-create-workspace."""
        documents, scope = self._endpoint.documents, call.scope
        for above in (parent_of(group_of(scope)), group_of(scope), parent_of(scope)):
            if above.lower() not in documents and above.lower() != scope.lower():
                raise NotFound("What this would be created in does not exist.", presented=above)
        self._providers.check(scope)
        self._endpoint.registrations.check(scope, resource_type(scope).partition("/")[0])
        region = check_region(location)
        existing, given = documents.get(scope.lower()), _plain(properties)
        if existing is not None:
            document = self._changed(call, existing, region, given)
        else:
            document = self._created(call, region, given)
        self._store(call, document)
        return deepcopy(document)

    def _created(
        self, call: Call[ResourceManagerEndpoint], region: str, given: dict[str, Any]
    ) -> dict[str, Any]:
        scope = call.scope
        self._providers.prepare(call, scope, region)
        made = self._pass_on(call, ResourceProviders.provision, scope, given)
        given = {name: value for name, value in given.items() if name not in self._providers.secret(scope)}
        for name, value in _differing({name: given[name] for name in given if name in made}, made).items():
            if _says_more(made[name], value):
                continue
            raise BadRequest(
                f"The property {name} cannot be had like this.",
                presented=f"{name}: {brief(value)}",
                required=f"{name}: {brief(made[name])}, or nothing",
            )
        return {
            "id": scope,
            "name": name_of(scope),
            "type": resource_type(scope),
            "location": region,
            "properties": given | made,
        }

    def _changed(
        self,
        call: Call[ResourceManagerEndpoint],
        existing: dict[str, Any],
        region: str,
        given: dict[str, Any],
    ) -> dict[str, Any]:
        if existing["location"] != region:
            raise Conflict("A resource stays in its region.", presented=region, required=existing["location"])
        changes = _differing(given, existing["properties"])
        for name in changes.keys() & self._providers.secret(call.scope):
            raise BadRequest(
                f"The property {name} was kept nowhere, so it cannot be changed.",
                presented=f"{name}, not shown",
                required="what is shown of it, or nothing",
                advice="delete the resource and create it again",
            )
        shown = self._pass_on(call, ResourceProviders.update, call.scope, changes)
        return {**existing, "properties": existing["properties"] | changes | shown}

    def _store(self, call: Call[Any], document: dict[str, Any]) -> None:
        documents, key = self._endpoint.documents, call.scope.lower()
        before = documents.get(key)
        call.undo(lambda: documents.update({key: before}) if before else documents.pop(key, None))
        documents[key] = document

    @operation("GET", action=_action("read"), accepts=(Bearer, Forwarded))
    def get(self, call: Call[ResourceManagerEndpoint]) -> dict[str, Any]:
        """The resource as Resource Manager shows it. Raises NotFound."""
        return deepcopy(self._document(call.scope))

    @operation("List", accepts=(Bearer, Forwarded))
    def collection(self, call: Call[ResourceManagerEndpoint], type_: str) -> list[dict[str, Any]]:
        """The resources of a type at the scope and below, as far as the caller may read them: what somebody
        may not read is left out and not refused. The scope /subscriptions stands for all of them; a
        subscription is shown to whoever may read anything in it. Raises BadRequest for a type that the lab
        does not have."""
        # assumption: lists-leave-out
        inside = [id for key, id in self._ids() if within(key, call.scope)]
        if type_.lower() == _SUBSCRIPTIONS.lower():
            return [
                deepcopy(self._document(id))
                for id in inside
                if id.count("/") == 2 and any(self._readable(call, one) for one in inside if within(one, id))
            ]
        self._providers.of_type(type_)
        wanted = (id for id in inside if resource_type(id).lower() == type_.lower())
        return [deepcopy(self._document(id)) for id in wanted if self._readable(call, id)]

    def _ids(self) -> list[tuple[str, str]]:
        return [(key, document["id"]) for key, document in self._endpoint.documents.items()]

    def _readable(self, call: Call[Any], id: str) -> bool:
        try:
            call.ask(ResourceManager.get, id, self._platform.forward(call.identity))
        except Forbidden:
            return False
        return True

    @operation("Link", action=_action("write"), accepts=(Forwarded,))
    def link(self, call: Call[ResourceManagerEndpoint]) -> str:
        """Asked of a resource that another one is to use: who makes that one has to have the right to write
        this one (linked access). Returns its id; raises NotFound."""
        return str(self._document(call.scope)["id"])

    @operation("DELETE", action=_action("delete"), accepts=(Bearer, Forwarded))
    def delete(self, call: Call[ResourceManagerEndpoint]) -> None:
        """Deletes it, and what is inside of it first; role assignments there go as well. Raises NotFound."""
        self._document(call.scope)
        documents = self._endpoint.documents
        inside = sorted((key for key in documents if within(key, call.scope)), key=len, reverse=True)
        for key in inside:
            self._providers.check(documents[key]["id"])
        self._take_down(call, [documents[key]["id"] for key in inside])
        self._forget_access(call)
        for key in inside:
            call.undo(partial(documents.update, {key: documents[key]}))
            del documents[key]

    def _take_down(self, call: Call[Any], ids: list[str]) -> None:
        """What another one of them uses goes after that. Raises Conflict where nothing goes any more."""
        while ids:
            left: list[tuple[str, Conflict]] = []
            for id in ids:
                try:
                    self._pass_on(call, ResourceProviders.deprovision, id)
                except Conflict as refusal:
                    left.append((id, refusal))
            if len(left) == len(ids):
                raise left[0][1]
            ids = [id for id, _ in left]

    def _forget_access(self, call: Call[Any]) -> None:
        """What comes to be under the same id is another thing: it has neither these roles nor these locks."""
        # assumption: access-goes-with-resource
        for assignment in [one for one in self._roles if within(one.scope, call.scope)]:
            call.undo(self._roles.remove(assignment.id, call.now, at_once=True))
        for deny in [one for one in self._roles.denies if within(one.scope, call.scope)]:
            self._roles.allow_again(deny)
            call.undo(partial(self._roles.deny, deny))

    @operation(
        "POST",
        action=lambda scope, action="listKeys", *_, **__: _action(f"{action}/action")(scope),
        parse=_check_body,
    )
    def post(
        self,
        call: Call[ResourceManagerEndpoint],
        action: str = "listKeys",
        body: Mapping[str, Any] | None = None,
    ) -> Any:
        """A POST action such as `listKeys`. Raises NotFound or BadRequest."""
        self._document(call.scope)
        return self._pass_on(call, ResourceProviders.act, call.scope, action, _plain(body))
