"""What a workspace keeps in its vault, and what each of it opens."""

import pytest

from labkit.authenticators.registry_password import RegistryPassword
from labkit.azure import ContainerRegistry, DataStores, ResourceManager, Resync
from labkit.core.errors import Forbidden, Unauthenticated
from labkit.lab import Lab
from tests.services.ml import ask, dependency, secret, unchanged, workspace

KEPT = ["datastore/workspaceblobstore", "registry/password", "registry/password2"]


def contents(lab: Lab) -> list[str]:
    own = workspace(lab).own("")
    return [name.removeprefix(own) for name in dependency(lab, "vault").secrets.names()]


def login(lab: Lab, name: str = "password") -> RegistryPassword:
    kept = secret(dependency(lab, "vault"), workspace(lab).own(f"registry/{name}"))
    return RegistryPassword(dependency(lab, "registry").name, kept)


def test_the_vault_holds_the_connection_string_the_registry_s_passwords_and_the_data_stores(lab: Lab) -> None:
    assert contents(lab) == KEPT
    ask(lab, "carl", DataStores.attach, "sales", "AccountKey=hunter2")
    assert contents(lab) == ["datastore/sales", *KEPT]


@pytest.mark.parametrize("name", ["password", "password2"])
def test_a_password_of_the_registry_opens_all_of_it_for_whoever_has_it(lab: Lab, name: str) -> None:
    registry, cred = dependency(lab, "registry").id, login(lab, name)
    lab.ask("mallory", ContainerRegistry.push, registry, cred, "evil:1", b"layers")
    assert lab.ask("mallory", ContainerRegistry.pull, registry, cred, "evil:1") == b"layers"
    assert cred.password not in repr(lab.trace) + repr(dependency(lab, "registry"))


def test_it_opens_no_other_registry(lab: Lab) -> None:
    cred, id = login(lab), f"{dependency(lab, 'registry').id}2"
    lab.ask("carl", ResourceManager.put, id, lab.sign_in("carl").bearer, "eastus")
    with unchanged(lab), pytest.raises(Unauthenticated):
        lab.ask("mallory", ContainerRegistry.pull, id, cred, "evil:1")


def test_the_next_registry_of_the_name_has_others_and_a_resync_brings_them(lab: Lab) -> None:
    registry, owner, old = dependency(lab, "registry").id, lab.sign_in("olivia").bearer, login(lab)
    lab.ask("olivia", ResourceManager.delete, registry, owner)
    lab.ask("olivia", ResourceManager.put, registry, owner, "eastus")
    with pytest.raises(Unauthenticated):
        lab.ask("mallory", ContainerRegistry.push, registry, old, "evil:1", b"")
    ask(lab, "olivia", Resync.resync)
    assert login(lab) != old
    lab.ask("mallory", ContainerRegistry.push, registry, login(lab), "evil:1", b"")


def test_a_reader_does_not_list_them(lab: Lab) -> None:
    registry = dependency(lab, "registry").id
    with pytest.raises(Forbidden):
        lab.ask("rita", ResourceManager.post, registry, lab.sign_in("rita").bearer, "listCredentials")
    listed = lab.ask("carl", ResourceManager.post, registry, lab.sign_in("carl").bearer, "listCredentials")
    assert listed["password"].reveal() == login(lab).password
