"""Key Vault: keys and secrets in versions, and what becomes of them when they are deleted."""

from labkit.services.key_vault.service import KeyVault
from labkit.services.key_vault.vault import TYPE, KeyVersion, SecretVersion, Vault

__all__ = ["TYPE", "KeyVault", "KeyVersion", "SecretVersion", "Vault"]
