"""The token of a web service over REST: POST WORKSPACE/services/NAME/token."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from labkit.azure import WebServices
from labkit.lab import Lab
from labkit.services.machine_learning.web_services import REFRESH_AFTER, TOKEN_LIFETIME
from tests.services.ml import ask, deploy
from tests.wire.conftest import Arm
from tests.wire.test_manager import refused


@pytest.fixture
def service(attached: Lab) -> Any:
    return deploy(attached, "one", "aks", "token")


def path(lab: Lab, name: str = "one") -> str:
    return f"{lab.workspace}/services/{name}/token"


@pytest.mark.parametrize("who", ["olivia", "carl", "rita"])
def test_whoever_may_read_the_workspace_gets_one_that_opens_the_service(
    attached: Lab, arm: Arm, service: Any, who: str
) -> None:
    now = attached.clock.now
    answer = arm("POST", path(attached), who=who)
    told = answer.json()
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    assert told.keys() == {"accessToken", "tokenType", "refreshAfterTimeUtc", "expiryTimeUtc"}
    assert (told["refreshAfterTimeUtc"], told["expiryTimeUtc"]) == (now + REFRESH_AFTER, now + TOKEN_LIFETIME)
    headers = {"Authorization": f"{told['tokenType']} {told['accessToken']}"}
    assert requests.post(service.address, json=[1], headers=headers, timeout=5).status_code == 200


def test_case_does_not_count_but_in_the_name_of_the_service(attached: Lab, arm: Arm, service: Any) -> None:
    spelled = path(attached).upper().replace("/ONE/", "/one/")
    assert arm("POST", spelled).status_code == 200
    refused(attached, arm, 404, "NotFound", "POST", path(attached, "ONE"))


def test_nobody_else_gets_one(attached: Lab, arm: Arm, service: Any) -> None:
    attached.hire("nina")
    refused(attached, arm, 403, "AuthorizationFailed", "POST", path(attached), who="nina")
    refused(attached, arm, 401, "AuthenticationFailed", "POST", path(attached), headers={})
    own = {"Authorization": f"Bearer {ask(attached, 'carl', WebServices.get_token, 'one').token.reveal()}"}
    refused(attached, arm, 401, "InvalidAuthenticationToken", "POST", path(attached), headers=own)
    late = {"Authorization": f"Bearer {attached.sign_in('carl').reveal()}"}
    attached.clock.advance("1h")
    refused(attached, arm, 401, "ExpiredAuthenticationToken", "POST", path(attached), headers=late)


def test_a_service_that_takes_none_or_is_none(attached: Lab, arm: Arm) -> None:
    deploy(attached, "by-key", "aks", "key")
    refused(attached, arm, 409, "Conflict", "POST", path(attached, "by-key"))
    refused(attached, arm, 404, "NotFound", "POST", path(attached, "missing"))


@pytest.mark.parametrize("action", ["services/one/token", "listKeys", "resyncKeys"])
def test_whether_there_is_a_workspace_hears_who_may_read_it(attached: Lab, arm: Arm, action: str) -> None:
    attached.hire("nina")
    missing, there = f"{attached.workspace}-missing/{action}", f"{attached.workspace}/{action}"
    for at in (missing, there):
        refused(attached, arm, 401, "AuthenticationFailed", "POST", at, headers={})
        refused(attached, arm, 403, "AuthorizationFailed", "POST", at, who="nina")
    refused(attached, arm, 404, "NotFound", "POST", missing)


def test_the_region_of_the_workspace_has_to_be_up(attached: Lab, arm: Arm, service: Any) -> None:
    attached.switchboard.down(attached.resources.find(attached.workspace).region)
    assert arm("POST", path(attached)).status_code == 503


@pytest.mark.parametrize("verb", ["GET", "PUT", "DELETE", "PATCH"])
def test_another_verb_gives_none(attached: Lab, arm: Arm, service: Any, verb: str) -> None:
    answer = arm(verb, path(attached))
    assert answer.status_code in (400, 405)
    assert "accessToken" not in answer.text


def test_without_encryption_there_is_none(attached: Lab, service: Any) -> None:
    headers = {"Authorization": f"Bearer {attached.sign_in('carl').reveal()}"}
    url = f"http://management.azure.com{path(attached)}?api-version=1"
    answer = requests.post(url, headers=headers, timeout=5)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "HttpsRequired")
