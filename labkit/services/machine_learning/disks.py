"""The disks of nodes: where they lie, and that nobody chooses their key."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from labkit.core.errors import BadRequest, brief
from labkit.core.resource import Resource
from labkit.services.encryption import AccountKey, Disk
from labkit.stores import COMPUTE_OS, COMPUTE_TEMPORARY, StoreKind

# What virtual machines and Kubernetes clusters call it when somebody wants Azure Disk Encryption, a key of
# their own, or encryption by the host.
_ASKS = {
    *("encryption", "encryptionsettings", "diskencryption", "diskencryptionset", "diskencryptionsetid"),
    *("diskencryptionkey", "keyencryptionkey", "keyvaultproperties", "encryptionathost"),
}


class DiskEncryptionNotSupported(BadRequest):
    """Neither Azure Disk Encryption nor a customer's key can be had for a disk of Machine Learning
    Compute."""

    # No reference gives a code.  # assumption: disk-encryption-code
    fixed_code = "DiskEncryptionNotSupported"


@dataclass(eq=False)
class NodeStorage(Resource):
    """A storage account of Azure ML's own, in which the operating-system disks of a region's nodes lie.
    Statement enc-amlcompute-os."""

    service: ClassVar[str] = "Azure Storage"
    account_key: AccountKey = field(repr=False, kw_only=True)
    os_disks: Callable[[], Iterator[Disk]] = field(repr=False, kw_only=True)

    def disks(self) -> Iterator[Disk]:
        """Those of the nodes that there are at this moment."""
        return self.os_disks()


def check_disks(kinds: Mapping[str, StoreKind], properties: Mapping[str, Any]) -> None:
    """Raises DiskEncryptionNotSupported where somebody asks for what no disk of a node can have. Statements
    enc-amlcompute-os, enc-amlcompute-temp-hbi."""
    if kinds[COMPUTE_OS].customer_key or kinds[COMPUTE_TEMPORARY].customer_key:
        return
    for path, value in _asked(properties, ()):
        raise DiskEncryptionNotSupported(
            "The disks of Machine Learning Compute are not encrypted like this.",
            presented=f"{brief('.'.join(path), 100)}: {brief(value)}",
            required="nothing: their keys, where they have any, are Microsoft's",
            advice="for the temporary disk, create the workspace with hbiWorkspace: true",
        )


def _asked(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    if type(value) is list:
        for one in value:
            yield from _asked(one, path)
    if type(value) is dict:
        for name, inner in value.items():
            if name.lower() in _ASKS:
                yield (*path, name), inner
            yield from _asked(inner, (*path, name))
