"""Rotation and revocation in any order, beside a model of a few lines: no byte is lost, and a store refuses
exactly when the model says so."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from labkit.azure import BlobStorage, KeyVault
from labkit.lab import start
from labkit.services.encryption import HOLD, KeyRefused
from tests.services.stores import (
    ENOUGH,
    KEY,
    MICROSOFT,
    account,
    allow,
    at_vault,
    customer,
    enable,
    give_key,
    new_version,
    put,
    read,
    with_key,
    write,
)

# Seconds around the moment that counts.
STEPS = st.sampled_from([0, 1, HOLD // 2, HOLD - 1, HOLD, HOLD + 1])
NAMES = st.sampled_from(["c/a", "c/b", "c/c"])
MOST = 5
# The newest and the first one more often than those between.
VERSIONS = st.sampled_from([-1, -1, 0, 0, 1, 2])


class Store:
    """The model. `enabled` says of each version whether it is; `version` is the one that wraps the account
    key, None for Microsoft's; `pinned` that the store does not follow the newest; `until` how long it holds
    the key."""

    def __init__(self, now: int) -> None:
        self.enabled = [True]
        self.version: int | None = 0
        self.pinned = False
        self.allowed = True
        self.deleted = False
        self.until = now + HOLD
        self.objects: dict[str, bytes] = {}

    def usable(self, version: int) -> bool:
        """Whether the vault does it for the store."""
        return self.enabled[version] and self.allowed and not self.deleted

    def opens(self, now: int) -> bool:
        """Whether the store gets at its account key. What it changes is what the store would change."""
        if now < self.until:
            return True
        if self.version is not None and not self.usable(self.version):
            return False
        self.until = now + HOLD
        newest = len(self.enabled) - 1
        if self.version is not None and not self.pinned and self.usable(newest):
            self.version = newest
        return True

    def takes(self, now: int, version: int | None, pinned: bool) -> bool:
        """Whether it takes another key."""
        if not self.opens(now) or (version is not None and not self.usable(version)):
            return False
        self.version, self.pinned, self.until = version, pinned, now + HOLD
        return True


class Rotation(RuleBasedStateMachine):
    """A storage account under a customer's key, and whoever has the vault."""

    def __init__(self) -> None:
        super().__init__()
        self.lab = start()
        at_vault(self.lab, KeyVault.list_keys)
        put(self.lab, self.lab.vault, {"enableSoftDelete": True})
        self.versions = [new_version(self.lab).version]
        give_key(self.lab, self.lab.storage)
        self.identity = account(self.lab).identity_id
        self.model = Store(self.lab.clock.now)
        self.write("c/a", b"there from the beginning", after=0)

    def tried(self, expected: bool, act: Any) -> Any:
        """Does it, if the model says that it may be done; otherwise sees it refused."""
        if expected:
            return act()
        with pytest.raises(KeyRefused):
            act()
        return None

    @rule(name=NAMES, data=st.binary(max_size=40), after=STEPS)
    def write(self, name: str, data: bytes, after: int) -> None:
        self.lab.clock.advance(after)
        opens = self.model.opens(self.lab.clock.now)
        self.tried(opens, lambda: write(self.lab, name, data))
        if opens:
            self.model.objects[name] = data

    @rule(name=NAMES, after=STEPS)
    def read(self, name: str, after: int) -> None:
        self.lab.clock.advance(after)
        name = name if name in self.model.objects else next(iter(self.model.objects), "")
        if name:
            opens = self.model.opens(self.lab.clock.now)
            found = self.tried(opens, lambda: read(self.lab, name))
            assert found == (self.model.objects[name] if opens else None)

    @rule(name=NAMES)
    def delete(self, name: str) -> None:
        if self.model.objects.pop(name, None) is not None:
            with_key(self.lab, BlobStorage.delete, name)

    @precondition(lambda self: len(self.versions) < MOST and not self.model.deleted)
    @rule()
    def rotate(self) -> None:
        self.versions.append(new_version(self.lab).version)
        self.model.enabled.append(True)

    @precondition(lambda self: not self.model.deleted)
    @rule(which=VERSIONS, on=st.booleans())
    def enable_or_disable(self, which: int, on: bool) -> None:
        which %= len(self.versions)
        enable(self.lab, self.versions[which], on)
        self.model.enabled[which] = on

    @rule(yes=st.booleans())
    def allow_or_forbid(self, yes: bool) -> None:
        if yes != self.model.allowed:
            allow(self.lab, self.identity, *(ENOUGH if yes else ()))
            self.model.allowed = yes

    @rule(yes=st.booleans())
    def delete_or_recover_the_key(self, yes: bool) -> None:
        # After ninety days it is purged, and that is loss: see test_encryption.
        if yes != self.model.deleted:
            at_vault(self.lab, KeyVault.delete_key if yes else KeyVault.recover_deleted_key, KEY)
            self.model.deleted = yes

    @rule(which=VERSIONS, how=st.sampled_from(["follow", "pin", "Microsoft"]), after=STEPS)
    def change_the_key(self, which: int, how: str, after: int) -> None:
        self.lab.clock.advance(after)
        which %= len(self.versions)
        version, encryption = {
            "follow": (len(self.versions) - 1, customer(self.lab.vault)),
            "pin": (which, customer(self.lab.vault, version=self.versions[which])),
            "Microsoft": (None, MICROSOFT),
        }[how]
        if self.shown() != encryption:
            takes = self.model.takes(self.lab.clock.now, version, how == "pin")
            self.tried(takes, lambda: put(self.lab, self.lab.storage, {"encryption": encryption}))

    def shown(self) -> Any:
        """What Resource Manager says of the store: to put that again is no change."""
        return self.lab.parts.arm.documents[self.lab.storage.lower()]["properties"]["encryption"]

    @invariant()
    def the_wrap_names_the_version_that_the_model_says(self) -> None:
        key, version = account(self.lab).account_key, self.model.version
        assert (key.customer is None) == (version is None)
        assert key.wrapped.version == ("1" if version is None else self.versions[version])

    @invariant()
    def nothing_lies_in_the_clear_and_every_name_is_listed(self) -> None:
        disk = account(self.lab).blobs
        assert [name for name in disk.names() if name.startswith("c/")] == sorted(self.model.objects)
        for name, data in self.model.objects.items():
            assert len(data) < 8 or data not in disk.medium.raw(name)

    def teardown(self) -> None:
        """Whatever happened: once the key is there, enabled and allowed, every byte is."""
        self.delete_or_recover_the_key(False)
        self.allow_or_forbid(True)
        for which in range(len(self.versions)):
            self.enable_or_disable(which, True)
        for name, data in self.model.objects.items():
            assert read(self.lab, name) == data


TestRotation = Rotation.TestCase
TestRotation.settings = settings(max_examples=80, stateful_step_count=40)
