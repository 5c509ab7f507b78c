"""What the how-to says about the REST API, attempted in a lab of each release with real clients. Each test
does what the ledger's `shown_by` says of its statement."""

import ast
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from importlib.metadata import metadata
from pathlib import Path
from typing import Any

import adal
import jwt
import msal
import pytest
import requests

from labkit.azure import ARM as RESOURCE
from labkit.azure import CLIENT_ID
from labkit.furniture import CLIENT_SECRET
from labkit.identity.token import Token
from labkit.lab import Lab
from labkit.wire.serve import serving
from tests.sdk.azureml_lab import hops
from tests.services.ml import revoke
from tests.statements.conftest import ADAL, ADAL_NODE, ARM, LOGIN, rest, run

# In the order in which the how-to prints them.
FIELDS = [
    "tokenType",
    "expiresIn",
    "expiresOn",
    "resource",
    "accessToken",
    "isMRRT",
    "_clientId",
    "_authority",
]
SCOPE = f"{RESOURCE}.default"


@pytest.fixture
def lab(stating: Lab, folder: Path) -> Lab:
    return stating


def by_adal() -> str:
    context = adal.AuthenticationContext(f"{LOGIN}/your-tenant-id", cache=adal.TokenCache())
    answer = context.acquire_token_with_client_credentials(RESOURCE, CLIENT_ID, CLIENT_SECRET)
    return str(answer["accessToken"])


def by_msal() -> str:
    return str(confidential().acquire_token_for_client([SCOPE])["access_token"])


def by_open_id_connect() -> str:
    """What any library of OpenID Connect 1.0 does: finds out where to ask, asks, and checks the signature."""
    found = requests.get(f"{LOGIN}/your-tenant-id/v2.0/.well-known/openid-configuration", timeout=5).json()
    form = {
        "grant_type": "client_credentials",
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "scope": SCOPE,
    }
    token = str(requests.post(found["token_endpoint"], form, timeout=5).json()["access_token"])
    keys = jwt.PyJWKSet.from_dict(requests.get(found["jwks_uri"], timeout=5).json())
    our_clock: Any = {"verify_exp": False, "verify_nbf": False, "verify_iat": False}
    key = keys[jwt.get_unverified_header(token)["kid"]]
    assert jwt.decode(token, key, algorithms=["RS256"], audience=RESOURCE.rstrip("/"), options=our_clock)
    return token


def confidential(secret: str = CLIENT_SECRET) -> msal.ConfidentialClientApplication:
    authority = f"{LOGIN}/your-tenant-id"
    return msal.ConfidentialClientApplication(CLIENT_ID, authority=authority, client_credential=secret)


@pytest.mark.proves("authn-rest-client-credentials")
@pytest.mark.parametrize("library", [by_adal, by_msal, by_open_id_connect])
def test_a_library_gets_a_token_that_the_rest_api_takes(lab: Lab, library: Callable[[], str]) -> None:
    with lab.activate(person=None):
        token = library()
        assert hops(lab, "Get token") == [("client", "Get token", "client secret", "ok")]
        answer = rest("GET", lab.workspace, token)
        assert (answer.status_code, answer.json()["id"]) == (200, lab.workspace)
        assert lab.trace[-1].subject == "ml-auth (service principal)"
        assert rest("POST", f"{lab.workspace}/listKeys", token).json()["keys"]
        new = f"{lab.workspace}/computes/of-a-service"
        options: Any = {"params": {"api-version": "2020-01-01"}, "timeout": 5}
        options["headers"] = {"Authorization": f"Bearer {token}"}
        assert requests.put(ARM + new, json={"location": "eastus"}, **options).status_code == 201
        assert [rest(verb, new, token).status_code for verb in ("DELETE", "GET")] == [200, 404]
        # It is the token that opens it, and for as much as the application may do.
        assert rest("GET", lab.workspace).status_code == 401
        assert rest("GET", lab.workspace, token[:-8] + "AAAAAAAA").status_code == 401
        revoke(lab, "ml-auth", "Contributor", lab.subscription)
        assert rest("GET", lab.workspace, library()).status_code == 403


@pytest.mark.proves("authn-rest-client-credentials")
def test_a_wrong_secret_gets_none(lab: Lab) -> None:
    with lab.activate(person=None):
        context = adal.AuthenticationContext(f"{LOGIN}/your-tenant-id", cache=adal.TokenCache())
        for wrong in ("another-secret", CLIENT_SECRET[:-1], CLIENT_SECRET.upper()):
            with pytest.raises(adal.AdalError, match="AADSTS7000215"):
                context.acquire_token_with_client_credentials(RESOURCE, CLIENT_ID, wrong)
        answer = confidential("another-secret").acquire_token_for_client([SCOPE])
    assert (answer["error_codes"], "access_token" in answer) == ([7000215], False)


