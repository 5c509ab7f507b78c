"""An exercise of 02-service-principals: the client-credentials grant, as a plain request."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_plus, urlencode, urlsplit

from labkit.course.checking import NotUsable, as_function, as_mapping, as_sequence, as_text, call_safely
from labkit.course.describing import describe, in_short, is_one_of
from labkit.course.exercise import Bench, Exercise, Result, WrongAnswer
from labkit.course.exercises.service_principal_ids import az
from labkit.course.stepping import uncounted
from labkit.furniture import CLIENT_ID, CLIENT_SECRET, PARTNER_TENANT, TENANT
from labkit.identity.token import Token
from labkit.lab import Lab
from labkit.wire import login, routes
from labkit.wire.message import HOST_OF_ARM, Answer, Request

NOTEBOOK = "02-service-principals.ipynb"
_SIGN_IN = "login.microsoftonline.com"


@dataclass(frozen=True)
class _Asked:
    """The request that the learner's function made. It holds a secret."""

    url: str = field(repr=False)
    form: dict[str, str] = field(repr=False)

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""

    @property
    def v2(self) -> bool:
        return "/v2.0/" in urlsplit(self.url).path.lower()

    def shows(self, secret: str) -> bool:
        """Whether the address holds the secret."""
        return secret in unquote_plus(self.url)


def _asked(function: Callable[..., Any], tenant: str, client_id: str, secret: str) -> _Asked:
    made = call_safely(function, tenant, client_id, secret)
    what = "What request(tenant, client_id, secret) returns"
    if made is None or is_one_of(type(made), (str, dict)):
        raise NotUsable(f"{what} is {describe(made)}. It should be two things: the url and the form.")
    pair = as_sequence(made, at_most=10, what=what)
    if len(pair) != 2:
        raise NotUsable(f"{what} has {len(pair)} parts. It should have two: the url and the form.")
    url = as_text(pair[0], longest=2_000, what="The url").strip()
    form = as_mapping(pair[1], at_most=50, what="The form")
    try:
        host = urlsplit(url).hostname
    except ValueError:
        host = None
    if not host:
        raise NotUsable(f"The url is no address of a host: {in_short(url)}.")
    return _Asked(
        url, {key: as_text(value, what=f"{in_short(key)} in the form") for key, value in form.items()}
    )


