"""Disk encryption sets: a key in a vault, and an identity that may use it, for disks that are to be encrypted
with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from labkit.core.resource import Resource
from labkit.services.encryption import CustomerKey

TYPE = "Microsoft.Compute/diskEncryptionSets"


@dataclass(eq=False)
class DiskEncryptionSet(Resource):
    """A set. The key is the one that it has now; `identity_id` is the object id of its managed identity,
    which whoever the vault belongs to has to let in."""

    service: ClassVar[str] = "Disk encryption set"
    identity_id: str = field(default="", kw_only=True)
    key: CustomerKey | None = field(default=None, kw_only=True)
