"""The keys of what a workspace depends on."""

from __future__ import annotations

from labkit.core.operation import Call, operation
from labkit.core.secret import Secret
from labkit.services.machine_learning.workspace import TYPE, MachineLearning, Workspace
from labkit.services.resource_manager import ResourceManager


class WorkspaceKeys(MachineLearning):
    """Fetched from Resource Manager as the workspace's managed identity, and handed on."""

    @operation("List workspace keys", action=f"{TYPE}/listKeys/action")
    def list_keys(self, call: Call[Workspace]) -> dict[str, Secret]:
        """The access keys of the workspace's storage account."""
        as_identity = self.as_workspace(call, call.target)
        keys: dict[str, Secret] = call.ask(
            ResourceManager.post, call.target.depends_on["storage"], as_identity, "listKeys"
        )
        return keys
