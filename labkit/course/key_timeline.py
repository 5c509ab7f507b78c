"""What stores answer over two hours in which something is done to the key that encrypts them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import groupby

import labkit
from labkit.core.choice import choice
from labkit.core.errors import BadInput, brief
from labkit.core.table import Table, Tabular
from labkit.core.verdict import Verdict
from labkit.course.key_scene import KEY, at_vault, enable, new_version
from labkit.course.stepping import uncounted
from labkit.course.store_trials import TRIALS, InUse, Wish
from labkit.display.strip_chart import Band, Kind, strip_chart
from labkit.lab import Lab
from labkit.releases import find_release
from labkit.services.key_vault import KeyVault
from labkit.stores import BLOBS, DBFS, IMAGES, OWN_RUN_HISTORY, kinds

# What can be done to the key.
EVENTS: Mapping[str, Callable[[Lab], object]] = {
    "disable": lambda lab: enable(lab, False),
    "enable": lambda lab: enable(lab, True),
    "rotate": lambda lab: new_version(lab),
}
USUAL = (BLOBS, IMAGES, OWN_RUN_HISTORY, DBFS)
LONGEST = 60 * 24
_KINDS = {True: Kind("answered", "o", True), False: Kind("refused", "x", False)}


@dataclass(frozen=True)
class StoreAnswer:
    """One reading. `version` is the number of the key's version that wraps the account's key then, from 1."""

    store: str
    minute: int
    answer: str
    version: int

    @property
    def ok(self) -> bool:
        """Whether it was read."""
        return self.answer == "200"


@dataclass(frozen=True, repr=False)
class KeyTimeline(Tabular):
    """All readings, and what was done to the key at which minute."""

    answers: tuple[StoreAnswer, ...]
    events: tuple[tuple[int, str], ...]

    def of(self, store: str) -> tuple[StoreAnswer, ...]:
        """The readings of one store, by its name."""
        return tuple(one for one in self.answers if one.store == store)

    @property
    def stores(self) -> tuple[str, ...]:
        """Their names, in order."""
        return tuple(dict.fromkeys(one.store for one in self.answers))

    @property
    def caption(self) -> str:
        """What was done, in a line."""
        return "; ".join(f"minute {minute}: {event}" for minute, event in self.events) or "nothing is done"

    def as_table(self) -> Table:
        """One row for each stretch of equal answers."""
        rows = [
            (store, f"{(span := list(group))[0].minute} to {span[-1].minute}", len(span), *what)
            for store in self.stores
            for what, group in groupby(self.of(store), key=lambda one: (one.answer, f"version {one.version}"))
        ]
        return Table(("store", "minutes", "readings", "answer", "wrapped by"), rows, caption=self.caption)

    def picture(self) -> str:
        """A strip for each store (SVG)."""
        strips = {store: [(one.minute, _KINDS[one.ok]) for one in self.of(store)] for store in self.stores}
        return strip_chart(self.caption, "minutes on the lab's clock", strips, self._disabled())

    def _disabled(self) -> Band | None:
        begin = next((minute for minute, event in self.events if event == "disable"), None)
        if begin is None:
            return None
        end = next((at for at, event in self.events if event == "enable" and at > begin), None)
        return Band(begin, self.answers[-1].minute if end is None else end, "the key is disabled")


def key_timeline(
    events: Mapping[int, str],
    *stores: str,
    minutes: int = 120,
    every: int = 5,
    release: str = "2020-03",
    seed: int | None = 2020,
) -> KeyTimeline:
    """Encrypts stores with a customer's key, each in a lab of its own, and reads every so many minutes while
    `events` happen (minute: "disable", "enable" or "rotate"; those after the last minute do not). Without
    `stores`, those of USUAL that take such a key in this release. Raises BadInput, and what the door raises
    where a store takes no such key. Statements enc-rotate, enc-revoke, enc-delay, enc-cosmos-rotate."""
    known = kinds(find_release(release).name)
    usual = [one for one in USUAL if known[one].customer_key]
    names = [choice("store", one, TRIALS) for one in stores or usual]
    if type(events) is not dict or not all(type(at) is int and 0 <= at <= LONGEST for at in events):
        required = '{30: "disable", 90: "enable"}'
        raise BadInput("What is done to the key, and when?", presented=brief(events), required=required)
    named = [(at, choice("event", events[at], EVENTS)) for at in sorted(events)]
    for what, value in (("minutes", minutes), ("every", every)):
        if type(value) is not int or not 1 <= value <= LONGEST:
            required = f"a whole number from 1 to {LONGEST:,}"
            raise BadInput(f"How much is {what}?", presented=brief(value), required=required)
    done = tuple((at, event) for at, event in named if at <= minutes)
    moments = sorted({*range(0, minutes + 1, every), *(at for at, _ in done)})
    answers = uncounted(
        lambda: [one for name in names for one in _lived(name, dict(done), moments, release, seed)]
    )
    return KeyTimeline(tuple(answers), done)


def _lived(
    what: str, events: Mapping[int, str], moments: list[int], release: str, seed: int | None
) -> list[StoreAnswer]:
    lab, name, passed = labkit.start(release, seed), kinds(release)[what].name, 0
    store = TRIALS[what](lab, Wish(new_version(lab), lab.vault))
    # The stores that no service reads take no customer's key.
    assert store.read is not None
    found = []
    for minute in moments:
        lab.clock.advance(60 * (minute - passed))
        passed = minute
        if minute in events:
            EVENTS[events[minute]](lab)
        verdict = Verdict.of(store.read)
        status = f"{getattr(verdict.refusal, 'status', '')} {verdict.code}".strip()
        found.append((minute, status or "200", _version(lab, store)))
    versions = [one.version for one in at_vault(lab, KeyVault.list_key_versions, lab.vault, KEY)]
    return [StoreAnswer(name, at, answer, versions.index(version) + 1) for at, answer, version in found]


def _version(lab: Lab, store: InUse) -> str:
    """Which of the key's versions wraps the store's account key."""
    return str(lab.media.about(store.medium).rows[0][5])
