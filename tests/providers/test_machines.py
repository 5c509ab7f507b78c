"""Machines of the customer's own in a virtual network: where they call from, and who reaches them."""

from typing import Any

import pytest

from labkit.azure import ResourceManager, SshPassword, VirtualMachines
from labkit.core.errors import BadRequest, Forbidden, NetworkDenied, Refusal
from labkit.lab import Lab
from labkit.network.places import AZURE_ML, INTERNET, place
from labkit.services.kubernetes import KubernetesCluster
from labkit.services.virtual_network import InvalidResourceReference
from tests.services.ml import (
    CLUSTERS,
    GROUP,
    MACHINE,
    MACHINE_PASSWORD,
    OTHER_GROUP,
    attach,
    machine_account,
    revoke,
)
from tests.services.networks import NET, OTHER, OUTER, SUBNET, networks
from tests.services.state import refused
from tests.services.stores import put

AKS = f"{GROUP}/{CLUSTERS}/prod"
ACCOUNT = {"osProfile": {"adminUsername": "ann", "adminPassword": MACHINE_PASSWORD}}
LOGIN = SshPassword("ann", MACHINE_PASSWORD)


@pytest.fixture
def lab(lab: Lab) -> Lab:
    networks(lab)
    return lab


def put_refused(
    lab: Lab, kind: type[Refusal], id: str, given: Any, who: str = "olivia", region: str = "eastus"
) -> Any:
    return refused(lab, kind, ResourceManager.put, id, lab.sign_in(who).bearer, region, given)


def pools(subnet: object, **more: Any) -> dict[str, Any]:
    return {"agentPoolProfiles": [{"vnetSubnetID": subnet, **more}]}


def aks(lab: Lab) -> KubernetesCluster:
    found = lab.resources.find(AKS)
    assert isinstance(found, KubernetesCluster)
    return found


class TestVirtualMachines:
    def test_outside_of_every_network_it_is_on_the_internet_and_answers_there(self, lab: Lab) -> None:
        put(lab, MACHINE, ACCOUNT)
        assert lab.resources.find(MACHINE).network == INTERNET
        assert lab.ask("ann", VirtualMachines.list_authorized, MACHINE, LOGIN) == []

    def test_in_a_subnet_it_calls_from_there_and_answers_its_network(self, lab: Lab) -> None:
        put(lab, MACHINE, {"subnet": {"id": SUBNET}, **ACCOUNT})
        assert lab.resources.find(MACHINE).network == place(SUBNET)
        for where, let_in in ((None, False), (SUBNET, True), (OTHER, True), (OUTER, False)):
            if where:
                lab.connect("ann", where)
            verdict = lab.attempt("ann", VirtualMachines.list_authorized, MACHINE, LOGIN)
            assert verdict.accepted is let_in
            if not let_in:
                assert isinstance(verdict.refusal, NetworkDenied)
                assert (verdict.refusal.status, verdict.code) == (255, "ConnectionTimedOut")

    def test_azure_ml_signs_in_to_it(self, lab: Lab) -> None:
        put(lab, MACHINE, {"subnet": {"id": SUBNET}, **ACCOUNT})
        attach(lab, "carl", "box", machine_account())
        found: Any = lab.resources.find(MACHINE)
        assert len(found.authorized_keys["ann"]) == 1
        assert found.firewall.admits(AZURE_ML)
        assert lab.resources.find(f"{lab.workspace}/computes/box").component.network == place(SUBNET)

    @pytest.mark.parametrize("subnet", [None, SUBNET, {}, {"id": NET}, {"id": 5}, [], {"id": ""}])
    def test_what_is_no_subnet_is_refused(self, lab: Lab, subnet: Any) -> None:
        put_refused(lab, BadRequest, MACHINE, {"subnet": subnet, **ACCOUNT})

    def test_so_is_one_in_another_region_or_subscription(self, lab: Lab) -> None:
        given = {"subnet": {"id": SUBNET}, **ACCOUNT}
        put_refused(lab, InvalidResourceReference, MACHINE, given, region="westus2")
        group = f"{lab.open_subscription('another')}/resourceGroups/g"
        put(lab, group)
        box = f"{group}/providers/Microsoft.Compute/virtualMachines/box"
        put_refused(lab, InvalidResourceReference, box, given)

    def test_who_may_not_join_the_subnet_puts_no_machine_there(self, lab: Lab) -> None:
        revoke(lab, "carl@contoso.example", "Contributor", GROUP)
        box = f"{OTHER_GROUP}/providers/Microsoft.Compute/virtualMachines/box"
        put_refused(lab, Forbidden, box, {"subnet": {"id": SUBNET}}, "carl")

    def test_it_stays_where_it_is(self, lab: Lab) -> None:
        put(lab, MACHINE, {"subnet": {"id": SUBNET}})
        put_refused(lab, BadRequest, MACHINE, {"subnet": {"id": OTHER}})
        put(lab, MACHINE, {"subnet": {"id": SUBNET}})

    def test_an_hdinsight_cluster_stands_in_one_too(self, lab: Lab) -> None:
        id = f"{GROUP}/providers/Microsoft.HDInsight/clusters/hadoop"
        put(lab, id, {"subnet": {"id": SUBNET}})
        assert lab.resources.find(id).network == place(SUBNET)


