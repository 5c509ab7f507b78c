"""What a key of a vault can be used for. The private part never leaves it."""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP, PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, HashAlgorithm

from labkit.core.clock import iso
from labkit.core.errors import BadRequest, brief
from labkit.core.operation import Call, operation
from labkit.services.key_vault.errors import (
    KeyDisabled,
    KeyExpired,
    KeyNotYetValid,
    KeyOperationForbidden,
    NotDecrypted,
)
from labkit.services.key_vault.items import one_version
from labkit.services.key_vault.keys import KEYS
from labkit.services.key_vault.plane import Plane
from labkit.services.key_vault.vault import KeyVersion, Vault

_PADDINGS: dict[str, HashAlgorithm] = {"RSA-OAEP-256": SHA256(), "RSA-OAEP": SHA1()}
_SIGNATURE = "RS256"
# These three work outside of a key's time: on what was made while it was valid, and to try a key before.
# https://learn.microsoft.com/azure/key-vault/keys/about-keys-details#date-time-controlled-operations
_AT_ANY_TIME = ("decrypt", "unwrapKey", "verify")


def _check_encryption(algorithm: str) -> None:
    if algorithm == "RSA1_5":
        raise BadRequest(
            "The lab refuses RSA1_5: bytes that were changed may come out as other bytes, without an error.",
            presented=algorithm,
            required=" or ".join(_PADDINGS),
        )
    _check_algorithm(algorithm, *_PADDINGS)


def _check_signature(algorithm: str, digest: bytes) -> None:
    _check_algorithm(algorithm, _SIGNATURE)
    if len(digest) != SHA256.digest_size:
        raise BadRequest(
            "A vault signs a digest and not the data itself.",
            presented=f"{len(digest)} bytes",
            required=f"the {SHA256.digest_size} bytes of a SHA-256",
        )


def _check_algorithm(algorithm: str, *known: str) -> None:
    if algorithm not in known:
        raise BadRequest(
            "The lab has no such algorithm for this.", presented=brief(algorithm), required=" or ".join(known)
        )


def _usable(call: Call[Vault], name: str, version: str, use: str) -> tuple[RSAPrivateKey, KeyVersion]:
    """The private key of a version, if it may be used like this now."""
    held = one_version(call, "keys", name, version)
    shown, private = held.shown, held.material
    assert isinstance(shown, KeyVersion)
    assert isinstance(private, RSAPrivateKey)
    presented = f"{use} with {shown.key_id}"
    if not shown.enabled:
        raise KeyDisabled(
            f"Operation {use} is not allowed on a disabled key.",
            presented=presented,
            advice="enable it again with update_key(name, version, enabled=True): nothing is lost",
        )
    if use not in shown.operations:
        raise KeyOperationForbidden(
            f"Operation {use} is not permitted on this key.",
            presented=presented,
            required=", ".join(shown.operations) or "none",
        )
    if use not in _AT_ANY_TIME:
        _check_time(shown, call.now, presented)
    return private, shown


def _check_time(shown: KeyVersion, now: int, presented: str) -> None:
    if shown.not_before is not None and now < shown.not_before:
        raise KeyNotYetValid(
            "The key is not valid yet.", presented=presented, required=f"from {iso(shown.not_before)} on"
        )
    if shown.expires is not None and now >= shown.expires:
        raise KeyExpired(
            "The key has expired. What it has encrypted or wrapped it still opens.",
            presented=f"{presented}, {iso(now)}",
            required=f"before {iso(shown.expires)}",
            advice="create_key makes a new version; update_key sets another end",
        )


def _padding(algorithm: str) -> OAEP:
    hash = _PADDINGS[algorithm]
    return OAEP(MGF1(hash), hash, None)


def _close(call: Call[Vault], name: str, version: str, use: str, algorithm: str, data: bytes) -> bytes:
    private, shown = _usable(call, name, version, use)
    room = shown.size // 8 - 2 * _PADDINGS[algorithm].digest_size - 2
    if len(data) > room:
        raise BadRequest(
            "That is too much for an RSA key: it wraps keys, and they encrypt the data.",
            presented=f"{len(data)} bytes",
            required=f"at most {room} bytes with {algorithm} and {shown.size} bits",
        )
    return private.public_key().encrypt(data, _padding(algorithm))


def _open(call: Call[Vault], name: str, version: str, use: str, algorithm: str, data: bytes) -> bytes:
    private, shown = _usable(call, name, version, use)
    try:
        return private.decrypt(data, _padding(algorithm))
    except ValueError:
        raise NotDecrypted(
            "This version of the key does not open these bytes.",
            presented=f"{len(data)} bytes, {shown.key_id}",
            required="what this very version has made, with the same algorithm, unchanged",
        ) from None


class Cryptography(Plane):
    """Operations with a key. `version` "" stands for the newest one."""

    @operation("Wrap key", data_action=f"{KEYS}/wrap/action", parse=_check_encryption)
    def wrap_key(self, call: Call[Vault], name: str, version: str, algorithm: str, data: bytes) -> bytes:
        """Another key, closed under this one with RSA-OAEP-256 or RSA-OAEP. Raises KeyNotFound, KeyDisabled,
        KeyNotYetValid, KeyExpired, KeyOperationForbidden or BadRequest."""
        return _close(call, name, version, "wrapKey", algorithm, data)

    @operation("Unwrap key", data_action=f"{KEYS}/unwrap/action", parse=_check_encryption)
    def unwrap_key(self, call: Call[Vault], name: str, version: str, algorithm: str, data: bytes) -> bytes:
        """Opens what this version has wrapped; an expired one does that too. Raises KeyNotFound, KeyDisabled,
        KeyOperationForbidden, NotDecrypted or BadRequest."""
        return _open(call, name, version, "unwrapKey", algorithm, data)

    @operation("Encrypt", data_action=f"{KEYS}/encrypt/action", parse=_check_encryption)
    def encrypt(self, call: Call[Vault], name: str, version: str, algorithm: str, data: bytes) -> bytes:
        """The same for any few bytes, under a permission of its own."""
        return _close(call, name, version, "encrypt", algorithm, data)

    @operation("Decrypt", data_action=f"{KEYS}/decrypt/action", parse=_check_encryption)
    def decrypt(self, call: Call[Vault], name: str, version: str, algorithm: str, data: bytes) -> bytes:
        """Opens what `encrypt` has closed."""
        return _open(call, name, version, "decrypt", algorithm, data)

    @operation("Sign", data_action=f"{KEYS}/sign/action", parse=_check_signature)
    def sign(self, call: Call[Vault], name: str, version: str, algorithm: str, digest: bytes) -> bytes:
        """The signature (RS256) of a SHA-256 digest. Raises what `wrap_key` does."""
        private, _ = _usable(call, name, version, "sign")
        return private.sign(digest, PKCS1v15(), Prehashed(SHA256()))

    @operation("Verify", data_action=f"{KEYS}/verify/action", parse=_check_signature)
    def verify(
        self, call: Call[Vault], name: str, version: str, algorithm: str, digest: bytes, signature: bytes
    ) -> bool:
        """Whether this version has signed this digest. Raises KeyNotFound, KeyDisabled,
        KeyOperationForbidden or BadRequest."""
        private, _ = _usable(call, name, version, "verify")
        try:
            private.public_key().verify(signature, digest, PKCS1v15(), Prehashed(SHA256()))
        except InvalidSignature:
            return False
        return True
