"""`azureml.core.compute`: compute targets that a workspace has, as far as deploying needs them."""

from __future__ import annotations

from labkit.sdk.azureml.exceptions import ComputeTargetException, check_text
from labkit.sdk.azureml.handle import Handle
from labkit.sdk.azureml.workspace import Workspace, check_workspace
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

    def __repr__(self) -> str:
        return f"{type(self).__name__}(workspace={self.workspace!r}, name={self.name!r}, type={self.type!r})"


class AksCompute(ComputeTarget):
    """A Kubernetes cluster that was attached."""
