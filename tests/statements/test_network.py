"""What the documents say about virtual networks and private link: attempted in a lab of each release that
states it. Each test does what the ledger's `shown_by` says of its statement."""

from __future__ import annotations

from typing import Any

import pytest

import labkit
from labkit.azure import (
    Bearer,
    DataStores,
    Editions,
    Models,
    ResourceManager,
    Runs,
    Scoring,
    ServiceKey,
    SshPassword,
    VirtualMachines,
    WebServices,
)
from labkit.core.errors import BadRequest, NetworkDenied, Unauthenticated
from labkit.course.edition_table import ROWS, Arrangement, attempt, edition_table
from labkit.course.network_comparison import CALLERS, TARGETS, network_comparison
from labkit.course.network_scene import cluster, link, lock, machine, network, training
from labkit.lab import Lab
from labkit.services.virtual_network import InUse
from tests.services.ml import CLUSTERS, GROUP, ask, attach, machine_account
from tests.services.networks import delete
from tests.services.stores import put
from tests.statements.at_rest import in_each_release, refusal

PASSWORD = "correct horse battery"
INTERNAL = "InternalLoadBalancer"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    in_each_release(metafunc)


@pytest.fixture
def lab(release: str) -> Lab:
    return labkit.start(release)


def carl(lab: Lab) -> Bearer:
    return lab.sign_in("carl").bearer


def denied(lab: Lab, who: str, op: Any, target: str, cred: Any, *args: Any) -> Any:
    """The refusal of a call that comes from the wrong network, whatever it presents."""
    found = refusal(lab, lambda: lab.ask(who, op, target, cred, *args), NetworkDenied)
    assert found.stage == "network"
    assert lab.trace[-1].subject == ""
    return found


def served(lab: Lab, compute: str) -> tuple[str, ServiceKey]:
    """A web service of a model that was trained; its address and its key."""
    service = ask(lab, "carl", WebServices.deploy_aks, "churn-service", "churn", compute)
    primary, _ = ask(lab, "carl", WebServices.get_aks_keys, "churn-service")
    return service.address, ServiceKey(primary.reveal())


@pytest.mark.proves("net-compute-vnet")
def test_a_machine_in_a_virtual_network_trains_and_the_model_is_deployed_to_aks_in_it(lab: Lab) -> None:
    subnet = network(lab)
    box = machine(lab, "box", subnet, "ann", PASSWORD)
    attach(lab, "carl", "box", machine_account(password=PASSWORD))

    def train(run: Any) -> None:
        run.log("loss", 0.1)
        run.upload_file("outputs/model.bin", b"weights")

    run = ask(lab, "carl", Runs.submit, "train", "box", train)
    assert lab.work("box") == [run.run_id]
    assert ask(lab, "carl", Runs.get, run.run_id).metrics == [("loss", 0.1)]
    ask(lab, "carl", Models.register, "churn", b"weights")
    cluster(lab, "prod", subnet, loadBalancerType=INTERNAL)
    address, key = served(lab, "prod")
    denied(lab, "client", Scoring.score, address, key, "[1]")
    denied(lab, "ann", VirtualMachines.list_authorized, box, SshPassword("ann", PASSWORD))
    for who in ("client", "ann"):
        lab.connect(who, subnet)
    assert lab.ask("client", Scoring.score, address, key, "[1]")["model"] == "churn:1"
    assert len(lab.ask("ann", VirtualMachines.list_authorized, box, SshPassword("ann", PASSWORD))) == 1


