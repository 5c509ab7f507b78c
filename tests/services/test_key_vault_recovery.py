"""What becomes of deleted keys and secrets, with soft delete and without, and of what they protect."""

from typing import Any, NamedTuple

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

import labkit
from labkit.azure import KeyVault
from labkit.core.errors import Refusal
from labkit.core.operation import Op
from labkit.lab import Lab
from labkit.services.key_vault.errors import (
    DeletedButRecoverable,
    KeyNotFound,
    PurgeProtected,
    SecretNotFound,
)
from tests.services.vault import OAEP, PROTECTED, SOFT, OwnVault

DAY = 24 * 3600


class Kind(NamedTuple):
    """The operations on keys, or those on secrets."""

    make: Op[..., Any]
    arguments: tuple[str, ...]
    versions: Op[..., Any]
    names: Op[..., Any]
    delete: Op[..., Any]
    recover: Op[..., Any]
    purge: Op[..., Any]
    get_deleted: Op[..., Any]
    list_deleted: Op[..., Any]
    not_found: type[Refusal]


def kind(noun: str, make: Op[..., Any], *arguments: str) -> Kind:
    names = (f"list_{noun}_versions", f"list_{noun}s", f"delete_{noun}", f"recover_deleted_{noun}")
    more = (f"purge_deleted_{noun}", f"get_deleted_{noun}", f"list_deleted_{noun}s")
    not_found = KeyNotFound if noun == "key" else SecretNotFound
    return Kind(make, arguments, *(getattr(KeyVault, name) for name in (*names, *more)), not_found)


KINDS = {"key": kind("key", KeyVault.create_key), "secret": kind("secret", KeyVault.set_secret, "value")}


@pytest.fixture(params=list(KINDS))
def of(request: pytest.FixtureRequest) -> Kind:
    return KINDS[request.param]


def made(own: OwnVault, of: Kind, versions: int = 2) -> list[Any]:
    return [own.ask(of.make, "a", *of.arguments) for _ in range(versions)]


class TestWithoutSoftDelete:
    def test_what_is_deleted_is_lost_and_the_lab_says_so(self, lab: Lab, of: Kind) -> None:
        own = OwnVault(lab)
        made(own, of)
        gone = own.ask(of.delete, "A")
        assert (gone.recoverable, gone.versions, gone.purged) == (False, 2, lab.clock.now)
        assert "LOST for good since 2020-03-13 09:00:00Z" in repr(gone)
        lab.clock.advance("1h")
        for op in (of.versions, of.delete, of.recover, of.purge, of.get_deleted):
            refusal = own.refused(of.not_found, op, "a")
            assert "lost for good since 2020-03-13 09:00:00Z" in refusal.message
            assert "backup" in refusal.advice
        assert own.ask(of.names) == own.ask(of.list_deleted) == []

    def test_the_name_is_free_and_the_next_one_is_another(self, lab: Lab, of: Kind) -> None:
        own = OwnVault(lab)
        first = made(own, of)
        own.ask(of.delete, "a")
        second = made(own, of)
        assert {one.version for one in first}.isdisjoint(one.version for one in second)
        assert own.ask(of.versions, "a") == second

    def test_what_a_lost_key_has_wrapped_no_later_one_opens(self, lab: Lab) -> None:
        own = OwnVault(lab)
        key = own.ask(KeyVault.create_key, "master")
        wrapped = own.wrap()
        own.ask(KeyVault.delete_key, "master")
        refusal = own.refused(KeyNotFound, KeyVault.unwrap_key, "master", key.version, OAEP, wrapped)
        assert "nobody can ever read again" in refusal.advice
        own.ask(KeyVault.create_key, "master")
        refusal = own.refused(KeyNotFound, KeyVault.unwrap_key, "master", key.version, OAEP, wrapped)
        assert refusal.message == "The key has no such version."
        assert "nobody can ever read again" in refusal.advice

    def test_soft_delete_is_for_what_is_deleted_from_then_on(self, lab: Lab, of: Kind) -> None:
        own = OwnVault(lab)
        made(own, of)
        own.ask(of.delete, "a")
        own.put(**SOFT)
        own.refused(of.not_found, of.recover, "a")
        made(own, of)
        own.ask(of.delete, "a")
        own.ask(of.recover, "a")
        assert own.ask(of.names) == ["a"]


