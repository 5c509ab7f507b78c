"""Scoring requests over HTTP, at the address that the lab gave the service."""

import pytest
import requests

from labkit.azure import WebServices
from labkit.lab import Lab
from tests.services.ml import ask, deploy
from tests.wire.test_interception import refused


@pytest.mark.parametrize("kind", ["aci", "aks"])
def test_a_key_opens_a_service(attached: Lab, kind: str) -> None:
    service = deploy(attached, "one", kind, "key")
    op = WebServices.get_aci_keys if kind == "aci" else WebServices.get_aks_keys
    headers = {"Authorization": f"Bearer {ask(attached, 'carl', op, 'one')[0].reveal()}"}
    answer = requests.post(service.address, json=[1, 2], headers=headers, timeout=5)
    assert (answer.status_code, answer.json()["model"]) == (200, "churn:1")
    wrong = requests.post(service.address, json=[1, 2], headers={"Authorization": "Bearer x"}, timeout=5)
    nothing = requests.post(service.address, json=[1, 2], timeout=5)
    assert (wrong.status_code, nothing.status_code) == (401, 401)
    got = requests.get(service.address, headers=headers, timeout=5)
    assert (got.status_code, got.headers["Allow"]) == (405, "POST")


def test_a_token_opens_a_service_until_it_expires(attached: Lab) -> None:
    service = deploy(attached, "one", "aks", "token")
    token = ask(attached, "carl", WebServices.get_token, "one").token.reveal()
    headers = {"Authorization": f"Bearer {token}"}
    assert requests.post(service.address, json=1, headers=headers, timeout=5).status_code == 200
    attached.clock.advance("61m")
    late = requests.post(service.address, json=1, headers=headers, timeout=5)
    assert (late.status_code, token in late.text) == (401, False)


def test_other_answers(attached: Lab) -> None:
    service = deploy(attached, "one", "aks", "none")
    assert requests.post(service.address, data=b"{", timeout=5).status_code == 400
    assert requests.post(service.address, data=b"[" * 100_000, timeout=5).status_code == 400
    assert requests.post(service.address, data=b"1" * 10_000_000, timeout=5).status_code == 413
    elsewhere = service.address.replace("one/score", "two/score")
    assert requests.post(elsewhere, json=1, timeout=5).status_code == 404
    attached.switchboard.down(service.region)
    assert requests.post(service.address, json=1, timeout=5).status_code in (502, 503)
    attached.switchboard.up(service.region)
    assert requests.post(service.address, json=1, timeout=5).status_code == 200


@pytest.mark.parametrize(
    ("place", "status"),
    [
        ("one/score/", 200),
        ("one//score", 200),
        ("x/../one/score", 200),
        ("one/score?x=/two/score", 200),
        ("one%2Fscore", 404),
        ("one/score%3Fx", 404),
        ("one/score%23x", 404),
        ("x/%2e%2e%2fone/score", 404),
        ("ONE/score", 404),
        ("one/score;x", 404),
    ],
)
def test_a_path_is_what_it_says(attached: Lab, place: str, status: int) -> None:
    address = deploy(attached, "one", "aks", "none").address
    assert requests.post(address.replace("one/score", place), json=1, timeout=5).status_code == status


@pytest.mark.parametrize("verb", ["PUT", "\u0130", "\ud800", "X" * 5000])
def test_a_verb_that_is_none_is_told_so(attached: Lab, verb: str) -> None:
    answer = requests.request(verb, deploy(attached, "one", "aks", "none").address, timeout=5)
    assert (answer.status_code, len(answer.text) < 200) == (405, True)


def test_a_service_that_is_gone_is_no_address_of_the_lab(attached: Lab) -> None:
    service = deploy(attached, "one", "aci", "none")
    assert requests.post(service.address, json=1, timeout=5).status_code == 200
    attached.resources.remove(attached.resources.find(service.endpoint))
    assert "outside of the lab" in refused(service.address)
