"""Every attack of the gallery is refused, each for its own reason."""

import pytest

from labkit.identity import errors
from labkit.identity.errors import TokenRefused
from labkit.identity.forgery import ATTACKS, TEN_YEARS, Attack, Forger
from labkit.identity.jwt_parts import take_apart
from labkit.identity.verifier import verify_once
from tests.identity.mint import ATTACKER, EXPECTED, JWKS, KEYS, NOW, accept, claims, token

FORGER = Forger(token().decode(), JWKS, ATTACKER, "victim")

REASONS: dict[str, type[TokenRefused]] = {
    "alg none": errors.UnsignedToken,
    "alg NoNe": errors.UnsignedToken,
    "HS256 with the public key": errors.SymmetricAlgorithm,
    "alg RS512": errors.AlgorithmNotAllowed,
    "embedded jwk": errors.EmbeddedKey,
    "jku": errors.ForeignKeyAddress,
    "x5u": errors.ForeignKeyAddress,
    "crit": errors.CriticalHeader,
    "unknown kid": errors.UnknownKey,
    "no kid": errors.UnknownKey,
    "kid is a list": errors.UnknownKey,
    "own key, real kid": errors.SignatureInvalid,
    "changed object id": errors.ContentChanged,
    "stretched lifetime": errors.ContentChanged,
    "oid stands twice": errors.NotAJwt,
    "last bit flipped": errors.NotAJwt,
    "two parts": errors.NotAJwt,
    "four parts": errors.NotAJwt,
    "empty": errors.NotAJwt,
    "huge": errors.NotAJwt,
    "deep JSON": errors.NotAJwt,
    "not UTF-8": errors.NotAJwt,
}
# Attacks whose tokens are made of three readable parts and ask for what the forger wishes.
READABLE = [
    name for name, reason in REASONS.items() if reason is not errors.NotAJwt and name != "stretched lifetime"
]


def test_the_table_of_reasons_has_every_attack() -> None:
    assert list(REASONS) == list(ATTACKS)


def test_the_good_token_passes() -> None:
    assert accept(FORGER.token) == claims()


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_an_attack_is_refused_for_its_own_reason(attack: Attack) -> None:
    with pytest.raises(TokenRefused) as caught:
        accept(attack.forge(FORGER))
    assert type(caught.value) is REASONS[attack.name]


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_a_warm_cache_refuses_it_too(attack: Attack) -> None:
    verify_once(FORGER.token, KEYS, EXPECTED, NOW)
    with pytest.raises(REASONS[attack.name]):
        verify_once(attack.forge(FORGER), KEYS, EXPECTED, NOW)


@pytest.mark.parametrize("name", READABLE)
def test_a_readable_forgery_asks_for_what_the_forger_wishes(name: str) -> None:
    forged = take_apart(ATTACKS[name].forge(FORGER)).claims
    assert forged["oid"] == "victim"
    assert forged != claims()


def test_the_stretched_lifetime_is_ten_years_longer() -> None:
    forged = take_apart(ATTACKS["stretched lifetime"].forge(FORGER)).claims
    assert forged == claims(exp=claims()["exp"] + TEN_YEARS)


def test_forging_changes_nothing_of_what_the_forger_has() -> None:
    before = (FORGER.token, FORGER.header, FORGER.claims, str(JWKS))
    for attack in ATTACKS.values():
        assert attack.forge(FORGER) == attack.forge(FORGER)
        assert attack.hope
    assert (FORGER.token, FORGER.header, FORGER.claims, str(JWKS)) == before
