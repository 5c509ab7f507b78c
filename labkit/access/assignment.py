"""A role assignment."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class RoleAssignment:
    """A role (`role_id`) given to a principal (object id) at a scope. `id` is the assignment's own,
    `principal_name` what people call the principal."""

    id: str
    principal_id: str
    role_id: str
    scope: str
    principal_name: str = field(default="", compare=False)

    @property
    def resource_id(self) -> str:
        """Its Resource Manager id."""
        return f"{self.scope.rstrip('/')}/providers/Microsoft.Authorization/roleAssignments/{self.id}"
