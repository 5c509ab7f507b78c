"""Envelope encryption, as Azure Storage does it: each write has a data key of its own, AES-256-GCM encrypts
the object under it, and the account's key wraps it."""

from __future__ import annotations

import hashlib
import hmac

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from labkit.crypto.errors import Damaged
from labkit.crypto.medium import NONCE, Sealed

KEY = 32
_COUNT = 12
_PAGE = 64
_BLANK = bytes((KEY + NONCE) * _PAGE)
# What `Sealed(...)` does after it has looked at its arguments twice.
_sealed = tuple.__new__


class DataKeys:
    """Fresh data keys and nonces, by the number of the write: a stream of AES under a root of 32 bytes."""

    # Drawing each by a label of its own costs more than sealing four kilobytes. So they come in pages.
    def __init__(self, root: bytes) -> None:
        self._stream = AESGCM(root).encrypt
        self._page = -1, b""

    def fresh(self, write: int) -> tuple[bytes, bytes]:
        """The key and the nonce of a write."""
        number, place = divmod(write, _PAGE)
        page = self._page
        if page[0] != number:
            # In one step: whoever writes at the same time has a page of their own by now.
            self._page = page = number, self._stream(number.to_bytes(_COUNT), _BLANK, None)
        end = place * (KEY + NONCE) + KEY
        return page[1][end - KEY : end], page[1][end : end + NONCE]


class Envelope:
    """An account's key at work. `account` names the account, this life of it, and no other.

    Nothing that was moved, cut, mixed or kept from an earlier write opens: everything is bound to the
    account, the object's name and the number of the write, which the caller keeps apart from the disk. A
    number must never come twice, whatever became of the first one: the nonces follow from it.
    """

    def __init__(self, account: str, key: bytes, data_keys: DataKeys) -> None:
        cipher = AESGCM(key)
        self._wrap, self._unwrap = cipher.encrypt, cipher.decrypt
        self._fresh = data_keys.fresh
        self._account = hashlib.sha256(account.encode("utf-8", "surrogatepass")).digest()
        # Write 0 encrypts nothing; its tag tells this key from every other one.
        self.proof = self._wrap(bytes(_COUNT), b"", self._account)

    def proves(self, proof: bytes) -> bool:
        """Whether that is the `proof` of this very key and account."""
        return hmac.compare_digest(self.proof, proof)

    def seal(self, name: str, data: bytes, write: int) -> Sealed:
        """Encrypts an object. `write` counts the writes of the account, from 1."""
        count = write.to_bytes(_COUNT)
        about = b"%b%b%b" % (self._account, count, name.encode("utf-8", "surrogatepass"))
        key, nonce = self._fresh(write)
        parts = write, self._wrap(count, key, about), nonce, AESGCM(key).encrypt(nonce, data, about)
        return _sealed(Sealed, parts)

    def open(self, name: str, sealed: Sealed, write: int) -> bytes:
        """The bytes that were sealed under this name by this write. Raises Damaged."""
        count = write.to_bytes(_COUNT)
        about = b"%b%b%b" % (self._account, count, name.encode("utf-8", "surrogatepass"))
        if sealed.write != write:
            raise Damaged("Another write left these bytes.", presented=f"{name[:60]!r}, from another time")
        try:
            key = self._unwrap(count, sealed.wrap, about)
            return AESGCM(key).decrypt(sealed.nonce, sealed.body, about)
        except (InvalidTag, ValueError):
            raise Damaged(
                "The bytes on the disk are not those that were written.",
                presented=f"{name[:60]!r}, which does not authenticate",
                required="the bytes as they were, under the name and in the account of their write",
            ) from None
