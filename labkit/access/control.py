"""The one place that authorizes: role assignments and deny assignments, or a vault's own access policy."""

from __future__ import annotations

from labkit.access.rbac import RoleAssignments
from labkit.access.vault_policy import VaultPolicies
from labkit.core.door import Decision
from labkit.core.identity import Identity


class AccessControl:
    """What the door asks. `roles` and `policies` are the facts that it decides by."""

    def __init__(self, roles: RoleAssignments, policies: VaultPolicies) -> None:
        self.roles = roles
        self.policies = policies

    def __call__(self, who: Identity, action: str, data: bool, scope: str, now: int) -> Decision:
        """Whether `who` may do an action (`data`: of the data plane) at a scope. `now` is in seconds."""
        if data and self.policies.governs(scope):
            return self.policies.decide(who, action, scope)
        return self.roles.decide(who, action, data, scope, now)
