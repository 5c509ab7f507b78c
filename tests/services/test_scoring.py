"""Calling a web service: what opens it, and what it answers."""

from collections.abc import Callable
from typing import Any

import pytest

from labkit.azure import (
    Anonymous,
    Bearer,
    Models,
    ResourceManager,
    Scoring,
    ServiceKey,
    ServiceToken,
    WebServices,
)
from labkit.core.credential import Credential
from labkit.core.errors import (
    BadRequest,
    CredentialMissing,
    CredentialNotAccepted,
    RegionDown,
    Unauthenticated,
    UnknownHost,
    Unreachable,
)
from labkit.identity.errors import TokenExpired, WrongAudience
from labkit.lab import Lab
from labkit.services.machine_learning.scoring import ScoringEndpoint
from labkit.services.machine_learning.web_services import TOKEN_LIFETIME, WebService
from tests.services.ml import ask, attach, attach_cluster, deploy

FORMS = [("aci", "none"), ("aci", "key"), ("aks", "none"), ("aks", "key"), ("aks", "token")]


def opener(lab: Lab, service: WebService) -> Credential:
    """What opens a service, as carl gets it."""
    if service.auth == "token":
        return ServiceToken(ask(lab, "carl", WebServices.get_token, service.name).token.reveal())
    if service.auth == "key":
        op = WebServices.get_aci_keys if service.kind == "aci" else WebServices.get_aks_keys
        return ServiceKey(ask(lab, "carl", op, service.name)[0].reveal())
    return Anonymous()


class Text(str):
    """Not the very type."""


def score(lab: Lab, service: WebService, cred: Credential, data: Any = "[1, 2]") -> Any:
    return lab.ask("client", Scoring.score, service.endpoint, cred, data)


@pytest.mark.parametrize(("kind", "auth"), FORMS)
def test_what_opens_it_opens_it_and_no_role_is_asked(lab: Lab, kind: str, auth: str) -> None:
    service = deploy(lab, "one", kind, auth)
    cred = opener(lab, service)
    lab.trace.clear()
    assert score(lab, service, cred)["model"] == "churn:1"
    hop, _ = lab.trace
    assert hop.action == f"Microsoft.MachineLearningServices/workspaces/services/{kind}/score/action"
    assert hop.why == f"the credential itself opens {hop.action}"
    assert (hop.service, hop.resource, hop.credential) == ("Web service", "one", cred.kind)
    assert hop.boundary == "Customer subscription"


@pytest.mark.parametrize(("kind", "auth"), FORMS)
def test_it_takes_one_form_at_a_time(lab: Lab, kind: str, auth: str) -> None:
    service = deploy(lab, "one", kind, auth)
    others: list[Credential] = [
        Anonymous(),
        ServiceKey("x"),
        ServiceToken("x"),
        lab.sign_in("olivia").bearer,
        Bearer(""),
    ]
    accepted = type(opener(lab, service))
    for other in others:
        if type(other) is accepted:
            continue
        with pytest.raises((CredentialMissing, CredentialNotAccepted)) as caught:
            score(lab, service, other)
        assert (caught.value.status, caught.value.code) == (401, "Unauthorized")


def test_both_keys_call_it_and_go_on_for_a_year(lab: Lab) -> None:
    service = deploy(lab, "one", "aks", "key")
    keys = ask(lab, "carl", WebServices.get_aks_keys, "one")
    lab.clock.advance("365d")
    assert {str(score(lab, service, ServiceKey(key.reveal()))) for key in keys} == {
        str(score(lab, service, opener(lab, service)))
    }


def test_a_token_is_good_for_its_hour(lab: Lab) -> None:
    service = deploy(lab, "one", "aks", "token")
    cred = opener(lab, service)
    lab.clock.advance(TOKEN_LIFETIME - 1)
    assert score(lab, service, cred)
    lab.clock.advance(1)
    with pytest.raises(TokenExpired) as caught:
        score(lab, service, cred)
    assert caught.value.status == 401
    assert score(lab, service, opener(lab, service))


@pytest.mark.parametrize(("auth", "refusal"), [("key", Unauthenticated), ("token", WrongAudience)])
def test_what_opens_one_service_opens_no_other(lab: Lab, auth: str, refusal: type[Unauthenticated]) -> None:
    one, two = deploy(lab, "one", "aks", auth), deploy(lab, "two", "aks", auth)
    with pytest.raises(refusal) as caught:
        score(lab, two, opener(lab, one))
    assert caught.value.status == 401


@pytest.mark.parametrize(("kind", "auth"), [("aci", "key"), ("aks", "key"), ("aks", "token")])
def test_what_opened_an_earlier_service_of_that_name_opens_nothing(lab: Lab, kind: str, auth: str) -> None:
    service = deploy(lab, "one", kind, auth)
    cred, endpoint, carl = (
        opener(lab, service),
        lab.resources.find(service.endpoint),
        lab.sign_in("carl").bearer,
    )
    assert isinstance(endpoint, ScoringEndpoint)
    lab.ask("carl", ResourceManager.delete, endpoint.runs_on, carl)
    if kind == "aks":
        lab.ask("carl", ResourceManager.put, endpoint.runs_on, carl, "eastus")
    again = deploy(lab, "one", kind, auth)
    assert again.endpoint == service.endpoint
    with pytest.raises(Unauthenticated):
        score(lab, again, cred)
    assert score(lab, again, opener(lab, again))


