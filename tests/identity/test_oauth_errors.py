"""The words of OAuth 2.0 for Azure AD's codes."""

import pytest

from labkit.identity import errors
from labkit.identity.oauth_errors import number_of, oauth_error

# What the specifications say (RFC 6749, section 5.2; RFC 8628, section 3.5) where a code is a case of theirs.
STANDARD = {
    errors.WrongClientSecret: "invalid_client",
    errors.ClientSecretExpired: "invalid_client",
    errors.UnknownApplication: "unauthorized_client",
    errors.WrongPassword: "invalid_grant",
    errors.UserDisabled: "invalid_grant",
    errors.RefreshTokenExpired: "invalid_grant",
    errors.RefreshTokenRevoked: "invalid_grant",
    errors.RefreshTokenWrong: "invalid_grant",
    errors.AuthorizationPending: "authorization_pending",
    errors.DeviceCodeExpired: "expired_token",
    errors.UnknownTenant: "invalid_request",
}


@pytest.mark.parametrize("refusal", STANDARD, ids=lambda one: one.__name__)
def test_a_refusal_has_the_word_that_the_specification_has_for_it(
    refusal: type[errors.SignInRefused],
) -> None:
    assert oauth_error(refusal.fixed_code) == STANDARD[refusal]


@pytest.mark.parametrize("code", ["", "NotFound", "AADSTS1", "AADSTS900144"])
def test_everything_else_is_a_request_that_is_wrong(code: str) -> None:
    assert oauth_error(code) == "invalid_request"


def test_the_number_stands_in_the_code() -> None:
    assert [number_of(code) for code in ("AADSTS700016", "NotFound", "")] == [700016, 0, 0]
