"""What Azure ML does when Resource Manager asks it to create or delete a workspace."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from labkit.access.rbac import RoleAssignment, RoleAssignments
from labkit.access.roles import built_in
from labkit.access.vault_policy import VaultPolicies
from labkit.authenticators.platform import Platform
from labkit.core.entropy import Entropy
from labkit.core.operation import Call
from labkit.identity.directory import Directory
from labkit.services import key_vault, storage
from labkit.services.azure_ad import ARM, KEY_VAULT
from labkit.services.key_vault import KeyVault
from labkit.services.machine_learning.workspace import MachineLearning, Workspace
from labkit.services.resource_id import group_of
from labkit.services.resource_manager import ResourceManager

REGISTRY = "Microsoft.ContainerRegistry/registries"
INSIGHTS = "Microsoft.Insights/components"
DEFAULT_STORE = "workspaceblobstore"
_DEPENDENCIES = {"vault": key_vault.TYPE, "storage": storage.TYPE, "registry": REGISTRY, "insights": INSIGHTS}


class WorkspaceProvider(MachineLearning):
    """Creates what a workspace depends on in the user's subscription, with the user's own rights
    (assumption: dependencies-by-caller), and the managed identity with its permissions (statements
    flow-create-workspace, mi-permissions)."""

    def __init__(
        self,
        platform: Platform,
        directory: Directory,
        roles: RoleAssignments,
        policies: VaultPolicies,
        draw: Entropy,
    ) -> None:
        super().__init__(platform)
        self._directory = directory
        self._roles = roles
        self._policies = policies
        self._entropy = draw

    def created(self, call: Call[Workspace], properties: Mapping[str, Any]) -> dict[str, Any]:
        """Completes a new workspace. Returns its properties."""
        workspace = call.target
        on_behalf = self._platform.forward(call.identity)
        for role, type_ in _DEPENDENCIES.items():
            id = f"{group_of(workspace.id)}/providers/{type_}/{self._name(workspace, role)}"
            call.ask(ResourceManager.put, id, on_behalf, workspace.region)
            workspace.depends_on[role] = id
        self._create_identity(call)
        self._store_connection(call)
        return {"identity": workspace.identity_id, **workspace.depends_on}

    def _name(self, workspace: Workspace, role: str) -> str:
        # Names of vaults and accounts are unique in the whole of Azure and take letters and digits only.
        stem = "".join(letter for letter in workspace.name.lower() if letter.isalnum())[:10]
        return f"{stem}{role}{self._entropy(f'{workspace.id.lower()}/{role}', 2).hex()}"

    def _create_identity(self, call: Call[Workspace]) -> None:
        workspace = call.target
        principal = self._directory.add_managed_identity(workspace.name, workspace.id)
        call.undo(lambda: self._directory.remove_principal(principal.object_id))
        workspace.identity_id = principal.object_id
        for assignment in self._permissions(workspace):
            self._roles.add(assignment)
            call.undo(partial(self._roles.remove, assignment))
        vault = workspace.depends_on["vault"]
        self._policies.grant(vault, principal.object_id, (f"{key_vault.TYPE}/*",))
        call.undo(partial(self._policies.revoke, vault, principal.object_id))

    def _permissions(self, workspace: Workspace) -> list[RoleAssignment]:
        roles = built_in()
        held = [
            ("contributor", workspace.id),
            ("storage blob data contributor", workspace.depends_on["storage"]),
            ("contributor", workspace.depends_on["registry"]),
            ("contributor", group_of(workspace.id)),
        ]
        return [RoleAssignment(workspace.identity_id, roles[name], scope) for name, scope in held]

    def _store_connection(self, call: Call[Workspace]) -> None:
        workspace = call.target
        as_identity = self.as_workspace(call, workspace, ARM)
        account = workspace.depends_on["storage"]
        keys = call.ask(ResourceManager.post, account, as_identity, "listKeys")
        secret = f"{workspace.name}-{DEFAULT_STORE}"
        value = storage.connection_string(account.rpartition("/")[2], keys)
        for_vault = self.as_workspace(call, workspace, KEY_VAULT)
        call.ask(KeyVault.set_secret, workspace.depends_on["vault"], for_vault, secret, value)
        workspace.data_stores[DEFAULT_STORE] = secret

    def deleted(self, call: Call[Workspace]) -> None:
        """The managed identity and its permissions go with the workspace; the rest stays."""
        for assignment in self._permissions(call.target):
            if self._roles.remove(assignment):
                call.undo(partial(self._roles.add, assignment))
        identity_id, vault = call.target.identity_id, call.target.depends_on["vault"]
        call.undo(
            partial(self._policies.grant, vault, identity_id, self._policies.revoke(vault, identity_id))
        )
        if principal := self._directory.principal(identity_id):
            self._directory.remove_principal(identity_id)
            call.undo(partial(self._directory.restore_principal, principal))
