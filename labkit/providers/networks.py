"""The resource types of Microsoft.Network that Resource Manager can create in the lab."""

from __future__ import annotations

from labkit.authenticators.platform import Platform
from labkit.core.resource import Resources
from labkit.providers.private_endpoints import PrivateEndpoints
from labkit.providers.virtual_networks import VirtualNetworksProvider
from labkit.services import private_endpoint, virtual_network
from labkit.services.management_plane import ResourceManagerEndpoint
from labkit.services.resource_manager import ResourceProviders


def register_networks(
    providers: ResourceProviders, endpoint: ResourceManagerEndpoint, resources: Resources, platform: Platform
) -> None:
    """Registers them."""
    networks = VirtualNetworksProvider(endpoint, resources, platform)
    providers.register(virtual_network.TYPE, networks.networks)
    providers.register(virtual_network.SUBNET_TYPE, networks.subnets)
    providers.register(private_endpoint.TYPE, PrivateEndpoints(resources, platform).provider)
