"""Azure Kubernetes Service: a cluster that a workspace can deploy to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from labkit.core.errors import BadRequest, brief
from labkit.core.operation import Call, Service, operation
from labkit.core.resource import Resource
from labkit.crypto.errors import Damaged
from labkit.network.rules import NetworkRules
from labkit.services.encryption import AccountKey, Disk, KeyUnavailable

TYPE = "Microsoft.ContainerService/managedClusters"
_VERSION = re.compile(r"1\.(\d{1,2})(?:\.(\d{1,2}))?")
Version = tuple[int, ...]


def version_of(text: object) -> Version:
    """A version of Kubernetes, to compare. Raises BadRequest."""
    found = _VERSION.fullmatch(text) if type(text) is str else None
    if found is None:
        raise BadRequest(
            "That is no version of Kubernetes.", presented=brief(text), required="for instance 1.17.0"
        )
    return 1, *(int(part) for part in found.groups(default="0"))


@dataclass
class LoadBalancer:
    """What takes the requests for web services of a cluster: at a public address or, where it is an internal
    one, inside of the cluster's virtual network alone."""

    rules: NetworkRules = field(default_factory=NetworkRules)

    def admits(self, network: str) -> bool:
        """Whether a call from there is let in."""
        return self.rules.admits(network)

    @property
    def required(self) -> str:
        """Where a call has to come from, in words."""
        return self.rules.required

    def advice(self, network: str) -> str:
        """What helps whoever was refused who asked from there."""
        return self.rules.advice(network)


@dataclass(eq=False)
class KubernetesCluster(Resource):
    """A cluster in the customer's subscription. Images of its containers by what they serve.

    version         of Kubernetes
    private         whether its API server is behind private link
    subnet          the place of its nodes, "" for none that the customer knows. What asks a key vault for its
                    disks is Azure's own
    balancer        what stands in front of its web services: whom it lets in, by network
    encryption_set  the id of the disk encryption set whose key encrypts the disks; "" for Microsoft's key
    os_disks        what the nodes run: the layers of images. `data_disks` are the volumes of its containers
    """

    service: ClassVar[str] = "Azure Kubernetes Service"
    containers: dict[str, str] = field(default_factory=dict, kw_only=True)
    version: str = field(default="", kw_only=True)
    private: bool = field(default=False, kw_only=True)
    subnet: str = field(default="", kw_only=True)
    balancer: LoadBalancer = field(default_factory=lambda: LoadBalancer(), repr=False, kw_only=True)
    encryption_set: str = field(default="", kw_only=True)
    account_key: AccountKey = field(repr=False, kw_only=True)
    os_disks: Disk = field(repr=False, kw_only=True)
    data_disks: Disk = field(repr=False, kw_only=True)

    def disks(self) -> Iterator[Disk]:
        """Both kinds."""
        yield from (self.os_disks, self.data_disks)


def _check_container(volume: Any) -> None:
    plain = type(volume) is dict and all(type(part) is str for part in volume)
    if volume is not None and not (plain and all(type(data) is bytes for data in volume.values())):
        raise BadRequest("A volume is bytes by name.", presented=brief(volume), required="a dict, or None")


class Kubernetes(Service):
    """Azure ML deploys as the workspace's managed identity, which must be allowed to have the cluster's
    admin credential (assumption: cluster-by-identity)."""

    name = "Azure Kubernetes Service"
    resource = KubernetesCluster
    # assumption: cluster-key-code
    dialect = {KeyUnavailable: (403, "KeyVaultAccessForbidden"), Damaged: (500, "InternalServerError")}

    @operation("Deploy container", action=f"{TYPE}/listClusterAdminCredential/action", parse=_check_container)
    def deploy(
        self,
        call: Call[KubernetesCluster],
        name: str,
        image: str,
        layers: bytes = b"",
        volume: Mapping[str, bytes] | None = None,
    ) -> str:
        """Runs an image for what is called `name`: its layers lie on the OS disks, its volume on the data
        disks, below `name`. Returns the cluster's region. Raises KeyUnavailable."""
        cluster, containers, before = call.target, call.target.containers, call.target.containers.get(name)
        cluster.os_disks.write(call, image, layers)
        self._clear(call, name)
        for part, data in (volume or {}).items():
            cluster.data_disks.write(call, f"{name}/{part}", data)
        call.undo(lambda: containers.pop(name) if before is None else containers.update({name: before}))
        containers[name] = image
        return cluster.region

    def _clear(self, call: Call[KubernetesCluster], name: str) -> None:
        for part in call.target.data_disks.names(f"{name}/"):
            call.target.data_disks.remove(call, part)

    @operation("Remove container", action=f"{TYPE}/listClusterAdminCredential/action")
    def remove(self, call: Call[KubernetesCluster], name: str) -> None:
        """Stops what runs for what is called `name`. Its volume goes; the layers of images stay until
        somebody needs the space."""
        containers, before = call.target.containers, call.target.containers.pop(name, None)
        call.undo(lambda: containers.update({name: before} if before is not None else {}))
        self._clear(call, name)
