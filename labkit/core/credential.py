"""What a caller presents. A credential says what kind it is and never prints what it holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar


@dataclass(frozen=True)
class Credential:
    """Base of all credentials. `kind` is the name that a hop, a diagram and an error show."""

    kind: ClassVar[str] = "credential"

    @property
    def covers(self) -> str | None:
        """The one request that it was made for (`Op.request`), or None where it is good for any."""
        return None

    def __repr__(self) -> str:
        return f"<{self.kind}>"


@dataclass(frozen=True, repr=False)
class Anonymous(Credential):
    """Nothing at all."""

    kind: ClassVar[str] = "no credential"


@dataclass(frozen=True, repr=False)
class Bearer(Credential):
    """An access token: whoever bears it is taken for its subject."""

    token: str | bytes = field(repr=False)
    kind: ClassVar[str] = "bearer token"
