"""The Azure ML service token of a run: what its compute calls back with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Protocol

from labkit.core.credential import Credential
from labkit.core.errors import brief
from labkit.core.identity import Capability, Identity
from labkit.identity.errors import WrongAudience
from labkit.identity.issuer import SigningKeys
from labkit.identity.verifier import Expectation, verify_once

ISSUER = "https://ml.azure.com/"
_ML = "Microsoft.MachineLearningServices/workspaces"
# What a training script calls back for: nothing that creates, shares or deploys.
# assumption: run-token-actions
OPENS = (
    f"{_ML}/experiments/runs/read",
    f"{_ML}/experiments/runs/write",
    f"{_ML}/datastores/read",
    f"{_ML}/datastores/listsecrets/action",
    f"{_ML}/metadata/secrets/read",
)
# The token of a run that has a code snapshot says which, and fetches snapshots.
# assumption: run-token-snapshot
CODE = f"{_ML}/metadata/snapshots/read"


class _Workspace(Protocol):
    id: str
    tenant_id: str
    identity_id: str


@dataclass(frozen=True, repr=False)
class RunToken(Credential):
    """A JWT that Azure ML signed for one run; its audience is the workspace (assumption: run-token-form)."""

    token: str = field(repr=False)
    kind: ClassVar[str] = "ML service token"


class RunTokenAuthenticator:
    """Verifies with Azure ML's own keys, not with Azure AD's. No role is asked: the token itself opens
    what a run needs, in its workspace."""

    def __init__(self, keys: SigningKeys) -> None:
        self._keys = keys

    def __call__(self, cred: RunToken, target: _Workspace, now: int) -> Identity:
        """Raises a TokenRefused."""
        expected = Expectation(target.id.lower(), ISSUER, target.tenant_id)
        claims = verify_once(cred.token, self._keys.key_set(now), expected, now)
        if claims.get("wid") != target.identity_id:
            raise WrongAudience(
                "This token is for an earlier workspace of that name.",
                presented=brief(claims.get("wid")),
                required=target.identity_id,
            )
        opens = (*OPENS, CODE) if claims.get("snapshot") else OPENS
        return Identity(
            "run", claims["sub"], tenant_id=claims["tid"], capability=Capability(target.id, opens)
        )
