"""Virtual networks and their subnets, as Resource Manager makes, changes and deletes them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import labkit
from labkit.azure import Authorization, ResourceManager
from labkit.core.errors import BadRequest, Conflict, Forbidden, NotFound, Refusal
from labkit.furniture import SUBSCRIPTION
from labkit.lab import Lab
from labkit.network.places import place
from labkit.services.virtual_network import InUse, Subnet, VirtualNetwork
from tests.services.ml import GROUP, OTHER_GROUP, share
from tests.services.networks import NET, OTHER, SUBNET, delete, link, networks, shown
from tests.services.state import everything, refused
from tests.services.stores import put


def put_refused(lab: Lab, kind: type[Refusal], id: str, given: Any, region: str = "eastus") -> Any:
    return refused(lab, kind, ResourceManager.put, id, lab.sign_in("olivia").bearer, region, given)


def names(lab: Lab) -> list[str]:
    """The subnets of the network, after a look at everything that has to agree about them."""
    told = [one["name"] for one in shown(lab, NET)["subnets"]]
    there = [one for one in lab.resources if isinstance(one, Subnet) and one.parent.lower() == NET.lower()]
    assert sorted(one.name for one in there) == sorted(told)
    documents = [id for id in lab.parts.arm.documents if id.startswith(f"{NET.lower()}/subnets/")]
    assert sorted(documents) == sorted(one.id.lower() for one in there)
    for one in there:
        assert (one.network, one.region) == (place(one.id), "eastus")
    return told


class TestMaking:
    def test_a_network_has_the_subnets_that_it_names_and_each_is_a_scope(self, lab: Lab) -> None:
        networks(lab)
        assert names(lab) == ["default", "other"]
        assert isinstance(lab.resources.find(NET), VirtualNetwork)
        owner = lab.sign_in("olivia").bearer
        found = lab.ask("olivia", ResourceManager.get, SUBNET, owner)
        assert (found["name"], found["type"]) == ("default", "Microsoft.Network/virtualNetworks/subnets")
        rita = lab.people["rita"].object_id
        lab.ask("olivia", Authorization.assign, SUBNET, owner, "Contributor", rita)
        assert len(lab.ask("olivia", ResourceManager.collection, SUBSCRIPTION, owner, found["type"])) == 3

    def test_it_may_have_none(self, lab: Lab) -> None:
        put(lab, NET)
        assert names(lab) == []

    def test_what_it_shows_can_be_given_again(self, lab: Lab) -> None:
        networks(lab)
        before = everything(lab)
        put(lab, NET, shown(lab, NET))
        assert everything(lab) == before

    @pytest.mark.parametrize(
        "subnets",
        [
            *(None, "default", {"name": "default"}, 5, True, [None], ["default"], [{}], [{"name": ""}]),
            *([{"name": 5}], [{"name": "a/b"}], [{"name": "-a"}], [{"name": "a" * 81}], [{"name": "a."}]),
            *([{"name": "a"}, {"name": "A"}], [{"name": "a", "addressPrefix": "10.0.0.0/24"}]),
            [{"name": "a"}] * 3001,
        ],
        ids=lambda one: repr(one)[:30],
    )
    def test_other_subnets_are_refused_and_nothing_is_left(self, lab: Lab, subnets: Any) -> None:
        put_refused(lab, BadRequest, NET, {"subnets": subnets})
        networks(lab)
        put_refused(lab, BadRequest, NET, {"subnets": subnets})
        assert names(lab) == ["default", "other"]

    def test_there_are_no_addresses(self, lab: Lab) -> None:
        refusal = put_refused(lab, BadRequest, NET, {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}})
        assert refusal.presented == "'addressSpace'"

    def test_a_reader_makes_none(self, lab: Lab) -> None:
        refused(lab, Forbidden, ResourceManager.put, NET, lab.sign_in("rita").bearer, "eastus", {})


class TestChanging:
    @given(st.lists(st.sampled_from("abcde"), unique=True), st.lists(st.sampled_from("abcde"), unique=True))
    def test_it_has_what_it_was_given_last(self, first: list[str], then: list[str]) -> None:
        lab = _shared()
        for wanted in (first, then):
            put(lab, NET, {"subnets": [{"name": one} for one in wanted]})
            assert names(lab) == wanted

    def test_a_subnet_can_be_made_by_itself_and_deleted_by_itself(self, lab: Lab) -> None:
        networks(lab)
        put(lab, f"{NET}/subnets/third")
        assert names(lab) == ["default", "other", "third"]
        delete(lab, OTHER)
        assert names(lab) == ["default", "third"]

    @pytest.mark.parametrize(
        ("name", "given", "region"),
        [
            ("third", {"addressPrefix": "10.0.0.0/24"}, "eastus"),
            ("a.", {}, "eastus"),
            ("third", {}, "westus2"),
        ],
    )
    def test_what_a_subnet_cannot_be_leaves_the_network_as_it_was(
        self, lab: Lab, name: str, given: Any, region: str
    ) -> None:
        networks(lab)
        put_refused(lab, BadRequest, f"{NET}/subnets/{name}", given, region)

    def test_a_subnet_of_no_network_is_refused(self, lab: Lab) -> None:
        put_refused(lab, NotFound, SUBNET, {})

    def test_a_subnet_that_comes_again_has_nobodys_old_roles(self, lab: Lab) -> None:
        networks(lab)
        rita = lab.people["rita"].object_id
        share(lab, rita, "Contributor", OTHER)
        put(lab, NET, {"subnets": [{"name": "default"}]})
        put(lab, NET, {"subnets": [{"name": "default"}, {"name": "other"}]})
        scopes = [one.scope.lower() for one in lab.parts.access.roles]
        assert OTHER.lower() not in scopes


class TestDeleting:
    def test_its_subnets_go_with_it(self, lab: Lab) -> None:
        before = everything(lab)
        networks(lab)
        delete(lab, NET)
        delete(lab, NET.replace("lab-net", "elsewhere"))
        assert everything(lab) == before

    @pytest.mark.parametrize("how", ["network", "subnet", "property"])
    def test_what_is_in_use_cannot_be_deleted(self, lab: Lab, how: str) -> None:
        networks(lab)
        link(lab, lab.workspace)
        owner = lab.sign_in("olivia").bearer
        if how == "property":
            refusal = put_refused(lab, InUse, NET, {"subnets": [{"name": "other"}]})
        else:
            target = NET if how == "network" else SUBNET
            refusal = refused(lab, InUse, ResourceManager.delete, target, owner)
        assert (refusal.code, refusal.presented) == ("InUseSubnetCannotBeDeleted", "one")
        assert isinstance(refusal, Conflict)

    def test_what_is_not_in_use_goes_though_another_subnet_is(self, lab: Lab) -> None:
        networks(lab)
        link(lab, lab.workspace)
        delete(lab, OTHER)
        assert names(lab) == ["default"]

    def test_once_it_is_free_it_goes(self, lab: Lab) -> None:
        networks(lab)
        endpoint = link(lab, lab.workspace)
        delete(lab, endpoint)
        delete(lab, NET)
        assert lab.resources.get(SUBNET) is None

    def test_a_resource_group_goes_with_all_that_stands_in_its_network(self, lab: Lab) -> None:
        networks(lab)
        link(lab, lab.workspace)
        put(lab, f"{lab.workspace}/computes/inner", {"subnet": {"id": SUBNET}})
        delete(lab, GROUP)
        assert [one.id for one in lab.resources if one.id.lower().startswith(f"{GROUP.lower()}/")] == []

    def test_a_resource_group_stays_while_something_elsewhere_stands_in_its_network(self, lab: Lab) -> None:
        networks(lab)
        box = f"{OTHER_GROUP}/providers/Microsoft.Compute/virtualMachines/box"
        put(lab, box, {"subnet": {"id": SUBNET}})
        refused(lab, InUse, ResourceManager.delete, GROUP, lab.sign_in("olivia").bearer)


_labs: list[Lab] = []


def _shared() -> Lab:
    """One lab for all examples: each of them says all of what is to be there."""
    if not _labs:
        _labs.append(labkit.start())
        networks(_labs[0])
    return _labs[0]
