"""The one place that authorizes: role assignments and deny assignments, a vault's own access policy, or what
a directory lets its users do."""

from __future__ import annotations

from labkit.access.directory_permissions import DirectoryPermissions
from labkit.access.rbac import RoleAssignments
from labkit.access.vault_policy import VaultPolicies
from labkit.core.door import Decision
from labkit.core.identity import Identity


class AccessControl:
    """What the door asks. `roles`, `policies` and `directory` are the facts that it decides by."""

    def __init__(
        self, roles: RoleAssignments, policies: VaultPolicies, directory: DirectoryPermissions
    ) -> None:
        self.roles = roles
        self.policies = policies
        self.directory = directory

    def __call__(self, who: Identity, action: str, data: bool, scope: str, now: int) -> Decision:
        """Whether `who` may do an action (`data`: of the data plane) at a scope. `now` is in seconds."""
        if self.directory.governs(action):
            return self.directory.decide(who, action, scope)
        if data and self.policies.governs(scope):
            return self.policies.decide(who, action, scope)
        return self.roles.decide(who, action, data, scope, now)
