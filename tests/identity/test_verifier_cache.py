"""The verifier remembers signatures, and nothing that could be turned against it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jwt.utils import base64url_encode

from labkit.identity.errors import (
    NotAJwt,
    SignatureInvalid,
    TokenExpired,
    TokenNotYetValid,
    TokenRefused,
    UnknownKey,
    WrongAudience,
    WrongIssuer,
    WrongTenant,
)
from labkit.identity.issuer import OVERLAP, SigningKeys
from labkit.identity.verifier import Claims, Expectation, KeySet, _remembered, genuine, verify, verify_once
from tests.identity.mint import ATTACKER, EXPECTED, JWKS, KEYS, LAB_KEYS, NOW, claims, header, sign, token

GOOD = token()
# A tenth of the token each, so that the attack runs on all processors.
SLICES = [range(start, len(GOOD), 10) for start in range(10)]


Verify = Callable[..., Claims]


@pytest.fixture
def warm() -> Verify:
    """A verifier that has seen the good token, as bytes and as text."""
    for form in (GOOD, GOOD.decode()):
        assert verify_once(form, KEYS, EXPECTED, NOW) == claims()
    return verify_once


def one_byte_changes(places: range) -> Iterator[bytes]:
    for place in places:
        before, after = GOOD[:place], GOOD[place + 1 :]
        for value in range(256):
            if value != GOOD[place]:
                yield before + bytes([value]) + after


@pytest.mark.parametrize("places", SLICES, ids=range(10))
def test_a_warm_cache_accepts_no_one_byte_change_of_a_good_token(warm: Verify, places: range) -> None:
    accepted, attempts = [], 0
    for changed in one_byte_changes(places):
        attempts += 1
        try:
            warm(changed, KEYS, EXPECTED, NOW)
        except TokenRefused:
            continue
        accepted.append(changed)
    assert accepted == []
    assert attempts == 255 * len(places)
    assert warm(GOOD, KEYS, EXPECTED, NOW) == claims()


def test_a_warm_cache_accepts_no_text_with_one_character_changed(warm: Verify) -> None:
    text = GOOD.decode()
    for place in range(len(text)):
        for other in ("A", "=", ".", "\0", " ", "é", "\ud800", text[place].swapcase()):
            if other != text[place]:
                with pytest.raises(TokenRefused):
                    warm(text[:place] + other + text[place + 1 :], KEYS, EXPECTED, NOW)


def test_a_warm_cache_accepts_nothing_shorter_or_longer(warm: Verify) -> None:
    for end in range(len(GOOD)):
        for cut in (GOOD[:end], GOOD[:end] + GOOD[end + 1 :], GOOD[:end] + GOOD[end : end + 1] + GOOD[end:]):
            if cut != GOOD:
                with pytest.raises(TokenRefused):
                    warm(cut, KEYS, EXPECTED, NOW)


def test_a_remembered_token_expires(warm: Verify) -> None:
    assert warm(GOOD, KEYS, EXPECTED, NOW + 3598) == claims()
    with pytest.raises(TokenExpired):
        warm(GOOD, KEYS, EXPECTED, NOW + 3599)
    with pytest.raises(TokenNotYetValid):
        warm(GOOD, KEYS, EXPECTED, NOW - 1)


def test_a_remembered_token_opens_no_other_audience_issuer_or_tenant(warm: Verify) -> None:
    audience, issuer, tenant = EXPECTED.audience, EXPECTED.issuer, EXPECTED.tenant_id
    for other, refusal in (
        (Expectation("https://vault.azure.net", issuer, tenant), WrongAudience),
        (Expectation(audience, "https://ml.azure.com/", tenant), WrongIssuer),
        (Expectation(audience, issuer, "partner-tenant-id"), WrongTenant),
    ):
        with pytest.raises(refusal):
            warm(GOOD, KEYS, other, NOW)


def test_claims_that_were_handed_out_cannot_be_changed_for_the_next_caller(warm: Verify) -> None:
    warm(GOOD, KEYS, EXPECTED, NOW)["oid"] = "victim"
    warm(GOOD, KEYS, EXPECTED, NOW).clear()
    assert warm(GOOD, KEYS, EXPECTED, NOW) == claims()


def test_claims_deep_inside_cannot_be_changed_either() -> None:
    grouped = token(groups=["readers"])
    verify_once(grouped, KEYS, EXPECTED, NOW)["groups"].append("owners")
    assert verify_once(grouped, KEYS, EXPECTED, NOW)["groups"] == ["readers"]


def test_a_remembered_token_outlives_rotation_by_the_overlap_and_no_longer() -> None:
    keys = SigningKeys(LAB_KEYS, "azure-ad")
    lasting = keys.sign(claims(exp=NOW + 10 * OVERLAP))
    verify_once(lasting, keys.key_set(NOW), EXPECTED, NOW)
    keys.rotate(NOW)
    for after in (0, 1, OVERLAP - 1):
        assert verify_once(lasting, keys.key_set(NOW + after), EXPECTED, NOW + after)
    for after in (OVERLAP, OVERLAP + 1):
        with pytest.raises(UnknownKey):
            verify_once(lasting, keys.key_set(NOW + after), EXPECTED, NOW + after)


def test_a_key_that_is_withdrawn_at_once_takes_its_tokens_with_it() -> None:
    keys = SigningKeys(LAB_KEYS, "azure-ad")
    old = keys.sign(claims())
    verify_once(old, keys.key_set(NOW), EXPECTED, NOW)
    keys.rotate(NOW, overlap=0)
    with pytest.raises(UnknownKey):
        verify_once(old, keys.key_set(NOW), EXPECTED, NOW)
    assert verify_once(keys.sign(claims()), keys.key_set(NOW), EXPECTED, NOW) == claims()


def test_what_is_remembered_has_an_end() -> None:
    assert _remembered.cache_info().maxsize == 4096


def test_a_token_that_one_set_of_keys_has_signed_is_unknown_to_another(warm: Verify) -> None:
    numbers = ATTACKER.public_key().public_numbers()
    n = base64url_encode(numbers.n.to_bytes(256)).decode()
    others = KeySet({"keys": [{**JWKS["keys"][0], "n": n}]})
    with pytest.raises(SignatureInvalid):
        warm(GOOD, others, EXPECTED, NOW)
    forged = sign(header(), claims(), ATTACKER)
    assert warm(forged, others, EXPECTED, NOW) == claims()
    with pytest.raises(SignatureInvalid):
        warm(forged, KEYS, EXPECTED, NOW)


def test_what_only_says_that_it_is_a_good_token_is_refused(warm: Verify) -> None:
    class Twin(str):
        def __eq__(self, other: object) -> bool:
            return True

        def __hash__(self) -> int:
            return hash(GOOD.decode())

    for twin in (Twin("forged"), Twin(GOOD.decode())):
        with pytest.raises(NotAJwt):
            warm(twin, KEYS, EXPECTED, NOW)


# As many keys of a seeded lab there are to rotate to.
ROTATIONS = 3
# What happens, in any order: time goes by (up to a day at once), keys rotate with an overlap, a token is
# issued for so long, and one of those that were issued is shown.
MINUTES = st.sampled_from([0, 1, 59, 60, 3598, 3599, 3600, OVERLAP - 1, OVERLAP])
EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("wait"), MINUTES),
        st.tuples(st.just("rotate"), MINUTES),
        st.tuples(st.just("issue"), MINUTES),
        st.tuples(st.just("show"), st.integers(0, 30)),
    ),
    max_size=40,
)


def verdict(verifier: Callable[..., Any], token: str, keys: SigningKeys, now: int) -> object:
    """The claims, or what the token is refused for."""
    try:
        return verifier(token, keys.key_set(now), EXPECTED, now)
    except TokenRefused as refusal:
        return type(refusal), str(refusal)


def allowed(issued: tuple[str, int, str], keys: SigningKeys, now: int) -> bool:
    """Without looking at the token: whether it lasts and its key is among the published ones."""
    _, until, kid = issued
    return now < until and kid in {one["kid"] for one in keys.jwks(now)["keys"]}


@given(EVENTS)
def test_a_cache_answers_as_if_there_were_none_whatever_time_and_keys_do(events: list[Any]) -> None:
    keys, now = SigningKeys(LAB_KEYS, "azure-ad"), NOW
    issued: list[tuple[str, int, str]] = []
    rotations = 0
    for what, number in [("issue", 3599), *events]:
        if what == "wait":
            now += number
        elif what == "rotate" and rotations < ROTATIONS:
            keys.rotate(now, overlap=number)
            rotations += 1
        elif what == "issue":
            text = keys.sign(claims(iat=now, nbf=now, exp=now + number))
            issued.append((text, now + number, keys.jwks(now)["keys"][-1]["kid"]))
        # Each is shown each time, the one that was meant first: so that all are remembered.
        shown = issued[number % len(issued) :] + issued[: number % len(issued)]
        for one in shown:
            found = verdict(verify_once, one[0], keys, now)
            assert found == verdict(verify, one[0], keys, now)
            assert isinstance(found, dict) == allowed(one, keys, now)


def test_a_signature_is_looked_at_once_until_the_keys_change(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[object] = []

    def counted(token: object, keys: KeySet) -> Any:
        looked.append(token)
        return genuine(token, keys)

    monkeypatch.setattr("labkit.identity.verifier.genuine", counted)
    keys = SigningKeys(LAB_KEYS, "azure-ad")
    lasting = keys.sign(claims(exp=NOW + 10 * OVERLAP))

    def times(at: int) -> int:
        for _ in range(5):
            verdict(verify_once, lasting, keys, at)
        return len(looked)

    assert [times(NOW), times(NOW + 3600)] == [1, 1]
    keys.rotate(NOW + 3600)
    # The set has another key in it, and so everything is looked at anew; with the overlap's end too.
    assert [times(NOW + 3600), times(NOW + 3599 + OVERLAP)] == [2, 2]
    # What is refused is not remembered.
    assert times(NOW + 3600 + OVERLAP) == 7
