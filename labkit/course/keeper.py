"""Notes what a learner does, so that it is still known tomorrow. The course never waits for it to work."""

from __future__ import annotations

import os
from threading import RLock

from labkit.course.progress_place import Unkept
from labkit.course.progress_state import Change, Progress
from labkit.course.progress_store import PATIENCE, Store

GOES_ON = (
    "The course goes on: what you do is remembered until the kernel is restarted, "
    "and kept as soon as it can be."
)


class Keeper:
    """Remembers what cannot be kept just now, and tries again when the next thing happens."""

    def __init__(self, store: Store | None = None) -> None:
        self._store = store or Store()
        self._stored = Progress()
        self._waiting: list[Change] = []
        self._told: set[str] = set()
        self.trouble: Unkept | None = None
        # Else what one thread has just kept would still wait when the next one keeps something.
        self._one_at_a_time = RLock()

    def keep(self, change: Change, said: str = "") -> str:
        """Keeps what happened. Returns `said`, which a learner is about to read, with what is wrong below it
        where it cannot be kept: once for each thing that can be wrong."""
        with self._one_at_a_time:
            return self._keep(change, said)

    def _keep(self, change: Change, said: str) -> str:
        self._waiting.append(change)
        try:
            self._stored = self._store.change(self._apply_waiting, self._patience)
        except Unkept as error:
            self.trouble = error
            if str(error) in self._told:
                return said
            self._told.add(str(error))
            return "\n".join(part for part in (said, str(error), GOES_ON) if part)
        self.trouble = None
        self._waiting.clear()
        return said

    def known(self) -> Progress:
        """What was done, here and in other notebooks; what could not be kept as well."""
        with self._one_at_a_time:
            return self._known()

    def _known(self) -> Progress:
        try:
            self._stored = self._store.read(self._patience)
        except Unkept as error:
            self.trouble = error
        else:
            # What was read may still not be writable.
            self.trouble = self.trouble if self._waiting else None
        return self._apply_waiting(self._stored)

    def _apply_waiting(self, progress: Progress) -> Progress:
        for change in self._waiting:
            progress = change(progress)
        return progress

    @property
    def _patience(self) -> float:
        # Who holds the file for so long will hold it at the next attempt too, and a learner waits.
        return 0 if self.trouble else PATIENCE


_keeper = Keeper()


def _begin_in_a_child() -> None:
    """What waits is its parent's to keep, and would be kept twice."""
    global _keeper
    _keeper = Keeper()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_in_a_child)


def keep(change: Change, said: str = "") -> str:
    """What `Keeper.keep` of this kernel says."""
    return _keeper.keep(change, said)


def known() -> Progress:
    """What this user has done."""
    return _keeper.known()


def trouble() -> str:
    """What is wrong where progress could not be kept or read just now, or ""."""
    return f"{_keeper.trouble}\n{GOES_ON}" if _keeper.trouble else ""
