"""A registry's admin account: one name, two passwords, and everything in the registry."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

from labkit.core.credential import Credential
from labkit.core.errors import Unauthenticated
from labkit.core.identity import Capability, Identity
from labkit.identity.directory import digest


class _Registry(Protocol):
    name: str
    passwords: Mapping[str, str]

    @property
    def opened(self) -> Capability:
        """What its passwords open."""


@dataclass(frozen=True, repr=False)
class RegistryPassword(Credential):
    """The registry's name and one of the passwords of its admin account."""

    username: str
    password: str = field(repr=False)
    kind: ClassVar[str] = "registry password"


def authenticate(cred: RegistryPassword, target: _Registry, now: int) -> Identity:
    """The admin account is nobody in particular: it opens its registry and asks no role. Raises
    Unauthenticated."""
    # Another type may answer differently each time it is asked.
    texts = [text if type(text) is str else "" for text in (cred.username, cred.password)]
    # Each is looked at, whichever matches, so that the time tells nothing.
    matches = [hmac.compare_digest(digest(one), digest(texts[1])) for one in target.passwords.values()]
    if texts[0].lower() != target.name.lower() or not any(matches):
        raise Unauthenticated(
            "That is not the admin account of this registry.",
            presented="a password, not shown",
            required=f"{target.name} and one of its two passwords",
        )
    return Identity("account key", f"{target.name} admin", capability=target.opened)
