"""Whether a JWT is genuine and meant for whoever was shown it.

Stricter than RFC 7519 asks and than PyJWT does: one algorithm, pinned to the key; keys come from the
published set alone; a key that is ambiguous, short or meant for something else opens nothing. The times
are compared with the lab's clock, without leeway (assumption: no-clock-skew). The first check that fails
names the refusal: header, key, signature, tenant, issuer, audience, times (assumption: order-of-checks).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from jwt.algorithms import RSAAlgorithm
from jwt.exceptions import InvalidKeyError

from labkit.core.clock import iso
from labkit.core.errors import brief
from labkit.identity.errors import (
    AlgorithmNotAllowed,
    ClaimMissing,
    ContentChanged,
    CriticalHeader,
    DuplicateKey,
    EmbeddedKey,
    ForeignKeyAddress,
    SignatureInvalid,
    SymmetricAlgorithm,
    TokenExpired,
    TokenNotYetValid,
    TokenRefused,
    UnknownKey,
    UnsignedToken,
    UnusableKey,
    WrongAudience,
    WrongIssuer,
    WrongTenant,
)
from labkit.identity.jwt_parts import Parts, fresh, take_apart

ALGORITHM = "RS256"
_RS256 = RSAAlgorithm(RSAAlgorithm.SHA256)
_SHORTEST_KEY = 2048
_SMALLEST_EXPONENT = 65537
_REQUIRED = {"aud": str, "iss": str, "tid": str, "sub": str, "iat": int, "nbf": int, "exp": int}
_REMEMBERED = 4096

Claims = dict[str, Any]


@dataclass(frozen=True)
class Expectation:
    """What a service demands of a token: its own audience, the tenant it trusts and that one's issuer."""

    audience: str
    issuer: str
    tenant_id: str


def canonical_audience(audience: str) -> str:
    """Audiences that mean the same resource, made equal: a trailing slash does not count, and
    `https://management.core.windows.net` is Resource Manager's older name."""
    bare = audience.rstrip("/").lower()
    return "https://management.azure.com" if bare == "https://management.core.windows.net" else bare


class KeySet:
    """A published JSON Web Key Set, read with suspicion. Keys that may not verify a token stay in it, so
    that a token which names one is refused for that reason. It never changes."""

    def __init__(self, jwks: Mapping[str, Any]) -> None:
        self._keys: dict[str, list[RSAPublicKey | str]] = {}
        for entry in jwks["keys"]:
            # A key without a name can be named by no token.
            if isinstance(entry, Mapping) and isinstance(entry.get("kid"), str):
                self._keys.setdefault(entry["kid"], []).append(_read_key(entry))

    def get(self, kid: object) -> RSAPublicKey:
        """The one key with this id. Raises UnknownKey, DuplicateKey or UnusableKey."""
        found = self._keys.get(kid, []) if isinstance(kid, str) else []
        if not found:
            raise UnknownKey(
                "No published key has this kid.",
                presented=f"kid {str(kid)[:60]!r}",
                required="one of " + ", ".join(self._keys),
                advice="sign in again: the key may have been rotated out, or another party signed this",
            )
        if len(found) > 1:
            raise DuplicateKey(
                "The key set is ambiguous.", presented=f"kid {kid!r} stands {len(found)} times"
            )
        key = found[0]
        if isinstance(key, str):
            raise UnusableKey(
                "This key may not verify tokens.", presented=key, required="RSA, 2048 bits, sig"
            )
        return key


def _read_key(entry: Mapping[str, Any]) -> RSAPublicKey | str:
    """The key of a JWK entry, or the reason why it may not be used."""
    if entry.get("kty") != "RSA":
        return f"kty is {entry.get('kty')!r}"
    if entry.get("use", "sig") != "sig" or entry.get("key_ops", ["verify"]) != ["verify"]:
        return "not meant for signatures"
    if entry.get("alg", ALGORITHM) != ALGORITHM:
        return f"alg is {entry['alg']!r}"
    try:
        key = RSAAlgorithm.from_jwk(dict(entry))
    except (InvalidKeyError, ValueError, TypeError):
        return "its numbers are not an RSA public key"
    if not isinstance(key, RSAPublicKey):
        return "it is a private key"
    if key.key_size < _SHORTEST_KEY or key.public_numbers().e < _SMALLEST_EXPONENT:
        return f"{key.key_size} bits"
    return key