class TestWithSoftDelete:
    def test_what_is_deleted_can_be_had_back_with_all_versions(self, lab: Lab, of: Kind) -> None:
        own = OwnVault(lab, **SOFT)
        versions = made(own, of)
        gone = own.ask(of.delete, "a")
        assert (gone.recoverable, gone.deleted, gone.purged) == (
            *(True, lab.clock.now, lab.clock.now + 90 * DAY),
        )
        assert own.ask(of.get_deleted, "A") == gone
        assert own.ask(of.list_deleted) == [gone]
        assert own.ask(of.names) == []
        own.ask(of.recover, "a")
        assert own.ask(of.versions, "a") == versions
        assert own.ask(of.list_deleted) == []
        assert [one.version for one in made(own, of)] != [one.version for one in versions]

    def test_what_a_recovered_key_has_wrapped_it_opens(self, lab: Lab) -> None:
        own = OwnVault(lab, **SOFT)
        own.ask(KeyVault.create_key, "master")
        wrapped = own.wrap()
        own.ask(KeyVault.delete_key, "master")
        refusal = own.refused(KeyNotFound, KeyVault.unwrap_key, "master", "", OAEP, wrapped)
        assert refusal.message == "The key was deleted at 2020-03-13 09:00:00Z."
        assert refusal.advice == (
            "recover_deleted_key brings it back; at 2020-06-11 09:00:00Z it is lost for good"
        )
        own.ask(KeyVault.recover_deleted_key, "master")
        assert own.unwrap(wrapped) == b"k" * 32

    def test_the_text_of_what_was_deleted_says_what_purging_means(self, lab: Lab) -> None:
        own = OwnVault(lab, **SOFT)
        own.ask(KeyVault.create_key, "master")
        assert repr(own.ask(KeyVault.delete_key, "master")).splitlines() == [
            "deleted key master, 1 version: can be recovered until 2020-06-11 09:00:00Z",
            "  deletion: can be undone for 90 days, unless somebody purges it before (Recoverable+Purgeable)",
            "  once it is purged: what it has wrapped nobody can ever read again, "
            "unless there is a backup of the key",
        ]

    def test_its_name_is_taken_until_it_is_purged(self, lab: Lab, of: Kind) -> None:
        own = OwnVault(lab, **SOFT)
        made(own, of)
        own.ask(of.delete, "a")
        refusal = own.refused(DeletedButRecoverable, of.make, "A", *of.arguments)
        assert (refusal.status, refusal.code) == (409, "ObjectIsDeletedButRecoverable")
        own.ask(of.purge, "a")
        made(own, of)

    def test_what_is_purged_is_lost(self, lab: Lab, of: Kind) -> None:
        own = OwnVault(lab, **SOFT)
        made(own, of)
        own.ask(of.delete, "a")
        own.ask(of.purge, "A")
        assert own.ask(of.list_deleted) == []
        for op in (of.versions, of.recover, of.purge, of.get_deleted):
            assert "lost for good" in own.refused(of.not_found, op, "a").message

    def test_what_is_not_deleted_is_not_purged_or_recovered(self, lab: Lab, of: Kind) -> None:
        own = OwnVault(lab, **SOFT)
        made(own, of)
        for op in (of.purge, of.recover, of.get_deleted):
            own.refused(of.not_found, op, "a")

    @pytest.mark.parametrize("days", [7, 90])
    def test_the_vault_purges_it_when_its_days_are_over(self, lab: Lab, of: Kind, days: int) -> None:
        own = OwnVault(lab, softDeleteRetentionInDays=days, **SOFT)
        made(own, of)
        own.ask(of.delete, "a")
        lab.clock.advance(days * DAY - 1)
        assert own.ask(of.list_deleted)
        lab.clock.advance(1)
        assert own.ask(of.list_deleted) == []
        refusal = own.refused(of.not_found, of.recover, "a")
        assert "lost for good since" in refusal.message
        again = made(own, of)
        own.ask(of.delete, "a")
        own.ask(of.recover, "a")
        assert own.ask(of.versions, "a") == again

    def test_no_version_of_before_comes_back_with_the_next_one(self, lab: Lab, of: Kind) -> None:
        own = OwnVault(lab, softDeleteRetentionInDays=7, **SOFT)
        first = made(own, of)
        own.ask(of.delete, "a")
        lab.clock.advance("7d")
        second = made(own, of)
        assert {one.version for one in first}.isdisjoint(one.version for one in second)


