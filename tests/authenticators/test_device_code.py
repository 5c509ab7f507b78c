"""A sign-in that the user completes on another screen."""

from collections.abc import Callable
from typing import Any

import pytest

from labkit.authenticators.device_code import DeviceCode
from labkit.authenticators.password import AZURE_CLI, Password
from labkit.core.credential import Anonymous
from labkit.identity.errors import (
    AuthorizationPending,
    DeviceCodeExpired,
    DeviceCodeWrong,
    SecondFactorRequired,
    SignInRefused,
    UnknownApplication,
    UnknownResource,
    WrongPassword,
)
from labkit.identity.tenant import DEVICE_CODE_LIFETIME
from labkit.lab import Lab
from labkit.services.azure_ad import KEY_VAULT, AzureAD, DeviceCodeResponse, TokenResponse

GetToken = Callable[..., TokenResponse]


@pytest.fixture
def begun(lab: Lab) -> DeviceCodeResponse:
    return lab.ask("app", AzureAD.device_code, lab.tenant, Anonymous())


def approve(lab: Lab, user_code: Any, name: str = "carl", code: str = "") -> None:
    person = lab.people[name]
    lab.ask(name, AzureAD.approve, lab.tenant, Password(person.upn, person.password, code), user_code)


def code_for(
    refusal: type[SignInRefused], get_token: GetToken, begun: DeviceCodeResponse, **more: str
) -> str:
    with pytest.raises(refusal) as caught:
        get_token(DeviceCode(begun.device_code), **more)
    return caught.value.code


def test_the_user_approves_and_the_application_gets_the_token(
    lab: Lab, get_token: GetToken, begun: DeviceCodeResponse
) -> None:
    assert code_for(AuthorizationPending, get_token, begun) == "AADSTS70016"
    assert code_for(AuthorizationPending, get_token, begun) == "AADSTS70016"
    approve(lab, begun.user_code)
    answer = get_token(DeviceCode(begun.device_code))
    claims = answer.access_token.claims
    assert (claims["upn"], claims["appid"], claims["amr"]) == ("carl@contoso.example", AZURE_CLI, ["pwd"])
    assert answer.refresh_token


def test_the_token_names_the_application_that_waited(lab: Lab, get_token: GetToken) -> None:
    lab.directory.register("gadget", "gadget-id")
    begun = lab.ask("app", AzureAD.device_code, lab.tenant, Anonymous(), "gadget-id")
    approve(lab, begun.user_code)
    assert get_token(DeviceCode(begun.device_code)).access_token.claims["appid"] == "gadget-id"


def test_a_code_is_used_once(lab: Lab, get_token: GetToken, begun: DeviceCodeResponse) -> None:
    approve(lab, begun.user_code)
    get_token(DeviceCode(begun.device_code))
    assert code_for(DeviceCodeWrong, get_token, begun) == "AADSTS70018"
    with pytest.raises(DeviceCodeWrong):
        approve(lab, begun.user_code)


def test_asking_for_an_unknown_resource_does_not_lose_the_code(
    lab: Lab, get_token: GetToken, begun: DeviceCodeResponse
) -> None:
    approve(lab, begun.user_code)
    assert code_for(UnknownResource, get_token, begun, resource="https://nowhere.example") == "AADSTS500011"
    answer = get_token(DeviceCode(begun.device_code), resource=KEY_VAULT)
    assert answer.access_token.claims["aud"] == KEY_VAULT


def test_two_applications_wait_without_mixing_up(
    lab: Lab, get_token: GetToken, begun: DeviceCodeResponse
) -> None:
    other = lab.ask("app", AzureAD.device_code, lab.tenant, Anonymous())
    approve(lab, other.user_code, "rita")
    code_for(AuthorizationPending, get_token, begun)
    approve(lab, begun.user_code, "carl")
    names = [get_token(DeviceCode(one.device_code)).access_token.claims["upn"] for one in (other, begun)]
    assert names == ["rita@contoso.example", "carl@contoso.example"]


def test_a_code_that_nobody_approved_expires(
    lab: Lab, get_token: GetToken, begun: DeviceCodeResponse
) -> None:
    lab.clock.advance(begun.expires_in - 1)
    code_for(AuthorizationPending, get_token, begun)
    lab.clock.advance(1)
    assert code_for(DeviceCodeExpired, get_token, begun) == "AADSTS70020"
    with pytest.raises(DeviceCodeExpired):
        approve(lab, begun.user_code)
    code_for(DeviceCodeExpired, get_token, begun)


def test_an_approved_code_that_nobody_fetched_expires_too(
    lab: Lab, get_token: GetToken, begun: DeviceCodeResponse
) -> None:
    lab.clock.advance(DEVICE_CODE_LIFETIME - 1)
    approve(lab, begun.user_code)
    lab.clock.advance(1)
    code_for(DeviceCodeExpired, get_token, begun)


@pytest.mark.parametrize("code", ["", "wrong", None, 5, b"x", [], "\ud800"])
def test_a_wrong_device_code_is_refused(get_token: GetToken, code: Any) -> None:
    with pytest.raises(DeviceCodeWrong):
        get_token(DeviceCode(code))


def test_the_user_code_is_no_device_code(lab: Lab, get_token: GetToken, begun: DeviceCodeResponse) -> None:
    approve(lab, begun.user_code)
    with pytest.raises(DeviceCodeWrong):
        get_token(DeviceCode(begun.user_code))
    with pytest.raises(DeviceCodeWrong):
        approve(lab, begun.device_code)


@pytest.mark.parametrize("user_code", ["", "WRONG", "\ud800"])
def test_a_wrong_user_code_is_refused(lab: Lab, begun: DeviceCodeResponse, user_code: str) -> None:
    with pytest.raises(DeviceCodeWrong) as caught:
        approve(lab, user_code)
    assert caught.value.code == "AADSTS70018"


def test_only_the_user_s_own_sign_in_approves(
    lab: Lab, get_token: GetToken, begun: DeviceCodeResponse
) -> None:
    with pytest.raises(WrongPassword):
        lab.ask("carl", AzureAD.approve, lab.tenant, Password("carl", "wrong"), begun.user_code)
    code_for(AuthorizationPending, get_token, begun)


def test_where_a_second_factor_is_demanded_the_approval_needs_it(
    lab: Lab, get_token: GetToken, begun: DeviceCodeResponse
) -> None:
    lab.directory.mfa_required = True
    with pytest.raises(SecondFactorRequired):
        approve(lab, begun.user_code)
    code_for(AuthorizationPending, get_token, begun)
    approve(lab, begun.user_code, code=lab.people["carl"].code(lab.clock.now))
    assert get_token(DeviceCode(begun.device_code)).access_token.claims["amr"] == ["pwd", "mfa"]


@pytest.mark.parametrize("client_id", ["", "nobody"])
def test_an_unknown_application_gets_no_code(lab: Lab, client_id: str) -> None:
    with pytest.raises(UnknownApplication):
        lab.ask("app", AzureAD.device_code, lab.tenant, Anonymous(), client_id)


def test_the_answer_shows_what_the_user_types_and_not_what_the_application_keeps(
    begun: DeviceCodeResponse,
) -> None:
    assert begun.user_code in repr(begun)
    assert begun.device_code not in repr(begun)
    assert repr(DeviceCode(begun.device_code)) == "<device code>"
