"""What Azure's authorization provider refuses, each with Azure's own code where one is known.

Codes and statuses for which there is no source are ours and say so.  # assumption: rbac-codes
"""

from __future__ import annotations

from typing import ClassVar

from labkit.core.errors import BadRequest, Conflict, Forbidden, NotFound


class InvalidScope(BadRequest):
    """The text names no scope. The code is ours."""

    fixed_code: ClassVar[str] = "InvalidScope"


class DeniedByAssignment(Forbidden):
    """A deny assignment forbids what a role may allow."""

    fixed_code: ClassVar[str] = "DenyAssignmentAuthorizationFailed"


class RoleAssignmentExists(Conflict):
    """The principal has this role at this scope already."""

    fixed_code: ClassVar[str] = "RoleAssignmentExists"


class RoleAssignmentUpdateNotPermitted(BadRequest):
    """A role assignment of this name exists and says something else."""

    fixed_code: ClassVar[str] = "RoleAssignmentUpdateNotPermitted"


class InvalidRoleAssignmentId(BadRequest):
    """The name of a role assignment is a GUID."""

    fixed_code: ClassVar[str] = "InvalidRoleAssignmentId"


class RoleAssignmentLimitExceeded(Conflict):
    """The subscription holds as many role assignments as it may. The status is ours."""

    fixed_code: ClassVar[str] = "RoleAssignmentLimitExceeded"


class RoleAssignmentNotFound(NotFound):
    """There is no such role assignment."""

    fixed_code: ClassVar[str] = "RoleAssignmentNotFound"


class PrincipalNotFound(BadRequest):
    """The directory has no such user, group, service principal or managed identity."""

    fixed_code: ClassVar[str] = "PrincipalNotFound"


class RoleDefinitionDoesNotExist(NotFound):
    """There is no such role, or none that is available at this scope: for the latter the code is ours."""

    fixed_code: ClassVar[str] = "RoleDefinitionDoesNotExist"


class RoleDefinitionWithSameNameExists(Conflict):
    """The tenant has a role of this name."""

    fixed_code: ClassVar[str] = "RoleDefinitionWithSameNameExists"


class RoleDefinitionExists(Conflict):
    """Azure's own roles cannot be changed. That they cannot be deleted is said with this code as well, which
    is ours."""

    fixed_code: ClassVar[str] = "RoleDefinitionExists"


class RoleDefinitionLimitExceeded(Conflict):
    """The tenant has as many custom roles as it may. The status is ours."""

    fixed_code: ClassVar[str] = "RoleDefinitionLimitExceeded"


class RoleDefinitionHasAssignments(Conflict):
    """A role that is assigned cannot be deleted. The status is ours."""

    fixed_code: ClassVar[str] = "RoleDefinitionHasAssignments"


class InvalidActionOrNotAction(BadRequest):
    """A pattern of the role matches no operation that Azure knows, or has two wildcards."""

    fixed_code: ClassVar[str] = "InvalidActionOrNotAction"


class LinkedAuthorizationFailed(Forbidden):
    """The caller may write the role at one scope and not at another one where it would count. The code is
    ours."""

    fixed_code: ClassVar[str] = "LinkedAuthorizationFailed"


class InvalidRoleDefinition(BadRequest):
    """The role is not made as a role has to be. The code is ours; those of the classes below are Azure's."""

    fixed_code: ClassVar[str] = "InvalidRoleDefinition"


class RoleDefinitionNameNullOrEmpty(InvalidRoleDefinition):
    """A role has a name."""

    fixed_code: ClassVar[str] = "RoleDefinitionNameNullOrEmpty"


class InvalidRoleDefinitionType(InvalidRoleDefinition):
    """Nobody makes a built-in role."""

    fixed_code: ClassVar[str] = "InvalidRoleDefinitionType"


class MissingAssignableScopes(InvalidRoleDefinition):
    """A custom role says where it may be assigned."""

    fixed_code: ClassVar[str] = "MissingAssignableScopes"


class LinkedInvalidPropertyId(InvalidRoleDefinition):
    """An assignable scope is the id of something."""

    fixed_code: ClassVar[str] = "LinkedInvalidPropertyId"


class OutsideDocumentedRoles(InvalidRoleDefinition):
    """Azure would take this role; the documents limit custom roles to workspaces and their compute. The code
    is ours."""

    fixed_code: ClassVar[str] = "CustomRoleNotSupported"