@pytest.mark.proves("net-compute-vnet")
def test_a_cluster_in_a_virtual_network_reaches_what_is_only_reached_from_there(lab: Lab) -> None:
    subnet = network(lab)
    training(lab, "inner", subnet)
    lock(lab, lab.storage, subnet)
    runs = {}

    def train(run: Any) -> None:
        run.upload_file("outputs/model.bin", b"weights")

    for compute in ("inner", "cpu-cluster"):
        run = ask(lab, "carl", Runs.submit, "train", compute, train)
        lab.work(compute)
        runs[compute] = ask(lab, "carl", Runs.get, run.run_id)
    assert runs["inner"].status == "Completed"
    assert runs["cpu-cluster"].status == "Failed"
    assert "AuthorizationFailure" in runs["cpu-cluster"].error
    # As long as something stands there, the network stays.
    net = subnet.rpartition("/subnets/")[0]
    owner = lab.sign_in("olivia").bearer
    refusal(lab, lambda: lab.ask("olivia", ResourceManager.delete, net, owner), InUse)


@pytest.mark.proves("net-private-link")
@pytest.mark.parametrize("op", [Models.list_models, DataStores.list_stores, WebServices.list_services])
def test_the_same_call_passes_from_inside_and_from_outside_its_token_is_not_looked_at(
    lab: Lab, op: Any
) -> None:
    assert lab.attempt("carl", op, lab.workspace, carl(lab))
    subnet = network(lab)
    endpoint = link(lab, lab.workspace, subnet)
    good, bad = carl(lab), Bearer("nobody has issued this")
    for token in (good, bad):
        assert denied(lab, "carl", op, lab.workspace, token).required.startswith("any subnet of lab-net")
    lab.connect("carl", subnet)
    assert lab.attempt("carl", op, lab.workspace, good)
    assert isinstance(lab.attempt("carl", op, lab.workspace, bad).refusal, Unauthenticated)
    # Somebody in another network is as far away as anybody.
    lab.connect("carl", network(lab, "another"))
    denied(lab, "carl", op, lab.workspace, good)
    lab.disconnect("carl")
    delete(lab, endpoint)
    assert lab.attempt("carl", op, lab.workspace, good)


@pytest.mark.proves("net-combine")
def test_the_same_four_callers_with_neither_with_either_and_with_both(release: str) -> None:
    found = network_comparison(release)
    closed = {
        name: {
            (caller, target)
            for caller in CALLERS
            for target in TARGETS
            if not found.verdict(name, caller, target)
        }
        for name in ("neither", "virtual network", "private link", "both")
    }
    assert closed["neither"] == set()
    assert closed["virtual network"] | closed["private link"] == closed["both"]
    assert closed["virtual network"] & closed["private link"] == set()
    outside = ("carl, on the internet", "a node outside of it")
    assert closed["both"] == {(caller, target) for caller in outside for target in TARGETS}


@pytest.mark.proves("net-combine")
def test_with_both_a_workspace_still_works_for_whoever_is_inside(lab: Lab) -> None:
    subnet = network(lab)
    training(lab, "inner", subnet)
    link(lab, lab.workspace, subnet)
    lock(lab, lab.storage, subnet)
    lock(lab, lab.vault, subnet)
    lab.connect("carl", subnet)
    ask(lab, "carl", Models.register, "churn", b"weights")
    ask(lab, "carl", DataStores.attach, "sales", "Server=tcp:sql.example;Password=secret")
    found: list[str] = []

    def train(run: Any) -> None:
        found.append(run.data_store("sales").reveal())
        run.upload_file("outputs/model.bin", b"weights")

    ask(lab, "carl", Runs.submit, "train", "inner", train)
    assert len(lab.work("inner")) == 1
    assert found == ["Server=tcp:sql.example;Password=secret"]


# The documents' table: Enterprise, Basic.
TABLE = [
    *((True, True), (True, True), (True, False), (True, True)),
    *((True, False), (True, True), (True, False), (True, False)),
]


@pytest.mark.proves("net-edition-table")
@pytest.mark.parametrize("resources_first", [False, True])
def test_all_eight_rows_for_both_editions_by_trying_to_create_each(
    release: str, resources_first: bool
) -> None:
    found = edition_table(release, resources_first=resources_first)
    tried = [tuple(bool(found.verdict(row, one)) for one in ("Enterprise", "Basic")) for row in ROWS]
    assert tried == TABLE


