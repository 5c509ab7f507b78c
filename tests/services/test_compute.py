"""Compute targets: made by Azure ML, or machines that exist and are attached."""

from typing import Any

import pytest

from labkit.azure import ResourceManager, Runs
from labkit.core.errors import BadRequest, Forbidden, NotFound, UnknownHost
from labkit.lab import Lab
from labkit.services.machine_learning.compute import ComputeCluster
from tests.services.ml import (
    CLUSTERS,
    GROUP,
    MACHINE,
    OTHER_GROUP,
    attach,
    attach_cluster,
    machine_account,
    make_machine,
    refused,
    unchanged,
    workspace,
)

CLUSTER = f"{GROUP}/{CLUSTERS}/prod"


@pytest.fixture
def machines(lab: Lab) -> None:
    """A virtual machine and a cluster in the customer's subscription."""
    make_machine(lab)
    lab.ask("carl", ResourceManager.put, CLUSTER, lab.sign_in("carl").bearer, "westus2")


@pytest.mark.usefixtures("machines")
@pytest.mark.parametrize(
    ("kind", "id"), [("VirtualMachine", MACHINE), ("AKS", CLUSTER), ("AKS", CLUSTER.upper())]
)
def test_a_machine_is_attached_and_shown(lab: Lab, kind: str, id: str) -> None:
    wanted: dict[str, Any] = {"computeType": kind, "resourceId": id}
    given = machine_account() if id == MACHINE else wanted
    # Of what it was attached with, the name of the account is shown.
    shown = {"properties": {"administratorAccount": {"username": "ann"}}} if id == MACHINE else {}
    assert attach(lab, "carl", "mine", given)["properties"] == wanted | shown
    target = lab.resources.find(f"{lab.workspace}/computes/mine")
    assert isinstance(target, ComputeCluster)
    # As it is shown is as it was asked for; what is reached is as Resource Manager spells it.
    assert (target.machine, target.boundary) == ({"AKS": CLUSTER}.get(kind, MACHINE), "Customer subscription")
    assert set(workspace(lab).computes) == {"cpu-cluster", "mine"}


@pytest.mark.parametrize("properties", [{}, {"computeType": "AmlCompute"}])
def test_without_a_machine_azure_ml_makes_one(lab: Lab, properties: dict[str, Any]) -> None:
    assert attach(lab, "carl", "new", properties)["properties"] == {"computeType": "AmlCompute"}
    target = lab.resources.find(f"{lab.workspace}/computes/new")
    assert target.boundary == "Microsoft subscription"


@pytest.mark.usefixtures("machines")
@pytest.mark.parametrize(
    "properties",
    [
        {"computeType": "Batch"},
        {"computeType": ""},
        {"computeType": None},
        {"computeType": ["AKS"]},
        {"computeType": {}},
        {"computeType": "AKS"},
        {"computeType": "AKS", "resourceId": ""},
        {"computeType": "AKS", "resourceId": None},
        {"computeType": "AKS", "resourceId": 5},
        {"computeType": "AKS", "resourceId": "prod"},
        {"computeType": "AKS", "resourceId": MACHINE},
        {"computeType": "VirtualMachine", "resourceId": CLUSTER},
        {"computeType": "VirtualMachine", "resourceId": GROUP},
        {"computeType": "AmlCompute", "resourceId": CLUSTER},
        {"resourceId": CLUSTER},
    ],
    ids=str,
)
def test_what_is_no_machine_of_the_type_is_a_bad_request(lab: Lab, properties: dict[str, Any]) -> None:
    with unchanged(lab), pytest.raises(BadRequest):
        attach(lab, "carl", "mine", properties)


def test_a_machine_that_is_not_there_is_not_found(lab: Lab) -> None:
    with unchanged(lab), pytest.raises(NotFound):
        attach(lab, "carl", "mine", {"computeType": "AKS", "resourceId": CLUSTER})
    with unchanged(lab), pytest.raises(UnknownHost):
        attach(lab, "carl", "mine", {"computeType": "AKS", "resourceId": CLUSTER[1:]})


def test_who_may_not_write_the_machine_does_not_attach_it(lab: Lab) -> None:
    elsewhere = f"{OTHER_GROUP.replace('your-resource-group-id', 'hidden')}/{CLUSTERS}/prod"
    owner = lab.sign_in("olivia").bearer
    lab.ask("olivia", ResourceManager.put, elsewhere.partition("/providers")[0], owner, "eastus")
    lab.ask("olivia", ResourceManager.put, elsewhere, owner, "eastus")
    properties = {"computeType": "AKS", "resourceId": elsewhere}
    with unchanged(lab), pytest.raises(Forbidden) as caught:
        attach(lab, "carl", "mine", properties)
    assert "Microsoft.ContainerService/managedClusters/write on" in caught.value.required
    assert attach(lab, "olivia", "mine", properties)


def test_a_reader_attaches_nothing(lab: Lab) -> None:
    attach_cluster(lab)
    with unchanged(lab), pytest.raises(Forbidden):
        attach(lab, "rita", "mine", {"computeType": "AKS", "resourceId": CLUSTER})


def test_another_machine_under_the_same_name_is_a_bad_request(lab: Lab) -> None:
    cluster = attach_cluster(lab)
    attach(lab, "carl", "prod", {"computeType": "AKS", "resourceId": cluster})
    for change in ({"resourceId": cluster + "2"}, {"computeType": "AmlCompute"}, {"vmSize": "large"}):
        with unchanged(lab), pytest.raises(BadRequest, match=next(iter(change))):
            attach(lab, "carl", "prod", change)


def test_no_run_is_carried_out_on_kubernetes_and_that_is_said(lab: Lab) -> None:
    attach_cluster(lab)
    refusal = refused(lab, BadRequest, "carl", Runs.submit, "train", "prod", print)
    assert "for web services" in refusal.message
    assert refusal.presented == "prod, AKS"
    assert lab.work("prod") == []


def test_detached_it_is_forgotten_and_the_machine_stays(lab: Lab) -> None:
    cluster = attach_cluster(lab)
    lab.ask("carl", ResourceManager.delete, f"{lab.workspace}/computes/prod", lab.sign_in("carl").bearer)
    assert set(workspace(lab).computes) == {"cpu-cluster"}
    assert lab.resources.get(cluster)
