"""What users may do in a directory without having a role in it, as Azure AD's default user permissions say
(https://learn.microsoft.com/azure/active-directory/fundamentals/users-default-permissions)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from labkit.access.vault_policy import PolicyDecision
from labkit.core.identity import Identity

_ALL = "microsoft.directory/"
READ_APPLICATIONS = f"{_ALL}applications/standard/read"
READ_PRINCIPALS = f"{_ALL}servicePrincipals/standard/read"
READ_USERS = f"{_ALL}users/standard/read"
REGISTER = f"{_ALL}applications/createAsOwner"
ADD_PRINCIPAL = f"{_ALL}servicePrincipals/createAsOwner"
CHANGE_SECRETS = f"{_ALL}applications/credentials/update"
UNREGISTER = f"{_ALL}applications/delete"

_OF_MEMBERS = {READ_APPLICATIONS, READ_PRINCIPALS, READ_USERS, REGISTER, ADD_PRINCIPAL}
_OF_OWNERS = {CHANGE_SECRETS, UNREGISTER}


class Facts(Protocol):
    """What has to be known of a directory."""

    @property
    def members_may_register(self) -> bool:
        """The tenant's setting."""

    def owners_of(self, client_id: str) -> Collection[str]:
        """Object ids of the owners of an app registration."""


class DirectoryPermissions:
    """Members read the directory and register applications, unless the tenant's setting says that they may
    not register; owners of an application change and delete it. Guests and applications do none of this:
    guests see so little by default that the lab lets them see nothing."""

    def __init__(self, directory: Facts) -> None:
        self._directory = directory

    def governs(self, action: str) -> bool:
        """Whether an action is one of the directory."""
        return action.startswith(_ALL)

    def decide(self, who: Identity, action: str, scope: str) -> PolicyDecision:
        """Whether it may be done. The last part of the scope is the client id of the application."""
        if who.kind != "user":
            # assumption: directory-of-applications
            return _no(f"a {who.kind} has no right of its own in the directory", "sign in as a user")
        if action in _OF_OWNERS:
            if who.object_id in self._directory.owners_of(scope.rpartition("/")[2]):
                return PolicyDecision(True, "an owner of the application")
            return _no("not an owner of the application", "ask an owner of it, or take another name")
        if who.guest or action not in _OF_MEMBERS:
            # assumption: directory-of-guests
            return _no("a guest of the directory", "ask a member of the tenant")
        if action in (REGISTER, ADD_PRINCIPAL) and not self._directory.members_may_register:
            return _no("the tenant does not let its members register applications", "ask an administrator")
        return PolicyDecision(True, "every member of the tenant may")


def _no(why: str, advice: str) -> PolicyDecision:
    return PolicyDecision(False, why, advice)
