"""The words of OAuth 2.0 that go with Azure AD's codes: what clients branch on.

Codes: https://learn.microsoft.com/entra/identity-platform/reference-error-codes
"""

from __future__ import annotations

# By AADSTS number. Everything else is an invalid_request.
_WORDS = {
    16000: "interaction_required",
    50034: "invalid_grant",
    50057: "invalid_grant",
    50076: "interaction_required",
    50126: "invalid_grant",
    50173: "invalid_grant",
    65001: "invalid_grant",
    70003: "unsupported_grant_type",
    70011: "invalid_scope",
    28000: "invalid_scope",
    1002012: "invalid_scope",
    70016: "authorization_pending",
    70018: "bad_verification_code",
    70020: "expired_token",
    50049: "invalid_instance",
    500011: "invalid_resource",
    500121: "invalid_grant",
    700016: "unauthorized_client",
    700082: "invalid_grant",
    7000215: "invalid_client",
    7000218: "invalid_client",
    7000222: "invalid_client",
    9002313: "invalid_grant",
}


def number_of(code: str) -> int:
    """The number in a code of Azure AD, 0 for another code."""
    return int(code.removeprefix("AADSTS")) if code.startswith("AADSTS") else 0


def oauth_error(code: str) -> str:
    """The word for a code of Azure AD, such as invalid_client."""
    return _WORDS.get(number_of(code), "invalid_request")
