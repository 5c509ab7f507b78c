"""A refresh token: what a user's sign-in leaves behind, for new access tokens without a prompt."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from labkit.core.credential import Credential
from labkit.core.identity import Identity
from labkit.identity.directory import digest
from labkit.identity.errors import RefreshTokenExpired, RefreshTokenRevoked, RefreshTokenWrong
from labkit.identity.tenant import REFRESH_LIFETIME, Tenant


@dataclass(frozen=True, repr=False)
class RefreshToken(Credential):
    """Opaque to whoever holds it."""

    token: str = field(repr=False)
    kind: ClassVar[str] = "refresh token"


def authenticate(cred: RefreshToken, target: Tenant, now: int) -> Identity:
    """Raises RefreshTokenWrong, RefreshTokenExpired, RefreshTokenRevoked, and what a sign-in of that user
    would: a tenant that has come to demand a second factor demands it here too."""
    grant = target.refresh_grants.get(digest(cred.token)) if isinstance(cred.token, str) else None
    user = target.directory.user(grant.identity.name) if grant else None
    if grant is None or user is None:
        raise RefreshTokenWrong("Not a refresh token of this tenant.", advice="sign in again")
    if now >= grant.issued + REFRESH_LIFETIME:
        raise RefreshTokenExpired("The refresh token is older than 90 days.", advice="sign in again")
    if grant.password_changes != (user.home or user).password_changes:
        raise RefreshTokenRevoked("The password has changed since.", advice="sign in with the new password")
    return target.identity_of_user(user, grant.identity.amr, grant.identity.app_id)
