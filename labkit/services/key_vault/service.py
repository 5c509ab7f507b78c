"""Key Vault: the data plane of a vault, guarded by its access policy or by roles."""

from __future__ import annotations

from labkit.access.vault_policy import NotInPolicy
from labkit.core.errors import BadRequest, CredentialMissing, Forbidden, NetworkDenied, NotFound
from labkit.identity.errors import TokenRefused, WrongAudience, WrongIssuer, WrongTenant
from labkit.services.key_vault import errors
from labkit.services.key_vault.backup import Backup
from labkit.services.key_vault.cryptography import Cryptography
from labkit.services.key_vault.keys import Keys
from labkit.services.key_vault.recovery import Recovery
from labkit.services.key_vault.secrets import Secrets


class KeyVault(Keys, Cryptography, Secrets, Recovery, Backup):
    """Keys and secrets of one vault."""

    name = "Key Vault"
    dialect = {
        # https://learn.microsoft.com/azure/key-vault/general/rest-error-codes
        # Where Azure says Forbidden with an inner code, this is the inner one.  # assumption: vault-codes
        CredentialMissing: (401, "AKV10000"),
        TokenRefused: (401, "Unauthorized"),
        WrongAudience: (401, "AKV10022"),
        WrongIssuer: (401, "AKV10032"),
        WrongTenant: (401, "AKV10032"),
        NotInPolicy: (403, "ForbiddenByPolicy"),
        Forbidden: (403, "ForbiddenByRbac"),
        NetworkDenied: (403, "ForbiddenByFirewall"),
        BadRequest: (400, "BadParameter"),
        NotFound: (404, "SecretNotFound"),
        errors.KeyNotFound: (404, "KeyNotFound"),
        errors.KeyDisabled: (403, "KeyDisabled"),
        errors.KeyNotYetValid: (403, "KeyNotYetValid"),
        errors.KeyExpired: (403, "KeyExpired"),
        errors.KeyOperationForbidden: (403, "KeyOperationForbidden"),
        errors.SecretDisabled: (403, "SecretDisabled"),
        errors.PurgeProtected: (403, "Forbidden"),
        errors.DeletedButRecoverable: (409, "ObjectIsDeletedButRecoverable"),
    }
