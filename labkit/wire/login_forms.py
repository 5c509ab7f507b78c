"""The forms that the token endpoints take: which credential they hold, and for which resource."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qsl

from jwt.utils import base64url_decode, base64url_encode

from labkit.authenticators.client_secret import ClientSecret
from labkit.authenticators.device_code import DeviceCode
from labkit.authenticators.password import Password
from labkit.authenticators.refresh_token import RefreshToken
from labkit.core.credential import Credential
from labkit.core.errors import brief
from labkit.services.azure_ad import ARM
from labkit.wire.login_errors import (
    FormTooLong,
    GrantNotSupported,
    Malformed,
    ParameterTwice,
    ScopeInvalid,
    ScopeNotDefault,
    SecretMissing,
    SeveralResources,
    missing,
)
from labkit.wire.message import BodyTooLarge, check_length

Form = dict[str, str]

_MOST_FIELDS = 100
_ABOUT_THE_USER = frozenset({"openid", "profile", "email", "offline_access"})


def read(body: bytes) -> Form:
    """The fields of a form. Raises a RequestRefused."""
    try:
        check_length(body)
        pairs = parse_qsl(
            body.decode(), keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS, separator="&"
        )
    except BodyTooLarge as error:
        raise FormTooLong(error.message, presented=error.presented, required=error.required) from None
    except ValueError:
        raise Malformed(
            "The request body is not a form.",
            # Its beginning may be a secret.
            presented=f"{len(body)} bytes",
            required="application/x-www-form-urlencoded, in UTF-8",
        ) from None
    form = dict(pairs)
    if len(form) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ParameterTwice("A parameter stands in the form twice.", presented=brief(twice))
    return form


def needed(form: Form, name: str) -> str:
    """A field that has to be there. Raises ParameterMissing."""
    if not form.get(name):
        raise missing(name, "" if form else "send application/x-www-form-urlencoded, not JSON")
    return form[name]


def _client_secret(form: Form) -> Credential:
    client_id = needed(form, "client_id")
    if not form.get("client_secret"):
        raise SecretMissing(
            "The request body must contain the application's secret.",
            presented="a client assertion" if form.get("client_assertion") else "no proof",
            required="client_secret",
            advice="the lab's applications have secrets and no certificates",
        )
    return ClientSecret(client_id, form["client_secret"])


def _password(form: Form) -> Credential:
    username, password = needed(form, "username"), needed(form, "password")
    return Password(username, password, client_id=needed(form, "client_id"))


def _refresh_token(form: Form) -> Credential:
    return RefreshToken(needed(form, "refresh_token"))


def _device_code(form: Form) -> Credential:
    return DeviceCode(_given_code(form).partition(".")[0])


def _given_code(form: Form) -> str:
    # The two versions of the endpoint have two names for it, and msal sends both.
    return form.get("device_code") or needed(form, "code")


def device_code(code: str, scope: str) -> str:
    """The code as a client of version 2.0 gets it: it carries the scope, which such a client does not
    repeat when it polls."""
    return f"{code}.{base64url_encode(scope.encode()).decode()}"


def remembered(form: Form) -> Form:
    """The form with the scope that its device code carries, where it has none itself. A code that carries
    none is for Resource Manager, as in the lab."""
    if form.get("scope") or _GRANTS.get(form.get("grant_type", "")) is not _device_code:
        return form
    try:
        carried = base64url_decode(_given_code(form).partition(".")[2]).decode()
    except ValueError:
        carried = ""
    return {**form, "scope": carried or f"{ARM}.default"}


_GRANTS: dict[str, Callable[[Form], Credential]] = {
    "client_credentials": _client_secret,
    "password": _password,
    "refresh_token": _refresh_token,
    "device_code": _device_code,
    "urn:ietf:params:oauth:grant-type:device_code": _device_code,
}


def credential(form: Form) -> Credential:
    """The credential that a form presents. A secret beside a user's own credential is not looked at.
    Raises a RequestRefused."""
    # assumption: public-clients
    grant = needed(form, "grant_type")
    if grant not in _GRANTS:
        raise GrantNotSupported(
            "The app requested an unsupported grant type.",
            presented=brief(grant),
            required=" or ".join(_GRANTS),
        )
    return _GRANTS[grant](form)


def _default_of(scope: str) -> str:
    """The scope that was meant, of the same resource."""
    scheme, mark, rest = scope.partition("://")
    return f"{scheme}{mark}{rest.partition('/')[0]}/.default"


def resource(form: Form, v2: bool) -> str:
    """The resource that a token is asked for. Raises a RequestRefused."""
    if not v2:
        return needed(form, "resource")
    scopes = asked_scopes(form)
    resources = {one.rpartition("/")[0] for one in scopes}
    if not all(resources) or not resources:
        raise ScopeInvalid(
            "The provided value for scope names no resource.",
            presented=brief(form["scope"], 120),
            required="a resource and a permission, such as https://management.azure.com/.default",
        )
    if len(resources) > 1:
        raise SeveralResources(
            "The provided value for scope contains more than one resource.",
            presented=", ".join(sorted(resources))[:200],
            required="one of them: a token opens one audience",
        )
    if form.get("grant_type") == "client_credentials" and any(
        not one.endswith("/.default") for one in scopes
    ):
        raise ScopeNotDefault(
            "Client credential flows must have a scope value with /.default suffixed to the resource.",
            presented=brief(form["scope"], 120),
            required=_default_of(min(scopes)),
        )
    return resources.pop()


def asked_scopes(form: Form) -> list[str]:
    """The scopes of a form that are about a resource. Raises ParameterMissing."""
    return [one for one in needed(form, "scope").split() if one.lower() not in _ABOUT_THE_USER]