@pytest.mark.proves("authn-rest-adal")
def test_the_sample_for_python_prints_what_the_how_to_prints(
    lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    with lab.activate(person=None):
        names = run(ADAL)
        shown = ast.literal_eval(capsys.readouterr().out)
        assert rest("GET", lab.workspace, names["token_response"]["accessToken"]).status_code == 200
    assert list(shown) == FIELDS
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?", shown.pop("expiresOn"))
    assert Token(shown.pop("accessToken"), lab.clock).claims["aud"] == shown["resource"]
    assert shown == {
        "tokenType": "Bearer",
        "expiresIn": 3599,
        "resource": "https://management.azure.com/",
        "isMRRT": True,
        "_clientId": "your-client-id",
        "_authority": "https://login.microsoftonline.com/your-tenant-id",
    }


def node(told: dict[str, Any], program: str) -> str:
    """What Node prints that runs this program with the genuine adal-node, led to the lab."""
    command = shutil.which("node")
    environment = {**os.environ, "NODE_EXTRA_CA_CERTS": told["ca_file"]}
    if (
        command is None
        or subprocess.run(
            [command, "-e", "require.resolve('adal-node')"], capture_output=True, env=environment, check=False
        ).returncode
    ):
        pytest.skip("needs Node, and adal-node where it finds it (NODE_PATH)")
    done = subprocess.run(
        [command, "--require", told["node_preload"], "-e", program],
        capture_output=True,
        env=environment,
        check=True,
        text=True,
        timeout=60,
    )
    return str(done.stdout)


@pytest.mark.proves("authn-rest-adal")
def test_the_sample_for_node_prints_the_same_fields(lab: Lab) -> None:
    with serving(lab) as told:
        shown = json.loads(node(told, ADAL_NODE))
        wrong = node(told, ADAL_NODE.replace("your-client-secret", "another-secret"))
    assert list(shown) == FIELDS
    assert (shown["tokenType"], shown["expiresIn"], shown["isMRRT"]) == ("Bearer", 3599, True)
    assert Token(shown["accessToken"], lab.clock).claims["aud"] == shown["resource"] == RESOURCE
    assert wrong.startswith("Token generation failed due to ")
    assert "AADSTS7000215" in wrong


@pytest.mark.proves("authn-rest-adal")
def test_the_request_that_adal_for_node_sends_is_answered_on_loopback(lab: Lab) -> None:
    form = {
        "grant_type": "client_credentials",
        "client_id": CLIENT_ID,
        "resource": RESOURCE,
        "client_secret": CLIENT_SECRET,
    }
    headers = {
        "Host": "login.microsoftonline.com",
        "x-client-SKU": "Node",
        "return-client-request-id": "true",
    }
    with serving(lab) as told:
        url = f"{told['addresses'][headers['Host']]}/your-tenant-id/oauth2/token?api-version=1.0"
        options: Any = {"headers": headers, "verify": told["ca_file"], "timeout": 5}
        answer = requests.post(url, form, **options).json()
        wrong = requests.post(url, {**form, "client_secret": "another-secret"}, **options)
    # What adal-node takes from it: https://github.com/AzureAD/azure-activedirectory-library-for-nodejs
    assert (answer["token_type"], int(answer["expires_in"]), answer["resource"]) == ("Bearer", 3599, RESOURCE)
    assert Token(answer["access_token"], lab.clock).claims["appid"] == CLIENT_ID
    assert (wrong.status_code, wrong.json()["error_codes"]) == (401, [7000215])


@pytest.mark.proves("authn-rest-lifetime")
def test_adal_s_token_lasts_an_hour_of_the_lab_s_clock_and_the_sample_again_gives_the_next(lab: Lab) -> None:
    with lab.activate(person=None):
        first = run(ADAL)["token_response"]
        lab.clock.advance("59m")
        assert rest("GET", lab.workspace, first["accessToken"]).status_code == 200
        lab.clock.advance("2m")
        late = rest("GET", lab.workspace, first["accessToken"])
        assert (late.status_code, late.json()["error"]["code"]) == (401, "ExpiredAuthenticationToken")
        again = run(ADAL)["token_response"]
        assert again["accessToken"] != first["accessToken"]
        assert rest("GET", lab.workspace, again["accessToken"]).status_code == 200


@pytest.mark.proves("authn-msal-note")
def test_msal_of_today_does_what_the_note_says_it_cannot(lab: Lab) -> None:
    with lab.activate(person=None):
        answer = confidential().acquire_token_for_client([SCOPE])
        assert rest("GET", lab.workspace, answer["access_token"]).status_code == 200
    # Between two services: nobody signs in, and the token is nobody's but the application's.
    claims = Token(answer["access_token"], lab.clock).claims
    assert (claims["idtyp"], claims["appid"], "upn" in claims) == ("app", CLIENT_ID, False)
    assert hops(lab, "Get device code", "Approve device code", "Get token") == [
        ("client", "Get token", "client secret", "ok")
    ]


@pytest.mark.proves("authn-msal-note")
def test_it_is_adal_that_is_retired() -> None:
    said = " ".join(str(metadata("adal")["Description"] or metadata("adal").get_payload()).split())  # type: ignore[attr-defined]
    assert "will no longer receive new feature improvements" in said
    assert "Instead, use the new library [MSAL for Python]" in said
