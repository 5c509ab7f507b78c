"""Azure Container Instances: container groups, and the disk that each has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from labkit.core.errors import BadRequest
from labkit.core.resource import Resource
from labkit.services.encryption import AccountKey, Disk

TYPE = "Microsoft.ContainerInstance/containerGroups"


class DiskNotEncrypted(BadRequest):
    """Container Instances encrypts no disks in this release of the documents."""


@dataclass(eq=False)
class ContainerGroup(Resource):
    """Containers that run together, and what lies on the disk that they share. `account_key` is None where
    nobody's key encrypts it."""

    service: ClassVar[str] = "Container Instances"
    account_key: AccountKey | None = field(default=None, repr=False, kw_only=True)
    disk: Disk = field(repr=False, kw_only=True)

    def disks(self) -> Iterator[Disk]:
        """The one that it has."""
        yield self.disk
