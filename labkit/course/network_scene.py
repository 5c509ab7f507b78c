"""What olivia does with virtual networks, for whatever tries them."""

from __future__ import annotations

from typing import Any

from labkit.course.key_scene import put
from labkit.furniture import REGION
from labkit.lab import Lab
from labkit.services import kubernetes, private_endpoint, virtual_machine, virtual_network
from labkit.services.resource_id import name_of, resource_type

NETWORK, SUBNET = "lab-net", "default"
# The property in which each type has its firewall.
FIREWALLS = {
    "Microsoft.Storage/storageAccounts": "networkAcls",
    "Microsoft.KeyVault/vaults": "networkAcls",
    "Microsoft.ContainerRegistry/registries": "networkRuleSet",
}


def _id(lab: Lab, type_: str, name: str) -> str:
    return f"{lab.resource_group}/providers/{type_}/{name}"


def network(lab: Lab, name: str = NETWORK, *subnets: str, region: str = REGION) -> str:
    """A virtual network. Returns the id of its first subnet. Raises what the door raises."""
    id, names = _id(lab, virtual_network.TYPE, name), subnets or (SUBNET,)
    put(lab, id, {"subnets": [{"name": one} for one in names]}, region)
    return f"{id}/subnets/{names[0]}"


def link(lab: Lab, to: str, subnet: str, name: str = "") -> str:
    """A private endpoint in a subnet that leads to a resource. Returns its id. Raises what the door
    raises."""
    id = _id(lab, private_endpoint.TYPE, name or f"to-{name_of(to)}")
    region = lab.resources.find(subnet).region
    connection = {"privateLinkServiceId": to}
    put(lab, id, {"subnet": {"id": subnet}, "privateLinkServiceConnections": [connection]}, region)
    return id


def lock(lab: Lab, store: str, *subnets: str, bypass: str = "AzureServices") -> dict[str, Any]:
    """Lets a storage account, a vault or a registry be reached from these subnets alone, and by the services
    that `bypass` stands for. Returns the properties that are shown. Raises what the door raises."""
    name = FIREWALLS[resource_type(store)]
    rules = {"defaultAction": "Deny", "virtualNetworkRules": [{"id": one} for one in subnets]}
    region = lab.resources.find(store).region
    if name == "networkAcls":
        return put(lab, store, {name: rules | {"bypass": bypass}}, region)
    return put(lab, store, {name: rules, "networkRuleBypassOptions": bypass}, region)


def machine(lab: Lab, name: str, subnet: str, username: str, password: str) -> str:
    """A virtual machine in a subnet, with an account. Returns its id. Raises what the door raises."""
    id = _id(lab, virtual_machine.TYPE, name)
    account = {"adminUsername": username, "adminPassword": password}
    put(lab, id, {"subnet": {"id": subnet}, "osProfile": account}, lab.resources.find(subnet).region)
    return id


def cluster(lab: Lab, name: str, subnet: str, **attached: Any) -> str:
    """A Kubernetes cluster in a subnet, attached to the workspace under its name, with whatever else is said
    about that. Returns its id. Raises what the door raises."""
    id = _id(lab, kubernetes.TYPE, name)
    pools = {"agentPoolProfiles": [{"name": "agentpool", "vnetSubnetID": subnet}]}
    put(lab, id, pools, lab.resources.find(subnet).region)
    put(lab, f"{lab.workspace}/computes/{name}", {"computeType": "AKS", "resourceId": id, **attached})
    return id


def training(lab: Lab, name: str, subnet: str = "", **properties: Any) -> str:
    """A compute cluster of the workspace, in a subnet if one is named. Returns its id. Raises what the door
    raises."""
    id = f"{lab.workspace}/computes/{name}"
    put(
        lab, id, {"computeType": "AmlCompute", **({"subnet": {"id": subnet}} if subnet else {}), **properties}
    )
    return id
