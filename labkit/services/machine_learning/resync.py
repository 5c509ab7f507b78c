"""Resync keys: brings back what a workspace needs of the resources it depends on."""

from __future__ import annotations

from labkit.authenticators.platform import Platform
from labkit.core.operation import Call, operation
from labkit.services.machine_learning.permissions import Permissions
from labkit.services.machine_learning.provider import store_connection
from labkit.services.machine_learning.workspace import TYPE, MachineLearning, Workspace


class Resync(MachineLearning):
    """Asked for by whoever may write the workspace; done by Azure ML."""

    def __init__(self, platform: Platform, permissions: Permissions) -> None:
        super().__init__(platform)
        self._permissions = permissions

    @operation("Resync keys", action=f"{TYPE}/resynckeys/action")
    def resync(self, call: Call[Workspace]) -> None:
        """Gives the managed identity the permissions of the documents' table again, and stores the present
        key of the storage account in the vault. Statement mi-do-not-revoke."""
        self._permissions.grant(call)
        store_connection(self._permissions, call)
