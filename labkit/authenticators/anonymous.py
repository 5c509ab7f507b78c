"""Operations that anybody may call."""

from __future__ import annotations

from dataclasses import replace

from labkit.core.credential import Anonymous
from labkit.core.identity import ANONYMOUS, Identity
from labkit.core.resource import Resource


def authenticate(cred: Anonymous, target: Resource, now: int) -> Identity:
    """Nobody in particular, who may do what the resource leaves open to anyone."""
    left_open = getattr(target, "for_anyone", None)
    return ANONYMOUS if left_open is None else replace(ANONYMOUS, capability=left_open)
