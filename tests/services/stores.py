"""What the tests of encryption at rest ask of a lab: keys in a vault, and stores that are encrypted."""

from __future__ import annotations

from typing import Any

from labkit.authenticators.shared_key import SharedKey
from labkit.azure import KEY_VAULT, KeyVault, ResourceManager, VaultAccess
from labkit.core.operation import Op
from labkit.lab import Lab
from labkit.services.key_vault import KeyVersion
from labkit.services.storage import BlobStorage, StorageAccount

KEY = "storage-key"
ENOUGH = ["get", "wrapKey", "unwrapKey"]


def put(lab: Lab, id: str, properties: dict[str, Any] | None = None, region: str = "eastus") -> Any:
    """The owner asks Resource Manager."""
    return lab.ask("olivia", ResourceManager.put, id, lab.sign_in("olivia").bearer, region, properties)


def allow(lab: Lab, principal_id: str, *keys: str, vault: str = "") -> None:
    """The owner lets somebody use the keys of a vault in these ways, and in no others."""
    owner, vault = lab.sign_in("olivia").bearer, vault or lab.vault
    if keys:
        lab.ask("olivia", VaultAccess.set_policy, vault, owner, principal_id, {"keys": list(keys)})
    else:
        lab.ask("olivia", VaultAccess.remove_policy, vault, owner, principal_id)


def at_vault(lab: Lab, op: Op[..., Any], *args: Any, vault: str = "", **kwargs: Any) -> Any:
    """The owner, who may do everything with keys there, asks the vault."""
    allow(lab, lab.people["olivia"].object_id, "all", vault=vault)
    token = lab.sign_in("olivia", resource=KEY_VAULT).bearer
    return lab.ask("olivia", op, vault or lab.vault, token, *args, **kwargs)


def new_version(lab: Lab, name: str = KEY, vault: str = "") -> KeyVersion:
    """A key, or its next version."""
    made = at_vault(lab, KeyVault.create_key, name, vault=vault)
    assert isinstance(made, KeyVersion)
    return made


def enable(lab: Lab, version: str = "", on: bool = True, name: str = KEY, vault: str = "") -> None:
    """Enables a version of a key, the newest if not said otherwise, or disables it."""
    at_vault(lab, KeyVault.update_key, name, version, vault=vault, enabled=on)


def disable(lab: Lab, version: str = "", name: str = KEY, vault: str = "") -> None:
    enable(lab, version, False, name, vault)


def address(vault: str) -> str:
    return f"https://{vault.rpartition('/')[2]}.vault.azure.net"


def customer(vault: str, name: str = KEY, version: str = "") -> dict[str, Any]:
    """The property of a storage account that gives it a key; without a version it follows the newest."""
    key = {"keyname": name, "keyvaulturi": address(vault)} | ({"keyversion": version} if version else {})
    return {"keySource": "Microsoft.Keyvault", "keyvaultproperties": key}


MICROSOFT = {"keySource": "Microsoft.Storage"}


def identify(lab: Lab, store: str) -> str:
    """Gives a store a managed identity. Returns its object id."""
    shown = put(lab, store, {"identity": {"type": "SystemAssigned"}})
    return str(shown["properties"]["identity"]["principalId"])


def give_key(lab: Lab, store: str, name: str = KEY, version: str = "", vault: str = "") -> None:
    """All that it takes to have a store encrypted with a key that exists."""
    vault = vault or lab.vault
    allow(lab, identify(lab, store), *ENOUGH, vault=vault)
    put(lab, store, {"encryption": customer(vault, name, version)})


def account(lab: Lab, id: str = "") -> StorageAccount:
    found = lab.resources.find(id or lab.storage)
    assert isinstance(found, StorageAccount)
    return found


def with_key(lab: Lab, op: Op[..., Any], *args: Any, id: str = "", key: str = "key1", **kwargs: Any) -> Any:
    """Somebody who has the account's access key asks for a blob or a file."""
    target = account(lab, id)
    request = op.request(target.id, args, kwargs)
    cred = SharedKey.sign(target.name, target.access_keys[key], request, lab.clock.now)
    return lab.ask("somebody", op, target.id, cred, *args, **kwargs)


def write(lab: Lab, name: str, data: bytes, **kwargs: Any) -> Any:
    return with_key(lab, BlobStorage.put, name, data, **kwargs)


def read(lab: Lab, name: str, **kwargs: Any) -> Any:
    return with_key(lab, BlobStorage.get, name, **kwargs)
