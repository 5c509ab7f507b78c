"""Signing in to a machine over SSH: with a password, or with a key whose public half the machine knows."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_ssh_private_key,
)

from labkit.core.credential import Credential
from labkit.core.errors import Unauthenticated
from labkit.core.identity import Identity


@dataclass(frozen=True, repr=False)
class SshPassword(Credential):
    """The name and password of an account on a machine."""

    username: str
    password: str = field(repr=False)
    kind: ClassVar[str] = "SSH password"


@dataclass(frozen=True, repr=False)
class SshKey(Credential):
    """The name of an account and a private key, in PEM or OpenSSH's own format."""

    username: str
    private_key: str = field(repr=False)
    kind: ClassVar[str] = "SSH key"


def shadow(password: str, salt: bytes) -> bytes:
    """What a machine keeps of a password."""
    return hashlib.scrypt(password.encode("utf-8", "surrogatepass"), salt=salt, n=2**10, r=8, p=1)


def public_line(private_key: Ed25519PrivateKey | RSAPrivateKey) -> str:
    """A key's public half, as a line of authorized_keys without a comment."""
    return private_key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


class _Machine(Protocol):
    name: str
    passwords: Mapping[str, tuple[bytes, bytes]]
    authorized_keys: Mapping[str, tuple[str, ...]]


def _denied(target: _Machine, how: str) -> Unauthenticated:
    return Unauthenticated(
        "Permission denied (publickey,password).",
        presented=f"{how}, not shown",
        required=f"for {target.name}",
    )


def _account(target: _Machine, username: str) -> Identity:
    return Identity("machine account", f"{username}@{target.name}")


def by_password(cred: SshPassword, target: _Machine, now: int) -> Identity:
    """Raises Unauthenticated."""
    known = target.passwords.get(cred.username) if type(cred.username) is str else None
    # A name that is not there takes as long as a wrong password.
    salt, kept = known or (b"", b"")
    presented = shadow(cred.password if type(cred.password) is str else "", salt)
    if not hmac.compare_digest(presented, kept):
        raise _denied(target, cred.kind)
    return _account(target, cred.username)


def by_key(cred: SshKey, target: _Machine, now: int) -> Identity:
    """Raises Unauthenticated."""
    line = _line(cred.private_key)
    known = target.authorized_keys.get(cred.username, ()) if type(cred.username) is str else ()
    if line == "" or not any(one == line or one.startswith(f"{line} ") for one in known):
        raise _denied(target, cred.kind)
    return _account(target, cred.username)


def _line(text: object) -> str:
    """The public half of what may be a private key; "" if it is none."""
    raw = text.encode("utf-8", "surrogatepass") if type(text) is str else b""
    for load in (load_pem_private_key, load_ssh_private_key):
        try:
            key = load(raw, None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            continue
        if isinstance(key, Ed25519PrivateKey | RSAPrivateKey):
            return public_line(key)
    return ""
