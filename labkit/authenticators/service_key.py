"""A web service's key: whoever has it calls the service, until it is regenerated."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

from labkit.core.credential import Credential
from labkit.core.errors import Unauthenticated
from labkit.core.identity import Capability, Identity
from labkit.identity.directory import digest


class _Endpoint(Protocol):
    name: str
    keys: Mapping[str, str]

    @property
    def opened(self) -> Capability:
        """What its keys open."""


@dataclass(frozen=True, repr=False)
class ServiceKey(Credential):
    """The primary or the secondary key. Unlike an account key, it travels with the request."""

    key: str = field(repr=False)
    kind: ClassVar[str] = "service key"


def authenticate(cred: ServiceKey, target: _Endpoint, now: int) -> Identity:
    """A service key is nobody in particular: it opens its endpoint and asks no role. Raises
    Unauthenticated."""
    # Another type may answer differently each time it is asked.
    presented = digest(cred.key if type(cred.key) is str else "")
    # Each is looked at, whichever matches, so that the time tells nothing.
    matches = [hmac.compare_digest(digest(key), presented) for key in target.keys.values()]
    if not any(matches):
        raise Unauthenticated(
            "That is not a key of this web service.",
            presented="a key, not shown",
            required=f"the primary or the secondary key of {target.name}",
            advice="was it regenerated, or is it another service's?",
        )
    return Identity("service", target.name, capability=target.opened)
