"""What olivia does with keys in a vault, for whatever tries encryption at rest."""

from __future__ import annotations

from typing import Any

from labkit.core.operation import Op, P, R
from labkit.furniture import REGION
from labkit.lab import Lab
from labkit.services.azure_ad import KEY_VAULT
from labkit.services.key_vault import KeyVault, KeyVersion
from labkit.services.resource_id import name_of
from labkit.services.resource_manager import ResourceManager
from labkit.services.vault_access import VaultAccess

OWNER = "olivia"
KEY = "at-rest"
# What a store needs of a key that encrypts it.
ENOUGH = ("get", "wrapKey", "unwrapKey")


def put(lab: Lab, id: str, properties: dict[str, Any] | None = None, region: str = REGION) -> dict[str, Any]:
    """olivia asks Resource Manager; returns the properties that are shown. Raises what the door raises."""
    shown = lab.ask(OWNER, ResourceManager.put, id, lab.sign_in(OWNER).bearer, region, properties)
    return dict(shown["properties"])


def let_in(lab: Lab, principal_id: str, *keys: str, vault: str = "") -> None:
    """Lets somebody use the keys of a vault in these ways. Raises what the door raises."""
    permissions, owner = {"keys": list(keys or ENOUGH)}, lab.sign_in(OWNER).bearer
    lab.ask(OWNER, VaultAccess.set_policy, vault or lab.vault, owner, principal_id, permissions)


def at_vault(lab: Lab, op: Op[P, R], vault: str, /, *args: P.args, **kwargs: P.kwargs) -> R:
    """olivia asks the vault, and gives herself what that takes. Raises what the door raises."""
    everything, owner = {"keys": ["all"], "secrets": ["all"]}, lab.sign_in(OWNER).bearer
    lab.ask(OWNER, VaultAccess.set_policy, vault, owner, lab.people[OWNER].object_id, everything)
    return lab.ask(OWNER, op, vault, lab.sign_in(OWNER, resource=KEY_VAULT).bearer, *args, **kwargs)


def new_version(lab: Lab, vault: str = "", name: str = KEY) -> KeyVersion:
    """A key, or its next version. Raises what the door raises."""
    return at_vault(lab, KeyVault.create_key, vault or lab.vault, name)


def enable(lab: Lab, on: bool, vault: str = "", name: str = KEY) -> None:
    """Enables all versions of a key, or disables them. Raises what the door raises."""
    at = vault or lab.vault
    for version in at_vault(lab, KeyVault.list_key_versions, at, name):
        at_vault(lab, KeyVault.update_key, at, name, version.version, enabled=on)


def address(vault: str) -> str:
    """The address of a vault by its id."""
    return f"https://{name_of(vault)}.vault.azure.net"
