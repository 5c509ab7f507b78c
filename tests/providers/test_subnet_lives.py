"""A subnet that is made again under its name is another one: no rule lets it in that named the old one."""

import pytest

from labkit.azure import Editions
from labkit.core.errors import NetworkDenied
from labkit.lab import Lab
from tests.services.ml import ask, dependency
from tests.services.networks import NET, OTHER, SUBNET, blobs, delete, locked, networks, shown
from tests.services.stores import put
from tests.services.vault import SOFT, OwnVault

NAMES = {"storage": "networkAcls", "vault": "networkAcls", "registry": "networkRuleSet"}


@pytest.fixture
def lab(lab: Lab) -> Lab:
    networks(lab)
    ask(lab, "olivia", Editions.upgrade)
    return lab


@pytest.mark.parametrize("how", ["the subnet", "the network", "the network's list"])
@pytest.mark.parametrize("role", list(NAMES))
def test_rules_forget_a_subnet_that_is_deleted(lab: Lab, role: str, how: str) -> None:
    store, name = dependency(lab, role), NAMES[role]
    put(lab, store.id, {name: locked(SUBNET, OTHER)})
    if how == "the network":
        delete(lab, NET)
    elif how == "the subnet":
        delete(lab, OTHER)
    else:
        put(lab, NET, {"subnets": [{"name": "default"}]})
    left = [] if how == "the network" else [{"id": SUBNET}]
    assert shown(lab, store.id)[name]["virtualNetworkRules"] == left
    assert store.firewall.subnets == {one["id"].lower() for one in left}
    assert store.firewall.default == "Deny"
    # What is shown is how it is: the same again changes nothing.
    put(lab, store.id, {name: shown(lab, store.id)[name]})


def test_the_next_one_of_that_name_is_not_let_in(lab: Lab) -> None:
    put(lab, lab.storage, {"networkAcls": locked(OTHER)})
    lab.connect("carl", OTHER)
    assert blobs(lab, "carl")
    delete(lab, OTHER)
    put(lab, OTHER, {})
    lab.connect("carl", OTHER)
    assert type(blobs(lab, "carl").refusal) is NetworkDenied
    put(lab, lab.storage, {"networkAcls": locked(OTHER)})
    assert blobs(lab, "carl")


@pytest.mark.parametrize("again", [False, True])
def test_nor_by_a_vault_that_was_deleted_meanwhile_and_is_recovered(lab: Lab, again: bool) -> None:
    own = OwnVault(lab)
    own.put(**SOFT, networkAcls=locked(SUBNET, OTHER))
    delete(lab, own.id)
    delete(lab, OTHER)
    if again:
        put(lab, OTHER, {})
    own.put(createMode="recover")
    rules = shown(lab, own.id)["networkAcls"]
    assert rules["virtualNetworkRules"] == [{"id": SUBNET.lower()}]
    assert lab.resources.find(own.id).firewall.subnets == {SUBNET.lower()}  # type: ignore[union-attr]
