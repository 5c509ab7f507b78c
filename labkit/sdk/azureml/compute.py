"""`azureml.core.compute`: compute targets that a workspace has, as far as deploying needs them."""

from __future__ import annotations

from labkit.sdk.azureml.aks import (
    AksAttachConfiguration,
    AksConfiguration,
    AksProvisioningConfiguration,
    check_kind,
)
from labkit.sdk.azureml.configuration import check_covered
from labkit.sdk.azureml.exceptions import ComputeTargetException, check_text
from labkit.sdk.azureml.handle import Handle
from labkit.sdk.azureml.workspace import Workspace, check_workspace
from labkit.services import kubernetes
from labkit.services.resource_id import group_of
from labkit.services.resource_manager import ResourceManager


class ComputeTarget(Handle):
    """A compute target that the workspace has. `type` is AKS, AmlCompute or another. Raises
    ComputeTargetException."""

    def __init__(self, workspace: Workspace, name: str) -> None:
        self.workspace = check_workspace(workspace)
        self.name = check_text("name", name)
        id = f"{workspace.id}/computes/{name}"
        document = workspace.ask(ResourceManager.get, at=id, kind=ComputeTargetException)
        self.type: str = document["properties"]["computeType"]

    @staticmethod
    def attach(workspace: Workspace, name: str, attach_configuration: AksAttachConfiguration) -> AksCompute:
        """Attaches a Kubernetes cluster. Raises ComputeTargetException. Statement tls-internal."""
        check_kind(attach_configuration, AksAttachConfiguration)
        check_workspace(workspace)
        cluster = attach_configuration.resource_id or _cluster(
            f"/subscriptions/{workspace.subscription_id}"
            f"/resourceGroups/{check_text('resource_group', attach_configuration.resource_group)}",
            check_text("cluster_name", attach_configuration.cluster_name),
        )
        return _attached(workspace, name, cluster, attach_configuration)

    @staticmethod
    def create(
        workspace: Workspace, name: str, provisioning_configuration: AksProvisioningConfiguration
    ) -> AksCompute:
        """Makes a Kubernetes cluster in the workspace's resource group, and attaches it. Raises
        ComputeTargetException. Statement tls-internal."""
        check_kind(provisioning_configuration, AksProvisioningConfiguration)
        location = provisioning_configuration.location or check_workspace(workspace).location
        # assumption: provisioned-clusters
        cluster = _cluster(group_of(workspace.id), f"{check_text('name', name)}-{workspace.name}")
        workspace.ask(ResourceManager.put, location, at=cluster, kind=ComputeTargetException)
        return _attached(workspace, name, cluster, provisioning_configuration)

    def wait_for_completion(self, show_output: bool = False) -> None:
        """Returns: the lab lets nobody wait."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(workspace={self.workspace!r}, name={self.name!r}, type={self.type!r})"


class AksCompute(ComputeTarget):
    """A Kubernetes cluster that was attached."""

    @staticmethod
    def attach_configuration(
        resource_group: str | None = None,
        cluster_name: str | None = None,
        resource_id: str | None = None,
        cluster_purpose: str | None = None,
    ) -> AksAttachConfiguration:
        """Which cluster to attach: by its resource group and name, or by its id. `enable_ssl` of what comes
        back has its web services called over https."""
        check_covered(cluster_purpose=cluster_purpose)
        return AksAttachConfiguration(resource_group, cluster_name, resource_id)

    @staticmethod
    def provisioning_configuration(
        agent_count: int | None = None,
        vm_size: str | None = None,
        ssl_cname: str | None = None,
        ssl_cert_pem_file: str | None = None,
        ssl_key_pem_file: str | None = None,
        location: str | None = None,
    ) -> AksProvisioningConfiguration:
        """A cluster to make; how many agents of which size changes nothing. The three `ssl_` arguments are
        those of `enable_ssl`."""
        made = AksProvisioningConfiguration(location)
        if (ssl_cname, ssl_cert_pem_file, ssl_key_pem_file) != (None, None, None):
            made.enable_ssl(ssl_cname, ssl_cert_pem_file, ssl_key_pem_file)
        return made


def _cluster(group: str, name: str) -> str:
    return f"{group}/providers/{kubernetes.TYPE}/{name}"


def _attached(workspace: Workspace, name: str, cluster: str, configuration: AksConfiguration) -> AksCompute:
    target = f"{workspace.id}/computes/{check_text('name', name)}"
    properties = {"computeType": "AKS", "resourceId": cluster, **configuration.properties}
    workspace.ask(ResourceManager.put, workspace.location, properties, at=target, kind=ComputeTargetException)
    return AksCompute(workspace, name)
