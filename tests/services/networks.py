"""What the tests of virtual networks ask of a lab."""

from __future__ import annotations

from typing import Any

from labkit.authenticators.shared_key import SharedKey
from labkit.azure import BlobStorage, ResourceManager
from labkit.core.credential import Bearer
from labkit.core.verdict import Verdict
from labkit.lab import Lab
from tests.services.ml import GROUP
from tests.services.stores import account, put

NETWORKS = f"{GROUP}/providers/Microsoft.Network/virtualNetworks"
ENDPOINTS = f"{GROUP}/providers/Microsoft.Network/privateEndpoints"
NET = f"{NETWORKS}/lab-net"
SUBNET, OTHER = f"{NET}/subnets/default", f"{NET}/subnets/other"
ELSEWHERE = f"{NETWORKS}/elsewhere"
OUTER = f"{ELSEWHERE}/subnets/default"


def networks(lab: Lab) -> None:
    """Two virtual networks, the first one with two subnets."""
    put(lab, NET, {"subnets": [{"name": "default"}, {"name": "other"}]})
    put(lab, ELSEWHERE, {"subnets": [{"name": "default"}]})


def to(id: str, subnet: str = SUBNET) -> dict[str, Any]:
    """The properties of a private endpoint."""
    return {"subnet": {"id": subnet}, "privateLinkServiceConnections": [{"privateLinkServiceId": id}]}


def link(lab: Lab, id: str, subnet: str = SUBNET, name: str = "one") -> str:
    """A private endpoint that leads to a resource."""
    endpoint = f"{ENDPOINTS}/{name}"
    put(lab, endpoint, to(id, subnet))
    return endpoint


def locked(*subnets: str, **more: Any) -> dict[str, Any]:
    """Network rules that let these subnets in and nobody else."""
    return {"defaultAction": "Deny", "virtualNetworkRules": [{"id": one} for one in subnets], **more}


def shown(lab: Lab, id: str) -> Any:
    """The properties that Resource Manager shows."""
    return lab.ask("olivia", ResourceManager.get, id, lab.sign_in("olivia").bearer)["properties"]


def delete(lab: Lab, id: str) -> None:
    lab.ask("olivia", ResourceManager.delete, id, lab.sign_in("olivia").bearer)


def blobs(lab: Lab, who: str, id: str = "") -> Verdict[Any]:
    """Somebody with the account's key lists its blobs."""
    at = account(lab, id)
    request = BlobStorage.list_blobs.request(at.id, ())
    cred = SharedKey.sign(at.name, at.access_keys["key1"], request, lab.clock.now)
    return lab.attempt(who, BlobStorage.list_blobs, at.id, cred)


NONSENSE = Bearer("nobody has issued this")
