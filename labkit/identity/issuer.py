"""Signing keys that rotate with overlap, and what they sign and publish."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from jwt.algorithms import RSAAlgorithm
from jwt.utils import base64url_encode

from labkit.identity.lab_keys import LabKeys
from labkit.identity.verifier import ALGORITHM, KeySet

OVERLAP = 24 * 3600
_encode = json.JSONEncoder(separators=(",", ":")).encode


def _part(content: dict[str, Any]) -> bytes:
    return base64url_encode(_encode(content).encode())


@lru_cache(maxsize=64)
def _header(kid: str) -> bytes:
    return _part({"typ": "JWT", "alg": ALGORITHM, "kid": kid})


@dataclass(frozen=True)
class _SigningKey:
    """`published_until` is the moment (seconds) at which the key leaves the published set; None: not yet."""

    kid: str
    private: RSAPrivateKey
    jwk: dict[str, Any]
    published_until: int | None = None

    def published(self, now: int) -> bool:
        return self.published_until is None or now < self.published_until


class SigningKeys:
    """The key pairs of one issuer. The newest signs; older ones stay published for a while, so that what
    they signed can still be verified."""

    def __init__(self, keys: LabKeys, label: str) -> None:
        self._lab_keys = keys
        self._label = label
        self._keys: list[_SigningKey] = []
        self._sets: dict[tuple[str, ...], KeySet] = {}

    def _newest(self) -> _SigningKey:
        # Made when first needed: many labs never sign with every issuer they have.
        if not self._keys:
            self._add()
        return self._keys[-1]

    def _add(self) -> None:
        private = self._lab_keys.rsa(f"{self._label}/{len(self._keys)}")
        jwk = RSAAlgorithm.to_jwk(private.public_key(), as_dict=True)
        public = {"kty": "RSA", "n": jwk["n"], "e": jwk["e"]}
        # RFC 7638: the members in alphabetical order, without spaces.
        thumbprint = hashlib.sha256(json.dumps(public, sort_keys=True, separators=(",", ":")).encode())
        kid = base64url_encode(thumbprint.digest()).decode()
        self._keys.append(_SigningKey(kid, private, {**public, "use": "sig", "alg": ALGORITHM, "kid": kid}))

    def rotate(self, now: int, overlap: int = OVERLAP) -> str:
        """Brings in a new signing key and returns its kid. The old ones stay published for `overlap`
        seconds, 24 hours if not said otherwise.  # assumption: key-overlap"""
        self._newest()
        self._add()
        until = now + overlap
        self._keys[:-1] = [
            key
            if key.published_until is not None and key.published_until < until
            else replace(key, published_until=until)
            for key in self._keys[:-1]
        ]
        return self._keys[-1].kid

    def jwks(self, now: int) -> dict[str, Any]:
        """The published JSON Web Key Set at this moment (seconds)."""
        self._newest()
        return {"keys": [dict(key.jwk) for key in self._keys if key.published(now)]}

    def key_set(self, now: int) -> KeySet:
        """The same, read for verification; one object for as long as the published keys are the same."""
        self._newest()
        kids = tuple(key.kid for key in self._keys if key.published(now))
        if kids not in self._sets:
            self._sets = {kids: KeySet(self.jwks(now))}
        return self._sets[kids]

    def sign(self, claims: dict[str, Any]) -> str:
        """A compact JWT, RS256, with the newest key. Claims keep their order."""
        key = self._newest()
        text = _header(key.kid) + b"." + _part(claims)
        signature = base64url_encode(self._lab_keys.sign(key.private, text))
        return f"{text.decode()}.{signature.decode()}"
