"""Who wraps an account's key."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from labkit.crypto.errors import Damaged


@dataclass(frozen=True)
class WrappedKey:
    """A key, encrypted under another one. Its bytes are neither shown nor compared: RSA-OAEP makes others
    each time."""

    key_id: str
    version: str
    algorithm: str
    data: bytes = field(repr=False, compare=False)

    def __repr__(self) -> str:
        return (
            f"{len(self.data)} bytes wrapped with {self.algorithm} by {self.key_id}, version {self.version}"
        )


class KeyWrapper(Protocol):
    """Wraps and unwraps keys, wherever it keeps the key that it does it with."""

    def wrap(self, key: bytes) -> WrappedKey:
        """The key, wrapped. Raises a Refusal."""

    def unwrap(self, wrapped: WrappedKey) -> bytes:
        """The key again. Raises a Refusal, Damaged among them."""


class KeyInHand:
    """Wraps with an AES key of its own, by RFC 3394."""

    def __init__(self, key_id: str, key: bytes) -> None:
        self._id = key_id
        self._key = key

    def wrap(self, key: bytes) -> WrappedKey:
        """The key, wrapped."""
        return WrappedKey(self._id, "1", "A256KW", aes_key_wrap(self._key, key))

    def unwrap(self, wrapped: WrappedKey) -> bytes:
        """The key again. Raises Damaged."""
        try:
            return aes_key_unwrap(self._key, wrapped.data)
        except (InvalidUnwrap, ValueError):
            raise Damaged("This wrapped key is not one of ours.", presented=repr(wrapped)) from None
