"""The client-credentials grant."""

from collections.abc import Callable
from typing import Any

import pytest

from labkit.authenticators.client_secret import ClientSecret
from labkit.furniture import CLIENT_ID, CLIENT_SECRET, PARTNER_TENANT
from labkit.identity.directory import SECRET_LIFETIME
from labkit.identity.errors import ClientSecretExpired, SignInRefused, UnknownApplication, WrongClientSecret
from labkit.lab import Lab
from labkit.services.azure_ad import TokenResponse

GetToken = Callable[..., TokenResponse]
GOOD = ClientSecret(CLIENT_ID, CLIENT_SECRET)


def refused(get_token: GetToken, cred: ClientSecret, **where: str) -> SignInRefused:
    with pytest.raises(SignInRefused) as caught:
        get_token(cred, **where)
    return caught.value


def test_a_secret_gives_a_token_of_the_application_and_no_refresh_token(get_token: GetToken) -> None:
    answer = get_token(GOOD)
    claims = answer.access_token.claims
    assert (claims["appid"], claims["idtyp"], claims["appidacr"]) == (CLIENT_ID, "app", "1")
    assert claims["sub"] == claims["oid"] == "your-sp-object-id"
    assert not {"upn", "scp", "amr"} & set(claims)
    assert answer.refresh_token == ""


def test_no_second_factor_is_asked_of_an_application(lab: Lab, get_token: GetToken) -> None:
    lab.directory.mfa_required = True
    assert get_token(GOOD).access_token.claims["appid"] == CLIENT_ID


@pytest.mark.parametrize("client_id", ["", "nobody", "your-sp-object-id", None, 5, []])
def test_an_unknown_application_is_refused(get_token: GetToken, client_id: Any) -> None:
    refusal = refused(get_token, ClientSecret(client_id, CLIENT_SECRET))
    assert type(refusal) is UnknownApplication
    assert (refusal.status, refusal.code) == (400, "AADSTS700016")


def test_an_application_of_another_tenant_is_unknown_in_this_one(get_token: GetToken) -> None:
    assert type(refused(get_token, GOOD, tenant=PARTNER_TENANT)) is UnknownApplication


@pytest.mark.parametrize(
    "secret", ["", "wrong", CLIENT_SECRET.upper(), CLIENT_SECRET + " ", None, 5, "\ud800"]
)
def test_a_wrong_secret_is_refused(get_token: GetToken, secret: Any) -> None:
    refusal = refused(get_token, ClientSecret(CLIENT_ID, secret))
    assert type(refusal) is WrongClientSecret
    assert (refusal.status, refusal.code) == (401, "AADSTS7000215")


def test_a_secret_expires_after_a_year(lab: Lab, get_token: GetToken) -> None:
    lab.clock.advance(SECRET_LIFETIME - 1)
    assert get_token(GOOD)
    lab.clock.advance(1)
    refusal = refused(get_token, GOOD)
    assert type(refusal) is ClientSecretExpired
    assert (refusal.status, refusal.code) == (401, "AADSTS7000222")


def test_a_new_secret_takes_over_from_an_expired_one(lab: Lab, get_token: GetToken) -> None:
    lab.clock.advance(SECRET_LIFETIME)
    application = lab.directory.application(CLIENT_ID)
    assert application is not None
    lab.directory.add_secret(application, "another", lab.clock.now)
    assert get_token(ClientSecret(CLIENT_ID, "another"))
    assert type(refused(get_token, GOOD)) is ClientSecretExpired
    assert type(refused(get_token, ClientSecret(CLIENT_ID, "wrong"))) is WrongClientSecret


def test_an_application_without_a_service_principal_may_not_sign_in(lab: Lab, get_token: GetToken) -> None:
    application = lab.directory.register("loner", "loner-id")
    lab.directory.add_secret(application, "secret", lab.clock.now)
    assert type(refused(get_token, ClientSecret("loner-id", "secret"))) is UnknownApplication
    lab.directory.add_service_principal(application)
    assert get_token(ClientSecret("loner-id", "secret"))


def test_the_secret_does_not_show(lab: Lab) -> None:
    assert repr(GOOD) == "<client secret>"
    assert CLIENT_SECRET not in repr(lab.directory.application(CLIENT_ID))


def test_a_secret_that_is_there_twice_is_good_until_the_later_end(lab: Lab, get_token: GetToken) -> None:
    application = lab.directory.application(CLIENT_ID)
    assert application is not None
    lab.clock.advance("1d")
    lab.directory.add_secret(application, CLIENT_SECRET, lab.clock.now)
    lab.clock.advance(SECRET_LIFETIME - 1)
    assert get_token(GOOD)
    lab.clock.advance(1)
    assert type(refused(get_token, GOOD)) is ClientSecretExpired
    application.secrets.reverse()
    assert type(refused(get_token, GOOD)) is ClientSecretExpired
