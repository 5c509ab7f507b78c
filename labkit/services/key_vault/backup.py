"""Backups of keys and secrets: bytes that only a vault can open again, and only some vaults."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)

from labkit.core.errors import BadRequest, Conflict, brief
from labkit.core.operation import Call, operation
from labkit.core.secret import Secret
from labkit.network.regions import geography
from labkit.services.key_vault.items import add, free_name, shelf, versions
from labkit.services.key_vault.keys import KEYS
from labkit.services.key_vault.plane import Plane
from labkit.services.key_vault.secrets import SECRETS
from labkit.services.key_vault.vault import Held, KeyVersion, SecretVersion, Vault, Version

_SHORTEST = 16


def _subscription(vault: Vault) -> str:
    return "/".join(vault.id.lower().split("/")[:3])


def _packed(held: Held) -> dict[str, Any]:
    material = held.material
    if isinstance(material, RSAPrivateKey):
        raw = material.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    else:
        raw = material.reveal().encode("utf-8", "surrogatepass")
    return {"shown": asdict(held.shown), "material": b64encode(raw).decode()}


def _unpacked(packed: dict[str, Any], kind: str, vault: str) -> Held:
    raw, attributes = b64decode(packed["material"]), {**packed["shown"], "vault": vault}
    shown: Version
    if kind == "keys":
        shown = KeyVersion(**{**attributes, "operations": tuple(attributes["operations"])})
        return Held(shown, load_der_private_key(raw, None, unsafe_skip_rsa_key_validation=True))
    return Held(SecretVersion(**attributes), Secret(raw.decode("utf-8", "surrogatepass")))


class Backup(Plane):
    """A backup opens in a vault of the same subscription and geography, and nowhere else."""

    def _seal(self, vault: Vault) -> AESSIV:
        # All vaults of a geography share one security world.
        # https://learn.microsoft.com/azure/key-vault/general/overview-security-worlds
        return AESSIV(self._entropy(f"security world/{geography(vault.region)}", 64))

    def _backup(self, call: Call[Vault], kind: str, name: str) -> bytes:
        packed = [_packed(held) for held in versions(call, kind, name)]
        text = json.dumps({"subscription": _subscription(call.target), "versions": packed})
        return self._seal(call.target).encrypt(text.encode(), [kind.encode()])

    def _opened(self, call: Call[Vault], kind: str, backup: bytes) -> Iterator[Held]:
        vault = call.target
        try:
            if len(backup) < _SHORTEST:
                raise InvalidTag
            content = json.loads(self._seal(vault).decrypt(backup, [kind.encode()]))
        except InvalidTag:
            raise BadRequest(
                f"That is no backup of a {kind[:-1]} that this vault can open.",
                presented=f"{len(backup)} bytes",
                required=f"the unchanged backup of a {kind[:-1]} in a vault of {geography(vault.region)}",
            ) from None
        if content["subscription"] != _subscription(vault):
            raise BadRequest(
                "The backup was made in another subscription.",
                presented=brief(content["subscription"]),
                required=_subscription(vault),
            )
        return (_unpacked(one, kind, vault.name) for one in content["versions"])

    def _restore(self, call: Call[Vault], kind: str, backup: bytes) -> str:
        found = list(self._opened(call, kind, backup))
        name, on = found[-1].shown.name, shelf(call.target, kind)
        free_name(call, kind, name)
        if name.lower() in on.live:
            raise Conflict(
                f"The vault has a {kind[:-1]} of this name: a backup replaces nothing.", presented=brief(name)
            )
        for held in found:
            add(call, held)
        return name

    @operation("Backup key", data_action=f"{KEYS}/backup/action")
    def backup_key(self, call: Call[Vault], name: str) -> bytes:
        """A key with all its versions, closed. Raises KeyNotFound."""
        return self._backup(call, "keys", name)

    @operation("Restore key", data_action=f"{KEYS}/restore/action")
    def restore_key(self, call: Call[Vault], backup: bytes) -> str:
        """Brings back all versions of a backup, and returns the name. Raises BadRequest, Conflict or
        DeletedButRecoverable."""
        return self._restore(call, "keys", backup)

    @operation("Backup secret", data_action=f"{SECRETS}/backup/action")
    def backup_secret(self, call: Call[Vault], name: str) -> bytes:
        """A secret with all its versions, closed. Raises SecretNotFound."""
        return self._backup(call, "secrets", name)

    @operation("Restore secret", data_action=f"{SECRETS}/restore/action")
    def restore_secret(self, call: Call[Vault], backup: bytes) -> str:
        """Brings back all versions of a backup, and returns the name. Raises BadRequest, Conflict or
        DeletedButRecoverable."""
        return self._restore(call, "secrets", backup)