class TestWithPurgeProtection:
    def test_nobody_purges_it_before_its_time(self, lab: Lab, of: Kind) -> None:
        own = OwnVault(lab, **PROTECTED)
        made(own, of)
        own.ask(of.delete, "a")
        refusal = own.refused(PurgeProtected, of.purge, "a")
        assert (refusal.status, refusal.code) == (403, "Forbidden")
        assert "purge protection is enabled" in refusal.message
        assert "2020-06-11 09:00:00Z" in refusal.advice
        lab.clock.advance("89d")
        own.refused(PurgeProtected, of.purge, "a")
        own.ask(of.recover, "a")
        own.ask(of.delete, "a")
        lab.clock.advance("90d")
        own.refused(of.not_found, of.purge, "a")

    def test_the_clock_purges_it_all_the_same(self, lab: Lab, of: Kind) -> None:
        own = OwnVault(lab, **PROTECTED)
        made(own, of)
        own.ask(of.delete, "a")
        lab.clock.advance("90d")
        own.refused(of.not_found, of.recover, "a")


@settings(max_examples=40, stateful_step_count=30)
class VaultMachine(RuleBasedStateMachine):
    """A vault with a week of soft delete beside a model of it: by name, the wrapped bytes of each version,
    and when it is lost. Whatever is done in whatever order, what is there opens what it has closed, and
    nothing else is there."""

    def __init__(self) -> None:
        super().__init__()
        self.own = OwnVault(labkit.start(), softDeleteRetentionInDays=7, **SOFT)
        self.live: dict[str, dict[str, bytes]] = {}
        self.deleted: dict[str, tuple[dict[str, bytes], int]] = {}
        self.ever: set[str] = set()

    def _recoverable(self, name: str) -> bool:
        return name in self.deleted and self.own.lab.clock.now < self.deleted[name][1]

    def _try(self, op: Op[..., Any], *args: Any) -> Any:
        return self.own.lab.attempt("olivia", op, self.own.id, self.own.token(), *args)

    names = st.sampled_from(["a", "b"])

    @rule(name=names)
    def make(self, name: str) -> None:
        if sum(map(len, self.live.values())) > 20:
            return
        verdict = self._try(KeyVault.create_key, name)
        assert bool(verdict) is not self._recoverable(name)
        if verdict:
            version = verdict.value.version
            assert version not in self.ever
            self.ever.add(version)
            data = f"{name}/{version}".encode()
            self.live.setdefault(name, {})[version] = self.own.wrap(name, data, version)

    @rule(name=names)
    def delete(self, name: str) -> None:
        assert bool(self._try(KeyVault.delete_key, name)) is (name in self.live)
        if name in self.live:
            self.deleted[name] = self.live.pop(name), self.own.lab.clock.now + 7 * DAY

    @rule(name=names)
    def recover(self, name: str) -> None:
        recoverable = self._recoverable(name)
        assert bool(self._try(KeyVault.recover_deleted_key, name)) is recoverable
        if recoverable:
            self.live[name] = self.deleted.pop(name)[0]

    @rule(name=names)
    def purge(self, name: str) -> None:
        recoverable = self._recoverable(name)
        assert bool(self._try(KeyVault.purge_deleted_key, name)) is recoverable
        if recoverable:
            del self.deleted[name]

    @rule(name=names)
    def back_up_and_restore(self, name: str) -> None:
        if name not in self.live:
            return
        backup = self.own.ask(KeyVault.backup_key, name)
        self.own.ask(KeyVault.delete_key, name)
        self.own.ask(KeyVault.purge_deleted_key, name)
        assert self.own.ask(KeyVault.restore_key, backup) == name
        self.deleted.pop(name, None)

    @rule(days=st.integers(1, 8))
    def wait(self, days: int) -> None:
        self.own.lab.clock.advance(days * DAY)

    @invariant()
    def what_is_there_opens_what_it_has_closed(self) -> None:
        assert self.own.ask(KeyVault.list_keys) == sorted(self.live)
        shown = {one.name for one in self.own.ask(KeyVault.list_deleted_keys)}
        assert shown == {name for name in self.deleted if self._recoverable(name)}
        for name, versions in self.live.items():
            listed = [one.version for one in self.own.ask(KeyVault.list_key_versions, name)]
            assert listed == list(versions)
            for version, wrapped in versions.items():
                assert self.own.unwrap(wrapped, name, version) == f"{name}/{version}".encode()


TestInAnyOrder = VaultMachine.TestCase
