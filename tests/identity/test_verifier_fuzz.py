"""Whatever it is shown, the verifier answers with claims that hold or with a typed refusal."""

from collections.abc import Callable
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from labkit.core.verdict import Verdict
from labkit.identity.errors import TokenRefused
from labkit.identity.verifier import Claims, KeySet, canonical_audience, verify_once
from tests.identity.mint import (
    ATTACKER,
    EXPECTED,
    JWK,
    KEYS,
    NOW,
    accept,
    assemble,
    claims,
    header,
    sign,
    token,
)

GOOD = token()
MANY = settings(max_examples=200)

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=20)
values = st.recursive(
    scalars
    | st.sampled_from([JWK, "RS256", "none", "HS256", JWK["kid"], EXPECTED.issuer, EXPECTED.audience, NOW]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
header_names = st.sampled_from(
    ["alg", "kid", "typ", "jwk", "jku", "x5u", "x5c", "x5t", "crit", "b64", "zip", ""]
)
claim_names = st.sampled_from(["aud", "iss", "tid", "sub", "iat", "nbf", "exp", "oid", "groups", ""])
headers = st.dictionaries(header_names | st.text(max_size=5), values, max_size=4)
payloads = st.dictionaries(claim_names | st.text(max_size=5), values, max_size=4)


def outcome(verify: Callable[..., Claims], *args: Any) -> Claims | None:
    """The claims, or None for a refusal that can be read. Anything else escapes and fails the test."""
    verdict = Verdict.of(lambda: verify(*args))
    if verdict.refusal is not None:
        assert isinstance(verdict.refusal, TokenRefused)
        assert str(verdict.refusal).encode()
    return verdict.value


@MANY
@given(st.text(st.characters()) | st.binary() | values)
@example(None)
@example([])
@example("..")
def test_arbitrary_things_are_refused(what: object) -> None:
    assert outcome(accept, what) is None


@MANY
@given(st.lists(st.binary(max_size=60) | st.just(b""), max_size=5))
def test_arbitrary_parts_are_refused(parts: list[bytes]) -> None:
    assert outcome(accept, b".".join(parts)) is None


@MANY
@given(values | headers | st.binary(), values | payloads | st.binary(), st.binary(max_size=300))
def test_arbitrary_content_without_the_key_is_refused(head: object, body: object, signature: bytes) -> None:
    assert outcome(accept, assemble(head, body, signature)) is None


@MANY
@given(headers, payloads)
def test_arbitrary_changes_signed_by_somebody_else_are_refused(
    head: dict[str, Any], body: dict[str, Any]
) -> None:
    assert outcome(accept, sign(header() | head, claims() | body, ATTACKER)) is None


@MANY
@given(headers, payloads)
def test_what_the_issuer_signed_is_accepted_only_if_every_claim_holds(
    head: dict[str, Any], body: dict[str, Any]
) -> None:
    found = outcome(accept, sign(header() | head, claims() | body))
    if found is not None:
        assert {"alg": "RS256", "kid": JWK["kid"]}.items() <= (header() | head).items()
        assert found["tid"] == EXPECTED.tenant_id
        assert found["iss"] == EXPECTED.issuer
        assert canonical_audience(found["aud"]) == canonical_audience(EXPECTED.audience)
        assert found["nbf"] <= NOW < found["exp"]


@MANY
@given(st.data())
def test_no_mutation_of_a_good_token_is_accepted(data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(GOOD)))
    length = data.draw(st.integers(0, 5) | st.integers(0, len(GOOD)))
    put = data.draw(st.binary(max_size=8) | st.sampled_from([GOOD[:at], GOOD[at:], b".", b"=", b"A"]))
    mutant = GOOD[:at] + put + GOOD[at + length :]
    assert outcome(accept, mutant) == (claims() if mutant == GOOD else None)


@given(st.integers(0, 2), st.integers(0, 2), st.integers(0, 2))
def test_parts_of_good_tokens_are_no_puzzle(head: int, body: int, signature: int) -> None:
    pieces = [one.split(b".") for one in (GOOD, token(oid="victim"), sign(header(typ="x"), claims()))]
    puzzle = b".".join([pieces[head][0], pieces[body][1], pieces[signature][2]])
    whole = puzzle in (b".".join(piece) for piece in pieces)
    assert (outcome(accept, puzzle) is not None) is whole


@MANY
@given(
    st.lists(
        values | st.dictionaries(st.sampled_from([*JWK, "key_ops", "d", "p", "k", "x"]), values), max_size=3
    )
)
def test_an_arbitrary_key_set_verifies_nothing(entries: list[Any]) -> None:
    keys = KeySet({"keys": [entry for entry in entries if entry != JWK]})
    assert outcome(accept, GOOD, keys) is None


@MANY
@given(st.dictionaries(st.sampled_from([*JWK, "key_ops", "d", "x5c"]), values, min_size=1, max_size=3))
def test_a_changed_key_verifies_only_as_the_same_key(changes: dict[str, Any]) -> None:
    entry = JWK | changes
    if outcome(accept, GOOD, KeySet({"keys": [entry]})) is not None:
        assert {name: entry[name] for name in ("kty", "n", "e", "kid")} == {
            name: JWK[name] for name in ("kty", "n", "e", "kid")
        }


@MANY
@given(st.text(st.characters()) | st.binary() | values)
def test_the_cache_refuses_arbitrary_things_too(what: object) -> None:
    verify_once(GOOD, KEYS, EXPECTED, NOW)
    assert outcome(verify_once, what, KEYS, EXPECTED, NOW) is None
