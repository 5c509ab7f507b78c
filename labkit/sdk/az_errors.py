"""What az says when something goes wrong: its own sentences of 2019, with the lab's lines below them."""

from __future__ import annotations

import json

from labkit.access.errors import (
    DeniedByAssignment,
    LinkedAuthorizationFailed,
    PrincipalNotFound,
    RoleAssignmentExists,
    RoleDefinitionDoesNotExist,
)
from labkit.access.vault_policy import NotInPolicy
from labkit.authenticators.password import AZURE_CLI
from labkit.core.errors import Forbidden, LabError, NotFound, Refusal
from labkit.identity.errors import SignInRefused, UnknownTenant
from labkit.identity.oauth_errors import number_of, oauth_error
from labkit.services.graph import Graph
from labkit.services.key_vault import TYPE as VAULTS
from labkit.services.resource_id import name_of
from labkit.services.vault_access import PERMISSIONS

_NO_RIGHT = (
    "The client '{name}' with object id '{id}' does not have authorization to perform action '{action}' "
    "over scope '{scope}' or the scope is invalid. If access was recently granted, please refresh your "
    "credentials."
)
GONE = "Resource {} does not exist or one of its queried reference-property objects are not present."
# https://learn.microsoft.com/azure/key-vault/general/troubleshooting-access-issues
_NOT_IN_POLICY = (
    "The user, group or application 'appid={app};oid={id};iss=https://sts.windows.net/{tenant}/' does not "
    "have {what} permission on key vault '{vault}'. For help resolving this issue, please see "
    "https://go.microsoft.com/fwlink/?linkid=2125287"
)
_DENIED = (
    "The client '{name}' with object id '{id}' has permission to perform action '{action}' on scope "
    "'{scope}'; however, the access is denied because of a deny assignment."
)


class AzError(LabError):
    """A command that az does not carry out. `exit_code` is 2 where az could not read the line and 1 for
    everything else. Where the lab refused a call, `code` is its code and the refusal is the cause."""

    exit_code = 1

    @property
    def heading(self) -> str:
        """The first line: az names no code."""
        return self.message

    def _render_traceback_(self) -> list[str]:
        return [f"ERROR: {self}"]


class UsageError(AzError):
    """The line itself is wrong."""

    exit_code = 2


def in_words_of_az(error: LabError, name: str, object_id: str, tenant: str) -> AzError:
    """What somebody called `name` reads on their screen when the lab says no."""
    said = AzError(
        _sentence(error, name, object_id, tenant),
        presented=error.presented,
        required=error.required,
        advice=error.advice,
    )
    said.code = error.code
    return said


def _sentence(error: LabError, name: str, object_id: str, tenant: str) -> str:
    service = getattr(error, "service", "")
    if isinstance(error, Forbidden) and service == Graph.name:
        return "Insufficient privileges to complete the operation."
    if isinstance(error, NotInPolicy):
        return _of_the_vault(error, object_id, tenant)
    if isinstance(error, Forbidden) and not isinstance(error, LinkedAuthorizationFailed):
        # What the door requires is an action on a scope.
        action, _, scope = error.required.partition(" on ")
        text = _DENIED if isinstance(error, DeniedByAssignment) else _NO_RIGHT
        return text.format(name=name, id=object_id, action=action, scope=scope) if scope else error.message
    if isinstance(error, RoleAssignmentExists):
        return "The role assignment already exists."
    if isinstance(error, PrincipalNotFound):
        return f"Principal {error.presented.strip(chr(39))} does not exist in the directory {tenant}."
    if isinstance(error, RoleDefinitionDoesNotExist):
        return f"Role {error.presented} doesn't exist."
    if isinstance(error, NotFound) and service == Graph.name:
        return GONE.format(error.presented)
    if isinstance(error, NotFound) and "/" in error.presented:
        return _missing(error.presented)
    return _from_sign_in(error) if isinstance(error, (SignInRefused, UnknownTenant)) else error.message


def _of_the_vault(error: NotInPolicy, object_id: str, tenant: str) -> str:
    action, _, scope = error.required.partition(" on ")
    kind, _, part = action.removeprefix(f"{VAULTS}/").partition("/")
    # An action that several permissions give is called by the last of them: reading a key is listing it here.
    names = [name for name, parts in PERMISSIONS.get(kind, {}).items() if part in parts]
    what = f"{kind} {names[-1]}" if names else action
    vault = name_of(scope)
    return _NOT_IN_POLICY.format(app=AZURE_CLI, id=object_id, tenant=tenant, what=what, vault=vault)


def _missing(id: str) -> str:
    segments = id.split("/")
    if len(segments) == 3:
        return f"The subscription '{segments[2]}' could not be found."
    if len(segments) == 5:
        return f"Resource group '{segments[4]}' could not be found."
    if len(segments) > 8:
        return f"The Resource '{'/'.join(segments[6:])}' under resource group '{segments[4]}' was not found."
    return f"The resource '{id}' could not be found."


def _from_sign_in(error: Refusal) -> str:
    """As the library says it that az of 2019 signed in with."""
    answer = {
        "error": oauth_error(error.code),
        "error_description": f"{error.code}: {error.message}",
        "error_codes": [number_of(error.code)],
    }
    status, body = error.status, json.dumps(answer, separators=(",", ":"))
    return f"Get Token request returned http error: {status} and server response: {body}"
