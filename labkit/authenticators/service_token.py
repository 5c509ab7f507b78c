"""The token of a web service: signed by Azure ML for one endpoint, and valid for a while."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Protocol

from labkit.authenticators.run_token import ISSUER
from labkit.core.credential import Credential
from labkit.core.errors import brief
from labkit.core.identity import Capability, Identity
from labkit.identity.errors import TokenExpired, WrongAudience
from labkit.identity.issuer import SigningKeys
from labkit.identity.verifier import Expectation, verify_once


class _Endpoint(Protocol):
    id: str
    name: str
    tenant_id: str
    deployment: str

    @property
    def opened(self) -> Capability:
        """What its tokens open."""


@dataclass(frozen=True, repr=False)
class ServiceToken(Credential):
    """A JWT whose audience is the endpoint (assumption: service-token-form)."""

    token: str = field(repr=False)
    kind: ClassVar[str] = "service token"


class ServiceTokenAuthenticator:
    """Verifies with Azure ML's own keys. No role is asked: that was done when the token was fetched."""

    def __init__(self, keys: SigningKeys) -> None:
        self._keys = keys

    def __call__(self, cred: ServiceToken, target: _Endpoint, now: int) -> Identity:
        """Raises a TokenRefused."""
        expected = Expectation(target.id.lower(), ISSUER, target.tenant_id)
        # The workspace's region is not asked: its keys are known by now.  # assumption: token-in-hand
        try:
            claims = verify_once(cred.token, self._keys.key_set(now), expected, now)
        except TokenExpired as refusal:
            refusal.advice = "ask get_token for a new one, after refresh_by and before the old one expires"
            raise
        if claims.get("deployment") != target.deployment:
            raise WrongAudience(
                "This token is for an earlier web service of that name.",
                presented=brief(claims.get("deployment")),
                required=target.deployment,
            )
        return Identity("service", target.name, tenant_id=claims["tid"], capability=target.opened)
