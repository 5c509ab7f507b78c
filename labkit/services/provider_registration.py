"""Registering resource providers and features in a subscription."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from labkit.authenticators.platform import Forwarded
from labkit.core.credential import Bearer
from labkit.core.errors import BadRequest, Conflict, NotFound, brief
from labkit.core.identity import within
from labkit.core.operation import Call, operation
from labkit.core.resource import Resources
from labkit.identity.directory import Directory
from labkit.identity.first_party import FIRST_PARTY
from labkit.services.management_plane import ManagementPlane, ResourceManagerEndpoint
from labkit.services.registrations import RESOURCES
from labkit.services.resource_id import resource_type

_NAMESPACE = re.compile(r"Microsoft\.[A-Za-z]{1,60}", re.IGNORECASE | re.ASCII)
_FEATURES = "Microsoft.Features/providers/features"
# Of the document, which has no name for it: https://learn.microsoft.com/azure/cosmos-db/how-to-setup-cmk
COSMOS_KEYS = "Microsoft.DocumentDB/CustomerManagedKeys"  # assumption: cosmos-feature
KNOWN = (COSMOS_KEYS,)


def _check_namespace(namespace: str) -> None:
    if not _NAMESPACE.fullmatch(namespace):
        raise BadRequest(
            "That is no namespace of a resource provider.",
            presented=brief(namespace),
            required="for instance Microsoft.DocumentDB",
        )


def _check_feature(feature: str) -> None:
    if feature.lower() not in (known.lower() for known in KNOWN):
        raise BadRequest(
            "The lab has no such feature.", presented=brief(feature), required=" or ".join(KNOWN)
        )


class _OfSubscription(ManagementPlane):
    def targets(self, resources: Resources) -> Iterator[str]:
        return (id for id in super().targets(resources) if id.count("/") == 2)

    def _check_target(self, call: Call[ResourceManagerEndpoint]) -> None:
        if call.scope.count("/") != 2 or call.scope.lower() not in self._endpoint.documents:
            raise NotFound("There is no such subscription.", presented=brief(call.scope, 120))


class ProviderRegistration(_OfSubscription):
    """The target is a subscription. Statement enc-cosmos-cmk-steps."""

    def __init__(self, endpoint: ResourceManagerEndpoint, directory: Directory) -> None:
        super().__init__(endpoint)
        self._directory = directory

    @operation(
        "Register provider",
        action=lambda scope, namespace="Microsoft.DocumentDB", *_, **__: f"{namespace}/register/action",
        accepts=(Bearer, Forwarded),
        parse=_check_namespace,
    )
    def register(self, call: Call[ResourceManagerEndpoint], namespace: str) -> dict[str, str]:
        """From now on its resources can be created there. What the provider itself does for a customer, such
        as asking a key vault, it does under a service principal of the tenant, which comes with this; to
        register again brings back one that is missing. Raises BadRequest and NotFound."""
        self._check_target(call)
        if (application := FIRST_PARTY.get(namespace.lower())) is not None:
            call.undo(self._directory.as_it_is())
            application.ensure(self._directory)
        call.undo(self._endpoint.registrations.set(call.scope, namespace, True))
        return self._shown(call, namespace)

    @operation(
        "Unregister provider",
        action=lambda scope, namespace="Microsoft.DocumentDB", *_, **__: f"{namespace}/unregister/action",
        accepts=(Bearer, Forwarded),
        parse=_check_namespace,
    )
    def unregister(self, call: Call[ResourceManagerEndpoint], namespace: str) -> dict[str, str]:
        """Its resources cannot be created any more. Raises Conflict while there are any."""
        self._check_target(call)
        ids = [one["id"] for one in self._endpoint.documents.values() if within(one["id"], call.scope)]
        left = [id for id in ids if resource_type(id).lower().startswith(f"{namespace.lower()}/")]
        if left or namespace.lower() == RESOURCES.lower():
            raise Conflict(
                "A resource provider that is used cannot be unregistered.",
                presented=", ".join(left[:3]) or namespace,
                required="none of its resources in the subscription",
            )
        call.undo(self._endpoint.registrations.set(call.scope, namespace, False))
        return self._shown(call, namespace)

    @operation(
        "Get provider",
        action="Microsoft.Resources/subscriptions/providers/read",
        accepts=(Bearer, Forwarded),
        parse=_check_namespace,
    )
    def get(self, call: Call[ResourceManagerEndpoint], namespace: str) -> dict[str, str]:
        """Its namespace, and whether it is registered there."""
        self._check_target(call)
        return self._shown(call, namespace)

    def _shown(self, call: Call[Any], namespace: str) -> dict[str, str]:
        on = self._endpoint.registrations.registered(call.scope, namespace)
        return {"namespace": namespace, "registrationState": "Registered" if on else "NotRegistered"}


class Features(_OfSubscription):
    """Features that Microsoft enables on request. The target is a subscription; a feature is named
    `Namespace/feature`. Statement enc-cosmos-cmk-steps."""

    @operation(
        "Register feature",
        action=f"{_FEATURES}/register/action",
        accepts=(Bearer, Forwarded),
        parse=_check_feature,
    )
    def register(self, call: Call[ResourceManagerEndpoint], feature: str) -> dict[str, str]:
        """Asks for it; Microsoft says yes at once. Raises BadRequest for a feature that the lab does not
        have, and NotFound."""
        self._check_target(call)
        call.undo(self._endpoint.registrations.set_feature(call.scope, feature, True))
        return self._shown(call, feature)

    @operation(
        "Unregister feature",
        action=f"{_FEATURES}/unregister/action",
        accepts=(Bearer, Forwarded),
        parse=_check_feature,
    )
    def unregister(self, call: Call[ResourceManagerEndpoint], feature: str) -> dict[str, str]:
        """Does without it from now on. What was made with it stays."""
        self._check_target(call)
        call.undo(self._endpoint.registrations.set_feature(call.scope, feature, False))
        return self._shown(call, feature)

    @operation("Get feature", action=f"{_FEATURES}/read", accepts=(Bearer, Forwarded), parse=_check_feature)
    def get(self, call: Call[ResourceManagerEndpoint], feature: str) -> dict[str, str]:
        """Its name, and whether it is on."""
        self._check_target(call)
        return self._shown(call, feature)

    def _shown(self, call: Call[Any], feature: str) -> dict[str, str]:
        on = self._endpoint.registrations.has_feature(call.scope, feature)
        return {"name": feature, "state": "Registered" if on else "NotRegistered"}
