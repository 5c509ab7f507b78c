"""Which tenant an address of Azure AD means. This only reads the address: whether there is such a tenant, and
who may sign in there, the door finds out."""

from __future__ import annotations

from collections.abc import Iterator

from labkit.identity.tenant import Tenant
from labkit.wire.message import AnyLab

# Where clients ask that do not know their tenant.  # assumption: common-endpoint
SHARED = ("common", "organizations")


def tenants(lab: AnyLab) -> Iterator[Tenant]:
    """All tenants of the lab, its own first."""
    return (one for one in lab.resources if isinstance(one, Tenant))


def tenant_of_user(lab: AnyLab, username: str) -> Tenant | None:
    """The tenant that a user is at home in, by the domain of the name; None for a foreign domain."""
    domain = username.rpartition("@")[2].lower()
    return next((one for one in tenants(lab) if one.directory.domain == domain), None)


def tenant_id(lab: AnyLab, segment: str, username: str = "") -> str:
    """The id of the tenant that the first part of a path means: an id, a domain, or one of the `SHARED`
    names, which stand for the tenant of the user, if one is named, and otherwise for the lab's own."""
    if segment.lower() in SHARED:
        return (tenant_of_user(lab, username) or next(tenants(lab))).tenant_id
    named = (one.tenant_id for one in tenants(lab) if one.directory.domain == segment.lower())
    return next(named, segment)
