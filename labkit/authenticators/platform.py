"""What Azure proves to itself: credentials that the platform makes and checks, and nobody can read.

A managed identity's certificate signs in to Azure AD. Resource Manager's client certificate vouches to a
resource provider for whose call it passes on (Azure's resource-provider contract does it so).
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from typing import ClassVar

from labkit.core.credential import Credential
from labkit.core.errors import Unauthenticated, brief
from labkit.core.identity import Identity
from labkit.core.resource import Resource
from labkit.identity.errors import UnknownApplication, WrongClientSecret
from labkit.identity.tenant import Tenant


@dataclass(frozen=True, repr=False)
class ManagedIdentity(Credential):
    """The certificate of a managed identity. It stays on the platform, so there is nothing to leak."""

    object_id: str
    proof: bytes = field(repr=False)
    kind: ClassVar[str] = "managed identity certificate"


@dataclass(frozen=True, repr=False)
class Forwarded(Credential):
    """A call that Resource Manager passes on, with the identity that it has verified."""

    identity: Identity
    proof: bytes = field(repr=False)
    kind: ClassVar[str] = "Resource Manager's certificate"


class Platform:
    """Keeps the key behind those certificates."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def _proof(self, of: object) -> bytes:
        return hmac.digest(self._key, repr(of).encode(), "sha256")

    def _made(self, of: object, proof: object) -> bool:
        return isinstance(proof, bytes) and hmac.compare_digest(self._proof(of), proof)

    def certificate(self, object_id: str) -> ManagedIdentity:
        """The credential of a managed identity, for the resource that it belongs to. An application of
        Microsoft's has one too, by its client id: whatever its service principal in a tenant is."""
        return ManagedIdentity(object_id, self._proof(object_id))

    def forward(self, identity: Identity) -> Forwarded:
        """The credential with which a call of this identity is passed on."""
        return Forwarded(identity, self._proof(identity))

    def managed_identity(self, cred: ManagedIdentity, target: Tenant, now: int) -> Identity:
        """Raises UnknownApplication (the identity is gone) or WrongClientSecret (a forged certificate)."""
        name, directory = str(cred.object_id), target.directory
        principal = directory.principal(name) or directory.principal_of(name)
        if principal is None:
            raise UnknownApplication(
                "The tenant has no such managed identity.", presented=brief(cred.object_id)
            )
        if not self._made(cred.object_id, cred.proof):
            raise WrongClientSecret("The certificate is not the platform's.")
        return target.identity_of_principal(principal)

    def forwarded(self, cred: Forwarded, target: Resource, now: int) -> Identity:
        """Raises Unauthenticated for what Resource Manager did not pass on."""
        if not self._made(cred.identity, cred.proof):
            raise Unauthenticated(
                "The certificate is not Resource Manager's.", advice="call Resource Manager"
            )
        return cred.identity