def _send(lab: Lab, method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> Answer | None:
    return uncounted(lambda: routes.answer(lab, Request.to(method, url, headers, body)))


def _post(lab: Lab, asked: _Asked) -> tuple[str, str]:
    """The access token, or what the lab says instead."""
    answer = _send(
        lab,
        "POST",
        asked.url,
        {"content-type": "application/x-www-form-urlencoded"},
        urlencode(asked.form).encode(),
    )
    if answer is None:
        return "", f"nobody answers at {in_short(asked.host)}"
    return str(_told(answer).get("access_token", "")), _said(answer)


def _told(answer: Answer) -> dict[str, Any]:
    """What the answer says; nothing where it is no JSON object."""
    try:
        told = json.loads(answer.body)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _said(answer: Answer) -> str:
    told = _told(answer)
    error = told.get("error", "")
    text = told.get("error_description") or (error.get("message") if isinstance(error, dict) else error)
    return f"{answer.status} {str(text or 'and no token').splitlines()[0]}"


def _misconception(asked: _Asked) -> str | None:
    """The idea behind a request for which there was no token."""
    if urlsplit(asked.url).scheme == "http":
        return "plain-http"
    if asked.host not in login.HOSTS:
        return "where-the-token-is-for"
    if asked.form.get("grant_type") != "client_credentials":
        return "another-grant"
    if asked.v2:
        if "scope" not in asked.form:
            return "versions-mixed" if "resource" in asked.form else None
        return None if asked.form["scope"].endswith("/.default") else "a-permission-as-scope"
    return "versions-mixed" if "scope" in asked.form and "resource" not in asked.form else None


def _check_rest(answer: object, bench: Bench) -> Result:
    request = as_function(answer, parameters=3)
    asked = _asked(request, TENANT, CLIENT_ID, CLIENT_SECRET)
    if asked.shows(CLIENT_SECRET):
        return Result.wrong("The secret stands in the address.", "secret-in-the-address")
    lab = bench.lab()
    token, said = _post(lab, asked)
    if not token:
        found, wrong = f"The lab's answer: {said}", _misconception(asked)
        return Result.wrong(found, wrong) if wrong else Result.not_yet(found)
    if asked.form.get("grant_type") != "client_credentials":
        return Result.wrong("There is a token, and it is not the application's own.", "another-grant")
    answered = _send(
        lab,
        "GET",
        f"https://{HOST_OF_ARM}{lab.workspace}?api-version=2020-03-01",
        {"authorization": f"Bearer {token}"},
    )
    assert answered is not None
    if answered.status != 200:
        found = f"There is a token. Resource Manager says to it: {_said(answered)}"
        return Result.wrong(found, "another-audience")
    return _of_anybody(lab, request)


def _of_anybody(lab: Lab, request: Callable[..., Any]) -> Result:
    """Whether what the function is given decides: tried with another application, and another tenant."""
    made = json.loads(az(lab, "ad sp create-for-rbac --name another"))
    token, said = _post(lab, _asked(request, TENANT, made["appId"], made["password"]))
    if not token:
        return Result.wrong(f"For another application the lab's answer is: {said}", "typed-in")
    if Token(token, lab.clock).claims.get("appid") != made["appId"]:
        return Result.wrong("Asked for another application, it gets the token of ml-auth.", "typed-in")
    if _post(lab, _asked(request, PARTNER_TENANT, CLIENT_ID, CLIENT_SECRET))[0]:
        return Result.wrong(
            "Asked for another tenant, where ml-auth is unknown, it gets a token.", "typed-in"
        )
    return Result.right()


def _request(url: str, *, grant: str = "client_credentials", secret: str = "secret", **more: str) -> str:
    lines = [
        "def request(tenant, client_id, secret):",
        f"    url = {url}",
        "    form = {",
        f'        "grant_type": "{grant}",',
        '        "client_id": client_id,',
        *([f'        "client_secret": {secret},'] if secret else ()),
        *(f'        "{name}": "{value}",' for name, value in more.items()),
        "    }",
        "    return url, form",
        "",
        "",
        "answer = request",
    ]
    return "\n".join(lines)


_V1 = f'f"https://{_SIGN_IN}/{{tenant}}/oauth2/token"'
_V2 = _V1.replace("oauth2", "oauth2/v2.0")
_ARM = f"https://{HOST_OF_ARM}/"

REST = Exercise(
    id="sp-rest",
    notebook=NOTEBOOK,
    title="A token without a library",
    minutes=10,
    prompt="""
Neither adal nor msal is installed where the pipeline runs, and HTTP is all there is. Write `request(tenant, client_id, secret)`, which
returns what has to be sent to Azure AD: the **url**, and the **form** as a dict of texts. It is sent as
`requests.post(url, data=form)`. The token that comes back has to open Resource Manager, with which Azure ML's REST API begins.

Azure AD has two versions of the endpoint, `oauth2/token` and `oauth2/v2.0/token`; take whichever you like. Set `answer` to the function.
""",
    starter='def request(tenant, client_id, secret):\n    return "https://", {}\n\n\nanswer = request',
    solution=_request(_V1, resource=_ARM),
    hints=(
        "Four things have to be said: which way of signing in this is, who signs in, the proof, and whom the token is for. Azure AD's answer "
        "names the first one that is missing.",
        "The host is the one that adal and msal are given as the authority. The tenant is the first part of the path.",
        "The way is called a grant, and the how-to names it in its section on REST. The older endpoint asks for a resource, the newer one for a "
        "scope: the same address with .default behind it.",
    ),
    explanation="Libraries send these very four fields, and what they add is a cache, so that not every call begins with a sign-in. The secret goes "
    "into the body: addresses are written to logs by whatever stands between, and bodies are not.",
    check=_check_rest,
    wrong=(
        WrongAnswer(
            _request(f'f"https://{HOST_OF_ARM}/{{tenant}}/oauth2/token"', resource=_ARM),
            "where-the-token-is-for",
            "Tokens come from Azure AD, which has a host of its own. Resource Manager takes them and issues none.",
        ),
        WrongAnswer(
            _request(_V1, grant="authorization_code", resource=_ARM),
            "another-grant",
            "Other grants are for people, at a browser or with a password. An application that has nothing but its own credentials "
            "uses the grant that is named for these.",
        ),
        WrongAnswer(
            _request(_V2, scope=f"{_ARM}user_impersonation"),
            "a-permission-as-scope",
            "A single permission is what a person may grant. Whoever signs in as an application asks for all that it was given, and "
            "that scope is called .default.",
        ),
        WrongAnswer(
            _request(_V1, scope=f"{_ARM}.default"),
            "versions-mixed",
            "The field that says whom the token is for has another name at the other version of the endpoint.",
        ),
        WrongAnswer(
            _request(
                f'f"https://{_SIGN_IN}/{{tenant}}/oauth2/token?client_secret={{secret}}"',
                secret="",
                resource=_ARM,
            ),
            "secret-in-the-address",
            "Whatever stands between writes addresses to its logs, and Azure AD reads the secret in the form.",
        ),
        WrongAnswer(
            _request(_V1, resource="https://graph.windows.net"),
            "another-audience",
            "A token opens the one resource that it was asked for.",
        ),
        WrongAnswer(
            _request(_V1.replace("https", "http"), resource=_ARM),
            "plain-http",
            "Without TLS everybody on the way reads the secret.",
        ),
        WrongAnswer(
            _request(_V1, secret=f'"{CLIENT_SECRET}"', resource=_ARM),
            "typed-in",
            "All three come as arguments. What is typed into the code instead works for one application, and is where secrets leak.",
        ),
    ),
)

EXERCISES = (REST,)
