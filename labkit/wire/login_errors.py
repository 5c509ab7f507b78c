"""How Azure AD refuses over HTTP: `error` in the words of OAuth 2.0, `error_description` with the AADSTS
code."""

from __future__ import annotations

from labkit.core.clock import iso
from labkit.core.errors import BadRequest, LabError
from labkit.identity.oauth_errors import number_of, oauth_error
from labkit.wire.message import Answer, status_of, told


class RequestRefused(BadRequest):
    """The request itself is wrong, whoever sends it."""

    status = 400


class ParameterMissing(RequestRefused):
    """A parameter is not there."""

    code = "AADSTS900144"


class SecretMissing(RequestRefused):
    """An application says who it is and does not prove it."""

    status = 401
    code = "AADSTS7000218"


class Malformed(RequestRefused):
    """The body is not a form."""

    # assumption: login-codes
    code = "AADSTS90100"


class ParameterTwice(RequestRefused):
    """A parameter is there more than once."""

    code = "AADSTS9000411"


class FormTooLong(Malformed):
    """The body has more bytes than the endpoint reads."""

    status = 413


class GrantNotSupported(RequestRefused):
    """No such grant type."""

    code = "AADSTS70003"


class ScopeInvalid(RequestRefused):
    """The scope names no resource."""

    code = "AADSTS70011"


class SeveralResources(RequestRefused):
    """A token is for one resource, and the scope names several."""

    code = "AADSTS28000"


class ScopeNotDefault(RequestRefused):
    """An application by itself gets what it was assigned, which is called `.default`."""

    code = "AADSTS1002012"


class InstanceUnknown(RequestRefused):
    """No cloud signs people in at this address."""

    code = "AADSTS50049"


class VerbRefused(RequestRefused):
    """The endpoint is there and takes another HTTP verb."""

    status = 405
    code = "AADSTS900561"


class PathUnknown(RequestRefused):
    """No endpoint of Azure AD has this path."""

    status = 404
    code = "AADSTS90100"


def missing(name: str, advice: str = "") -> ParameterMissing:
    """A ParameterMissing."""
    return ParameterMissing(
        f"The request body must contain the following parameter: '{name}'.", required=name, advice=advice
    )


def answer(error: LabError, now: int, correlation_id: str) -> Answer:
    """A refusal as Azure AD answers it. `now` is in seconds."""
    code = error.code or "AADSTS90100"
    number, moment = number_of(code), iso(now)
    lines = [f"{code}: {told(error)}", f"Correlation ID: {correlation_id}", f"Timestamp: {moment}"]
    body = {
        "error": oauth_error(code),
        "error_description": "\r\n".join(line for line in lines if not line.endswith(": ")),
        "error_codes": [number] if number else [],
        "timestamp": moment,
        "correlation_id": correlation_id,
    }
    return Answer.json(status_of(error), body)
