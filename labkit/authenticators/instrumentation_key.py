"""Application Insights' instrumentation key: whoever has it may send telemetry, and read none."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

from labkit.core.credential import Credential
from labkit.core.errors import Unauthenticated
from labkit.core.identity import Identity
from labkit.identity.directory import digest


class _Component(Protocol):
    name: str
    instrumentation_key: str


@dataclass(frozen=True, repr=False)
class InstrumentationKey(Credential):
    """The key of one component. A service that is watched is configured with it."""

    key: str = field(repr=False)
    kind: ClassVar[str] = "instrumentation key"


def authenticate(cred: InstrumentationKey, target: _Component, now: int) -> Identity:
    """Nobody in particular, who watches something. Raises Unauthenticated."""
    presented = digest(cred.key if type(cred.key) is str else "")
    if not hmac.compare_digest(digest(target.instrumentation_key), presented):
        raise Unauthenticated(
            "That is not the instrumentation key of this component.",
            presented="a key, not shown",
            required=f"the key of {target.name}",
        )
    return Identity("instrumentation", target.name)
