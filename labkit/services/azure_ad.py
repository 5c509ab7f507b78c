"""Azure AD: sign-in, tokens, published keys.

Claims of access tokens are those of version 1.0, which is what Resource Manager gets from both token
endpoints (https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Any

from labkit.authenticators.client_secret import ClientSecret
from labkit.authenticators.device_code import DeviceCode
from labkit.authenticators.password import AZURE_CLI, Password
from labkit.authenticators.platform import ManagedIdentity
from labkit.authenticators.refresh_token import RefreshToken
from labkit.core.clock import Clock
from labkit.core.credential import Anonymous
from labkit.core.entropy import MARK, Entropy
from labkit.core.errors import CredentialMissing, CredentialNotAccepted, brief
from labkit.core.identity import Identity
from labkit.core.operation import Call, Service, operation
from labkit.core.resource import Resource, Resources, before_query, split_address, without_query
from labkit.identity.directory import digest
from labkit.identity.errors import (
    ClientSecretExpired,
    DeviceCodeExpired,
    DeviceCodeWrong,
    SignInRefused,
    UnknownApplication,
    UnknownResource,
    UnknownTenant,
    WrongClientSecret,
)
from labkit.identity.tenant import DEVICE_CODE_LIFETIME, DeviceGrant, RefreshGrant, Tenant
from labkit.identity.token import Token
from labkit.identity.verifier import canonical_audience

AUTHORITY = "login.microsoftonline.com"
ARM = "https://management.azure.com/"
KEY_VAULT = "https://vault.azure.net"
STORAGE = "https://storage.azure.com/"
GRAPH = "https://graph.windows.net"
# https://learn.microsoft.com/azure/databricks/dev-tools/user-aad-token
DATABRICKS = "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d"
AUDIENCES = frozenset(map(canonical_audience, (ARM, KEY_VAULT, STORAGE, GRAPH, DATABRICKS)))
LIFETIME = 3599


@dataclass(frozen=True, repr=False)
class TokenResponse:
    """What the token endpoint answers. `expires_in` is in seconds. `refresh_token` is "" for applications:
    they sign in again instead."""

    access_token: Token
    expires_in: int
    resource: str
    refresh_token: str
    token_type: str = "Bearer"

    def __repr__(self) -> str:
        refresh = "yes, not shown" if self.refresh_token else "none"
        return "\n".join(
            [
                f"token_type    {self.token_type}",
                f"resource      {self.resource}",
                f"expires_in    {self.expires_in} seconds",
                f"refresh_token {refresh}",
                f"access_token\n{self.access_token!r}",
            ]
        )


@dataclass(frozen=True, repr=False)
class DeviceCodeResponse:
    """What the device-code endpoint answers. The user types `user_code`; the application polls with
    `device_code`. `expires_in` and `interval` are in seconds."""

    user_code: str
    device_code: str
    expires_in: int
    interval: int = 5

    def __repr__(self) -> str:
        page = "https://microsoft.com/devicelogin"
        return f"Open {page} and enter {self.user_code} within {self.expires_in} seconds."


class AzureAD(Service):
    """The security token service of a tenant. The target of its operations is the tenant id."""

    name = "Azure AD"
    resource = Tenant
    dialect = {
        CredentialMissing: (400, "AADSTS900144"),
        CredentialNotAccepted: (400, "AADSTS70003"),
        UnknownTenant: (400, ""),
        SignInRefused: (400, ""),
        WrongClientSecret: (401, ""),
        ClientSecretExpired: (401, ""),
    }

    def __init__(self, entropy: Entropy, clock: Clock) -> None:
        self._entropy = entropy
        self._clock = clock

    def locate(self, target: str, resources: Resources) -> tuple[Resource, str]:
        """A tenant by its id, or by its address at the one authority that all tenants share."""
        scheme, host, path = split_address(before_query(target))
        tenant = path.partition("/")[0] if scheme and host == AUTHORITY else target
        if scheme and host != AUTHORITY:
            return super().locate(target, resources)
        found = resources.get(tenant)
        if not isinstance(found, Tenant):
            raise UnknownTenant(
                "There is no such tenant.",
                presented=brief(without_query(tenant)),
                required=" or ".join(one.id for one in resources if isinstance(one, Tenant)),
            )
        return found, found.id

    @operation("Get token", accepts=(Password, ClientSecret, RefreshToken, DeviceCode, ManagedIdentity))
    def token(self, call: Call[Tenant], resource: str = ARM) -> TokenResponse:
        """An access token for a resource (its audience), valid for an hour (`LIFETIME` seconds); users get
        a refresh token with it. Raises UnknownResource, or what the authenticator of the credential raises.
        Statements authn-arm-token, authn-rest-lifetime."""
        if canonical_audience(resource) not in AUDIENCES:
            raise UnknownResource(
                "No service of the lab has this audience.",
                presented=brief(resource),
                required=" or ".join(sorted(AUDIENCES)),
            )
        tenant, who = call.target, call.identity
        raw = tenant.keys.sign(self._claims(tenant, who, resource, call.now))
        refresh = self._refresh_token(tenant, who, call.now) if who.kind == "user" else ""
        self._spend_device_code(tenant, who)
        return TokenResponse(Token(raw, self._clock), LIFETIME, resource, refresh)

    def _spend_device_code(self, tenant: Tenant, who: Identity) -> None:
        for key, grant in list(tenant.device_grants.items()):
            approved = grant.identity is not None and grant.identity.name == who.name
            if approved and grant.client_id == who.app_id:
                del tenant.device_grants[key]

    def _claims(self, tenant: Tenant, who: Identity, audience: str, now: int) -> dict[str, Any]:
        """In the order in which Azure AD writes them: alphabetical."""
        claims: dict[str, Any] = {
            "aud": audience,
            "iss": tenant.issuer,
            "iat": now,
            "nbf": now,
            "exp": now + LIFETIME,
            "appid": who.app_id,
            "appidacr": "0",
            "oid": who.object_id,
            "tid": tenant.tenant_id,
            "ver": "1.0",
            "uti": self._draw(tenant, f"uti/{who.object_id}")[:11].hex(),
        }
        if who.kind == "user":
            # Pairwise: the same person has another subject at every audience.
            subject = hashlib.sha256(f"{who.object_id}/{canonical_audience(audience)}".encode()).hexdigest()[
                :32
            ]
            claims |= {"amr": list(who.amr), "upn": who.name, "scp": "user_impersonation", "sub": subject}
        else:
            claims |= {"app_displayname": who.name, "idtyp": "app", "sub": who.object_id}
            claims["appidacr"] = "1" if who.kind == "service principal" else "2"
        if who.kind == "managed identity":
            principal = tenant.directory.principal(who.object_id)
            claims["xms_mirid"] = principal.resource_id if principal else ""
        if who.groups:
            claims["groups"] = list(who.groups)
        return dict(sorted(claims.items()))

    def _draw(self, tenant: Tenant, what: str) -> bytes:
        tenant.drawn[what] += 1
        return self._entropy(f"{tenant.tenant_id}/{what}/{tenant.drawn[what]}")

    def _refresh_token(self, tenant: Tenant, who: Identity, now: int) -> str:
        raw = MARK + self._draw(tenant, f"refresh token/{who.object_id}").hex()
        tenant.refresh_grants[digest(raw)] = RefreshGrant(who, now, self._password_changes(tenant, who))
        return raw

    def _password_changes(self, tenant: Tenant, who: Identity) -> int:
        user = tenant.directory.user(who.name)
        return (user.home or user).password_changes if user else 0

    @operation("Get device code", accepts=(Anonymous,))
    def device_code(self, call: Call[Tenant], client_id: str = AZURE_CLI) -> DeviceCodeResponse:
        """Begins a sign-in that the user completes on another screen. Raises UnknownApplication."""
        if call.target.directory.application(str(client_id)) is None:
            raise UnknownApplication("The tenant has no such application.", presented=str(client_id)[:60])
        raw = self._draw(call.target, "device code")
        user_code, device_code = raw[:5].hex().upper()[:9], MARK + raw.hex()
        grant = DeviceGrant(user_code, client_id, call.now + DEVICE_CODE_LIFETIME)
        call.target.device_grants[digest(device_code)] = grant
        return DeviceCodeResponse(user_code, device_code, DEVICE_CODE_LIFETIME)

    @operation("Approve device code", accepts=(Password,))
    def approve(self, call: Call[Tenant], user_code: str) -> None:
        """The user enters the code that the waiting application shows. Raises DeviceCodeWrong or
        DeviceCodeExpired."""
        for grant in call.target.device_grants.values():
            if grant.user_code == user_code and grant.identity is None:
                if call.now >= grant.expires:
                    raise DeviceCodeExpired("The code was not entered in time.", advice="begin again")
                grant.password_changes = self._password_changes(call.target, call.identity)
                grant.identity = replace(call.identity, app_id=grant.client_id)
                return
        raise DeviceCodeWrong("No application waits with this code.", presented=str(user_code)[:20])

    @operation("Get signing keys", accepts=(Anonymous,))
    def jwks(self, call: Call[Tenant]) -> dict[str, Any]:
        """The published JSON Web Key Set."""
        return call.target.keys.jwks(call.now)

    @operation("Get OpenID configuration", accepts=(Anonymous,))
    def openid_configuration(self, call: Call[Tenant]) -> dict[str, Any]:
        """The discovery document: where the endpoints and the keys are."""
        base = f"https://{AUTHORITY}/{call.target.tenant_id}"
        return {
            "issuer": call.target.issuer,
            "token_endpoint": f"{base}/oauth2/token",
            "device_authorization_endpoint": f"{base}/oauth2/devicecode",
            "jwks_uri": f"{base}/discovery/keys",
            "id_token_signing_alg_values_supported": ["RS256"],
        }
