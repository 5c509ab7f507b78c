"""A tenant as something that can be called: its directory, its signing keys, and the grants it gave out."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import ClassVar

from labkit.core.identity import Identity
from labkit.core.resource import Resource
from labkit.identity.directory import Directory, ServicePrincipal, User
from labkit.identity.errors import SecondFactorRequired, UserDisabled
from labkit.identity.issuer import SigningKeys

REFRESH_LIFETIME = 90 * 24 * 3600
DEVICE_CODE_LIFETIME = 15 * 60


@dataclass
class RefreshGrant:
    """What stands behind a refresh token: whose it is, when it was issued (seconds), and how often the
    user's password had been changed by then."""

    identity: Identity
    issued: int
    password_changes: int


@dataclass
class DeviceGrant:
    """What stands behind a device code: the application that waits, and who has approved it."""

    user_code: str
    client_id: str
    expires: int
    identity: Identity | None = None
    password_changes: int = 0


@dataclass(eq=False)
class Tenant(Resource):
    """Azure AD as one tenant sees it. Secrets are kept as digests only."""

    service: ClassVar[str] = "Azure AD"
    directory: Directory = field(kw_only=True)
    keys: SigningKeys = field(kw_only=True)
    refresh_grants: dict[bytes, RefreshGrant] = field(default_factory=dict, kw_only=True)
    device_grants: dict[bytes, DeviceGrant] = field(default_factory=dict, kw_only=True)
    drawn: Counter[str] = field(default_factory=Counter, kw_only=True)

    @property
    def issuer(self) -> str:
        """The issuer of v1 access tokens."""
        return issuer_of(self.tenant_id)

    def identity_of_user(self, user: User, amr: tuple[str, ...], app_id: str) -> Identity:
        """The identity of a user who has proved `amr` to an application. Raises UserDisabled, and
        SecondFactorRequired where the tenant demands more than that."""
        if not (user.home or user).enabled or not user.enabled:
            raise UserDisabled("The account is disabled.", presented=user.upn)
        if self.directory.mfa_required and "mfa" not in amr:
            raise SecondFactorRequired(
                "The tenant requires multi-factor authentication.",
                presented=" and ".join(amr) + " alone",
                required="the password and the code of the second factor",
                advice="sign in again with the code that the person's authenticator shows now",
            )
        groups = self.directory.groups_of(user.object_id)
        return Identity(
            "user", user.upn, user.object_id, self.tenant_id, app_id, groups, amr, guest=user.home is not None
        )

    def identity_of_principal(self, principal: ServicePrincipal) -> Identity:
        """The identity of a service principal or managed identity. Second factors do not concern it."""
        kind = "managed identity" if principal.resource_id else "service principal"
        groups = self.directory.groups_of(principal.object_id)
        return Identity(kind, principal.name, principal.object_id, self.tenant_id, principal.app_id, groups)


def issuer_of(tenant_id: str) -> str:
    """The `iss` claim of v1 access tokens of a tenant."""
    return f"https://sts.windows.net/{tenant_id}/"
