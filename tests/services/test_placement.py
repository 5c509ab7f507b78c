"""Where compute targets stand, and what private link has against some of them."""

from typing import Any

import pytest

from labkit.azure import BlobStorage, ResourceManager, Runs
from labkit.core.errors import BadRequest, Forbidden, NetworkDenied
from labkit.furniture import workspace_id
from labkit.lab import Lab
from labkit.network.places import INTERNET, place
from labkit.services.machine_learning.compute import ComputeCluster
from labkit.services.virtual_network import InvalidResourceReference
from tests.services.ml import (
    CLUSTERS,
    GROUP,
    MACHINE,
    OTHER_GROUP,
    ask,
    attach,
    machine_account,
    make_machine,
    revoke,
    workspace,
)
from tests.services.networks import (
    ENDPOINTS,
    OTHER,
    SUBNET,
    delete,
    link,
    locked,
    networks,
    to,
)
from tests.services.state import refused
from tests.services.stores import put

INSTANCE = {"computeType": "ComputeInstance"}


@pytest.fixture
def lab(lab: Lab) -> Lab:
    networks(lab)
    return lab


def target(lab: Lab, name: str) -> ComputeCluster:
    found = lab.resources.find(f"{lab.workspace}/computes/{name}")
    assert isinstance(found, ComputeCluster)
    return found


def put_refused(lab: Lab, kind: Any, name: str, given: Any, region: str = "eastus") -> Any:
    id, owner = f"{lab.workspace}/computes/{name}", lab.sign_in("olivia").bearer
    return refused(lab, kind, ResourceManager.put, id, owner, region, given)


class TestManagedClusters:
    def test_without_a_subnet_its_nodes_are_on_the_internet(self, lab: Lab) -> None:
        assert target(lab, "cpu-cluster").component.network == INTERNET

    @pytest.mark.parametrize("kind", [{}, {"computeType": "AmlCompute"}, INSTANCE])
    def test_in_a_subnet_they_call_from_there(self, lab: Lab, kind: Any) -> None:
        put(lab, f"{lab.workspace}/computes/inner", {**kind, "subnet": {"id": SUBNET}})
        assert target(lab, "inner").component.network == place(SUBNET)

    def test_a_run_comes_from_where_its_node_is(self, lab: Lab) -> None:
        put(lab, f"{lab.workspace}/computes/inner", {"subnet": {"id": SUBNET}})
        put(lab, lab.storage, {"networkAcls": locked(SUBNET)})
        seen: dict[str, str] = {}

        def script(run: Any) -> None:
            seen[run.run_id] = "begun"
            run.upload_file("model.bin", b"weights")
            seen[run.run_id] = "done"

        inner = ask(lab, "carl", Runs.submit, "train", "inner", script).run_id
        outer = ask(lab, "carl", Runs.submit, "train", "cpu-cluster", script).run_id
        lab.work("inner")
        lab.work("cpu-cluster")
        assert seen == {inner: "done", outer: "begun"}
        assert "AuthorizationFailure" in ask(lab, "carl", Runs.get, outer).error
        assert BlobStorage.dialect[NetworkDenied] == (403, "AuthorizationFailure")

    @pytest.mark.parametrize("subnet", [None, SUBNET, {}, {"id": GROUP}, {"id": 5}])
    def test_what_is_no_subnet_is_refused(self, lab: Lab, subnet: Any) -> None:
        put_refused(lab, BadRequest, "inner", {"subnet": subnet})

    def test_so_is_one_in_another_region(self, lab: Lab) -> None:
        put_refused(lab, InvalidResourceReference, "inner", {"subnet": {"id": SUBNET}}, "westus2")

    def test_it_stays_where_it_is(self, lab: Lab) -> None:
        put(lab, f"{lab.workspace}/computes/inner", {"subnet": {"id": SUBNET}})
        put_refused(lab, BadRequest, "inner", {"subnet": {"id": OTHER}})
        put_refused(lab, BadRequest, "cpu-cluster", {"subnet": {"id": OTHER}})

    def test_who_may_not_join_the_subnet_puts_none_there(self, lab: Lab) -> None:
        revoke(lab, "carl@contoso.example", "Contributor", GROUP)
        theirs = f"{workspace_id('your-resource-group-id', 'your-workspace-name')}/computes/inner"
        carl = lab.sign_in("carl").bearer
        given = {"subnet": {"id": SUBNET}}
        refusal = refused(lab, Forbidden, ResourceManager.put, theirs, carl, "eastus", given)
        assert "subnets/join/action" in refusal.required
        assert OTHER_GROUP in theirs


