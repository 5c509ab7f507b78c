"""Backups: closed bytes, which open in a vault of the same subscription and geography."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import labkit
from labkit.azure import KeyVault, ResourceManager, VaultAccess
from labkit.core.errors import BadRequest, Conflict
from labkit.lab import Lab
from labkit.services.key_vault.errors import DeletedButRecoverable, KeyNotFound, SecretNotFound
from tests.services.vault import SOFT, OwnVault


@pytest.fixture
def own(lab: Lab) -> OwnVault:
    return OwnVault(lab)


class TestKeys:
    def test_a_restored_key_has_all_versions_and_opens_what_they_closed(self, own: OwnVault) -> None:
        first = own.ask(KeyVault.create_key, "master", expires=own.lab.clock.now + 60)
        wrapped = own.wrap()
        second = own.ask(KeyVault.create_key, "master", "RSA", 3072, ["sign"])
        backup = own.ask(KeyVault.backup_key, "Master")
        own.ask(KeyVault.delete_key, "master")
        own.lab.clock.advance("1d")
        assert own.ask(KeyVault.restore_key, backup) == "master"
        assert own.ask(KeyVault.list_key_versions, "master") == [first, second]
        assert own.unwrap(wrapped, version=first.version) == b"k" * 32
        # The next version is none of those that were there.
        assert own.ask(KeyVault.create_key, "master").version not in (first.version, second.version)

    def test_another_vault_of_the_geography_takes_it(self, own: OwnVault) -> None:
        own.ask(KeyVault.create_key, "master")
        wrapped, backup = own.wrap(), own.ask(KeyVault.backup_key, "master")
        other = OwnVault(own.lab, "other", "westus2")
        other.ask(KeyVault.restore_key, backup)
        assert other.unwrap(wrapped) == b"k" * 32
        assert other.ask(KeyVault.get_key, "master").key_id.startswith("https://other.vault.azure.net/")

    def test_a_vault_of_another_geography_does_not(self, own: OwnVault) -> None:
        own.ask(KeyVault.create_key, "master")
        other = OwnVault(own.lab, "other", "westeurope")
        refusal = other.refused(BadRequest, KeyVault.restore_key, own.ask(KeyVault.backup_key, "master"))
        assert "a vault of Europe" in refusal.required

    def test_a_vault_of_another_subscription_does_not(self, own: OwnVault) -> None:
        own.ask(KeyVault.create_key, "master")
        backup = own.ask(KeyVault.backup_key, "master")
        vault = own.vault
        own.lab.parts.resources.remove(vault)
        elsewhere = vault.id.replace("your-sub-id", "another-sub-id")
        own.lab.parts.access.policies.restore(elsewhere, own.lab.parts.access.policies.of(vault.id))
        vault.id = own.id = elsewhere
        own.lab.parts.resources.add(vault)
        own.ask(KeyVault.delete_key, "master")
        refusal = own.refused(BadRequest, KeyVault.restore_key, backup)
        assert refusal.message == "The backup was made in another subscription."

    def test_it_replaces_nothing(self, own: OwnVault) -> None:
        own.ask(KeyVault.create_key, "master")
        backup = own.ask(KeyVault.backup_key, "master")
        own.refused(Conflict, KeyVault.restore_key, backup)
        own.put(**SOFT)
        own.ask(KeyVault.delete_key, "master")
        own.refused(DeletedButRecoverable, KeyVault.restore_key, backup)

    def test_what_is_not_there_has_no_backup(self, own: OwnVault) -> None:
        own.refused(KeyNotFound, KeyVault.backup_key, "master")
        own.refused(SecretNotFound, KeyVault.backup_secret, "master")

    def test_a_key_of_an_unseeded_lab_is_restored_as_well(self) -> None:
        own = OwnVault(labkit.start(seed=None))
        own.ask(KeyVault.create_key, "master")
        wrapped, backup = own.wrap(), own.ask(KeyVault.backup_key, "master")
        own.ask(KeyVault.delete_key, "master")
        own.ask(KeyVault.restore_key, backup)
        assert own.unwrap(wrapped) == b"k" * 32

    def test_another_lab_s_backup_is_none_of_this_one(self, own: OwnVault) -> None:
        other = OwnVault(labkit.start(seed=None))
        other.ask(KeyVault.create_key, "master")
        own.refused(BadRequest, KeyVault.restore_key, other.ask(KeyVault.backup_key, "master"))


class TestSecrets:
    def test_a_restored_secret_has_all_versions(self, own: OwnVault) -> None:
        first, second = (own.ask(KeyVault.set_secret, "api", value) for value in ("one", "\ud800 two"))
        backup = own.ask(KeyVault.backup_secret, "api")
        own.ask(KeyVault.delete_secret, "api")
        assert own.ask(KeyVault.restore_secret, backup) == "api"
        assert own.ask(KeyVault.list_secret_versions, "api") == [first, second]
        values = [own.ask(KeyVault.get_secret, "api", one.version).reveal() for one in (first, second)]
        assert values == ["one", "\ud800 two"]

    def test_nothing_can_be_read_in_it(self, own: OwnVault) -> None:
        own.ask(KeyVault.set_secret, "api", "hunter2")
        backup = own.ask(KeyVault.backup_secret, "api")
        assert all(text not in backup for text in (b"hunter2", b"api", b"aHVudGVyMg", b"version"))

    def test_a_backup_of_the_one_is_none_of_the_other(self, own: OwnVault) -> None:
        own.ask(KeyVault.set_secret, "api", "one")
        own.ask(KeyVault.create_key, "master")
        own.refused(BadRequest, KeyVault.restore_key, own.ask(KeyVault.backup_secret, "api"))
        own.refused(BadRequest, KeyVault.restore_secret, own.ask(KeyVault.backup_key, "master"))

    def test_whoever_may_back_up_reads_what_they_may_not_get(self, lab: Lab, own: OwnVault) -> None:
        # A lesson of its own: the permission to back up is as good as the one to get.
        own.ask(KeyVault.set_secret, "api", "hunter2")
        own.allow("carl", secrets=["backup"])
        token, owner = own.token("carl"), lab.sign_in("carl").bearer
        assert not lab.attempt("carl", KeyVault.get_secret, own.id, token, "api")
        backup = lab.ask("carl", KeyVault.backup_secret, own.id, token, "api")
        mine = own.id.replace("keep", "mine")
        lab.ask("carl", ResourceManager.put, mine, owner, "eastus")
        me = lab.people["carl"].object_id
        lab.ask("carl", VaultAccess.set_policy, mine, owner, me, {"secrets": ["all"]})
        lab.ask("carl", KeyVault.restore_secret, mine, token, backup)
        assert lab.ask("carl", KeyVault.get_secret, mine, token, "api").reveal() == "hunter2"


SHARED = OwnVault(labkit.start())
SHARED.ask(KeyVault.set_secret, "api", "one")
BACKUP: bytes = SHARED.ask(KeyVault.backup_secret, "api")
SHARED.ask(KeyVault.delete_secret, "api")


def refused(backup: Any) -> None:
    verdict = SHARED.lab.attempt("olivia", KeyVault.restore_secret, SHARED.id, SHARED.token(), backup)
    assert type(verdict.refusal) is BadRequest
    assert SHARED.ask(KeyVault.list_secrets) == []


@given(st.integers(0, 8 * len(BACKUP) - 1))
def test_no_flipped_bit_is_accepted(bit: int) -> None:
    changed = bytearray(BACKUP)
    changed[bit // 8] ^= 1 << bit % 8
    refused(bytes(changed))


@given(st.binary(max_size=100))
def test_nothing_else_is_accepted(backup: bytes) -> None:
    refused(backup)
    refused(BACKUP + b"\0" + backup)
    refused(BACKUP[: len(backup)])


@pytest.mark.parametrize(
    "backup", [None, "text", 5, bytearray(BACKUP), [BACKUP]], ids=lambda one: type(one).__name__
)
def test_what_are_no_bytes_is_refused(backup: Any) -> None:
    refused(backup)
