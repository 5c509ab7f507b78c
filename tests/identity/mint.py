"""A mint of tokens: good ones, made with the key of the lab's own issuer, and bad ones of every kind."""

import json
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from jwt.algorithms import RSAAlgorithm
from jwt.utils import base64url_encode

from labkit.identity.issuer import SigningKeys
from labkit.identity.lab_keys import LabKeys
from labkit.identity.tenant import issuer_of
from labkit.identity.verifier import Claims, Expectation, KeySet, verify

NOW = 1_584_090_000
TENANT = "your-tenant-id"
EXPECTED = Expectation("https://management.azure.com/", issuer_of(TENANT), TENANT)

LAB_KEYS = LabKeys(seeded=True)
PRIVATE = LAB_KEYS.rsa("azure-ad/0")
ATTACKER = LAB_KEYS.rsa("attacker/0")
_RS256 = RSAAlgorithm(RSAAlgorithm.SHA256)
# In place of a value: leave the entry out.
LEFT_OUT = ...

JWKS = SigningKeys(LAB_KEYS, "azure-ad").jwks(NOW)
KEYS = KeySet(JWKS)
[JWK] = JWKS["keys"]

_HEADER = {"alg": "RS256", "kid": JWK["kid"], "typ": "JWT"}
_CLAIMS = {
    "appid": "client",
    "aud": EXPECTED.audience,
    "exp": NOW + 3599,
    "iat": NOW,
    "iss": EXPECTED.issuer,
    "nbf": NOW,
    "oid": "object",
    "sub": "subject",
    "tid": TENANT,
    "ver": "1.0",
}


def _with(good: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in (good | changes).items() if value is not LEFT_OUT}


def header(**changes: Any) -> dict[str, Any]:
    """The header of a good token, changed."""
    return _with(_HEADER, changes)


def claims(**changes: Any) -> Claims:
    """The claims of a good token, changed."""
    return _with(_CLAIMS, changes)


def part(content: object) -> bytes:
    """One part of a token: bytes as they are, anything else as JSON."""
    raw = content if isinstance(content, bytes) else json.dumps(content, separators=(",", ":")).encode()
    return base64url_encode(raw)


def assemble(head: object, body: object, signature: bytes) -> bytes:
    """Three parts, whatever they hold."""
    return b".".join([part(head), part(body), base64url_encode(signature)])


def sign(head: object, body: object, key: RSAPrivateKey = PRIVATE) -> bytes:
    """The same with a good signature, whatever the header says."""
    return assemble(head, body, _RS256.sign(part(head) + b"." + part(body), key))


def token(**changes: Any) -> bytes:
    """A token of the real issuer with these claims changed."""
    return sign(header(), claims(**changes))


def accept(text: object, keys: KeySet = KEYS, now: int = NOW) -> Claims:
    """`verify`, as Resource Manager would."""
    return verify(text, keys, EXPECTED, now)
