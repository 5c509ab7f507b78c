"""What olivia does with networks is what she says."""

from typing import Any

import pytest

from labkit.core.errors import BadRequest
from labkit.course.network_scene import cluster, link, lock, machine, network, training
from labkit.lab import Lab
from labkit.network.places import AZURE_ML, INTERNET, place
from tests.services.ml import dependency


def test_a_network_has_a_subnet_unless_others_are_named(lab: Lab) -> None:
    assert network(lab).endswith("/virtualNetworks/lab-net/subnets/default")
    first = network(lab, "another", "one", "two", region="westus2")
    assert (lab.resources.find(first).region, first.endswith("/subnets/one")) == ("westus2", True)
    assert lab.resources.get(first.replace("/one", "/two")) is not None


@pytest.mark.parametrize("role", ["storage", "vault"])
def test_a_store_is_locked(lab: Lab, role: str) -> None:
    subnet, store = network(lab), dependency(lab, role)
    lock(lab, store.id, subnet)
    admits = store.firewall.admits
    assert (admits(place(subnet)), admits(AZURE_ML), admits(INTERNET)) == (True, True, False)
    lock(lab, store.id, bypass="None")
    assert not store.firewall.admits(place(subnet))
    assert not store.firewall.admits(AZURE_ML)


def test_a_registry_too(lab: Lab) -> None:
    registry = dependency(lab, "registry")
    lock(lab, registry.id, bypass="None")
    assert not registry.firewall.admits(AZURE_ML)
    with pytest.raises(BadRequest, match="Enterprise"):
        lock(lab, registry.id, network(lab))


def test_machines_and_clusters_stand_there(lab: Lab) -> None:
    subnet = network(lab)
    box: Any = lab.resources.find(machine(lab, "box", subnet, "ann", "correct horse battery"))
    assert (box.network, list(box.passwords)) == (place(subnet), ["ann"])
    assert lab.resources.find(training(lab, "inner", subnet)).network == place(subnet)
    assert lab.resources.find(training(lab, "outer")).network == INTERNET
    aks: Any = lab.resources.find(cluster(lab, "prod", subnet, loadBalancerType="InternalLoadBalancer"))
    assert aks.subnet == place(subnet)
    assert not aks.balancer.rules.public


def test_an_endpoint_leads_there(lab: Lab) -> None:
    found: Any = lab.resources.find(link(lab, lab.workspace, network(lab)))
    assert (found.connects, found.name) == (lab.workspace, "to-ml-example")
