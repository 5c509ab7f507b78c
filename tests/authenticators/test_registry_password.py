"""The admin account of a registry."""

from types import SimpleNamespace
from typing import Any

import pytest

from labkit.authenticators.registry_password import RegistryPassword, authenticate
from labkit.core.errors import Unauthenticated
from labkit.core.identity import Capability
from tests.hostile import Text, Yes

OPENED = Capability("/registries/mine", ("pull/read",))
PASSWORDS = {"password": "lab-1", "password2": "lab-2"}
REGISTRY: Any = SimpleNamespace(name="mine", passwords=PASSWORDS, opened=OPENED)


@pytest.mark.parametrize("username", ["mine", "MINE"])
@pytest.mark.parametrize("password", ["lab-1", "lab-2"])
def test_either_password_opens_the_registry(username: str, password: str) -> None:
    who = authenticate(RegistryPassword(username, password), REGISTRY, 0)
    assert (who.kind, who.name, who.object_id, who.capability) == ("account key", "mine admin", "", OPENED)


def test_another_name_or_password_does_not() -> None:
    others = ("", "other", "\ud800", None, 5, b"lab-1", ["lab-1"], Yes())
    pairs = [(one, "lab-1") for one in (*others, Text("mine"))]
    pairs += [("mine", one) for one in (*others, "lab-3", "lab-1 ", Text("lab-1"))]
    for username, password in pairs:
        with pytest.raises(Unauthenticated) as caught:
            authenticate(RegistryPassword(username, password), REGISTRY, 0)
        assert caught.value.presented == "a password, not shown"


def test_it_does_not_print_what_it_holds() -> None:
    assert "lab-1" not in repr(RegistryPassword("mine", "lab-1"))
