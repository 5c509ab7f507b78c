"""Tokens that the real issuer signed and that are still not for whoever was shown them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.identity.errors import (
    ClaimMissing,
    TokenExpired,
    TokenNotYetValid,
    TokenRefused,
    WrongAudience,
    WrongIssuer,
    WrongTenant,
)
from labkit.identity.tenant import issuer_of
from labkit.identity.verifier import genuine
from tests.identity.mint import EXPECTED, KEYS, LEFT_OUT, NOW, accept, claims, header, sign, token

TEXTS, TIMES = ("aud", "iss", "tid", "sub"), ("iat", "nbf", "exp")
NEITHER: list[Any] = [LEFT_OUT, None, True, False, 1.5, float(NOW), [], ["x"], {}]


def refusal_of(text: bytes, now: int = NOW) -> TokenRefused:
    with pytest.raises(TokenRefused) as caught:
        accept(text, now=now)
    assert str(caught.value).encode()
    return caught.value


def test_the_good_token_is_accepted_with_its_claims() -> None:
    assert accept(token()) == accept(token().decode()) == claims()


@pytest.mark.parametrize("wrong", [*NEITHER, 5, NOW], ids=repr)
@pytest.mark.parametrize("name", TEXTS)
def test_a_required_text_is_there_and_is_a_text(name: str, wrong: object) -> None:
    refusal = refusal_of(token(**{name: wrong}))
    assert type(refusal) is ClaimMissing
    assert refusal.required == f"{name}: str"


@pytest.mark.parametrize("wrong", [*NEITHER, "5", str(NOW)], ids=repr)
@pytest.mark.parametrize("name", TIMES)
def test_a_required_time_is_there_and_is_a_whole_number(name: str, wrong: object) -> None:
    refusal = refusal_of(token(**{name: wrong}))
    assert type(refusal) is ClaimMissing
    assert refusal.required == f"{name}: int"


@pytest.mark.parametrize(
    "aud",
    [
        "https://vault.azure.net",
        "",
        "/",
        "management.azure.com",
        "https://management.azure.com.attacker.example/",
        "https://management.azure.com/x",
        "http://management.azure.com/",
        " https://management.azure.com/",
        "\ud800",
    ],
)
def test_a_token_for_another_resource_is_refused(aud: str) -> None:
    assert type(refusal_of(token(aud=aud))) is WrongAudience


@pytest.mark.parametrize(
    "aud",
    [
        *("https://management.azure.com", "https://management.azure.com/", "HTTPS://Management.Azure.com/"),
        *("https://management.core.windows.net", "https://management.core.windows.net/"),
    ],
)
def test_names_of_the_same_resource_are_one_audience(aud: str) -> None:
    assert accept(token(aud=aud))["aud"] == aud


@pytest.mark.parametrize(
    "iss",
    [
        "",
        "https://ml.azure.com/",
        EXPECTED.issuer.rstrip("/"),
        EXPECTED.issuer.upper(),
        issuer_of("x"),
        "\ud800",
    ],
)
def test_a_token_of_another_issuer_is_refused(iss: str) -> None:
    assert type(refusal_of(token(iss=iss))) is WrongIssuer


@pytest.mark.parametrize("tid", ["", "partner-tenant-id", "YOUR-TENANT-ID", "your-tenant-id ", "\ud800"])
def test_a_token_of_another_tenant_is_refused(tid: str) -> None:
    assert type(refusal_of(token(tid=tid, iss=issuer_of(tid)))) is WrongTenant
    assert type(refusal_of(token(tid=tid))) is WrongTenant


@pytest.mark.parametrize(
    ("after", "refusal"),
    [
        (-1, TokenNotYetValid),
        (0, None),
        (3598, None),
        (3599, TokenExpired),
        (3600, TokenExpired),
        (2**40, TokenExpired),
    ],
)
def test_a_token_is_good_from_nbf_until_just_before_exp(
    after: int, refusal: type[TokenRefused] | None
) -> None:
    if refusal is None:
        assert accept(token(), now=NOW + after) == claims()
    else:
        assert type(refusal_of(token(), NOW + after)) is refusal


@given(st.integers(), st.integers())
def test_the_lifetime_is_a_half_open_interval_without_leeway(nbf: int, exp: int) -> None:
    text = token(nbf=nbf, exp=exp)
    if nbf > NOW:
        assert type(refusal_of(text)) is TokenNotYetValid
    elif exp <= NOW:
        assert type(refusal_of(text)) is TokenExpired
    else:
        assert accept(text)["exp"] == exp


@pytest.mark.parametrize("exp", [0, -1, -(10**18), -(10**400)], ids=["0", "-1", "-1e18", "-1e400"])
def test_a_moment_that_no_calendar_has_is_long_past(exp: int) -> None:
    assert type(refusal_of(token(exp=exp))) is TokenExpired


@pytest.mark.parametrize("nbf", [10**18, 10**400], ids=["1e18", "1e400"])
def test_a_moment_that_no_calendar_has_is_far_ahead(nbf: int) -> None:
    assert type(refusal_of(token(nbf=nbf))) is TokenNotYetValid


def test_a_genuine_token_is_genuine_whatever_it_claims() -> None:
    assert genuine(sign(header(), {"anything": [1, {"x": None}]}), KEYS) == {"anything": [1, {"x": None}]}


def test_a_token_that_fails_in_many_ways_is_refused_for_the_first() -> None:
    wrong = {"tid": "other", "iss": "other", "aud": "other", "exp": 0}
    order = [WrongTenant, WrongIssuer, WrongAudience, TokenExpired]
    for refusal in order:
        assert type(refusal_of(token(**wrong))) is refusal
        del wrong[next(iter(wrong))]
