"""Key sets that are not to be trusted, and signatures that are not the issuer's."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from jwt.algorithms import ECAlgorithm, RSAAlgorithm
from jwt.utils import base64url_encode

from labkit.identity.errors import (
    ContentChanged,
    DuplicateKey,
    SignatureInvalid,
    TokenRefused,
    UnknownKey,
    UnusableKey,
)
from labkit.identity.verifier import KeySet
from tests.identity.mint import (
    ATTACKER,
    JWK,
    LEFT_OUT,
    PRIVATE,
    accept,
    assemble,
    claims,
    header,
    sign,
    token,
)

GOOD = token()


def published(*entries: dict[str, Any]) -> KeySet:
    return KeySet({"keys": list(entries)})


def jwk(**changes: Any) -> dict[str, Any]:
    return {name: value for name, value in (JWK | changes).items() if value is not LEFT_OUT}


def jwk_of(key: RSAPrivateKey, kid: str) -> dict[str, Any]:
    return {**RSAAlgorithm.to_jwk(key.public_key(), as_dict=True), "kid": kid, "use": "sig"}


def refusal_of(keys: KeySet, text: bytes = GOOD) -> type[TokenRefused]:
    with pytest.raises(TokenRefused) as caught:
        accept(text, keys)
    return type(caught.value)


UNUSABLE: dict[str, dict[str, Any]] = {
    "for encryption": jwk(use="enc"),
    "use in capitals": jwk(use="SIG"),
    "use is a list": jwk(use=["sig"]),
    "to encrypt": jwk(key_ops=["encrypt"]),
    "to verify and encrypt": jwk(key_ops=["verify", "encrypt"]),
    "to sign": jwk(key_ops=["sign"]),
    "key_ops is a text": jwk(key_ops="verify"),
    "key_ops is a number": jwk(key_ops=5),
    "for RS512": jwk(alg="RS512"),
    "for HS256": jwk(alg="HS256"),
    "alg is a list": jwk(alg=["RS256"]),
    "symmetric": {"kty": "oct", "k": base64url_encode(b"secret" * 8).decode(), "kid": JWK["kid"]},
    "no kty": jwk(kty=LEFT_OUT),
    "kty is a list": jwk(kty=["RSA"]),
    "no n": jwk(n=LEFT_OUT),
    "n is no text": jwk(n=5),
    "n is no base64": jwk(n="!"),
    "n is null": jwk(n=None),
    "e is 1": jwk(e="AQ"),
    "e is 3": jwk(e="Aw"),
    "e is empty": jwk(e=""),
    "private": {**RSAAlgorithm.to_jwk(PRIVATE, as_dict=True), "kid": JWK["kid"]},
}


@pytest.mark.parametrize("entry", UNUSABLE.values(), ids=UNUSABLE)
def test_a_key_that_may_not_verify_tokens_verifies_none(entry: dict[str, Any]) -> None:
    assert refusal_of(published(entry)) is UnusableKey


@pytest.mark.parametrize("bits", [1024, 1536, 2047])
def test_a_short_key_verifies_nothing(bits: int) -> None:
    short = generate_private_key(65537, bits)
    assert (
        refusal_of(published(jwk_of(short, "short")), sign(header(kid="short"), claims(), short))
        is UnusableKey
    )


def test_an_elliptic_curve_key_in_the_set_verifies_nothing() -> None:
    curve = ec.generate_private_key(ec.SECP256R1())
    entry = {**ECAlgorithm.to_jwk(curve.public_key(), as_dict=True), "kid": JWK["kid"]}
    assert refusal_of(published(entry)) is UnusableKey


@pytest.mark.parametrize("entry", UNUSABLE.values(), ids=UNUSABLE)
def test_a_mixed_set_still_verifies_with_its_good_key(entry: dict[str, Any]) -> None:
    assert accept(GOOD, published({**entry, "kid": "other"}, JWK)) == claims()


def test_a_kid_that_stands_twice_is_ambiguous_in_any_order() -> None:
    twin = jwk_of(ATTACKER, JWK["kid"])
    for entries in ([JWK, twin], [twin, JWK], [JWK, JWK], [JWK, UNUSABLE["for encryption"]]):
        assert refusal_of(published(*entries)) is DuplicateKey


@pytest.mark.parametrize("kid", [LEFT_OUT, None, 5, ["x"]], ids=repr)
def test_a_key_without_a_name_can_be_named_by_no_token(kid: object) -> None:
    keys = published(jwk(kid=kid))
    for named in (kid, str(kid), "None", ""):
        assert (
            refusal_of(keys, sign(header(kid=named if named is kid else str(named)), claims())) is UnknownKey
        )


def test_what_is_no_key_at_all_is_passed_over() -> None:
    rubbish: Any = [None, 5, "key", [], [JWK]]
    assert accept(GOOD, published(*rubbish, JWK)) == claims()


def test_an_empty_set_verifies_nothing() -> None:
    assert refusal_of(published()) is UnknownKey


@pytest.mark.parametrize(
    "entry", [jwk(use=LEFT_OUT), jwk(alg=LEFT_OUT), jwk(key_ops=["verify"]), jwk(x5t="thumb")]
)
def test_a_key_that_says_less_is_good(entry: dict[str, Any]) -> None:
    assert accept(GOOD, published(entry)) == claims()


def test_a_key_of_somebody_else_made_no_signature() -> None:
    assert refusal_of(published(JWK), sign(header(), claims(), ATTACKER)) is SignatureInvalid


@pytest.mark.parametrize("length", [0, 1, 255, 257, 512])
def test_a_signature_of_another_length_is_none(length: int) -> None:
    assert refusal_of(published(JWK), assemble(header(), claims(), b"\1" * length)) is SignatureInvalid


@pytest.mark.parametrize("content", [b"\0" * 256, b"\xff" * 256, b"\0" * 255 + b"\1"])
def test_a_trivial_signature_is_none(content: bytes) -> None:
    assert refusal_of(published(JWK), assemble(header(), claims(), content)) is SignatureInvalid


@pytest.mark.parametrize(
    "change", [{"oid": "victim"}, {"exp": 2**40}, {"aud": "https://vault.azure.net"}, {"x": 1}]
)
def test_a_changed_payload_is_told_from_a_wrong_signature(change: dict[str, Any]) -> None:
    _, _, signature = GOOD.rpartition(b".")
    changed = sign(header(), claims(**change)).rpartition(b".")[0] + b"." + signature
    assert refusal_of(published(JWK), changed) is ContentChanged


def test_a_changed_header_is_told_from_a_wrong_signature() -> None:
    changed = sign(header(typ="JOSE"), claims()).rpartition(b".")[0] + b"." + GOOD.rpartition(b".")[2]
    assert refusal_of(published(JWK), changed) is ContentChanged
