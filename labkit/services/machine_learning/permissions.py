"""What the managed identity of a workspace may do, and how it comes to that."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from labkit.access.errors import RoleAssignmentExists
from labkit.authenticators.platform import Platform
from labkit.core.credential import Bearer
from labkit.core.entropy import Entropy
from labkit.core.operation import Call
from labkit.identity.directory import Directory
from labkit.services import vault_access
from labkit.services.authorization import Authorization
from labkit.services.azure_ad import ARM, AzureAD
from labkit.services.machine_learning.workspace import MachineLearning, Workspace
from labkit.services.resource_id import group_of
from labkit.services.vault_access import VaultAccess

# Azure ML's own application, the same in every tenant.
PROVIDER_APP = "0736f41a-0425-4b46-bdb5-1563eff02385"


@dataclass(frozen=True)
class Permission:
    """A role that the identity holds: `on` in the documents' words, the role's name, the scope."""

    on: str
    role: str
    scope: str


def permissions(workspace: Workspace) -> list[Permission]:
    """The documents' table, without the vault's access policy, which is no role. The last row is there only
    where the vault is in another resource group. Statement mi-permissions."""
    depends_on = workspace.depends_on
    rows = [
        Permission("workspace", "Contributor", workspace.id),
        Permission("storage account", "Storage Blob Data Contributor", depends_on["storage"]),
        Permission("container registry", "Contributor", depends_on["registry"]),
        Permission("resource group of the workspace", "Contributor", group_of(workspace.id)),
    ]
    group_of_vault = group_of(depends_on["vault"])
    if group_of_vault.lower() != group_of(workspace.id).lower():
        rows.append(Permission("resource group of the key vault", "Contributor", group_of_vault))
    return rows


class Permissions(MachineLearning):
    """Gives the identity what it needs: the roles with the rights of Azure ML's own service principal, the
    access to the vault with the identity's own, by then (the assumption provider-principal)."""

    def __init__(self, platform: Platform, directory: Directory, draw: Entropy) -> None:
        super().__init__(platform)
        self._directory = directory
        self._entropy = draw

    def provider_id(self) -> str:
        """The object id of Azure ML's own service principal."""
        principal = self._directory.principal_of(PROVIDER_APP)
        return principal.object_id if principal else ""

    def as_provider(self, call: Call[Any], tenant_id: str) -> Bearer:
        """A token of Azure ML's own service principal for Resource Manager."""
        certificate = self._platform.certificate(self.provider_id())
        return call.ask(AzureAD.token, tenant_id, certificate, ARM).access_token.bearer

    def assign(self, call: Call[Any], provider: Bearer, role: str, principal_id: str, scope: str) -> None:
        """Assigns a role, unless it is assigned."""
        # The same name each time: who has the role already keeps it.
        name = self._entropy.uuid(f"permission/{principal_id}/{role}/{scope.lower()}")
        with suppress(RoleAssignmentExists):  # by somebody else, under another name
            call.ask(Authorization.assign, scope, provider, role, principal_id, name)

    def grant(self, call: Call[Workspace]) -> None:
        """All of the table, as far as it is missing."""
        workspace = call.target
        provider = self.as_provider(call, workspace.tenant_id)
        for one in permissions(workspace):
            self.assign(call, provider, one.role, workspace.identity_id, one.scope)
        as_identity = self.as_workspace(call, workspace)
        vault = workspace.depends_on["vault"]
        call.ask(VaultAccess.set_policy, vault, as_identity, workspace.identity_id, vault_access.ALL)
