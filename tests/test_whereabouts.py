"""Connecting people to a subnet, and taking them out again."""

from typing import Any

import pytest

import labkit
from labkit.core.errors import BadInput
from labkit.lab import Lab
from labkit.network.places import INTERNET, place
from tests.services.ml import GROUP
from tests.services.networks import NET, OTHER, OUTER, SUBNET, delete, networks
from tests.services.state import everything
from tests.services.stores import put


@pytest.fixture
def lab() -> Lab:
    lab = labkit.start()
    networks(lab)
    return lab


def where(lab: Lab, who: str) -> str:
    return lab._component(who).network


def test_everybody_is_on_the_internet_at_first(lab: Lab) -> None:
    assert where(lab, "carl") == where(lab, "nobody in particular") == INTERNET


def test_who_is_connected_calls_from_there_and_nobody_else_does(lab: Lab) -> None:
    lab.connect("carl", SUBNET.upper().replace("YOUR-SUB-ID", "your-sub-id"))
    assert (where(lab, "carl"), where(lab, "rita")) == (place(SUBNET), INTERNET)
    lab.connect("carl", OUTER)
    assert where(lab, "carl") == place(OUTER)
    lab.disconnect("carl")
    assert where(lab, "carl") == INTERNET


def test_where_the_subnet_is_gone_the_connection_is(lab: Lab) -> None:
    lab.connect("carl", OTHER)
    delete(lab, OTHER)
    assert where(lab, "carl") == INTERNET
    put(lab, OTHER)
    assert where(lab, "carl") == INTERNET
    lab.connect("carl", OTHER)
    assert where(lab, "carl") == place(OTHER)


def test_a_compute_target_stands_where_it_was_put(lab: Lab) -> None:
    put(lab, f"{lab.workspace}/computes/inner", {"subnet": {"id": SUBNET}})
    assert where(lab, "inner") == place(SUBNET)
    with pytest.raises(BadInput, match="stands where it was put"):
        lab.connect("inner", OTHER)
    assert where(lab, "inner") == place(SUBNET)


class Lying(str):
    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = str.__hash__


@pytest.mark.parametrize("subnet", [None, "", 5, NET, GROUP, f"{NET}/subnets/nowhere", [], Lying(SUBNET)])
def test_only_to_a_subnet_that_is_there(lab: Lab, subnet: Any) -> None:
    before = everything(lab)
    with pytest.raises(BadInput, match="no such subnet"):
        lab.connect("carl", subnet)
    assert where(lab, "carl") == INTERNET
    assert everything(lab) == before


@pytest.mark.parametrize("who", [None, "", 5, [], b"carl"])
def test_somebody_has_a_name(lab: Lab, who: Any) -> None:
    for step in (lambda: lab.connect(who, SUBNET), lambda: lab.disconnect(who)):
        with pytest.raises(BadInput, match="Somebody has to ask"):
            step()


def test_only_who_is_connected_is_taken_out(lab: Lab) -> None:
    with pytest.raises(BadInput, match="Nobody of that name"):
        lab.disconnect("carl")
    lab.connect("rita", SUBNET)
    with pytest.raises(BadInput) as caught:
        lab.disconnect("carl")
    assert caught.value.required == "rita"


def test_without_a_network_it_says_so() -> None:
    with pytest.raises(BadInput, match="there is none yet"):
        labkit.start().connect("carl", SUBNET)
