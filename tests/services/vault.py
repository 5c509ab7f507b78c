"""What the tests of vaults ask of a lab: a vault of their own, which olivia may do everything with."""

from __future__ import annotations

from typing import Any

from labkit.azure import KEY_VAULT, KeyVault, ResourceManager, VaultAccess
from labkit.core.errors import LabError
from labkit.core.operation import Op
from labkit.lab import Lab
from labkit.services.key_vault import TYPE, Vault
from tests.services import state
from tests.services.ml import GROUP

SOFT = {"enableSoftDelete": True}
PROTECTED = {"enableSoftDelete": True, "enablePurgeProtection": True}
OAEP = "RSA-OAEP-256"


class OwnVault:
    """A new vault, and olivia who asks it."""

    def __init__(self, lab: Lab, name: str = "keep", region: str = "eastus", **properties: Any) -> None:
        self.lab = lab
        self.id = f"{GROUP}/providers/{TYPE}/{name}"
        self.properties, self.region = properties, region
        self.put(**properties)
        self.allow("olivia", keys=["all"], secrets=["all"])

    def put(self, **properties: Any) -> Any:
        """olivia creates or changes it."""
        owner = self.lab.sign_in("olivia").bearer
        return self.lab.ask("olivia", ResourceManager.put, self.id, owner, self.region, properties)

    def delete(self) -> None:
        """olivia deletes it."""
        self.lab.ask("olivia", ResourceManager.delete, self.id, self.lab.sign_in("olivia").bearer)

    def allow(self, who: str, **permissions: list[str]) -> None:
        """olivia gives somebody these permissions in place of others."""
        owner, them = self.lab.sign_in("olivia").bearer, self.lab.people[who].object_id
        self.lab.ask("olivia", VaultAccess.set_policy, self.id, owner, them, permissions)

    def token(self, who: str = "olivia") -> Any:
        """What somebody presents to a vault."""
        return self.lab.sign_in(who, resource=KEY_VAULT).bearer

    def ask(self, op: Op[..., Any], *args: Any, **kwargs: Any) -> Any:
        """olivia asks."""
        return self.lab.ask("olivia", op, self.id, self.token(), *args, **kwargs)

    def refused(self, kind: type[LabError], op: Op[..., Any], *args: Any, who: str = "olivia") -> Any:
        """The refusal, of this very kind, of a call that has to change nothing."""
        return state.refused(self.lab, kind, op, self.id, self.token(who), *args)

    @property
    def vault(self) -> Vault:
        """The vault itself."""
        found = self.lab.resources.find(self.id)
        assert isinstance(found, Vault)
        return found

    def wrap(self, name: str = "master", data: bytes = b"k" * 32, version: str = "") -> bytes:
        """Wraps something with a key."""
        wrapped: bytes = self.ask(KeyVault.wrap_key, name, version, OAEP, data)
        return wrapped

    def unwrap(self, wrapped: bytes, name: str = "master", version: str = "") -> bytes:
        """Unwraps it."""
        data: bytes = self.ask(KeyVault.unwrap_key, name, version, OAEP, wrapped)
        return data
