"""The scene for what is tried with web services: each piece of it does what it says, through the door."""

import pytest

from labkit.authenticators.service_key import ServiceKey
from labkit.core.credential import Anonymous, Credential
from labkit.core.errors import BadRequest, Conflict, CredentialNotAccepted, Forbidden, RegionDown
from labkit.course.service_scene import deploy, fetch, keys_of, opens, regenerate
from labkit.furniture import CLIENT_ID, REGION
from labkit.lab import Lab
from labkit.services.machine_learning.models import Models
from labkit.services.machine_learning.scoring import Scoring
from labkit.services.machine_learning.service_forms import FORMS
from labkit.services.machine_learning.web_services import WebService, WebServices
from labkit.services.resource_id import name_of

POSSIBLE = [(target, form) for target, forms in FORMS.items() for form in forms]


def accepted(lab: Lab, service: WebService, cred: Credential) -> bool:
    return lab.attempt("somebody", Scoring.score, service.address, cred, "[1]").accepted


def credentials(lab: Lab, service: WebService) -> Credential:
    if service.auth == "none":
        return Anonymous()
    return keys_of(lab, service)[0] if service.auth == "key" else opens(fetch(lab, service))


@pytest.mark.parametrize(("target", "form"), POSSIBLE)
def test_a_service_is_where_it_was_wanted_and_takes_what_was_wanted(lab: Lab, target: str, form: str) -> None:
    service = deploy(lab, form, target=target)
    assert (service.kind, service.auth, service.name, service.region) == (target, form, f"by-{form}", REGION)
    assert accepted(lab, service, credentials(lab, service))
    assert accepted(lab, service, Anonymous()) is (form == "none")


@pytest.mark.parametrize("target", FORMS)
def test_a_service_with_no_word_about_authentication_takes_the_default(lab: Lab, target: str) -> None:
    service = deploy(lab, "", target=target)
    assert (service.auth, service.name) == (FORMS[target][0], "by-default")


def test_what_is_there_already_is_used(lab: Lab) -> None:
    for form in FORMS["aks"]:
        deploy(lab, form)
    deploy(lab, "key", target="aci", name="on-aci")
    olivia = lab.sign_in("olivia").bearer
    assert [one.version for one in lab.ask("olivia", Models.list_models, lab.workspace, olivia)] == [1]
    services = lab.ask("olivia", WebServices.list_services, lab.workspace, olivia)
    assert {(one.name, one.model) for one in services} == {
        (name, "churn:1") for name in ("by-key", "by-token", "by-none", "on-aci")
    }
    clusters = {one.name for one in lab.resources if name_of(one.id).startswith("aks-")}
    assert clusters == {"aks-eastus"}


def test_a_cluster_is_in_the_region_that_was_named(lab: Lab) -> None:
    near, far = deploy(lab, "key"), deploy(lab, "token", region="westeurope")
    assert (near.region, far.region) == ("eastus", "westeurope")
    lab.switchboard.down("eastus")
    refusals = [
        lab.attempt("somebody", Scoring.score, one.address, ServiceKey(""), "[1]").refusal
        for one in (near, far)
    ]
    assert list(map(type, refusals)) == [RegionDown, CredentialNotAccepted]


def test_another_workspace_may_be_named_and_has_services_of_its_own(lab: Lab) -> None:
    here, there = deploy(lab, "key"), deploy(lab, "key", workspace=lab.other_workspace)
    assert here.endpoint.startswith(f"{lab.workspace}/services/")
    assert there.endpoint.startswith(f"{lab.other_workspace}/services/")
    for service, other in ((here, there), (there, here)):
        assert all(accepted(lab, service, key) for key in keys_of(lab, service))
        assert not any(accepted(lab, other, key) for key in keys_of(lab, service))


@pytest.mark.parametrize("target", FORMS)
def test_the_keys_are_the_primary_and_the_secondary_one(lab: Lab, target: str) -> None:
    service = deploy(lab, "key", target=target)
    primary, secondary = keys_of(lab, service)
    regenerate(lab, service, "Primary")
    assert [accepted(lab, service, one) for one in (primary, secondary)] == [False, True]
    other, same = keys_of(lab, service)
    assert same == secondary
    assert accepted(lab, service, other)
    regenerate(lab, service, "Secondary")
    assert [accepted(lab, service, one) for one in (other, secondary)] == [True, False]


def test_whoever_fetches_signs_in_each_time(lab: Lab) -> None:
    service = deploy(lab, "token")
    for who in (CLIENT_ID, "rita"):
        lab.clock.advance("3h")
        access = fetch(lab, service, who)
        assert access.refresh_by == lab.clock.now + 2700
        assert access.token.claims["exp"] == lab.clock.now + 3600
        assert accepted(lab, service, opens(access))
        assert [(hop.caller, hop.operation) for hop in lab.trace if hop.caller == who][-2:] == [
            (who, "Get token"),
            (who, "Get service token"),
        ]


def test_what_the_door_refuses_is_raised(lab: Lab) -> None:
    keyed, tokens = deploy(lab, "key"), deploy(lab, "token")
    lab.hire("visitor")
    with pytest.raises(BadRequest, match="no token authentication on ACI"):
        deploy(lab, "token", target="aci")
    with pytest.raises(Conflict, match="a web service of this name"):
        deploy(lab, "key")
    with pytest.raises(Conflict, match="takes no key"):
        keys_of(lab, tokens)
    with pytest.raises(Conflict, match="takes no key"):
        regenerate(lab, tokens, "Primary")
    with pytest.raises(BadRequest, match="no such key"):
        regenerate(lab, keyed, "primary")
    with pytest.raises(Conflict, match="takes no token"):
        fetch(lab, keyed)
    with pytest.raises(Forbidden, match="visitor"):
        fetch(lab, tokens, "visitor")
    lab.switchboard.down(REGION)
    with pytest.raises(RegionDown, match="region eastus is down"):
        fetch(lab, tokens)
