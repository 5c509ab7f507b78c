"""What the documents say about secrets and the vaults that keep them: attempted in a lab of each release that
states it. Each test does what the ledger's `shown_by` says of its statement."""

from __future__ import annotations

import pytest

import labkit
from labkit.authenticators.registry_password import RegistryPassword
from labkit.authenticators.ssh import SshKey, SshPassword
from labkit.azure import (
    KEY_VAULT,
    BlobStorage,
    ContainerRegistry,
    DataStores,
    KeyVault,
    ResourceManager,
    VaultAccess,
)
from labkit.core.errors import Forbidden, Unauthenticated
from labkit.core.resource import Component
from labkit.core.secret import Secret
from labkit.course.secret_places import MICROSOFT_VAULT, NOWHERE, WORKSPACE_VAULT, where_is
from labkit.identity.errors import WrongTenant
from labkit.lab import Lab
from labkit.services.key_vault import Vault
from labkit.services.machine_learning.mount import BlobClient
from labkit.services.virtual_machine import VirtualMachines
from tests.services.ml import (
    MACHINE,
    MACHINE_PASSWORD,
    ask,
    attach,
    dependency,
    machine_account,
    make_machine,
    workspace,
)
from tests.services.own_history import owner
from tests.services.test_ssh_keys import own_key
from tests.statements.at_rest import in_each_release, refusal

STRING = "Server=tcp:sql.example;Password=s3cret-of-the-data-store"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    in_each_release(metafunc)


@pytest.fixture
def lab(release: str) -> Lab:
    return labkit.start(release)


def secrets(lab: Lab) -> dict[str, str]:
    """What olivia finds in the workspace's vault, by name, once she has let herself in."""
    permissions = {"secrets": ["list", "get"]}
    owner(lab, VaultAccess.set_policy, lab.vault, lab.people["olivia"].object_id, permissions)
    token = lab.sign_in("olivia", resource=KEY_VAULT).bearer
    names = lab.ask("olivia", KeyVault.list_secrets, lab.vault, token)
    mine = workspace(lab).own("")
    return {
        name.removeprefix(mine): lab.ask("olivia", KeyVault.get_secret, lab.vault, token, name).reveal()
        for name in names
    }


@pytest.mark.proves("kv-contents")
def test_a_new_workspace_has_three_secrets_there_and_one_more_for_each_data_store(lab: Lab) -> None:
    new = ["datastore/workspaceblobstore", "registry/password", "registry/password2"]
    assert sorted(secrets(lab)) == new
    ask(lab, "carl", DataStores.attach, "sales", STRING)
    assert sorted(secrets(lab)) == ["datastore/sales", *new]
    assert secrets(lab)["datastore/sales"] == STRING
    assert [one for (one,) in where_is(lab, STRING).rows] == [WORKSPACE_VAULT]


@pytest.mark.proves("kv-contents")
def test_what_lies_there_opens_the_storage_account_and_the_registry(lab: Lab) -> None:
    kept = secrets(lab)
    blobs = BlobClient(lab.parts.door, Component("mallory"), Secret(kept["datastore/workspaceblobstore"]))
    blobs.ask(BlobStorage.put, "c/a", b"opened")
    assert blobs.ask(BlobStorage.get, "c/a") == b"opened"
    registry = dependency(lab, "registry")
    assert {name: kept[f"registry/{name}"] for name in registry.passwords} == registry.passwords
    for name in ("password", "password2"):
        login = RegistryPassword(registry.name, kept[f"registry/{name}"])
        lab.ask("mallory", ContainerRegistry.push, registry.id, login, f"{name}:1", b"layers")
    wrong = RegistryPassword(registry.name, kept["registry/password"][:-1])
    asked = lab.attempt("mallory", ContainerRegistry.push, registry.id, wrong, "wrong:1", b"layers")
    assert isinstance(asked.refusal, Unauthenticated)
    # They are the vault's to give: rita, whom it does not let in, gets none of them.
    rita = lab.sign_in("rita", resource=KEY_VAULT).bearer
    refusal(lab, lambda: lab.ask("rita", KeyVault.list_secrets, lab.vault, rita), Forbidden)


def attached(lab: Lab) -> Vault:
    """A virtual machine is attached to the workspace with its password. Returns Microsoft's own vault."""
    make_machine(lab)
    attach(lab, "carl", "box", machine_account())
    [found] = [
        one for one in lab.resources if isinstance(one, Vault) and one.boundary.startswith("Microsoft")
    ]
    return found


