"""An application's secret: the client-credentials grant."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from labkit.core.clock import iso
from labkit.core.credential import Credential
from labkit.core.identity import Identity
from labkit.identity.directory import same_secret
from labkit.identity.errors import ClientSecretExpired, UnknownApplication, WrongClientSecret
from labkit.identity.tenant import Tenant


@dataclass(frozen=True, repr=False)
class ClientSecret(Credential):
    """A client id and one of the secrets of its app registration."""

    client_id: str
    secret: str = field(repr=False)
    kind: ClassVar[str] = "client secret"


def authenticate(cred: ClientSecret, target: Tenant, now: int) -> Identity:
    """Raises UnknownApplication, WrongClientSecret or ClientSecretExpired."""
    application = target.directory.application(str(cred.client_id))
    principal = target.directory.principal_of(str(cred.client_id))
    if application is None or principal is None:
        raise UnknownApplication(
            "The tenant has no such application.",
            presented=f"client id {str(cred.client_id)[:60]}",
            required=f"a client id that is registered in {target.tenant_id}",
            advice="check the tenant too: an application of another tenant is unknown in this one",
        )
    # Each is looked at: the same secret may be there twice, and one of them have expired.
    ends = [
        secret.expires
        for secret in application.secrets
        if isinstance(cred.secret, str) and same_secret(cred.secret, secret.kept)
    ]
    if not ends:
        raise WrongClientSecret(
            "This is not a secret of the application.",
            presented=f"a secret for {application.name}",
            required="the secret's value, not its id",
        )
    if now >= max(ends):
        raise ClientSecretExpired(
            "This client secret has expired.",
            presented=f"a secret that was valid until {iso(max(ends))}",
            advice="add a new secret to the app registration",
        )
    return target.identity_of_principal(principal)
