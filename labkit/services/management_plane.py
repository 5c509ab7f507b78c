"""The one endpoint that everything about a subscription is managed at, whichever service answers there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

from labkit.access.scope import LONGEST
from labkit.core.credential import Bearer
from labkit.core.errors import CredentialMissing, CredentialNotAccepted, Forbidden, UnknownHost
from labkit.core.operation import Call, Service
from labkit.core.resource import Resource, Resources, before_query, split_address, without_query
from labkit.core.trace import Hop
from labkit.identity.errors import (
    NotAJwt,
    TokenExpired,
    TokenNotYetValid,
    TokenRefused,
    WrongAudience,
    WrongIssuer,
    WrongTenant,
)
from labkit.services.activity_log import ActivityLog
from labkit.services.registrations import Registrations

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
    """The endpoint, and what it remembers: resources and management groups by id in lower case, what each
    subscription is registered for, and who changed what."""

    service: ClassVar[str] = "Azure Resource Manager"
    documents: dict[str, dict[str, Any]] = field(default_factory=dict, kw_only=True)
    management_groups: dict[str, dict[str, Any]] = field(default_factory=dict, kw_only=True)
    registrations: Registrations = field(default_factory=Registrations, kw_only=True)
    activity_log: ActivityLog = field(repr=False, kw_only=True)


class ManagementPlane(Service):
    """Base of the services behind it. The target of an operation is the scope that it is about. All that
    passes here is in the activity log, and nothing else is."""

    name = "Azure Resource Manager"
    resource = ResourceManagerEndpoint
    dialect = TOKEN_DIALECT
    roots: ClassVar[tuple[str, ...]] = ("/subscriptions/",)
    keeps_log = True

    def __init__(self, endpoint: ResourceManagerEndpoint) -> None:
        self._endpoint = endpoint
        # What Azure alone can ask is whether somebody has a right: a check, and no change.
        self._asked_by_people = {op.name for op in self.operations() if Bearer in op.accepted(endpoint)}

    def ended(self, call: Call[Any], hop: Hop) -> None:
        """Writes the activity log. Statement mon-activity-log."""
        if hop.operation in self._asked_by_people:
            self._endpoint.activity_log.write(call, hop)

    def locate(self, target: str, resources: Resources) -> tuple[Resource, str]:
        """Every scope that begins with one of the `roots` is reached at the one endpoint."""
        # A query may hold a signature, and a scope is written down.
        target = before_query(target)
        scheme, host, path = split_address(target)
        scope = (f"/{path}" if scheme else target).rstrip("/")
        elsewhere = len(scope) > LONGEST or (scheme and host != self._endpoint.host)
        if elsewhere or not f"{scope}/".lower().startswith(tuple(root.lower() for root in self.roots)):
            raise UnknownHost(
                "Resource Manager does not serve this.",
                presented=without_query(target),
                required="a resource id",
                advice="an id is whole: it begins with /subscriptions/",
            )
        return self._endpoint, scope

    def targets(self, resources: Resources) -> Iterator[str]:
        return (document["id"] for document in self._endpoint.documents.values())
