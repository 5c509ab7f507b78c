"""Headers with which a token tries to choose its own verification. All of these are signed by the real
issuer where a signature is possible, so that the header alone is at fault."""

import hashlib
import hmac
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import RSAAlgorithm

from labkit.identity.errors import (
    AlgorithmNotAllowed,
    CriticalHeader,
    EmbeddedKey,
    ForeignKeyAddress,
    SymmetricAlgorithm,
    TokenRefused,
    UnknownKey,
    UnsignedToken,
)
from tests.identity.mint import ATTACKER, JWK, LEFT_OUT, PRIVATE, accept, assemble, claims, header, part, sign

NONE = ["none", "None", "NONE", "nOnE"]
SYMMETRIC = ["HS256", "HS384", "HS512", "hs256"]
OTHER: list[Any] = [
    *("RS384", "RS512", "PS256", "ES256", "EdDSA", "rs256", "RS256 ", " RS256", "", "\ud800"),
    *(LEFT_OUT, None, True, 5, 1.5, ["RS256"], {"alg": "RS256"}, ["none"]),
]
OWN_JWK = RSAAlgorithm.to_jwk(ATTACKER.public_key(), as_dict=True)
PUBLIC = PRIVATE.public_key()
SECRETS = {
    "PEM": PUBLIC.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
    "PEM without newline": PUBLIC.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).strip(),
    "PKCS1": PUBLIC.public_bytes(Encoding.PEM, PublicFormat.PKCS1),
    "DER": PUBLIC.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
    "n": JWK["n"].encode(),
    "nothing": b"",
}


def refusal_of(token: bytes) -> type[TokenRefused]:
    """The exact type with which a token is refused, and that it can be shown."""
    with pytest.raises(TokenRefused) as caught:
        accept(token)
    assert str(caught.value).encode()
    return type(caught.value)


@pytest.mark.parametrize("alg", NONE)
def test_alg_none_is_refused_in_any_case(alg: str) -> None:
    head = header(alg=alg)
    assert refusal_of(assemble(head, claims(), b"")) is UnsignedToken
    assert refusal_of(sign(head, claims())) is UnsignedToken


@pytest.mark.parametrize("alg", SYMMETRIC)
@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS)
def test_the_public_key_is_no_hmac_secret(alg: str, secret: bytes) -> None:
    head = header(alg=alg)
    mac = hmac.digest(secret, part(head) + b"." + part(claims()), hashlib.sha256)
    assert refusal_of(assemble(head, claims(), mac)) is SymmetricAlgorithm


@pytest.mark.parametrize("alg", OTHER, ids=repr)
def test_every_other_algorithm_is_refused(alg: object) -> None:
    assert refusal_of(sign(header(alg=alg), claims())) is AlgorithmNotAllowed


@pytest.mark.parametrize(
    "key", [OWN_JWK, JWK, {}, None, "text"], ids=["own", "issuer's", "empty", "null", "text"]
)
@pytest.mark.parametrize("name", ["jwk", "x5c"])
def test_a_key_in_the_token_is_not_used(name: str, key: object) -> None:
    head = header(**{name: key})
    assert refusal_of(sign(head, claims(), ATTACKER)) is EmbeddedKey
    assert refusal_of(sign(head, claims())) is EmbeddedKey


@pytest.mark.parametrize("name", ["jku", "x5u"])
@pytest.mark.parametrize(
    "address", ["https://keys.attacker.example/", "", None, 5, ["x"], "\ud800", "x" * 5000]
)
def test_no_key_is_fetched_from_where_the_token_says(name: str, address: object) -> None:
    assert refusal_of(sign(header(**{name: address}), claims())) is ForeignKeyAddress


@pytest.mark.parametrize(
    "extra", [{"crit": ["exp"]}, {"crit": []}, {"crit": None}, {"b64": False}, {"b64": True}]
)
def test_no_extension_is_understood(extra: dict[str, Any]) -> None:
    assert refusal_of(sign(header(**extra), claims())) is CriticalHeader


@pytest.mark.parametrize(
    "kid",
    [LEFT_OUT, None, "", "forged", "None", "\ud800", 0, True, 1.5, [], [JWK["kid"]], {}, JWK["kid"] + " "],
    ids=repr,
)
def test_a_key_that_is_not_published_is_unknown(kid: object) -> None:
    assert refusal_of(sign(header(kid=kid), claims())) is UnknownKey


@pytest.mark.parametrize(("opening", "closing", "deepest"), [(b"[", b"]", 5800), (b'{"a":', b"1}", 1600)])
@pytest.mark.parametrize("name", [b"kid", b"alg", b"jku"])
def test_a_header_of_any_depth_is_refused_and_breaks_nothing(
    name: bytes, opening: bytes, closing: bytes, deepest: int
) -> None:
    # How deep JSON may be depends on Python's version; what is read must then be shown, too.
    for depth in {*range(1, min(1200, deepest), 7), *range(1200, deepest, 100)}:
        nested = opening * depth + closing * depth
        rest = b'"alg":"RS256",' if name != b"alg" else b""
        refusal_of(assemble(b'{%s"%s":%s}' % (rest, name, nested), claims(), b"x"))


@pytest.mark.parametrize(
    "extra", [{"typ": "at+jwt"}, {"typ": None}, {"x5t": "thumb"}, {"cty": "JWT"}, {"nonce": 1}]
)
def test_what_chooses_nothing_does_no_harm(extra: dict[str, Any]) -> None:
    assert accept(sign(header(**extra), claims())) == claims()
