"""Resync keys: brings back what a workspace needs of the resources it depends on."""

from __future__ import annotations

from labkit.authenticators.platform import Platform
from labkit.core.identity import within
from labkit.core.operation import Call, operation
from labkit.services.machine_learning.permissions import Permissions, permissions
from labkit.services.machine_learning.provider import store_connection, store_registry_passwords
from labkit.services.machine_learning.workspace import TYPE, MachineLearning, Workspace
from labkit.services.resource_id import group_of
from labkit.services.resource_manager import ResourceManager


class Resync(MachineLearning):
    """Asked for by whoever may write the workspace; done by Azure ML."""

    def __init__(self, platform: Platform, permissions: Permissions) -> None:
        super().__init__(platform)
        self._permissions = permissions

    @operation("Resync keys", action=f"{TYPE}/resynckeys/action")
    def resync(self, call: Call[Workspace]) -> None:
        """Gives the managed identity the permissions of the documents' table again, and stores the present
        key of the storage account in the vault. What lies in another resource group the caller has to be
        allowed to write, as at creation. Statement mi-do-not-revoke."""
        own_group = group_of(call.target.id)
        for one in permissions(call.target):
            if not within(one.scope, own_group):
                call.ask(ResourceManager.link, one.scope, self._platform.forward(call.identity))
        self._permissions.grant(call)
        store_connection(self._permissions, call)
        store_registry_passwords(self._permissions, call)