class TestKubernetesClusters:
    def test_it_has_the_subnet_of_its_pool(self, lab: Lab) -> None:
        put(lab, AKS, pools(SUBNET, name="agentpool"))
        assert (aks(lab).subnet, aks(lab).private, aks(lab).firewall) == (place(SUBNET), False, None)

    def test_without_one_there_is_none_that_the_customer_knows(self, lab: Lab) -> None:
        put(lab, AKS)
        assert (aks(lab).subnet, aks(lab).private, aks(lab).firewall) == ("", False, None)

    @pytest.mark.parametrize(
        "given",
        [
            *({"agentPoolProfiles": bad} for bad in (None, {}, [], [{}, {}], [None], [{}])),
            *(pools(None), pools({"id": SUBNET}), pools(NET), pools(SUBNET, count=3)),
        ],
        ids=lambda one: repr(one)[-60:],
    )
    def test_other_pools_are_refused(self, lab: Lab, given: Any) -> None:
        put_refused(lab, BadRequest, AKS, given)

    def test_a_private_one_answers_its_network_alone(self, lab: Lab) -> None:
        put(lab, AKS, {"apiServerAccessProfile": {"enablePrivateCluster": True}} | pools(SUBNET))
        rules: Any = aks(lab).firewall
        assert aks(lab).private
        assert [rules.admits(one) for one in (place(OTHER), place(OUTER), INTERNET, AZURE_ML)] == [
            *(True, False, False, False)
        ]

    def test_or_nobody(self, lab: Lab) -> None:
        put(lab, AKS, {"apiServerAccessProfile": {"enablePrivateCluster": True}})
        rules: Any = aks(lab).firewall
        assert not any(map(rules.admits, (place(SUBNET), INTERNET, AZURE_ML)))

    def test_one_that_says_it_is_not_private_is_not(self, lab: Lab) -> None:
        put(lab, AKS, {"apiServerAccessProfile": {"enablePrivateCluster": False}})
        assert (aks(lab).private, aks(lab).firewall) == (False, None)

    @pytest.mark.parametrize(
        "given", [True, {}, [], {"enablePrivateCluster": 1}, {"enablePrivateCluster": "yes"}]
    )
    def test_other_profiles_are_refused(self, lab: Lab, given: Any) -> None:
        put_refused(lab, BadRequest, AKS, {"apiServerAccessProfile": given})

    def test_neither_changes_later(self, lab: Lab) -> None:
        put(lab, AKS, pools(SUBNET))
        put_refused(lab, BadRequest, AKS, pools(OTHER))
        put_refused(lab, BadRequest, AKS, {"apiServerAccessProfile": {"enablePrivateCluster": True}})