@pytest.mark.parametrize("spelling", [str, str.upper, "{}/".format, "{}///".format])
def test_it_goes_with_its_cluster_however_that_was_spelled(lab: Lab, spelling: Callable[[str], str]) -> None:
    cluster = attach_cluster(lab, "other")
    attach(lab, "carl", "prod", {"computeType": "AKS", "resourceId": spelling(cluster)})
    service = deploy(lab, "one", "aks", "none")
    assert score(lab, service, Anonymous())
    lab.ask("carl", ResourceManager.delete, cluster, lab.sign_in("carl").bearer)
    with pytest.raises(UnknownHost):
        score(lab, service, Anonymous())


@pytest.mark.parametrize(("kind", "auth"), FORMS)
def test_only_an_open_one_lets_everybody_in_and_only_one_with_keys_has_them(
    lab: Lab, kind: str, auth: str
) -> None:
    endpoint: Any = lab.resources.find(deploy(lab, "one", kind, auth).endpoint)
    assert endpoint.for_anyone == (endpoint.opened if auth == "none" else None)
    assert set(endpoint.keys) == ({"primary", "secondary"} if auth == "key" else set())


@pytest.mark.parametrize("address", ["https://one", "https://elsewhere", "https://management.azure.com"])
@pytest.mark.parametrize("op", [Scoring.score, ResourceManager.get], ids=str)
def test_a_key_in_an_address_is_not_repeated(lab: Lab, op: Any, address: str) -> None:
    service = deploy(lab, "one", "aci", "key")
    key = ask(lab, "carl", WebServices.get_aci_keys, "one")[0].reveal()
    target = f"{service.address.replace('http', 'https') if address == 'https://one' else address}?code={key}"
    with pytest.raises(Unreachable) as caught:
        lab.ask("client", op, target, ServiceKey(key), "[]")
    assert key not in f"{caught.value!r}{lab.trace[-1]!r}"


def test_the_answer_depends_on_the_model_and_on_the_data(lab: Lab) -> None:
    services = [deploy(lab, "one", "aci", "none")]
    ask(lab, "carl", Models.register, "churn", b"other weights")
    services.append(ask(lab, "carl", WebServices.deploy_aci, "two", "churn"))
    texts: list[str | bytes] = ["0", " 0", b"1", '"\\ud800"', '"é"', f"[{'5,' * 10**5}5]"]
    answers = [score(lab, service, Anonymous(), text) for service in services for text in texts]
    assert len({one["checksum"] for one in answers}) == len(services) * len(texts)
    assert answers[1] == score(lab, services[0], Anonymous(), b" 0")


@pytest.mark.parametrize("data", [None, 5, [], bytearray(b"{}"), {"data": 1}, Text("{}")], ids=repr)
def test_a_body_is_text_or_bytes(lab: Lab, data: Any) -> None:
    service = deploy(lab, "one", "aci", "none")
    with pytest.raises(BadRequest):
        score(lab, service, Anonymous(), data)


def test_nothing_is_said_to_who_is_not_let_in_about_what_they_sent(lab: Lab) -> None:
    service = deploy(lab, "one", "aks", "key")
    with pytest.raises(CredentialMissing):
        score(lab, service, Anonymous(), None)


def test_it_answers_in_its_own_region_alone(lab: Lab) -> None:
    service = deploy(lab, "one", "aks", "key")
    cred = opener(lab, service)
    lab.switchboard.down("eastus")
    with pytest.raises(RegionDown):
        score(lab, service, cred)


def test_an_open_service_is_what_somebody_without_anything_finds(lab: Lab) -> None:
    before = set(lab.opens(Anonymous()).opened)
    service = deploy(lab, "one", "aci", "none")
    deploy(lab, "two", "aci", "key")
    found = set(lab.opens(Anonymous()).opened) - before
    assert [(one.operation, one.target) for one in found] == [("Score", service.endpoint)]


@pytest.mark.parametrize("auth", ["key", "token"])
def test_what_opens_a_service_opens_nothing_else_in_the_lab(lab: Lab, auth: str) -> None:
    service = deploy(lab, "one", "aks", auth)
    deploy(lab, "two", "aks", auth)
    found = lab.opens(opener(lab, service)).opened
    assert [(one.operation, one.target) for one in found] == [("Score", service.endpoint)]


def test_a_reader_calls_with_a_token_and_gets_no_key_but_calls_with_one(lab: Lab) -> None:
    """The documents' row "call web service" says yes for a Reader. With tokens that follows from reading the
    workspace; a key it has to be given by somebody else."""
    deploy(lab, "one", "aks", "key")
    tokens = deploy(lab, "two", "aks", "token")
    keyed = next(one for one in ask(lab, "rita", WebServices.list_services) if one.name == "one")
    assert score(lab, tokens, ServiceToken(ask(lab, "rita", WebServices.get_token, "two").token.reveal()))
    refused = lab.attempt("rita", WebServices.get_aks_keys, lab.workspace, lab.sign_in("rita").bearer, "one")
    assert refused.code == "AuthorizationFailed"
    assert score(lab, keyed, opener(lab, keyed))
