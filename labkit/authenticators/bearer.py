"""An access token of Azure AD."""

from __future__ import annotations

from labkit.core.credential import Bearer
from labkit.core.identity import Identity
from labkit.core.resource import Resource
from labkit.identity.issuer import SigningKeys
from labkit.identity.tenant import issuer_of
from labkit.identity.verifier import Claims, Expectation, verify_once


class BearerAuthenticator:
    """Verifies against Azure AD's published keys, which all tenants share: another tenant's token has a
    good signature and is refused for its tenant."""

    def __init__(self, keys: SigningKeys) -> None:
        self._keys = keys

    def __call__(self, cred: Bearer, target: Resource, now: int) -> Identity:
        """Raises a TokenRefused."""
        expected = Expectation(target.audience, issuer_of(target.tenant_id), target.tenant_id)
        return _identity(verify_once(cred.token, self._keys.key_set(now), expected, now))


def _identity(claims: Claims) -> Identity:
    application = claims.get("idtyp") == "app"
    kind = "managed identity" if "xms_mirid" in claims else "service principal" if application else "user"
    name = str(claims.get("app_displayname" if application else "upn", claims["sub"]))
    return Identity(
        kind=kind,
        name=name,
        object_id=claims.get("oid", ""),
        tenant_id=claims["tid"],
        app_id=claims.get("appid", ""),
        groups=tuple(claims.get("groups", ())),
        amr=tuple(claims.get("amr", ())),
        guest=kind == "user" and "#EXT#" in name,
        token_id=claims.get("uti", ""),
    )
