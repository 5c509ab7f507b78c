"""A storage account's access key. The caller signs the request with it; the key itself does not travel."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

from labkit.core.credential import Credential
from labkit.core.errors import BadInput, Unauthenticated
from labkit.core.identity import Capability, Identity
from labkit.identity.directory import digest


class _Account(Protocol):
    id: str
    name: str
    access_keys: Mapping[str, bytes]


FRESH = 15 * 60


@dataclass(frozen=True, repr=False)
class SharedKey(Credential):
    """The signature of one request, in a form of the lab's own (assumption: shared-key-text).

    request    what was signed; `signed_at` (seconds) is the date in it
    signature  the HMAC-SHA256 of both under an account key, in base64
    """

    account: str
    request: str
    signed_at: int
    signature: str = field(repr=False)
    kind: ClassVar[str] = "account key"

    @classmethod
    def sign(cls, account: str, key: bytes, request: str, now: int) -> SharedKey:
        """What a client that has the key makes of a request. Raises BadInput for a key that is not bytes."""
        if not isinstance(key, bytes):
            raise BadInput(
                "An account key is bytes.", presented=type(key).__name__, required="decode the base64"
            )
        return cls(account, request, now, _signature(key, request, now))

    @property
    def covers(self) -> str:
        return self.request


def _signature(key: bytes, request: str, at: int) -> str:
    return b64encode(
        hmac.digest(key, f"{at}\n{request}".encode("utf-8", "surrogatepass"), hashlib.sha256)
    ).decode()


def authenticate(cred: SharedKey, target: _Account, now: int) -> Identity:
    """An account key is nobody in particular: it opens the whole account and asks no role. Raises
    Unauthenticated."""
    if type(cred.signed_at) is not int or abs(now - cred.signed_at) > FRESH:
        raise Unauthenticated("The signature is older than 15 minutes.", required="a request signed now")
    presented = digest(str(cred.signature))
    for key in target.access_keys.values():
        wanted = _signature(key, cred.request, cred.signed_at)
        if cred.account == target.name and hmac.compare_digest(digest(wanted), presented):
            return Identity("account key", target.name, capability=Capability(target.id, ("*",)))
    raise Unauthenticated(
        "The signature is not that of a key of this account.",
        presented=f"a signature for {cred.account}",
        required=f"one by a current key of {target.name}",
        advice="was the account key regenerated?",
    )
