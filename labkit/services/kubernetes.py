"""Azure Kubernetes Service: a cluster that a workspace can deploy to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from labkit.core.operation import Call, Service, operation
from labkit.core.resource import Resource

TYPE = "Microsoft.ContainerService/managedClusters"


@dataclass(eq=False)
class KubernetesCluster(Resource):
    """A cluster in the customer's subscription. Images of its containers by what they serve."""

    service: ClassVar[str] = "Azure Kubernetes Service"
    containers: dict[str, str] = field(default_factory=dict, kw_only=True)


class Kubernetes(Service):
    """Azure ML deploys as the workspace's managed identity, which must be allowed to have the cluster's
    admin credential (assumption: cluster-by-identity)."""

    name = "Azure Kubernetes Service"
    resource = KubernetesCluster

    @operation("Deploy container", action=f"{TYPE}/listClusterAdminCredential/action")
    def deploy(self, call: Call[KubernetesCluster], name: str, image: str) -> str:
        """Runs an image for what is called `name`. Returns the cluster's region."""
        containers, before = call.target.containers, call.target.containers.get(name)
        call.undo(lambda: containers.pop(name) if before is None else containers.update({name: before}))
        containers[name] = image
        return call.target.region

    @operation("Remove container", action=f"{TYPE}/listClusterAdminCredential/action")
    def remove(self, call: Call[KubernetesCluster], name: str) -> None:
        """Stops what runs for what is called `name`."""
        containers, before = call.target.containers, call.target.containers.pop(name, None)
        call.undo(lambda: containers.update({name: before} if before is not None else {}))
