"""The load balancer in front of web services on Kubernetes: public, or inside of a virtual network."""

from typing import Any

import pytest

from labkit.azure import ResourceManager, Scoring
from labkit.core.credential import Anonymous
from labkit.core.errors import BadRequest, NetworkDenied, NotFound, Refusal
from labkit.lab import Lab
from labkit.network.places import place
from tests.services.ml import CLUSTERS, GROUP, attach, deploy, workspace
from tests.services.networks import OTHER, OUTER, SUBNET, delete, networks, shown
from tests.services.state import refused
from tests.services.stores import put

AKS = f"{GROUP}/{CLUSTERS}/prod"
INTERNAL = {"loadBalancerType": "InternalLoadBalancer"}
PUBLIC = {"loadBalancerType": "PublicIp"}
KUBERNETES = {"computeType": "AKS", "resourceId": AKS}


@pytest.fixture
def lab(lab: Lab) -> Lab:
    networks(lab)
    return lab


def cluster(lab: Lab, subnet: str = SUBNET, **given: Any) -> None:
    put(lab, AKS, {"agentPoolProfiles": [{"vnetSubnetID": subnet}]} if subnet else {})
    attach(lab, "olivia", "prod", KUBERNETES | given)


def change(lab: Lab, given: Any) -> None:
    put(lab, f"{lab.workspace}/computes/prod", given)


def put_refused(lab: Lab, given: Any, kind: type[Refusal] = BadRequest, name: str = "prod") -> Any:
    id, owner = f"{lab.workspace}/computes/{name}", lab.sign_in("olivia").bearer
    return refused(lab, kind, ResourceManager.put, id, owner, "eastus", given)


def answers(lab: Lab, address: str, where: str = "") -> bool:
    """Whether a client somewhere gets an answer. Who gets none was refused for where he is."""
    if where:
        lab.connect("client", where)
    verdict = lab.attempt("client", Scoring.score, address, Anonymous(), "[1]")
    if where:
        lab.disconnect("client")
    assert verdict or isinstance(verdict.refusal, NetworkDenied)
    return verdict.accepted


def test_a_virtual_network_alone_makes_no_endpoint_private(lab: Lab) -> None:
    cluster(lab)
    service = deploy(lab, "one", "aks", "none")
    assert answers(lab, service.address)
    assert lab.resources.find(service.endpoint).network == place(SUBNET)


def test_an_internal_load_balancer_does(lab: Lab) -> None:
    cluster(lab, **INTERNAL)
    service = deploy(lab, "one", "aks", "none")
    assert not answers(lab, service.address)
    assert not answers(lab, service.address, OUTER)
    assert answers(lab, service.address, SUBNET)
    assert answers(lab, service.address, OTHER)
    assert shown(lab, f"{lab.workspace}/computes/prod")["loadBalancerType"] == "InternalLoadBalancer"


def test_it_can_be_changed_and_holds_at_once_for_what_runs_there(lab: Lab) -> None:
    cluster(lab)
    service = deploy(lab, "one", "aks", "none")
    change(lab, INTERNAL)
    assert not answers(lab, service.address)
    change(lab, PUBLIC)
    assert answers(lab, service.address)
    change(lab, INTERNAL | {"loadBalancerSubnet": "other"})
    assert not answers(lab, service.address)
    assert not answers(lab, deploy(lab, "two", "aks", "none").address)


def test_outside_nobody_learns_which_services_there_are(lab: Lab) -> None:
    cluster(lab, **INTERNAL)
    nowhere = deploy(lab, "one", "aks", "none").address.replace("/one/", "/two/")
    assert isinstance(
        lab.attempt("client", Scoring.score, nowhere, Anonymous(), "[1]").refusal, NetworkDenied
    )
    lab.connect("client", SUBNET)
    assert isinstance(lab.attempt("client", Scoring.score, nowhere, Anonymous(), "[1]").refusal, NotFound)


def test_a_request_that_is_refused_there_is_reported_to_nobody(lab: Lab) -> None:
    cluster(lab, **INTERNAL)
    service = deploy(lab, "one", "aks", "none")
    lab.trace.clear()
    assert not answers(lab, service.address)
    assert [hop.operation for hop in lab.trace] == ["Score"]


def test_a_service_on_aci_is_not_touched(lab: Lab) -> None:
    cluster(lab, **INTERNAL)
    assert answers(lab, deploy(lab, "elsewhere", "aci", "none").address)


def test_who_attaches_a_cluster_again_and_says_nothing_leaves_it_private(lab: Lab) -> None:
    cluster(lab, **INTERNAL)
    service = deploy(lab, "one", "aks", "none")
    delete(lab, f"{lab.workspace}/computes/prod")
    attach(lab, "olivia", "prod", KUBERNETES)
    assert not answers(lab, service.address)
    assert "prod" in workspace(lab).computes


@pytest.mark.parametrize(
    "given",
    [
        *({"loadBalancerType": kind} for kind in (None, "", "internal", 5, ["PublicIp"])),
        INTERNAL | {"loadBalancerSubnet": "nowhere"},
        INTERNAL | {"loadBalancerSubnet": 5},
        INTERNAL | {"loadBalancerSubnet": SUBNET},
        PUBLIC | {"loadBalancerSubnet": "other"},
        {"loadBalancerSubnet": "other"},
    ],
    ids=repr,
)
def test_other_balancers_are_refused_when_attached_and_later(lab: Lab, given: Any) -> None:
    put(lab, AKS, {"agentPoolProfiles": [{"vnetSubnetID": SUBNET}]})
    put_refused(lab, KUBERNETES | given)
    attach(lab, "olivia", "prod", KUBERNETES)
    put_refused(lab, given)


def test_an_internal_one_takes_a_virtual_network(lab: Lab) -> None:
    cluster(lab, subnet="")
    refusal = put_refused(lab, INTERNAL)
    assert "in a virtual network" in refusal.required
    assert answers(lab, deploy(lab, "one", "aks", "none").address)


@pytest.mark.parametrize("kind", ["AmlCompute", "ComputeInstance"])
def test_other_compute_targets_have_none(lab: Lab, kind: str) -> None:
    put_refused(lab, {"computeType": kind} | INTERNAL, name="another")
