"""The keys of a vault: made in it or brought to it, and never leaving it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from labkit.core.errors import BadRequest, brief
from labkit.core.operation import Call, operation
from labkit.services.key_vault.items import (
    add,
    amend,
    check_enabled,
    check_name,
    check_times,
    free_name,
    next_label,
    one_version,
    show,
    versions,
)
from labkit.services.key_vault.plane import Plane
from labkit.services.key_vault.vault import TYPE, Held, KeyVersion, Vault

KEYS = f"{TYPE}/keys"
SIZES = (2048, 3072, 4096)
OPERATIONS = ("encrypt", "decrypt", "wrapKey", "unwrapKey", "sign", "verify")


def _check_operations(operations: Any) -> None:
    if operations is None:
        return
    if type(operations) not in (list, tuple) or any(
        type(one) is not str or one not in OPERATIONS for one in operations
    ):
        raise BadRequest(
            "Those are not operations of a key.",
            presented=brief(operations),
            required="a list of " + ", ".join(OPERATIONS),
        )


def _check_size(size: object) -> None:
    if type(size) is not int or size not in SIZES:
        raise BadRequest(
            "An RSA key of a vault has another size.",
            presented=brief(size),
            required=" or ".join(map(str, SIZES)) + " bits",
        )


def _check_new(
    name: str, kind: str, size: int, operations: object, enabled: object, not_before: object, expires: object
) -> None:
    if kind != "RSA":
        raise BadRequest(
            "The lab has no keys of this kind. Azure has elliptic curves and hardware modules as well.",
            presented=brief(kind),
            required="RSA",
        )
    _check_size(size)
    _check_import(name, operations, enabled, not_before, expires)


def _check_import(
    name: str, operations: object, enabled: object, not_before: object, expires: object
) -> None:
    check_name(name)
    _check_operations(operations)
    check_enabled(enabled, True, False)
    check_times(not_before, expires)


def _check_update(enabled: object, not_before: object, expires: object, operations: object) -> None:
    check_enabled(enabled, True, False, None)
    check_times(not_before, expires)
    _check_operations(operations)


def _private_key(pem: bytes) -> RSAPrivateKey:
    """An RSA key that somebody brings. Raises BadRequest, which shows nothing of it."""
    try:
        private = load_pem_private_key(pem, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        private = None
    if not isinstance(private, RSAPrivateKey):
        raise BadRequest(
            "That is not an RSA private key.",
            presented=f"{len(pem)} bytes",
            required="a private key in PEM, without a password",
        )
    _check_size(private.key_size)
    return private


class Keys(Plane):
    """Making keys, looking at them, changing what they may be used for. Times are seconds on the lab's
    clock; a version "" is the newest one."""

    @operation("Create key", data_action=f"{KEYS}/create/action", parse=_check_new)
    def create_key(
        self,
        call: Call[Vault],
        name: str,
        kind: str = "RSA",
        size: int = 2048,
        operations: Sequence[str] | None = None,
        enabled: bool = True,
        not_before: int | None = None,
        expires: int | None = None,
    ) -> KeyVersion:
        """A new key, or the next version of one that exists: this is how a key is rotated. `size` is in bits,
        `operations` are all six if not said otherwise. Raises BadRequest, DeletedButRecoverable, and BadInput
        in a seeded lab whose keys are used up."""
        free_name(call, "keys", name)
        label = next_label(call, "keys", name)
        private = self._generated(call, label, size)
        return self._add(call, label, name, private, operations, enabled, not_before, expires)

    @operation("Import key", data_action=f"{KEYS}/import/action", parse=_check_import)
    def import_key(
        self,
        call: Call[Vault],
        name: str,
        pem: bytes,
        operations: Sequence[str] | None = None,
        enabled: bool = True,
        not_before: int | None = None,
        expires: int | None = None,
    ) -> KeyVersion:
        """The same with a key of one's own, in PEM. Raises BadRequest or DeletedButRecoverable."""
        private = _private_key(pem)
        free_name(call, "keys", name)
        label = next_label(call, "keys", name)
        return self._add(call, label, name, private, operations, enabled, not_before, expires)

    def _generated(self, call: Call[Vault], label: str, size: int) -> RSAPrivateKey:
        start = int.from_bytes(self._entropy(f"{label}/key", 4))
        taken, private = self._lab_keys.spare(size, start, self._used)
        if taken not in self._used:
            call.undo(lambda: self._used.discard(taken))
        self._used.add(taken)
        return private

    def _add(
        self,
        call: Call[Vault],
        label: str,
        name: str,
        private: RSAPrivateKey,
        operations: Sequence[str] | None,
        enabled: bool,
        not_before: int | None,
        expires: int | None,
    ) -> KeyVersion:
        public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        shown = KeyVersion(
            name,
            self._entropy(f"{label}/version", 16).hex(),
            call.target.name,
            enabled,
            call.now,
            call.now,
            not_before,
            expires,
            private.key_size,
            OPERATIONS if operations is None else tuple(operations),
            public.decode(),
        )
        held = Held(shown, private)
        add(call, held)
        return _shown(call, held)

    @operation("Get key", data_action=f"{KEYS}/read")
    def get_key(self, call: Call[Vault], name: str, version: str = "") -> KeyVersion:
        """A version of a key with its public part. Raises KeyNotFound."""
        # One that is disabled is shown as well.  # assumption: disabled-key-shown
        return _shown(call, one_version(call, "keys", name, version))

    @operation("List keys", data_action=f"{KEYS}/read")
    def list_keys(self, call: Call[Vault]) -> list[str]:
        """The names alone."""
        return call.target.keys.names()

    @operation("List key versions", data_action=f"{KEYS}/read")
    def list_key_versions(self, call: Call[Vault], name: str) -> list[KeyVersion]:
        """All versions of a key, the newest last. Raises KeyNotFound."""
        return [_shown(call, held) for held in versions(call, "keys", name)]

    @operation("Update key", data_action=f"{KEYS}/update/action", parse=_check_update)
    def update_key(
        self,
        call: Call[Vault],
        name: str,
        version: str = "",
        enabled: bool | None = None,
        not_before: int | None = None,
        expires: int | None = None,
        operations: Sequence[str] | None = None,
    ) -> KeyVersion:
        """Enables or disables a version, or changes its times or operations; None leaves a thing as it is.
        Raises KeyNotFound or BadRequest."""
        held = one_version(call, "keys", name, version)
        uses = None if operations is None else tuple(operations)
        changes = {"enabled": enabled, "not_before": not_before, "expires": expires, "operations": uses}
        return _shown(call, amend(call, held, **changes))


def _shown(call: Call[Vault], held: Held) -> KeyVersion:
    shown = show(call, held)
    assert isinstance(shown, KeyVersion)
    return shown
