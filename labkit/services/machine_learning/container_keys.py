"""A web service on Container Instances: the key that encrypts its disk, and what lies there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labkit.core.errors import BadRequest, brief
from labkit.core.operation import Call
from labkit.core.resource import Resource
from labkit.services.container_instances import ContainerGroup
from labkit.services.encryption import Disk
from labkit.services.machine_learning.workspace import Workspace

# The documents' names, and those of Container Instances. Statement enc-aci-cmk.
_NAMES = {
    "cmk_vault_base_url": "vaultBaseUrl",
    "cmk_key_name": "keyName",
    "cmk_key_version": "keyVersion",
}


def check_key(*given: object) -> None:
    """The three, in their order: all of them, or none. Raises BadRequest."""
    named = dict(zip(_NAMES, given, strict=True))
    missing = [name for name, value in named.items() if value is None]
    if missing and len(missing) < len(_NAMES):
        raise BadRequest(
            f"{' and '.join(missing)} is missing.",
            presented=", ".join(name for name in named if name not in missing),
            required=f"all of {', '.join(_NAMES)}, or none of them",
        )
    for name, value in named.items():
        if value is not None and (type(value) is not str or not value):
            raise BadRequest(f"{name} is a text.", presented=brief(value))


def group_key(*given: str | None) -> dict[str, Any]:
    """The same as a property of a container group; nothing where there is no key."""
    return {"encryptionProperties": dict(zip(_NAMES.values(), given, strict=True))} if all(given) else {}


def filled(call: Call[Workspace], group: Resource, files: Mapping[str, bytes]) -> Disk:
    """The disk of a container group that is new: what it runs lies there now. Its key is at hand still."""
    assert isinstance(group, ContainerGroup)
    for name, data in files.items():
        group.disk.write(call, name, data)
    return group.disk
