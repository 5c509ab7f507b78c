"""A device code: the application waits while the user approves it on another screen."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from labkit.core.credential import Credential
from labkit.core.identity import Identity
from labkit.identity.directory import digest
from labkit.identity.errors import (
    AuthorizationPending,
    DeviceCodeExpired,
    DeviceCodeWrong,
    RefreshTokenRevoked,
)
from labkit.identity.tenant import Tenant


@dataclass(frozen=True, repr=False)
class DeviceCode(Credential):
    """What the waiting application polls with. The user never sees it; they type the user code."""

    code: str = field(repr=False)
    kind: ClassVar[str] = "device code"


def authenticate(cred: DeviceCode, target: Tenant, now: int) -> Identity:
    """Raises DeviceCodeWrong, DeviceCodeExpired or AuthorizationPending. Once a token has been
    issued for a code, it is gone."""
    grant = target.device_grants.get(digest(cred.code)) if isinstance(cred.code, str) else None
    if grant is None:
        raise DeviceCodeWrong("No such device code.", advice="ask for a new one")
    if now >= grant.expires:
        raise DeviceCodeExpired("Nobody approved the code in time.", advice="ask for a new one")
    if grant.identity is None:
        raise AuthorizationPending(
            "The user has not approved it yet.", required=f"approval of {grant.user_code}", advice="ask again"
        )
    user = target.directory.user(grant.identity.name)
    if user is None:
        raise DeviceCodeWrong("The user who approved it is gone.", advice="ask for a new one")
    if grant.password_changes != (user.home or user).password_changes:
        raise RefreshTokenRevoked("The password has changed since the approval.", advice="ask for a new code")
    # Looked at again: the account may have been disabled since, or the tenant have come to demand more.
    return target.identity_of_user(user, grant.identity.amr, grant.client_id)