@pytest.mark.proves("net-edition-table")
@pytest.mark.parametrize("resources_first", [False, True])
@pytest.mark.parametrize("role", ["vault", "registry"])
def test_private_link_takes_enterprise_on_whichever_other_resource_it_is(
    release: str, role: str, resources_first: bool
) -> None:
    for linked in (False, True):
        wanted = Arrangement(linked=(role,), workspace_linked=linked)
        tried = [
            attempt(labkit.start(release), wanted, one, resources_first) for one in ("Enterprise", "Basic")
        ]
        assert [one.code for one in tried] == ["", "EditionNotSupported"]


@pytest.mark.proves("net-edition-table")
def test_who_upgrades_the_workspace_has_what_was_refused_before(lab: Lab) -> None:
    subnet = network(lab)
    found = refusal(lab, lambda: link(lab, lab.storage, subnet), BadRequest)
    assert found.code == "EditionNotSupported"
    ask(lab, "olivia", Editions.upgrade)
    link(lab, lab.storage, subnet)


PRIVATE = {"apiServerAccessProfile": {"enablePrivateCluster": True}}


@pytest.mark.proves("net-private-link-limits")
@pytest.mark.parametrize("linked", [False, True])
@pytest.mark.parametrize("edition", ["Basic", "Enterprise"])
def test_aks_with_private_link_is_refused_whatever_the_workspace(
    lab: Lab, linked: bool, edition: str
) -> None:
    if edition == "Enterprise":
        ask(lab, "olivia", Editions.upgrade)
    subnet = network(lab)
    if linked:
        link(lab, lab.workspace, subnet)
    pools = {"agentPoolProfiles": [{"vnetSubnetID": subnet}]}
    for name, private in (("private", PRIVATE), ("inside", PRIVATE | pools)):
        id = f"{GROUP}/{CLUSTERS}/{name}"
        put(lab, id, private)
        aks = {"computeType": "AKS", "resourceId": id}
        found = refusal(lab, lambda name=name, aks=aks: attach(lab, "carl", name, aks), BadRequest)  # type: ignore[misc]
        assert "private link is enabled" in found.message
    # The way that there is.
    id = f"{GROUP}/{CLUSTERS}/prod"
    put(lab, id, pools)
    attach(lab, "carl", "prod", {"computeType": "AKS", "resourceId": id})


@pytest.mark.proves("net-private-link-limits")
def test_compute_instances_are_refused_only_where_the_workspace_has_private_link(lab: Lab) -> None:
    subnet, instance = network(lab), {"computeType": "ComputeInstance"}
    if lab.release.editions:
        ask(lab, "olivia", Editions.upgrade)
    # Private link on what the workspace depends on does not count.
    link(lab, lab.storage, subnet)
    attach(lab, "carl", "mine", instance)
    assert "not supported" in refusal(lab, lambda: link(lab, lab.workspace, subnet), BadRequest).message
    delete(lab, f"{lab.workspace}/computes/mine")
    endpoint = link(lab, lab.workspace, subnet)
    inside = instance | {"subnet": {"id": subnet}}
    for given in (instance, inside):
        found = refusal(lab, lambda given=given: attach(lab, "carl", "mine", given), BadRequest)  # type: ignore[misc]
        assert "not supported" in found.message
    training(lab, "inner", subnet)
    delete(lab, endpoint)
    attach(lab, "carl", "mine", inside)


@pytest.mark.proves("net-private-link-limits")
def test_aks_in_a_virtual_network_passes_and_that_alone_makes_its_endpoint_not_private(lab: Lab) -> None:
    subnet = network(lab)
    cluster(lab, "prod", subnet)
    ask(lab, "carl", Models.register, "churn", b"weights")
    address, key = served(lab, "prod")
    assert lab.ask("client", Scoring.score, address, key, "[1]")
    put(lab, f"{lab.workspace}/computes/prod", {"loadBalancerType": INTERNAL})
    denied(lab, "client", Scoring.score, address, key, "[1]")
    lab.connect("client", subnet)
    assert lab.ask("client", Scoring.score, address, key, "[1]")
