"""Stores and the choices that there are: whose key, where, and what comes of it when the key is revoked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import labkit
from labkit.core.choice import choice
from labkit.core.table import Table, Tabular
from labkit.core.verdict import Verdict
from labkit.course.key_scene import enable, new_version
from labkit.course.stepping import uncounted
from labkit.course.store_trials import TEXT, TRIALS, InUse, NotPossible, Wish
from labkit.lab import Lab
from labkit.services.encryption import HOLD
from labkit.stores import kinds

# A little later than a store may hold what was unwrapped for it.
_LATER = HOLD + 60
PLAIN, SEALED = "plain text", "ciphertext"


@dataclass(frozen=True)
class StoreFound:
    """What was found out about a store.

    lies_in   whose subscription its disk is in
    default   whose key encrypts it when nobody says anything, and what is found on the disk then
    customer  "yes", "no" where there is no way to ask, or with which words the customer's key was refused
    revoked   the code with which reading was refused an hour after the key was disabled
    restored  whether every byte was back an hour after it was enabled again
    """

    store: str
    lies_in: str = ""
    default: str = ""
    customer: str = ""
    revoked: str = ""
    restored: bool | None = None


@dataclass(frozen=True, repr=False)
class StoreMatrix(Tabular):
    """All stores, by what they hold."""

    release: str
    rows: Mapping[str, StoreFound]

    def as_table(self) -> Table:
        """One row for each store."""
        rows = [
            (one.store, one.lies_in, one.default, one.customer, one.revoked or "-", _said(one.restored))
            for one in self.rows.values()
        ]
        headers = ("store", "lies in", "by default", "customer's key", "disabled, 61 min later")
        return Table((*headers, "back when enabled"), rows, caption=f"Data at rest, {self.release}")


def _said(restored: bool | None) -> str:
    return "-" if restored is None else "all of it" if restored else "LOST"


def store_matrix(*stores: str, release: str = "2020-03", seed: int | None = 2020) -> StoreMatrix:
    """Tries each store (or those that are named) as it comes and with a customer's key that is then disabled
    and enabled again, each time in a lab of its own. Raises BadInput. Statements enc-blob-mmk, enc-blob-cmk,
    enc-cosmos-mmk, enc-acr, enc-acr-cmk, enc-amlcompute-os, enc-databricks, enc-revoke."""
    chosen = [choice("store", one, TRIALS) for one in stores or TRIALS]
    labkit.start(release, seed)

    def found() -> StoreMatrix:
        return StoreMatrix(release, {one: _found(one, release, seed) for one in chosen})

    return uncounted(found)


def _found(what: str, release: str, seed: int | None) -> StoreFound:
    name = kinds(release)[what].name
    lab = labkit.start(release, seed)
    plain = Verdict.of(lambda: TRIALS[what](lab, Wish(None, lab.vault)))
    lies_in, default = look(lab, plain.value) if plain.value else ("", "-")
    lab = labkit.start(release, seed)
    key = new_version(lab)
    own = Verdict.of(lambda: TRIALS[what](lab, Wish(key, lab.vault)))
    if own.value is None:
        assert own.refusal is not None
        customer = "no" if isinstance(own.refusal, NotPossible) else f"no: {own.refusal.message}"
        return StoreFound(name, lies_in, default, customer)
    lies_in = lies_in or look(lab, own.value)[0]
    return StoreFound(name, lies_in, default, "yes", *_revoked(lab, own.value))


def look(lab: Lab, store: InUse) -> tuple[str, str]:
    """Where the disk of a store lies, and whose key encrypts it and what is found on it, in a few words."""
    media = lab.media
    _, _, lies_in, owner, *_ = media.about(store.medium).rows[0]
    found = [row for row in media.find(TEXT).rows if str(row[0]).startswith(store.medium)]
    return str(lies_in), f"{owner}'s key, {SEALED}" if not found else f"no key, {PLAIN}"


def _revoked(lab: Lab, store: InUse) -> tuple[str, bool | None]:
    if store.read is None:
        return "", None
    before = store.read()
    enable(lab, False)
    lab.clock.advance(_LATER)
    refused = Verdict.of(store.read)
    enable(lab, True)
    lab.clock.advance(_LATER)
    after = Verdict.of(store.read)
    status = getattr(refused.refusal, "status", "")
    return f"{status} {refused.code}".strip() or "readable", after.value == before
