"""Drill: something was done to the customer's key that encrypts two stores, and production stands still."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from labkit.core.errors import NotFound
from labkit.core.table import Table
from labkit.course.drills.facts import moment
from labkit.course.drills.incident import ATTACKER, HOUR, MINUTE, ON_CALL, Incident, Worker
from labkit.course.drills.words import Words
from labkit.course.key_scene import ENOUGH, KEY, at_vault, let_in, new_version, put
from labkit.course.scenes import give
from labkit.course.store_trials import TRIALS, Wish, account
from labkit.services.azure_ad import KEY_VAULT
from labkit.services.encryption import HOLD, RSA_OAEP
from labkit.services.key_vault import KeyVault
from labkit.services.vault_access import VaultAccess
from labkit.stores import BLOBS, IMAGES

_PEOPLE = ("nils", "paul", "rosa", "ulla")
DISABLED, DELETED, TAKEN_OUT = "a version was disabled", "the key was deleted", "an identity was taken out"
_ALL = "all of them"
_READING = ["get", "list"]
_ARCHIVE = "archive"


class RevokedKey(Incident):
    """Besides what every incident has: the id of the `vault`, the name of the `key`, and who is who in the
    vault's access policy, `principals`."""

    name: ClassVar[str] = "revoked-key"
    task: ClassVar[str] = "drill-revoked"
    deed: ClassVar[str] = "revoke the key"

    def _set(self) -> None:
        lab, draw = self.lab, self._draw
        self.vault, self.key = lab.vault, KEY
        put(lab, self.vault, {"enableSoftDelete": True})
        self._cause = draw.one("cause", (DISABLED, DELETED, TAKEN_OUT))
        people = draw.some("people", _PEOPLE, len(_PEOPLE))
        self._culprit, self._archiver = people[:2]
        for name in people:
            let_in(lab, lab.hire(name).object_id, *_READING)
        let_in(lab, lab.people[self._archiver].object_id, *ENOUGH)
        if self._cause == TAKEN_OUT:
            give(lab, self._culprit, "Contributor", lab.resource_group)
        else:
            let_in(lab, lab.people[self._culprit].object_id, *_READING, "update", "delete")
        self._versions = [new_version(lab).version]
        self._archive = new_version(lab, name=_ARCHIVE).version
        self.workers = (
            Worker("shop", "read the blobs", self._store(BLOBS), HOUR),
            Worker("deployment", "pull the images", self._store(IMAGES), HOUR),
            Worker(self._archiver, "wrap a key with the key archive", self._wrap),
        )
        self._identity = account(lab).identity_id
        self._rotations()
        self._live_through()

    def _store(self, what: str) -> Callable[[], object]:
        """A store under the key. Returns how it is read."""
        key = at_vault(self.lab, KeyVault.get_key, self.vault, KEY)
        read = TRIALS[what](self.lab, Wish(key, self.vault)).read
        assert read is not None
        return read

    def _wrap(self) -> object:
        lab = self.lab
        token = lab.sign_in(self._archiver, resource=KEY_VAULT).bearer
        return lab.ask(
            self._archiver, KeyVault.wrap_key, self.vault, token, _ARCHIVE, self._archive, RSA_OAEP, bytes(32)
        )

    def _rotations(self) -> None:
        """The key is rotated, as it should be, and the first version put out of use when nothing needs it."""
        for _ in range(1 + self._draw.number("rotations", 2)):
            self.lab.clock.advance(2 * HOUR + MINUTE * self._draw.number("rotation", 50))
            self._versions.append(new_version(self.lab).version)
            self.lab.clock.advance(HOLD + MINUTE)
            for one in self.workers:
                self._act(one.name, one.work)
        first = self._versions[0]
        at_vault(self.lab, KeyVault.update_key, self.vault, KEY, first, enabled=False)

    def _live_through(self) -> None:
        for turn in range(1 + self._draw.number("begin", 3)):
            self._turn(turn)
        self.lab.clock.advance(MINUTE * (3 + self._draw.number("quiet", 9)))
        self._since = self.lab.clock.now
        self._act(ATTACKER, self.attack)
        self._felt = 0
        while not self._felt:
            self._turn(10)
            refused = [one.at for one in self._readings if not one.ok and one.who == self.workers[0].name]
            self._felt = refused[0] if refused else 0
        self.lab.clock.advance(20 * MINUTE)
        self._brief()

    def _turn(self, turn: int) -> None:
        for one in self.workers:
            self.lab.clock.advance(MINUTE * (5 + self._draw.number(f"turn/{turn}/{one.name}", 9)))
            self._act(one.name, one.work)

    def _brief(self) -> None:
        words, first, newest = Words(self.name), self._versions[0], self._versions[-1]
        self._briefing = words.briefing(people=", ".join(_PEOPLE))
        causes = {
            DISABLED: "an-old-version-matters",
            DELETED: "gone-is-gone",
            TAKEN_OUT: "who-is-asked-is-to-blame",
        }
        which = newest if self._cause == DISABLED else _ALL
        versions = {newest: "one-version-is-the-key", _ALL: "one-version-is-the-key"}
        since, felt = moment(self._since), moment(self._felt)
        self._facts = (
            words.fact("cause", self._cause, tuple(causes), causes),
            words.fact(
                "version", which, (*self._versions, _ALL), versions | {first: "an-old-version-matters"}
            ),
            words.fact("who", self._culprit, (*_PEOPLE, ON_CALL), {ON_CALL: "an-old-version-matters"}),
            words.fact("since", since, (), {felt: "felt-is-done"}),
            words.fact("felt", felt, (), {since: "done-is-felt"}),
        )

    def attack(self) -> object:
        """The same once more. What is in that state already was not refused."""
        try:
            return self._revoke()
        except NotFound:
            return None

    def _revoke(self) -> object:
        lab, who = self.lab, self._culprit
        if self._cause == TAKEN_OUT:
            bearer = lab.sign_in(who).bearer
            return lab.ask(who, VaultAccess.remove_policy, self.vault, bearer, self._identity)
        token = lab.sign_in(who, resource=KEY_VAULT).bearer
        if self._cause == DELETED:
            return lab.ask(who, KeyVault.delete_key, self.vault, token, KEY)
        newest = self._versions[-1]
        return lab.ask(who, KeyVault.update_key, self.vault, token, KEY, newest, enabled=False)

    @property
    def identity(self) -> str:
        """The object id of the storage account's identity."""
        return self._identity

    @property
    def archivist(self) -> str:
        """Who wraps the archive's keys."""
        return self._archiver

    @property
    def principals(self) -> Table:
        """Who is in the access policy, by object id and by name."""
        lab = self.lab
        policy = lab.ask(ON_CALL, VaultAccess.get_policy, self.vault, lab.sign_in(ON_CALL).bearer)
        rows = [(lab.directory.name_of(id), id) for id in policy]
        return Table(("principal", "object id"), sorted(rows))
