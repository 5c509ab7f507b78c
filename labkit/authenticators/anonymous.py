"""Operations that anybody may call."""

from __future__ import annotations

from labkit.core.credential import Anonymous
from labkit.core.identity import ANONYMOUS, Identity
from labkit.core.resource import Resource


def authenticate(cred: Anonymous, target: Resource, now: int) -> Identity:
    """Nobody in particular."""
    return ANONYMOUS
