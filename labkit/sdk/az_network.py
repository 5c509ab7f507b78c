"""`az network`: virtual networks and private endpoints, as they are."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from labkit.sdk.az_commands import command
from labkit.sdk.az_resources import GROUP, GROUP_NEEDED, NAME, flat, found, listed
from labkit.sdk.az_session import Session
from labkit.services import private_endpoint, virtual_network


@command("network vnet list", GROUP)
def list_networks(session: Session, given: Namespace) -> Any:
    """The virtual networks with their subnets."""
    return [flat(one, {}) for one in listed(session, given, virtual_network.TYPE)]


@command("network vnet show", NAME, GROUP_NEEDED)
def show_network(session: Session, given: Namespace) -> Any:
    """A virtual network."""
    return flat(found(session, given, virtual_network.TYPE), {})


@command("network private-endpoint list", GROUP)
def list_endpoints(session: Session, given: Namespace) -> Any:
    """The private endpoints: in which subnet each lies, and what it leads to."""
    return [flat(one, {}) for one in listed(session, given, private_endpoint.TYPE)]


@command("network private-endpoint show", NAME, GROUP_NEEDED)
def show_endpoint(session: Session, given: Namespace) -> Any:
    """A private endpoint."""
    return flat(found(session, given, private_endpoint.TYPE), {})
