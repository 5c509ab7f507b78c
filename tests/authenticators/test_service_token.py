"""The token of a web service."""

from dataclasses import dataclass
from typing import Any

import pytest

from labkit.authenticators.run_token import ISSUER, RunToken
from labkit.authenticators.service_token import ServiceToken, ServiceTokenAuthenticator
from labkit.azure import Runs, Scoring, WebServices
from labkit.core.errors import Refusal
from labkit.core.identity import Capability
from labkit.identity.errors import (
    TokenExpired,
    TokenNotYetValid,
    TokenRefused,
    UnknownKey,
    WrongAudience,
    WrongIssuer,
    WrongTenant,
)
from labkit.identity.issuer import SigningKeys
from labkit.identity.lab_keys import LabKeys
from labkit.lab import Lab
from tests.services.ml import ask, deploy

KEYS = SigningKeys(LabKeys(True), "machine-learning")
NOW = 1000
OPENED = Capability("/ws/services/aks/Churn", ("score/action",))


@dataclass
class Endpoint:
    id: str = "/ws/services/aks/Churn"
    name: str = "Churn"
    tenant_id: str = "t"
    deployment: str = "d"
    opened: Capability = OPENED


def claims(**changed: Any) -> dict[str, Any]:
    good = {"aud": "/ws/services/aks/churn", "iss": ISSUER, "iat": NOW, "nbf": NOW, "exp": NOW + 60}
    return {**good, "sub": "s", "tid": "t", "deployment": "d", **changed}


def check(token: Any, endpoint: Endpoint | None = None) -> Any:
    return ServiceTokenAuthenticator(KEYS)(ServiceToken(token), endpoint or Endpoint(), NOW)


def test_a_good_one_is_the_service_and_opens_its_endpoint_alone() -> None:
    who = check(KEYS.sign(claims()))
    assert (who.kind, who.name, who.tenant_id, who.object_id) == ("service", "Churn", "t", "")
    assert who.capability == Endpoint().opened


@pytest.mark.parametrize(
    ("changed", "refusal"),
    [
        ({"aud": "/ws/services/aks/other"}, WrongAudience),
        ({"aud": "/ws"}, WrongAudience),
        ({"iss": "https://sts.windows.net/t/"}, WrongIssuer),
        ({"tid": "other"}, WrongTenant),
        ({"exp": NOW}, TokenExpired),
        ({"nbf": NOW + 1}, TokenNotYetValid),
        ({"deployment": "earlier"}, WrongAudience),
        ({"deployment": None}, WrongAudience),
        ({"deployment": ["d"]}, WrongAudience),
    ],
    ids=str,
)
def test_each_claim_counts(changed: dict[str, Any], refusal: type[TokenRefused]) -> None:
    with pytest.raises(refusal):
        check(KEYS.sign(claims(**changed)))


def test_one_without_a_deployment_is_refused() -> None:
    without = claims()
    del without["deployment"]
    with pytest.raises(WrongAudience, match="earlier"):
        check(KEYS.sign(without))


def test_another_issuer_s_key_is_no_key() -> None:
    with pytest.raises(UnknownKey):
        check(SigningKeys(LabKeys(True), "attacker").sign(claims()))


@pytest.mark.parametrize(
    "token", ["", "a.b.c", None, 5, b"\xff", [], "x" * 10**5], ids=lambda token: type(token).__name__
)
def test_nonsense_is_refused(token: Any) -> None:
    with pytest.raises(TokenRefused):
        check(token)


def test_it_never_shows() -> None:
    assert repr(ServiceToken("secret")) == "<service token>"


def test_a_run_s_token_is_no_service_s_and_a_service_s_no_run_s(lab: Lab) -> None:
    service = deploy(lab, "one", "aks", "token")
    ask(lab, "carl", Runs.submit, "train", lab.cluster, print)
    [job] = lab.waiting_jobs()
    token = ask(lab, "carl", WebServices.get_token, "one").token
    with pytest.raises(WrongAudience):
        lab.ask("thief", Scoring.score, service.endpoint, ServiceToken(job.token.reveal()), "[1]")
    with pytest.raises(WrongAudience):
        lab.ask("thief", Runs.get, lab.workspace, RunToken(token.reveal()), "train_1")
    for kind in (token.bearer, lab.sign_in("carl").bearer):
        with pytest.raises(Refusal) as caught:
            lab.ask("thief", Scoring.score, service.endpoint, kind, "[1]")
        assert caught.value.stage == "authentication"


def test_a_user_s_token_is_none(lab: Lab) -> None:
    service = deploy(lab, "one", "aks", "token")
    with pytest.raises(UnknownKey):
        lab.ask("carl", Scoring.score, service.endpoint, ServiceToken(lab.sign_in("carl").reveal()), "[1]")
