"""Key Vault: secrets, guarded by the vault's access policy."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from labkit.core.errors import BadRequest, CredentialMissing, Forbidden, NotFound
from labkit.core.operation import Call, Service, operation
from labkit.core.resource import Resource
from labkit.core.secret import Secret
from labkit.identity.errors import TokenRefused, WrongAudience, WrongIssuer, WrongTenant

TYPE = "Microsoft.KeyVault/vaults"
_SECRETS = f"{TYPE}/secrets"


@dataclass(eq=False)
class Vault(Resource):
    """A vault. Nothing of it shows a value."""

    service: ClassVar[str] = "Key Vault"
    secrets: dict[str, str] = field(default_factory=dict, repr=False, kw_only=True)


class KeyVault(Service):
    """The data plane of a vault."""

    name = "Key Vault"
    resource = Vault
    dialect = {
        # https://learn.microsoft.com/azure/key-vault/general/rest-error-codes
        CredentialMissing: (401, "AKV10000"),
        TokenRefused: (401, "Unauthorized"),
        WrongAudience: (401, "AKV10022"),
        WrongIssuer: (401, "AKV10032"),
        WrongTenant: (401, "AKV10032"),
        Forbidden: (403, "ForbiddenByPolicy"),
        NotFound: (404, "SecretNotFound"),
    }

    @operation("Set secret", data_action=f"{_SECRETS}/setSecret/action")
    def set_secret(self, call: Call[Vault], name: str, value: str) -> None:
        """Stores a value under a name. Raises BadRequest for an empty name."""
        if not name:
            raise BadRequest("A secret is a text under a name.", presented="an empty name")
        kept, before = call.target.secrets, call.target.secrets.get(name)
        call.undo(lambda: kept.pop(name) if before is None else kept.update({name: before}))
        kept[name] = value

    @operation("Get secret", data_action=f"{_SECRETS}/getSecret/action")
    def get_secret(self, call: Call[Vault], name: str) -> Secret:
        """The value. Raises NotFound."""
        if name not in call.target.secrets:
            raise NotFound("The vault has no such secret.", presented=name[:120])
        return Secret(call.target.secrets[name])

    @operation("List secrets", data_action=f"{_SECRETS}/readMetadata/action")
    def list_secrets(self, call: Call[Vault]) -> list[str]:
        """The names alone."""
        return sorted(call.target.secrets)
