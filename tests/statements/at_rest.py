"""What the tests of statements on encryption at rest share: a lab of each release that states what a test
proves, stores with something in them, and what is seen of their disks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from labkit.azure import KeyVault
from labkit.core.errors import Refusal
from labkit.course.key_scene import KEY, at_vault, new_version
from labkit.course.key_timeline import key_timeline
from labkit.course.store_trials import TEXT, TRIALS, InUse, Wish
from labkit.crypto.medium import Medium
from labkit.lab import Lab
from labkit.ledger import statement
from labkit.releases import RELEASES
from labkit.services.encryption import HOLD
from labkit.stores import OWN_RUN_HISTORY
from tests.services.state import everything

# What a workspace is created with that is to have a key of the customer's for its run history.
EDITION = {"edition": "Enterprise"}
HOUR = HOLD


class Seen(NamedTuple):
    """What is known of a store's disk."""

    lies_in: str
    owner: str
    key: str
    version: str


def in_each_release(metafunc: pytest.Metafunc) -> None:
    """Runs a test once for every release whose documents state all that it proves."""
    if "release" in metafunc.fixturenames:
        said = [statement(id) for mark in metafunc.definition.iter_markers("proves") for id in mark.args]
        assert said, "which statement?"
        stated = [one for one in RELEASES if all(each.stance(one) == "states" for each in said)]
        metafunc.parametrize("release", stated)


def keep(lab: Lab, what: str, own: bool = False, **wish: Any) -> InUse:
    """Puts TEXT into a store, under Microsoft's key or under one of the customer's `own`."""
    key = new_version(lab) if own else None
    edition = EDITION["edition"] if what == OWN_RUN_HISTORY else ""
    return TRIALS[what](lab, Wish(key, lab.vault, edition=edition, **wish))


def seen(lab: Lab, store: InUse) -> Seen:
    """What there is to see of the disk on which a store lies."""
    [row] = [row for row in lab.media.rows if str(row[0]).startswith(store.medium)]
    return Seen(*map(str, row[2:6]))


def medium(lab: Lab, store: InUse) -> Medium:
    """That disk, opened."""
    [found] = [one for one in lab.media if one.name.startswith(store.medium)]
    assert found.names()
    return found


def plain(lab: Lab, store: InUse) -> list[str]:
    """The records of that disk in which TEXT is found in the clear."""
    return medium(lab, store).find(TEXT)


def read(store: InUse) -> Any:
    """What the service that the store belongs to gives back."""
    assert store.read is not None
    return store.read()


def raws(lab: Lab, store: InUse) -> dict[str, bytes]:
    """Every byte of the disk, by record."""
    disk = medium(lab, store)
    return {name: disk.raw(name) for name in disk.names()}


def refusal(lab: Lab, step: Callable[[], object], kind: type[Refusal] = Refusal) -> Any:
    """The refusal of a step that has to be refused and to leave everything as it was."""
    before = everything(lab)
    with pytest.raises(kind) as caught:
        step()
    assert everything(lab) == before
    return caught.value


def code(step: Callable[[], object]) -> str:
    """What a call is answered, in short: "200", or the status and the code of its refusal."""
    try:
        step()
    except Refusal as refused:
        return f"{refused.status} {refused.code}"
    return "200"


def versions(lab: Lab) -> list[str]:
    """The versions of the customer's key, newest last."""
    return [one.version for one in at_vault(lab, KeyVault.list_key_versions, lab.vault, KEY)]


def window(release: str, store: str, event: str, at: int) -> int:
    """For how many minutes the state from before an event survives it. Steps the clock by a minute."""
    answers = key_timeline({at: event}, store, minutes=at + 70, every=1, release=release).answers
    assert len(answers) == at + 71
    late = [one.minute for one in answers if one.minute >= at and (not one.ok or one.version == 2)]
    early = [one for one in answers if one.minute < late[0]]
    assert late == list(range(late[0], at + 71))
    assert all(one.ok and one.version == 1 for one in early)
    return late[0] - at
