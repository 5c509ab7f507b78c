"""Where calls come from: the public internet, services of Azure's own, or a subnet of a virtual network."""

from __future__ import annotations

INTERNET = "internet"
# Services of Azure's own, such as a storage account that asks a key vault. A virtual machine is none of them:
# it is somebody's computer, and without a virtual network its calls come from a public address.
AZURE = "azure"
# The networks that Azure ML's own calls come from, and those of Resource Manager on its behalf.
# assumption: service-networks
AZURE_ML = "Azure Machine Learning"
RESOURCE_MANAGER = "Azure Resource Manager"
# What "trusted Microsoft services" stands for.  # assumption: trusted-services
TRUSTED = frozenset({AZURE, AZURE_ML})
_SUBNETS = "/subnets/"


def place(subnet_id: str) -> str:
    """The network that calls out of a subnet come from. Ids are the same in whatever case."""
    return subnet_id.rstrip("/").lower()


def virtual_network(network: str) -> str:
    """The virtual network (its id in lower case) that a call comes from; "" for one from elsewhere."""
    found, mark, _ = network.rpartition(_SUBNETS)
    return found if mark else ""


def said(network: str) -> str:
    """A network in a few words."""
    if network == INTERNET:
        return "the internet"
    if network == AZURE:
        return "a service of Azure's"
    inside, _, name = network.rpartition(_SUBNETS)
    return f"the subnet {name} of {_name(inside)}" if inside else network


def _name(id: str) -> str:
    return id.rpartition("/")[2]


def said_whole(virtual_network: str) -> str:
    """A whole virtual network in a few words."""
    return f"any subnet of {_name(virtual_network)}"