class TestAttachedMachines:
    @pytest.mark.parametrize("subnet", [None, SUBNET])
    def test_stand_where_they_stood(self, lab: Lab, subnet: str | None) -> None:
        where = {"subnet": {"id": subnet}} if subnet else {}
        account = {"osProfile": {"adminUsername": "ann", "adminPassword": "correct horse battery"}}
        put(lab, MACHINE, where | account)
        attach(lab, "carl", "box", machine_account())
        assert target(lab, "box").component.network == (place(subnet) if subnet else INTERNET)

    @pytest.mark.parametrize("subnet", [None, SUBNET])
    def test_so_do_clusters(self, lab: Lab, subnet: str | None) -> None:
        id = f"{GROUP}/{CLUSTERS}/prod"
        put(lab, id, {"agentPoolProfiles": [{"vnetSubnetID": subnet}]} if subnet else {})
        attach(lab, "carl", "prod", {"computeType": "AKS", "resourceId": id})
        assert target(lab, "prod").component.network == (place(subnet) if subnet else INTERNET)

    def test_are_not_moved_by_being_attached(self, lab: Lab) -> None:
        make_machine(lab)
        put_refused(lab, BadRequest, "box", machine_account() | {"subnet": {"id": SUBNET}})

    def test_can_be_attached_and_detached_where_the_workspace_has_private_link(self, lab: Lab) -> None:
        """It is Azure ML that does it, wherever the machine is."""
        link(lab, lab.workspace)
        make_machine(lab)
        attach(lab, "carl", "box", machine_account())
        assert target(lab, "box").component.network == INTERNET
        delete(lab, f"{lab.workspace}/computes/box")
        assert "box" not in workspace(lab).computes


class TestComputeInstances:
    def test_one_can_be_had_and_deleted(self, lab: Lab) -> None:
        put(lab, f"{lab.workspace}/computes/mine", INSTANCE)
        assert target(lab, "mine").boundary == "Microsoft subscription"
        delete(lab, f"{lab.workspace}/computes/mine")
        assert lab.resources.get(f"{lab.workspace}/computes/mine") is None

    def test_no_run_is_carried_out_there(self, lab: Lab) -> None:
        put(lab, f"{lab.workspace}/computes/mine", INSTANCE)
        with pytest.raises(BadRequest, match="no run on a compute instance"):
            ask(lab, "carl", Runs.submit, "train", "mine", print)
        assert target(lab, "mine").jobs == []

    def test_not_where_the_workspace_has_private_link(self, lab: Lab) -> None:
        endpoint = link(lab, lab.workspace)
        refusal = put_refused(lab, BadRequest, "mine", INSTANCE)
        assert "not supported" in refusal.message
        put_refused(lab, BadRequest, "mine", INSTANCE | {"subnet": {"id": SUBNET}})
        # Another workspace is none of its business, nor is what another resource has.
        put(lab, f"{lab.other_workspace}/computes/mine", INSTANCE)
        delete(lab, endpoint)
        put(lab, f"{lab.workspace}/computes/mine", INSTANCE)

    def test_and_the_other_way_round(self, lab: Lab) -> None:
        put(lab, f"{lab.workspace}/computes/mine", INSTANCE)
        owner = lab.sign_in("olivia").bearer
        id, given = f"{ENDPOINTS}/one", to(lab.workspace)
        refusal = refused(lab, BadRequest, ResourceManager.put, id, owner, "eastus", given)
        assert "which has mine" in refusal.presented
        delete(lab, f"{lab.workspace}/computes/mine")
        link(lab, lab.workspace)

    def test_it_is_no_machine_that_one_attaches(self, lab: Lab) -> None:
        make_machine(lab)
        put_refused(lab, BadRequest, "mine", INSTANCE | {"resourceId": MACHINE})


class TestPrivateClusters:
    @pytest.mark.parametrize("linked", [False, True])
    def test_are_not_attached_whatever_the_workspace(self, lab: Lab, linked: bool) -> None:
        if linked:
            link(lab, lab.workspace)
        id = f"{GROUP}/{CLUSTERS}/prod"
        put(lab, id, {"apiServerAccessProfile": {"enablePrivateCluster": True}})
        refusal = put_refused(lab, BadRequest, "prod", {"computeType": "AKS", "resourceId": id})
        assert "does not support a Kubernetes cluster where private link" in refusal.message
