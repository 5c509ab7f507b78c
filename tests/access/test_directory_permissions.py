"""What a directory lets its users do."""

import pytest

from labkit.access import directory_permissions as may
from labkit.access.directory_permissions import DirectoryPermissions
from labkit.core.entropy import Entropy
from labkit.core.identity import Identity
from labkit.identity.directory import Directory

SCOPE = "/tenant/applications/app-id"
EVERYTHING = [getattr(may, name) for name in dir(may) if name.isupper() and not name.startswith("_")]


@pytest.fixture
def permissions() -> DirectoryPermissions:
    directory = Directory("tenant", "tenant.example", Entropy(1))
    directory.register("app", "app-id", owner="ann")
    return DirectoryPermissions(directory)


def user(object_id: str = "ann", guest: bool = False) -> Identity:
    return Identity("user", f"{object_id}@tenant.example", object_id, "tenant", guest=guest)


@pytest.mark.parametrize("action", EVERYTHING)
def test_an_owner_who_is_a_member_may_do_it_all(permissions: DirectoryPermissions, action: str) -> None:
    assert len(EVERYTHING) == 7
    assert permissions.governs(action)
    assert permissions.decide(user(), action, SCOPE).allowed


@pytest.mark.parametrize("action", [may.CHANGE_SECRETS, may.UNREGISTER])
@pytest.mark.parametrize("scope", ["/tenant/applications/app", "/tenant/applications", "/", ""])
def test_what_is_owned_is_one_application(permissions: DirectoryPermissions, action: str, scope: str) -> None:
    assert not permissions.decide(user(), action, scope).allowed
    assert not permissions.decide(user("bob"), action, SCOPE).allowed
    assert permissions.decide(user(guest=True), action, SCOPE).allowed


@pytest.mark.parametrize("kind", ["service principal", "managed identity", "run", "anonymous"])
@pytest.mark.parametrize("action", EVERYTHING)
def test_what_is_no_user_may_nothing(permissions: DirectoryPermissions, kind: str, action: str) -> None:
    assert not permissions.decide(Identity(kind, "x", "ann"), action, SCOPE).allowed


def test_an_unknown_action_is_nobody_s(permissions: DirectoryPermissions) -> None:
    assert not permissions.decide(user(), "microsoft.directory/tenant/delete", SCOPE).allowed
    assert not permissions.governs("Microsoft.Authorization/roleAssignments/write")
