"""What has been changed of networks is taken back when the call around it fails."""

from collections.abc import Callable
from typing import Any

import pytest

from labkit.azure import Editions, ResourceManager
from labkit.core.errors import Conflict
from labkit.lab import Lab
from tests.services.ml import CLUSTERS, GROUP, MACHINE, ask, attach, dependency
from tests.services.networks import ENDPOINTS, NET, OTHER, SUBNET, link, locked, networks, to
from tests.services.state import everything
from tests.services.stores import put
from tests.services.test_undo import Halfway

AKS = f"{GROUP}/{CLUSTERS}/prod"
PUT, DELETE = ResourceManager.put, ResourceManager.delete
# What is changed, and to what; None is a deletion.
CHANGES: dict[str, Callable[[Lab], tuple[str, Any]]] = {
    "a new network": lambda lab: (f"{NET}-2", {"subnets": [{"name": "one"}]}),
    "other subnets": lambda lab: (NET, {"subnets": [{"name": "default"}, {"name": "third"}]}),
    "a new subnet": lambda lab: (f"{NET}/subnets/third", {}),
    "a subnet goes": lambda lab: (OTHER, None),
    "a network goes": lambda lab: (f"{NET}-spare", None),
    "a new endpoint": lambda lab: (f"{ENDPOINTS}/two", to(lab.workspace, OTHER)),
    "an endpoint goes": lambda lab: (f"{ENDPOINTS}/one", None),
    "a storage firewall": lambda lab: (lab.storage, {"networkAcls": locked(SUBNET)}),
    "a vault firewall": lambda lab: (lab.vault, {"networkAcls": locked(SUBNET)}),
    "a registry firewall": lambda lab: (
        dependency(lab, "registry").id,
        {"networkRuleSet": locked(SUBNET), "networkRuleBypassOptions": "None"},
    ),
    "a machine": lambda lab: (MACHINE, {"subnet": {"id": SUBNET}}),
    "a load balancer": lambda lab: (
        f"{lab.workspace}/computes/prod",
        {"loadBalancerType": "InternalLoadBalancer"},
    ),
    "a cluster": lambda lab: (f"{lab.workspace}/computes/inner", {"subnet": {"id": SUBNET}}),
}


@pytest.fixture
def lab(lab: Lab) -> Lab:
    networks(lab)
    put(lab, f"{NET}-spare", {"subnets": [{"name": "one"}]})
    ask(lab, "olivia", Editions.upgrade)
    link(lab, lab.workspace)
    put(lab, AKS, {"agentPoolProfiles": [{"vnetSubnetID": SUBNET}]})
    attach(lab, "olivia", "prod", {"computeType": "AKS", "resourceId": AKS})
    lab.parts.door.install(Halfway())
    return lab


@pytest.mark.parametrize("change", CHANGES)
def test_half_way_is_no_way(lab: Lab, change: str) -> None:
    id, given = CHANGES[change](lab)
    owner = lab.sign_in("olivia").bearer
    op: Any = DELETE if given is None else PUT
    arguments: Any = () if given is None else ("eastus", given)
    before = everything(lab)
    with pytest.raises(Conflict, match="Half way"):
        lab.ask("olivia", Halfway.go, lab.other_workspace, owner, op, id, owner, arguments)
    assert everything(lab) == before
    # It was no empty change.
    lab.ask("olivia", op, id, owner, *arguments)
    assert everything(lab) != before
