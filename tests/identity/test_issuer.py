"""Signing keys: what they sign, what they publish, and how they rotate."""

import base64
import hashlib
import json
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.core.errors import BadInput
from labkit.identity.errors import UnknownKey
from labkit.identity.issuer import OVERLAP, SigningKeys
from labkit.identity.jwt_parts import take_apart
from labkit.identity.lab_keys import LabKeys
from labkit.identity.verifier import KeySet, verify
from tests.identity.mint import EXPECTED, LAB_KEYS, NOW, claims


@pytest.fixture
def keys() -> SigningKeys:
    return SigningKeys(LAB_KEYS, "azure-ad")


def kids(keys: SigningKeys, now: int) -> list[str]:
    return [key["kid"] for key in keys.jwks(now)["keys"]]


def signs_with(keys: SigningKeys) -> str:
    return str(take_apart(keys.sign(claims())).header["kid"])


def test_the_same_claims_give_the_same_bytes(keys: SigningKeys) -> None:
    assert keys.sign(claims()) == keys.sign(claims()) == SigningKeys(LAB_KEYS, "azure-ad").sign(claims())


@given(st.permutations(list(claims())))
def test_claims_keep_their_order(order: list[str]) -> None:
    signed = SigningKeys(LAB_KEYS, "azure-ad").sign({name: claims()[name] for name in order})
    assert list(take_apart(signed).claims) == order


def test_the_header_is_fixed(keys: SigningKeys) -> None:
    head = keys.sign(claims()).partition(".")[0]
    text = base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)).decode()
    order = {"typ": "JWT", "alg": "RS256", "kid": kids(keys, NOW)[0]}
    assert text == json.dumps(order, separators=(",", ":"))


def test_what_is_published_is_public(keys: SigningKeys) -> None:
    [entry] = keys.jwks(NOW)["keys"]
    assert set(entry) == {"kty", "n", "e", "use", "alg", "kid"}
    assert (entry["kty"], entry["use"], entry["alg"]) == ("RSA", "sig", "RS256")


def test_a_kid_is_the_thumbprint_of_its_key(keys: SigningKeys) -> None:
    [entry] = keys.jwks(NOW)["keys"]
    canonical = json.dumps({name: entry[name] for name in ("e", "kty", "n")}, separators=(",", ":"))
    thumbprint = base64.urlsafe_b64encode(hashlib.sha256(canonical.encode()).digest())
    assert entry["kid"] == thumbprint.rstrip(b"=").decode()


def test_the_newest_key_signs(keys: SigningKeys) -> None:
    first = signs_with(keys)
    second = keys.rotate(NOW)
    assert signs_with(keys) == second != first


def test_rotation_publishes_both_keys_for_the_overlap(keys: SigningKeys) -> None:
    first = kids(keys, NOW)
    second = keys.rotate(NOW)
    for after in (0, OVERLAP - 1):
        assert kids(keys, NOW + after) == [*first, second]
    for after in (OVERLAP, 10 * OVERLAP):
        assert kids(keys, NOW + after) == [second]


def test_a_second_rotation_does_not_lengthen_the_first(keys: SigningKeys) -> None:
    first = kids(keys, NOW)[0]
    second = keys.rotate(NOW)
    third = keys.rotate(NOW + OVERLAP // 2)
    assert kids(keys, NOW + OVERLAP - 1) == [first, second, third]
    assert kids(keys, NOW + OVERLAP) == [second, third]
    assert kids(keys, NOW + OVERLAP + OVERLAP // 2) == [third]


def test_a_hurried_rotation_shortens_the_one_before(keys: SigningKeys) -> None:
    keys.rotate(NOW)
    third = keys.rotate(NOW, overlap=0)
    assert kids(keys, NOW) == [third]


def test_an_old_token_verifies_within_the_overlap_and_is_refused_after(keys: SigningKeys) -> None:
    old = keys.sign(claims(exp=NOW + 10 * OVERLAP))
    keys.rotate(NOW)
    for now in (NOW, NOW + OVERLAP - 1):
        assert verify(old, KeySet(keys.jwks(now)), EXPECTED, now)
        assert verify(old, keys.key_set(now), EXPECTED, now)
    with pytest.raises(UnknownKey):
        verify(old, keys.key_set(NOW + OVERLAP), EXPECTED, NOW + OVERLAP)


def test_the_key_set_is_one_object_while_it_is_the_same(keys: SigningKeys) -> None:
    before = keys.key_set(NOW)
    assert keys.key_set(NOW + 5) is before
    keys.rotate(NOW)
    both = keys.key_set(NOW)
    assert both is not before
    assert keys.key_set(NOW + OVERLAP) is not both


def test_changing_what_was_published_changes_nothing(keys: SigningKeys) -> None:
    keys.jwks(NOW)["keys"][0]["kid"] = "changed"
    keys.jwks(NOW)["keys"].clear()
    assert kids(keys, NOW) != ["changed"]
    assert verify(keys.sign(claims()), keys.key_set(NOW), EXPECTED, NOW)


def test_when_a_seeded_lab_has_no_further_key_the_old_one_stays(keys: SigningKeys) -> None:
    for _ in range(3):
        keys.rotate(NOW)
    last = signs_with(keys)
    with pytest.raises(BadInput, match="no further key"):
        keys.rotate(NOW)
    assert signs_with(keys) == last
    assert len(kids(keys, NOW)) == 4


def test_an_unseeded_lab_rotates_for_ever() -> None:
    keys = SigningKeys(LabKeys(seeded=False), "azure-ad")
    assert len({signs_with(keys), *(keys.rotate(NOW) for _ in range(2))}) == 3


def test_two_issuers_have_no_key_in_common(keys: SigningKeys) -> None:
    other = SigningKeys(LAB_KEYS, "machine-learning")
    assert not set(kids(keys, NOW)) & set(kids(other, NOW))
    with pytest.raises(UnknownKey):
        verify(other.sign(claims()), keys.key_set(NOW), EXPECTED, NOW)


def test_an_independent_client_verifies_what_was_signed(keys: SigningKeys) -> None:
    [entry] = keys.jwks(NOW)["keys"]
    times_are_ours: Any = {"verify_exp": False, "verify_nbf": False, "verify_iat": False}
    found = jwt.decode(
        keys.sign(claims()),
        jwt.PyJWK(entry),
        algorithms=["RS256"],
        audience=EXPECTED.audience,
        issuer=EXPECTED.issuer,
        options=times_are_ours,
    )
    assert found == claims()
