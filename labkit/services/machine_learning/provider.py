"""What Azure ML does when Resource Manager asks it to create or delete a workspace."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labkit.authenticators.platform import Platform
from labkit.core.entropy import Entropy
from labkit.core.errors import BadRequest, brief
from labkit.core.operation import Call
from labkit.identity.directory import Directory
from labkit.services import app_insights, key_vault, registry, storage
from labkit.services.azure_ad import ARM
from labkit.services.machine_learning import support_application
from labkit.services.machine_learning.data_stores import kept_as
from labkit.services.machine_learning.permissions import Permissions
from labkit.services.machine_learning.workspace import MachineLearning, Workspace
from labkit.services.resource_id import group_of, resource_type
from labkit.services.resource_manager import ResourceManager

DEFAULT_STORE = "workspaceblobstore"
_DEPENDENCIES = {
    "vault": key_vault.TYPE,
    "storage": storage.TYPE,
    "registry": registry.TYPE,
    "insights": app_insights.TYPE,
}
# What the properties are called in which somebody names resources that exist already.
_GIVEN = {
    "vault": "keyVault",
    "storage": "storageAccount",
    "registry": "containerRegistry",
    "insights": "applicationInsights",
}


class WorkspaceProvider(MachineLearning):
    """Creates what a workspace depends on in the user's subscription, with the user's own rights
    (assumption: dependencies-by-caller), and the managed identity with its permissions (statements
    flow-create-workspace, mi-permissions)."""

    def __init__(
        self, platform: Platform, directory: Directory, permissions: Permissions, draw: Entropy
    ) -> None:
        super().__init__(platform)
        self._directory = directory
        self._permissions = permissions
        self._entropy = draw

    def created(self, call: Call[Workspace], properties: Mapping[str, Any]) -> dict[str, Any]:
        """Completes a new workspace. Returns its properties."""
        workspace = call.target
        for role in _DEPENDENCIES:
            workspace.depends_on[role] = self._dependency(call, role, properties.get(_GIVEN[role]))
        call.undo(self._directory.as_it_is())
        principal = self._directory.add_managed_identity(workspace.name, workspace.id)
        workspace.identity_id = principal.object_id
        self._permissions.grant(call)
        provider = self._permissions.as_provider(call, workspace.tenant_id)
        support_application.ensure(call, self._permissions, self._directory, self._entropy, provider)
        store_connection(self, call)
        return {"identity": workspace.identity_id, **workspace.depends_on}

    def _dependency(self, call: Call[Workspace], role: str, given: object) -> str:
        """The id of an existing resource, or of one that is created. Raises BadRequest, and Forbidden for a
        resource that the caller may not write."""
        workspace, type_ = call.target, _DEPENDENCIES[role]
        on_behalf = self._platform.forward(call.identity)
        if given is None:
            id = f"{group_of(workspace.id)}/providers/{type_}/{self._name(workspace, role)}"
            call.ask(ResourceManager.put, id, on_behalf, workspace.region)
            return id
        if type(given) is not str or resource_type(given).lower() != type_.lower():
            raise BadRequest(f"{_GIVEN[role]} is another thing.", presented=brief(given, 120), required=type_)
        id = call.ask(ResourceManager.link, given, on_behalf)
        if role == "vault" and group_of(id).lower() != group_of(workspace.id).lower():
            # The identity will be a Contributor of the vault's group: nobody gives away more than they have.
            call.ask(ResourceManager.link, group_of(id), on_behalf)
        return id

    def _name(self, workspace: Workspace, role: str) -> str:
        # Names of vaults and accounts are unique in the whole of Azure and take letters and digits only.
        stem = "".join(letter for letter in workspace.name.lower() if letter.isalnum())[:10]
        return f"{stem}{role}{self._entropy(f'{workspace.id.lower()}/{role}', 3).hex()}"

    def deleted(self, call: Call[Workspace]) -> None:
        """The managed identity goes with the workspace. What it depends on stays, and so do role assignments
        there that name the identity: they mean nobody from now on."""
        call.undo(self._directory.as_it_is())
        self._directory.remove_principal(call.target.identity_id)


def store_connection(service: MachineLearning, call: Call[Workspace]) -> None:
    """Puts the storage account's present key into the vault, as the workspace."""
    workspace = call.target
    account = workspace.depends_on["storage"]
    keys = call.ask(ResourceManager.post, account, service.as_workspace(call, workspace, ARM), "listKeys")
    value = storage.connection_string(account.rpartition("/")[2], keys)
    service.to_vault(call, kept_as(DEFAULT_STORE), value)
    workspace.data_stores[DEFAULT_STORE] = kept_as(DEFAULT_STORE)
