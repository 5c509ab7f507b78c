"""Joining a subnet: who may, and what is then where."""

from typing import Any

import pytest

from labkit.authenticators.platform import Forwarded
from labkit.core.credential import Bearer
from labkit.core.errors import CredentialNotAccepted
from labkit.lab import Lab
from labkit.network.places import place
from labkit.services.virtual_network import (
    InUse,
    Subnet,
    VirtualNetworks,
    check_free,
    standing_in,
)
from tests.services.ml import MACHINE
from tests.services.networks import OTHER, SUBNET, link, networks
from tests.services.state import refused
from tests.services.stores import put


@pytest.fixture
def lab(lab: Lab) -> Lab:
    networks(lab)
    return lab


def test_what_stands_in_a_subnet_is_found_in_whatever_case(lab: Lab) -> None:
    assert standing_in(lab.resources, SUBNET) == []
    put(lab, MACHINE, {"subnet": {"id": SUBNET.upper().replace("YOUR-SUB-ID", "your-sub-id")}})
    link(lab, lab.workspace, OTHER)
    assert standing_in(lab.resources, SUBNET.upper()) == ["box"]
    assert standing_in(lab.resources, OTHER) == ["one"]
    with pytest.raises(InUse):
        check_free(lab.resources, SUBNET)


def test_a_subnet_knows_its_network(lab: Lab) -> None:
    found = lab.resources.find(SUBNET)
    assert isinstance(found, Subnet)
    assert found.parent == SUBNET.rpartition("/subnets/")[0]
    assert found.network == place(SUBNET)


@pytest.mark.parametrize("op", [VirtualNetworks.join, VirtualNetworks.join_via_service_endpoint])
def test_nobody_joins_one_but_through_what_is_to_stand_there(lab: Lab, op: Any) -> None:
    owner = lab.sign_in("olivia").bearer
    refused(lab, CredentialNotAccepted, op, SUBNET, owner, MACHINE, "eastus")
    assert op.accepted(lab.parts.arm) == (Forwarded,)


def test_in_a_lab_without_networks_there_is_nothing_to_try(lab: Lab) -> None:
    import labkit

    new = labkit.start()
    tried = {one.operation for one in new.opens(Bearer("nothing")).attempts}
    assert "Join subnet" not in tried
    assert "Join subnet" in {one.operation for one in lab.opens(Bearer("nothing")).attempts}
