"""Sign-in by password and second factor."""

from collections.abc import Callable
from typing import Any

import pytest

from labkit.authenticators.password import AZURE_CLI, Password
from labkit.furniture import PARTNER_TENANT
from labkit.identity.errors import (
    SecondFactorRequired,
    SecondFactorWrong,
    SignInRefused,
    UnknownUser,
    UserDisabled,
    WrongPassword,
)
from labkit.lab import Lab
from labkit.services.azure_ad import TokenResponse

GetToken = Callable[..., TokenResponse]


def of(lab: Lab, name: str, code: str = "") -> Password:
    person = lab.people[name]
    return Password(person.upn, person.password, code)


def code_of(lab: Lab, name: str) -> str:
    return lab.people[name].code(lab.clock.now)


def refused(get_token: GetToken, cred: Password, **where: str) -> SignInRefused:
    with pytest.raises(SignInRefused) as caught:
        get_token(cred, **where)
    assert caught.value.stage == "authentication"
    assert str(caught.value).encode()
    return caught.value


def test_a_password_gives_a_token_of_its_user(lab: Lab, get_token: GetToken) -> None:
    claims = get_token(of(lab, "carl")).access_token.claims
    carl = lab.directory.user("carl")
    assert carl is not None
    assert (claims["upn"], claims["oid"], claims["amr"]) == (carl.upn, carl.object_id, ["pwd"])
    assert (claims["appid"], claims["appidacr"]) == (AZURE_CLI, "0")


@pytest.mark.parametrize("username", ["carl", "CARL@contoso.example"])
def test_a_user_may_be_named_shortly(lab: Lab, get_token: GetToken, username: str) -> None:
    assert (
        get_token(Password(username, lab.people["carl"].password)).access_token.claims["upn"]
        == "carl@contoso.example"
    )


@pytest.mark.parametrize("username", ["", "nobody", "carl@fabrikam.example", "gita", None, 5, [], "\ud800"])
def test_an_unknown_user_is_refused(get_token: GetToken, username: Any) -> None:
    refusal = refused(get_token, Password(username, "secret"))
    assert type(refusal) is UnknownUser
    assert (refusal.status, refusal.code) == (400, "AADSTS50034")


@pytest.mark.parametrize("password", ["", "wrong", None, 5, b"bytes", [], "\ud800"])
def test_a_wrong_password_is_refused(get_token: GetToken, password: Any) -> None:
    refusal = refused(get_token, Password("carl", password))
    assert type(refusal) is WrongPassword
    assert (refusal.status, refusal.code) == (400, "AADSTS50126")


def test_another_person_s_password_is_wrong(lab: Lab, get_token: GetToken) -> None:
    assert type(refused(get_token, Password("carl", lab.people["rita"].password))) is WrongPassword


def test_a_disabled_account_is_refused(lab: Lab, get_token: GetToken) -> None:
    carl = lab.directory.user("carl")
    assert carl is not None
    carl.enabled = False
    refusal = refused(get_token, of(lab, "carl"))
    assert type(refusal) is UserDisabled
    assert (refusal.status, refusal.code) == (400, "AADSTS50057")


def test_a_member_of_one_tenant_is_unknown_in_another(lab: Lab, get_token: GetToken) -> None:
    assert type(refused(get_token, of(lab, "carl"), tenant=PARTNER_TENANT)) is UnknownUser


class TestSecondFactor:
    @pytest.fixture(autouse=True)
    def required(self, lab: Lab) -> None:
        lab.directory.mfa_required = True

    def test_a_password_alone_is_not_enough(self, lab: Lab, get_token: GetToken) -> None:
        refusal = refused(get_token, of(lab, "carl"))
        assert type(refusal) is SecondFactorRequired
        assert (refusal.status, refusal.code) == (400, "AADSTS50076")

    def test_with_the_code_it_is_and_the_token_says_so(self, lab: Lab, get_token: GetToken) -> None:
        answer = get_token(of(lab, "carl", code_of(lab, "carl")))
        assert answer.access_token.claims["amr"] == ["pwd", "mfa"]

    def test_a_wrong_password_is_not_made_good_by_the_code(self, lab: Lab, get_token: GetToken) -> None:
        assert type(refused(get_token, Password("carl", "wrong", code_of(lab, "carl")))) is WrongPassword

    def test_the_code_of_somebody_else_is_wrong(self, lab: Lab, get_token: GetToken) -> None:
        refusal = refused(get_token, of(lab, "carl", code_of(lab, "rita")))
        assert type(refusal) is SecondFactorWrong
        assert (refusal.status, refusal.code) == (400, "AADSTS500121")

    @pytest.mark.parametrize("code", ["000000", "1", " ", "é", "\ud800", 5, ["x"], True])
    def test_nonsense_is_wrong(self, lab: Lab, get_token: GetToken, code: Any) -> None:
        assert type(refused(get_token, of(lab, "carl", code))) is SecondFactorWrong

    def test_a_code_is_good_for_thirty_seconds(self, lab: Lab, get_token: GetToken) -> None:
        lab.clock.advance(-lab.clock.now % 30)
        code = code_of(lab, "carl")
        lab.clock.advance("29s")
        assert get_token(of(lab, "carl", code))
        lab.clock.advance("1s")
        assert type(refused(get_token, of(lab, "carl", code))) is SecondFactorWrong

    def test_a_guest_needs_the_second_factor_of_home(self, lab: Lab, get_token: GetToken) -> None:
        assert type(refused(get_token, of(lab, "gita"))) is SecondFactorRequired
        assert get_token(of(lab, "gita", code_of(lab, "gita")))

    def test_the_other_tenant_demands_nothing(self, lab: Lab, get_token: GetToken) -> None:
        assert get_token(of(lab, "gita"), tenant=PARTNER_TENANT)


def test_a_second_factor_that_nobody_demands_is_taken_and_noted(lab: Lab, get_token: GetToken) -> None:
    answer = get_token(of(lab, "carl", code_of(lab, "carl")))
    assert answer.access_token.claims["amr"] == ["pwd", "mfa"]


def test_a_wrong_second_factor_is_wrong_even_where_none_is_demanded(lab: Lab, get_token: GetToken) -> None:
    assert type(refused(get_token, of(lab, "carl", "000000"))) is SecondFactorWrong


def test_a_guest_is_marked_as_one(lab: Lab, get_token: GetToken) -> None:
    claims = get_token(of(lab, "gita")).access_token.claims
    assert (claims["upn"], claims["tid"]) == ("gita_fabrikam.example#EXT#@contoso.example", lab.tenant)
    assert (
        get_token(of(lab, "gita"), tenant=PARTNER_TENANT).access_token.claims["upn"]
        == "gita@fabrikam.example"
    )


def test_a_guest_who_is_disabled_at_home_or_here_is_refused(lab: Lab, get_token: GetToken) -> None:
    guest = lab.directory.user("gita@fabrikam.example")
    assert guest is not None
    assert guest.home is not None
    for account in (guest, guest.home):
        account.enabled = False
        assert type(refused(get_token, of(lab, "gita"))) is UserDisabled
        account.enabled = True
    assert get_token(of(lab, "gita"))


def test_neither_password_nor_code_shows(lab: Lab) -> None:
    person = lab.people["carl"]
    assert repr(Password("carl", "secret", "123456")) == "<password>"
    assert person.password not in repr(person)