@pytest.mark.proves("kv-ssh-separate")
def test_the_key_of_a_machine_is_in_a_vault_of_microsofts_and_not_in_the_customers(lab: Lab) -> None:
    before = secrets(lab)
    lab.trace.clear()
    vault = attached(lab)
    assert secrets(lab) == before
    assert not vault.id.startswith(lab.subscription)
    stored = [hop for hop in lab.trace if hop.operation == "Set secret"]
    assert [(hop.resource, hop.boundary) for hop in stored] == [(vault.name, "Microsoft subscription")]
    key = own_key(lab)
    assert [one for (one,) in where_is(lab, key).rows] == [MICROSOFT_VAULT]
    # It is the machine's: it opens it.
    assert len(lab.ask("ml", VirtualMachines.list_authorized, MACHINE, SshKey("ann", key))) == 1


@pytest.mark.proves("kv-ssh-separate")
@pytest.mark.parametrize("who", ["olivia", "carl", "rita"])
def test_nobody_of_the_customers_reads_it_or_lets_themselves_in(lab: Lab, who: str) -> None:
    vault = attached(lab)
    token, bearer = lab.sign_in(who, resource=KEY_VAULT).bearer, lab.sign_in(who).bearer
    name = workspace(lab).own("box")
    refusal(lab, lambda: lab.ask(who, KeyVault.list_secrets, vault.id, token), WrongTenant)
    refusal(lab, lambda: lab.ask(who, KeyVault.get_secret, vault.id, token, name), WrongTenant)
    me = (lab.people[who].object_id, {"secrets": ["all"]})
    refusal(lab, lambda: lab.ask(who, VaultAccess.set_policy, vault.id, bearer, *me), Forbidden)
    refusal(lab, lambda: lab.ask(who, ResourceManager.delete, vault.id, bearer), Forbidden)


@pytest.mark.proves("kv-no-user-keys")
def test_the_password_that_the_user_gave_is_in_no_store_and_azure_mls_own_key_is_authorized(lab: Lab) -> None:
    attached(lab)
    assert [one for (one,) in where_is(lab, MACHINE_PASSWORD).rows] == [NOWHERE]
    assert lab.media.find(MACHINE_PASSWORD).rows == []
    assert MACHINE_PASSWORD not in repr(lab.trace)
    shown = owner(lab, ResourceManager.get, f"{lab.workspace}/computes/box")
    assert MACHINE_PASSWORD not in str(shown)
    # ann, whose password it is, finds somebody else's key on her machine, which goes when it is detached.
    ann = SshPassword("ann", MACHINE_PASSWORD)
    [line] = lab.ask("ann", VirtualMachines.list_authorized, MACHINE, ann)
    assert line.startswith("ssh-ed25519 ")
    key = SshKey("ann", own_key(lab))
    assert lab.ask("ml", VirtualMachines.list_authorized, MACHINE, key) == [line]
    owner(lab, ResourceManager.delete, f"{lab.workspace}/computes/box")
    assert lab.attempt("ml", VirtualMachines.list_authorized, MACHINE, key).refusal is not None
    assert lab.ask("ann", VirtualMachines.list_authorized, MACHINE, ann) == []


@pytest.mark.proves("kv-no-user-keys")
def test_the_two_sentences_side_by_side(lab: Lab) -> None:
    """The data store's connection string is the user's own as well, and that one is stored."""
    attached(lab)
    ask(lab, "carl", DataStores.attach, "sales", STRING)
    given = {"password of a machine": MACHINE_PASSWORD, "connection string of a data store": STRING}
    found = {what: [one for (one,) in where_is(lab, text).rows] for what, text in given.items()}
    assert found == {
        "password of a machine": [NOWHERE],
        "connection string of a data store": [WORKSPACE_VAULT],
    }
    assert ask(lab, "carl", DataStores.credential, "sales").reveal() == STRING


@pytest.mark.proves("kv-no-user-keys")
def test_a_wrong_password_is_not_taken_and_leaves_nothing(lab: Lab) -> None:
    make_machine(lab)
    refusal(lab, lambda: attach(lab, "carl", "box", machine_account(password="a guess")), Unauthenticated)
    assert [one for (one,) in where_is(lab, "a guess").rows] == [NOWHERE]
