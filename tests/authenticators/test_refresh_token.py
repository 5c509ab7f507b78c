"""What a user's sign-in leaves behind, for new tokens without a prompt."""

from collections.abc import Callable
from typing import Any

import pytest

from labkit.authenticators.password import Password
from labkit.authenticators.refresh_token import RefreshToken
from labkit.furniture import PARTNER_TENANT
from labkit.identity.errors import (
    RefreshTokenExpired,
    RefreshTokenRevoked,
    RefreshTokenWrong,
    SecondFactorRequired,
    SignInRefused,
    UserDisabled,
)
from labkit.identity.tenant import REFRESH_LIFETIME
from labkit.lab import Lab
from labkit.services.azure_ad import KEY_VAULT, TokenResponse

GetToken = Callable[..., TokenResponse]


def sign_in(lab: Lab, get_token: GetToken, name: str = "carl", mfa: bool = False) -> TokenResponse:
    person = lab.people[name]
    code = person.code(lab.clock.now) if mfa else ""
    return get_token(Password(person.upn, person.password, code))


@pytest.fixture
def refresh(lab: Lab, get_token: GetToken) -> RefreshToken:
    return RefreshToken(sign_in(lab, get_token).refresh_token)


def refused(get_token: GetToken, cred: RefreshToken, **where: str) -> SignInRefused:
    with pytest.raises(SignInRefused) as caught:
        get_token(cred, **where)
    return caught.value


def test_it_gives_a_new_token_of_the_same_user_for_any_resource(
    lab: Lab, get_token: GetToken, refresh: RefreshToken
) -> None:
    lab.clock.advance("2h")
    claims = get_token(refresh, KEY_VAULT).access_token.claims
    assert (claims["upn"], claims["aud"], claims["amr"]) == ("carl@contoso.example", KEY_VAULT, ["pwd"])
    assert claims["iat"] == lab.clock.now


def test_it_lasts_ninety_days(lab: Lab, get_token: GetToken, refresh: RefreshToken) -> None:
    assert REFRESH_LIFETIME == 90 * 86400
    lab.clock.advance(REFRESH_LIFETIME - 1)
    assert get_token(refresh)
    lab.clock.advance(1)
    refusal = refused(get_token, refresh)
    assert type(refusal) is RefreshTokenExpired
    assert (refusal.status, refusal.code) == (400, "AADSTS700082")


def test_the_new_one_begins_again(lab: Lab, get_token: GetToken, refresh: RefreshToken) -> None:
    lab.clock.advance("80d")
    renewed = RefreshToken(get_token(refresh).refresh_token)
    lab.clock.advance("80d")
    assert get_token(renewed)
    assert type(refused(get_token, refresh)) is RefreshTokenExpired


@pytest.mark.parametrize("later", ["0s", "1s", "1d"])
def test_a_changed_password_revokes_it_at_once(
    lab: Lab, get_token: GetToken, refresh: RefreshToken, later: str
) -> None:
    carl = lab.directory.user("carl")
    assert carl is not None
    lab.clock.advance(later)
    lab.directory.set_password(carl, "another")
    refusal = refused(get_token, refresh)
    assert type(refusal) is RefreshTokenRevoked
    assert (refusal.status, refusal.code) == (400, "AADSTS50173")
    renewed = get_token(Password("carl", "another")).refresh_token
    assert get_token(RefreshToken(renewed))


def test_it_does_not_bring_back_a_password_that_was_good_before(
    lab: Lab, get_token: GetToken, refresh: RefreshToken
) -> None:
    carl = lab.directory.user("carl")
    assert carl is not None
    for password in ("another", lab.people["carl"].password):
        lab.directory.set_password(carl, password)
    assert type(refused(get_token, refresh)) is RefreshTokenRevoked


def test_a_guest_s_password_is_changed_at_home(lab: Lab, get_token: GetToken) -> None:
    refresh = RefreshToken(sign_in(lab, get_token, "gita").refresh_token)
    assert get_token(refresh)
    gita = lab.parts.partner.directory.user("gita")
    assert gita is not None
    lab.parts.partner.directory.set_password(gita, "another")
    assert type(refused(get_token, refresh)) is RefreshTokenRevoked


def test_a_second_factor_demanded_later_is_demanded_here_too(
    lab: Lab, get_token: GetToken, refresh: RefreshToken
) -> None:
    lab.directory.mfa_required = True
    assert type(refused(get_token, refresh)) is SecondFactorRequired
    lab.directory.mfa_required = False
    assert get_token(refresh)


def test_one_that_began_with_a_second_factor_keeps_it(lab: Lab, get_token: GetToken) -> None:
    refresh = RefreshToken(sign_in(lab, get_token, mfa=True).refresh_token)
    lab.directory.mfa_required = True
    lab.clock.advance("1d")
    answer = get_token(refresh)
    assert answer.access_token.claims["amr"] == ["pwd", "mfa"]
    assert get_token(RefreshToken(answer.refresh_token)).access_token.claims["amr"] == ["pwd", "mfa"]


def test_a_disabled_user_gets_nothing_for_it(lab: Lab, get_token: GetToken, refresh: RefreshToken) -> None:
    carl = lab.directory.user("carl")
    assert carl is not None
    carl.enabled = False
    assert type(refused(get_token, refresh)) is UserDisabled


def test_it_follows_the_groups_of_today(lab: Lab, get_token: GetToken, refresh: RefreshToken) -> None:
    carl = lab.directory.user("carl")
    assert carl is not None
    assert "groups" not in get_token(refresh).access_token.claims
    group = lab.directory.add_group("readers", carl.object_id)
    assert get_token(refresh).access_token.claims["groups"] == [group.object_id]


@pytest.mark.parametrize("token", ["", "wrong", None, 5, b"x", [], "\ud800"])
def test_what_the_tenant_never_gave_out_is_refused(get_token: GetToken, token: Any) -> None:
    refusal = refused(get_token, RefreshToken(token))
    assert type(refusal) is RefreshTokenWrong
    assert (refusal.status, refusal.code) == (400, "AADSTS9002313")


def test_another_tenant_did_not_give_it_out(get_token: GetToken, refresh: RefreshToken) -> None:
    assert type(refused(get_token, refresh, tenant=PARTNER_TENANT)) is RefreshTokenWrong


def test_it_is_kept_as_a_digest_and_does_not_show(lab: Lab, get_token: GetToken) -> None:
    answer = sign_in(lab, get_token)
    assert answer.refresh_token not in repr(answer)
    assert answer.refresh_token not in repr(lab.parts.home)
    assert repr(RefreshToken(answer.refresh_token)) == "<refresh token>"
