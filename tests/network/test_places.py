"""Where calls come from, and what that is called."""

import pytest

from labkit.network.places import (
    AZURE,
    AZURE_ML,
    INTERNET,
    RESOURCE_MANAGER,
    TRUSTED,
    place,
    said,
    said_whole,
    virtual_network,
)

NET = "/subscriptions/S/resourceGroups/G/providers/Microsoft.Network/virtualNetworks/Lab-Net"


def test_a_subnet_is_the_same_in_whatever_case() -> None:
    assert place(f"{NET}/subnets/Default/") == place(f"{NET.lower()}/SUBNETS/default")
    assert virtual_network(place(f"{NET}/subnets/Default")) == NET.lower()
    # Somebody may call a network that.
    odd = f"{NET.rpartition('/')[0]}/subnets"
    assert virtual_network(place(f"{odd}/subnets/default")) == odd.lower()


@pytest.mark.parametrize("network", [INTERNET, AZURE, AZURE_ML, RESOURCE_MANAGER, "", NET.lower()])
def test_what_is_no_subnet_is_in_no_virtual_network(network: str) -> None:
    assert virtual_network(network) == ""


def test_trusted_services_are_azures_own_and_neither_the_internet_nor_resource_manager() -> None:
    assert sorted(TRUSTED) == [AZURE_ML, AZURE]


def test_they_are_said_in_words() -> None:
    assert said(INTERNET) == "the internet"
    assert said(AZURE) == "a service of Azure's"
    assert said(AZURE_ML) == AZURE_ML
    assert said(place(f"{NET}/subnets/default")) == "the subnet default of lab-net"
    assert said_whole(NET.lower()) == "any subnet of lab-net"
