"""A user's password, alone or with a second factor, looked at in this order: name, password, code, whether
the account is enabled, what the tenant requires (assumption: order-of-sign-in)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from labkit.core.credential import Credential
from labkit.core.errors import brief
from labkit.core.identity import Identity
from labkit.identity.directory import digest, same_secret
from labkit.identity.errors import SecondFactorWrong, UnknownApplication, UnknownUser, WrongPassword
from labkit.identity.tenant import Tenant
from labkit.identity.totp import totp

AZURE_CLI = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"


@dataclass(frozen=True, repr=False)
class Password(Credential):
    """`code` is what the user's authenticator shows, "" for none; `client_id` the application through
    which the user signs in."""

    username: str
    password: str = field(repr=False)
    code: str = field(default="", repr=False)
    client_id: str = AZURE_CLI
    kind: ClassVar[str] = "password"


def authenticate(cred: Password, target: Tenant, now: int) -> Identity:
    """Raises UnknownUser, WrongPassword, SecondFactorWrong, SecondFactorRequired, UserDisabled or
    UnknownApplication."""
    user = target.directory.user(cred.username) if isinstance(cred.username, str) else None
    if user is None:
        raise UnknownUser("The tenant has no such user.", presented=str(cred.username)[:60], required="a upn")
    account = user.home or user
    if not isinstance(cred.password, str) or not same_secret(cred.password, account.password):
        raise WrongPassword("The user name or the password is wrong.", presented=f"a password for {user.upn}")
    amr: tuple[str, ...] = ("pwd",)
    if cred.code:
        if not same_secret(str(cred.code), digest(totp(account.second_factor, now))):
            raise SecondFactorWrong(
                "The second factor is wrong.",
                presented="a code that the authenticator does not show now",
                advice="codes last 30 seconds on the lab's clock: read a fresh one",
            )
        amr = ("pwd", "mfa")
    if not isinstance(cred.client_id, str) or target.directory.application(cred.client_id) is None:
        raise UnknownApplication(
            "The tenant has no such application.",
            presented=brief(cred.client_id),
            required="a registered client id",
        )
    return target.identity_of_user(user, amr, cred.client_id)