def _check_header(header: Mapping[str, Any]) -> None:
    if "jwk" in header or "x5c" in header:
        raise EmbeddedKey("The token brings its own key.", required="a kid that names a published key")
    if "jku" in header or "x5u" in header:
        address = brief(header.get("jku", header.get("x5u")))
        raise ForeignKeyAddress("The token says where to fetch its key.", presented=address, required="a kid")
    if "crit" in header or "b64" in header:
        raise CriticalHeader("The token demands an extension.", presented="crit", required="none")
    algorithm = header.get("alg")
    if algorithm != ALGORITHM:
        spelling = algorithm.lower() if isinstance(algorithm, str) else ""
        refusal = (
            UnsignedToken
            if spelling == "none"
            else SymmetricAlgorithm
            if spelling.startswith("hs")
            else AlgorithmNotAllowed
        )
        raise refusal(
            "The key decides the algorithm, not the token.",
            presented=f"alg {brief(algorithm, 20)}",
            required=f"alg {ALGORITHM!r}, spelled so",
        )


def _check_signature(parts: Parts, key: RSAPublicKey) -> None:
    if _RS256.verify(parts.signed, key, parts.signature):
        return
    try:
        key.recover_data_from_signature(parts.signature, PKCS1v15(), SHA256())
    except (InvalidSignature, ValueError):
        raise SignatureInvalid(
            "The signature was not made with the key that the token names.",
            presented=f"kid {parts.header['kid']!r}",
            required="a signature by that key's private half, which only the issuer has",
        ) from None
    raise ContentChanged(
        "The issuer signed something else: this token was changed after it was signed.",
        required="the token as it was issued, to the last character",
    )


def _check_claims(claims: Claims, expected: Expectation) -> None:
    for name, kind in _REQUIRED.items():
        # A bool is an int to Python, so the type is compared exactly.
        if type(claims.get(name)) is not kind:
            raise ClaimMissing(
                f"The claim {name} is missing or of another type.",
                presented=type(claims[name]).__name__ if name in claims else "no such claim",
                required=f"{name}: {kind.__name__}",
            )
    _compare(WrongTenant, "Issued for another tenant.", claims["tid"], expected.tenant_id)
    _compare(WrongIssuer, "Issued by somebody else.", claims["iss"], expected.issuer)
    if canonical_audience(claims["aud"]) != canonical_audience(expected.audience):
        raise WrongAudience(
            "This token is for another resource.",
            presented=brief(claims["aud"]),
            required=expected.audience,
            advice="sign in for the resource that you call: one token opens one audience",
        )


def _compare(refusal: type[TokenRefused], message: str, presented: str, required: str) -> None:
    if presented != required:
        raise refusal(message, presented=brief(presented), required=required)


def _check_times(claims: Claims, now: int) -> None:
    if now < claims["nbf"]:
        raise TokenNotYetValid("Too early.", presented=iso(now), required=f"not before {iso(claims['nbf'])}")
    if now >= claims["exp"]:
        raise TokenExpired(
            "The token has expired.",
            presented=f"the time is {iso(now)}",
            required=f"before {iso(claims['exp'])}",
            advice="run the same sign-in again: it gives a new token",
        )


def genuine(token: object, keys: KeySet) -> Claims:
    """The claims of a token that one of these keys signed. Raises a TokenRefused."""
    parts = take_apart(token)
    _check_header(parts.header)
    _check_signature(parts, keys.get(parts.header.get("kid")))
    return parts.claims


def verify(token: object, keys: KeySet, expected: Expectation, now: int) -> Claims:
    """The claims of a token that is genuine, meant for `expected`, and valid `now` (seconds). Raises a
    TokenRefused and nothing else, whatever the token is."""
    return _accept(genuine(token, keys), expected, now)


def _accept(claims: Claims, expected: Expectation, now: int) -> Claims:
    _check_claims(claims, expected)
    _check_times(claims, now)
    return claims


# By the whole token and the set of published keys: a set with other keys is another object.
@lru_cache(maxsize=_REMEMBERED)
def _remembered(token: str | bytes, keys: KeySet) -> Claims:
    return genuine(token, keys)


def verify_once(token: object, keys: KeySet, expected: Expectation, now: int) -> Claims:
    """As `verify`, and looks at a signature once, for as long as the set of published keys stays the same;
    audience, issuer and times are checked at every call."""
    # The very types: a subclass could be equal to one token and be another one.
    exact = type(token) is str or type(token) is bytes
    claims = _remembered(token, keys) if exact else genuine(token, keys)
    # Copied to the bottom: whoever changes what they got must not change what the next one gets.
    copied: Claims = fresh(_accept(claims, expected, now))
    return copied
