"""What Azure ML does when Resource Manager asks it to create or delete a workspace."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from labkit.authenticators.platform import Platform
from labkit.core.entropy import Entropy
from labkit.core.errors import BadRequest, brief
from labkit.core.operation import Call
from labkit.core.resource import Resources
from labkit.core.secret import Secret
from labkit.identity.directory import Directory
from labkit.services import app_insights, key_vault, registry, storage
from labkit.services.azure_ad import ARM
from labkit.services.machine_learning import support_application
from labkit.services.machine_learning.data_stores import kept_as
from labkit.services.machine_learning.dedicated_cosmos import DedicatedCosmos
from labkit.services.machine_learning.high_business_impact import Passed
from labkit.services.machine_learning.permissions import Permissions
from labkit.services.machine_learning.private_link import check_dependencies
from labkit.services.machine_learning.run_history import RunHistory
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
        self,
        platform: Platform,
        directory: Directory,
        permissions: Permissions,
        history: RunHistory,
        dedicated: DedicatedCosmos,
        draw: Entropy,
        resources: Resources,
    ) -> None:
        super().__init__(platform)
        self._resources = resources
        self._history = history
        self._dedicated = dedicated
        self._directory = directory
        self._permissions = permissions
        self._entropy = draw

    def created(self, call: Call[Workspace], properties: Mapping[str, Any]) -> dict[str, Any]:
        """Completes a new workspace. Returns its properties."""
        workspace = call.target
        own_history = self._dedicated.wanted(properties)
        for role in _DEPENDENCIES:
            workspace.depends_on[role] = self._dependency(call, role, properties.get(_GIVEN[role]))
        check_dependencies(workspace, self._resources)
        if own_history:
            workspace.history = self._dedicated.create(call, properties)
        else:
            workspace.history = self._history.shared(call, workspace.region)
        call.undo(self._directory.as_it_is())
        principal = self._directory.add_managed_identity(workspace.name, workspace.id)
        workspace.identity_id = principal.object_id
        self._permissions.grant(call)
        provider = self._permissions.as_provider(call, workspace.tenant_id)
        support_application.ensure(call, self._permissions, self._directory, self._entropy, provider)
        store_connection(self, call)
        store_registry_passwords(self, call)
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
        there that name the identity: they mean nobody from now on. A Cosmos DB account of its own goes with
        it (statement enc-cosmos-cmk-delete)."""
        self._dedicated.delete(call)
        call.undo(self._directory.as_it_is())
        self._directory.remove_principal(call.target.identity_id)


def store_registry_passwords(service: MachineLearning, call: Call[Workspace]) -> None:
    """Puts the registry's present passwords into the vault, as the workspace. Statement kv-contents."""
    own_registry = call.target.depends_on["registry"]
    as_identity = service.as_workspace(call, call.target, ARM)
    passwords = call.ask(ResourceManager.post, own_registry, as_identity, "listCredentials")
    for name, password in passwords.items():
        service.to_vault(call, f"registry/{name}", password.reveal())
    hand_on(call, "registry", "registry/password", passwords["password"].reveal())


def store_connection(service: MachineLearning, call: Call[Workspace]) -> None:
    """Puts the storage account's present key into the vault, as the workspace."""
    workspace = call.target
    account = workspace.depends_on["storage"]
    keys = call.ask(ResourceManager.post, account, service.as_workspace(call, workspace, ARM), "listKeys")
    value = storage.connection_string(account.rpartition("/")[2], keys)
    service.to_vault(call, kept_as(DEFAULT_STORE), value)
    workspace.data_stores[DEFAULT_STORE] = kept_as(DEFAULT_STORE)
    hand_on(call, "storage", kept_as(DEFAULT_STORE), value)


def hand_on(call: Call[Workspace], what: str, kept: str, value: str) -> None:
    """From now on the jobs of the workspace bring this credential to their cluster: itself or, with high
    business impact, the name that it is kept under. Statement enc-hbi-effects."""
    # assumption: job-credentials
    workspace = call.target
    passed = Passed(workspace.own(kept), None if workspace.hbi else Secret(value))
    call.undo(partial(setattr, workspace, "credentials", workspace.credentials))
    workspace.credentials = {**workspace.credentials, what: passed}
