"""The endpoints of Azure AD: discovery, keys, tokens, device codes. Every decision is the door's."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

from labkit.authenticators.password import Password
from labkit.core.credential import Anonymous
from labkit.core.errors import LabError, brief
from labkit.services.azure_ad import AUTHORITY, AzureAD, TokenResponse
from labkit.wire import login_errors, login_forms
from labkit.wire.id_tokens import client_info, id_token, issuer_v2
from labkit.wire.login_errors import InstanceUnknown, PathUnknown, VerbRefused
from labkit.wire.login_forms import Form
from labkit.wire.message import CALLER, Answer, AnyLab, Request
from labkit.wire.tenants import SHARED, tenant_id, tenant_of_user

HOSTS = (AUTHORITY, "login.windows.net")
_DEVICE_PAGE = "https://microsoft.com/devicelogin"
_CORRELATION = re.compile(r"[A-Za-z0-9-]{1,64}")

Json = dict[str, Any]
Endpoint = Callable[[AnyLab, Request], Json]


def answer(lab: AnyLab, request: Request) -> Answer:
    """What Azure AD answers, refusals included."""
    given = request.headers.get("client-request-id", "")
    correlation = given if _CORRELATION.fullmatch(given) else ""
    try:
        found = Answer.json(200, _endpoint(request)(lab, request))
    except LabError as error:
        found = login_errors.answer(error, lab.clock.now, correlation)
    headers = {**found.headers, "client-request-id": correlation} if correlation else found.headers
    return Answer(found.status, found.body, headers)


def _endpoint(request: Request) -> Endpoint:
    rest = "/".join(request.segments[1:]).lower()
    rest = "userrealm" if rest.startswith("userrealm/") else rest
    if rest not in _ENDPOINTS:
        raise PathUnknown(
            "Azure AD has no endpoint here.",
            presented=brief(request.path, 120),
            required=", ".join(f"/{{tenant}}/{one}" for one in _ENDPOINTS),
        )
    verb, endpoint = _ENDPOINTS[rest]
    if request.method != verb:
        raise VerbRefused(
            f"The endpoint only accepts {verb} requests.", presented=brief(request.method), required=verb
        )
    return endpoint


def _v2(request: Request) -> bool:
    return "v2.0" in (one.lower() for one in request.segments)


def _target(lab: AnyLab, request: Request, username: str = "") -> str:
    return request.at(AUTHORITY, tenant_id(lab, request.segments[0], username))


def _instance(lab: AnyLab, request: Request) -> Json:
    """Which clouds there are: clients ask before they trust an authority that they do not know."""
    asked = parse_qs(request.query).get("authorization_endpoint", [""])[0]
    try:
        parts = urlsplit(asked)
    except ValueError:
        parts = urlsplit("")
    if parts.hostname not in HOSTS:
        raise InstanceUnknown(
            "Unknown or invalid instance.", presented=brief(asked, 120), required=" or ".join(HOSTS)
        )
    tenant = parts.path.strip("/").partition("/")[0] or SHARED[0]
    version = "v2.0/" if "/v2.0" in parts.path else ""
    return {
        "tenant_discovery_endpoint": f"https://{parts.hostname}/{tenant}/{version}.well-known/openid-configuration",
        "api-version": "1.1",
        "metadata": [
            {"preferred_network": AUTHORITY, "preferred_cache": HOSTS[-1], "aliases": list(HOSTS)},
        ],
    }


def _configuration(lab: AnyLab, request: Request) -> Json:
    """The discovery document of the tenant, with the addresses of the host that was asked."""
    own = lab.ask(CALLER, AzureAD.openid_configuration, _target(lab, request), Anonymous())
    id = own["issuer"].rstrip("/").rpartition("/")[2]
    asked = f"https://{request.host}/{request.segments[0]}"
    told = {name: _readdressed(value, f"https://{AUTHORITY}/{id}", asked) for name, value in own.items()}
    told["authorization_endpoint"] = f"{asked}/oauth2/authorize"
    if _v2(request):
        old = {"/oauth2/": "/oauth2/v2.0/", "/discovery/keys": "/discovery/v2.0/keys"}
        for before, after in old.items():
            told = {name: _readdressed(value, before, after) for name, value in told.items()}
        told["issuer"] = issuer_v2("{tenantid}" if request.segments[0].lower() in SHARED else id)
    return told


def _readdressed(value: Any, before: str, after: str) -> Any:
    return value.replace(before, after) if isinstance(value, str) else value


def _keys(lab: AnyLab, request: Request) -> Json:
    return lab.ask(CALLER, AzureAD.jwks, _target(lab, request), Anonymous())


def _user_realm(lab: AnyLab, request: Request) -> Json:
    """Where a user signs in. The domain of the name alone decides, so it tells nobody who is there."""
    username = request.segments[-1]
    domain = username.rpartition("@")[2]
    told = {"ver": "1.0", "domain_name": domain, "cloud_instance_name": AUTHORITY}
    if tenant_of_user(lab, username) is None:
        return {**told, "account_type": "Unknown"}
    return {**told, "account_type": "Managed", "cloud_audience_urn": "urn:federation:MicrosoftOnline"}


def _token(lab: AnyLab, request: Request) -> Json:
    form, v2 = login_forms.read(request.body), _v2(request)
    form = login_forms.remembered(form) if v2 else form
    credential, resource = login_forms.credential(form), login_forms.resource(form, v2)
    target = _target(lab, request, form.get("username", ""))
    response = lab.ask(CALLER, AzureAD.token, target, credential, resource)
    return _told_v2(response, form) if v2 else _told_v1(response, form)


def _told_v1(response: TokenResponse, form: Form) -> Json:
    """The first version writes its numbers as texts."""
    claims = response.access_token.claims
    told = {
        "token_type": response.token_type,
        "expires_in": str(response.expires_in),
        "ext_expires_in": str(response.expires_in),
        "expires_on": str(claims["exp"]),
        "not_before": str(claims["nbf"]),
        "resource": response.resource,
        "access_token": response.access_token.reveal(),
    }
    if "upn" in claims:
        told |= {"scope": claims["scp"], "refresh_token": response.refresh_token}
        told["id_token"] = id_token(claims, form.get("client_id", claims["appid"]), v2=False)
    return told


def _told_v2(response: TokenResponse, form: Form) -> Json:
    claims = response.access_token.claims
    told: Json = {
        "token_type": response.token_type,
        "expires_in": response.expires_in,
        "ext_expires_in": response.expires_in,
        "access_token": response.access_token.reveal(),
    }
    if "upn" in claims:
        scopes = [f"{response.resource}/{claims['scp']}", *login_forms.asked_scopes(form)]
        told |= {"scope": " ".join(dict.fromkeys(scopes)), "refresh_token": response.refresh_token}
        client_id = form.get("client_id", claims["appid"])
        told["id_token"] = id_token(claims, client_id, v2=True, nonce=form.get("nonce", ""))
        if form.get("client_info"):
            told["client_info"] = client_info(claims)
    return told


def _device_code(lab: AnyLab, request: Request) -> Json:
    form, v2 = login_forms.read(request.body), _v2(request)
    client_id = login_forms.needed(form, "client_id")
    login_forms.resource(form, v2)
    given = lab.ask(CALLER, AzureAD.device_code, _target(lab, request), Anonymous(), client_id)
    return {
        "user_code": given.user_code,
        "device_code": login_forms.device_code(given.device_code, form["scope"]) if v2 else given.device_code,
        "verification_uri" if v2 else "verification_url": _DEVICE_PAGE,
        "expires_in": given.expires_in,
        "interval": given.interval,
        "message": f"To sign in, use a web browser to open the page {_DEVICE_PAGE} and enter the code "
        f"{given.user_code} to authenticate.",
    }


def _device_page(lab: AnyLab, request: Request) -> Json:
    """What the page does when the user enters the code: without a browser, as a form."""
    # assumption: device-page
    form = login_forms.read(request.body)
    code, username = login_forms.needed(form, "user_code"), login_forms.needed(form, "username")
    user = Password(username, login_forms.needed(form, "password"), form.get("otc", ""))
    lab.ask(CALLER, AzureAD.approve, _target(lab, request, username), user, code)
    return {"message": "You have signed in on your device. You may now close this window."}


_ENDPOINTS: dict[str, tuple[str, Endpoint]] = {
    "discovery/instance": ("GET", _instance),
    ".well-known/openid-configuration": ("GET", _configuration),
    "v2.0/.well-known/openid-configuration": ("GET", _configuration),
    "discovery/keys": ("GET", _keys),
    "discovery/v2.0/keys": ("GET", _keys),
    "userrealm": ("GET", _user_realm),
    "oauth2/token": ("POST", _token),
    "oauth2/v2.0/token": ("POST", _token),
    "oauth2/devicecode": ("POST", _device_code),
    "oauth2/v2.0/devicecode": ("POST", _device_code),
    "oauth2/deviceauth": ("POST", _device_page),
}
