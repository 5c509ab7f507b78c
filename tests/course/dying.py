"""Processes that write progress and are killed. A program of its own, since it forks: pytest has threads.

python -m tests.course.dying killed FILE              many writers, killed one by one while they write
python -m tests.course.dying after FILE STATEMENT...  one for each, which dies right after this piece of SQL
"""

import os
import signal
import sqlite3
import sys
from pathlib import Path
from typing import Any

from labkit.course.progress_state import Progress, attempted, revealed
from labkit.course.progress_store import Store


def both(done: Progress) -> Progress:
    """Two exercises in one transaction: both are kept, or none is."""
    return attempted("b", True)(attempted("a", False, "idea")(done))


def killed(store: Store, rounds: int = 30) -> int:
    """Returns how many attempts survived."""
    kept = 0
    for number in range(rounds):
        told = _until_killed(store, number)
        done = store.read()
        if not done.ids:
            assert kept + told == 0, "what was kept is gone"
            continue
        a, b = done.exercises["a"], done.exercises["b"]
        assert a.attempts == b.attempts == a.misconceptions["idea"], "half a transaction"
        # The last one may have been kept without having been told.
        assert kept + told <= a.attempts <= kept + told + 1, (kept, told, a.attempts)
        kept = a.attempts
    return kept


def _until_killed(store: Store, number: int) -> int:
    """How many attempts a writer said it had kept before it was killed, at another moment each time."""
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        while True:
            store.change(both)
            os.write(theirs, b".")
    os.close(theirs)
    with open(ours, "rb", buffering=0) as told:
        count = sum(len(told.read(1)) for _ in range(number % 4))
        # Some work, so that the writer has come to another place.
        for _ in range(number * 5_000):
            pass
        _killed(child)
        return count + len(told.read())


def _killed(child: int) -> None:
    os.kill(child, signal.SIGKILL)
    _dead(child)


def _dead(child: int) -> None:
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


def after(store: Store, statements: list[str]) -> None:
    """For each statement, a process that dies by its own hand when SQLite has carried it out."""
    for statement in statements:
        before = store.read()
        child = os.fork()
        if child == 0:
            _dies_after(store, statement)
        _dead(child)
        expected = change(before) if statement == "COMMIT" else before
        assert store.read() == expected, statement


def change(done: Progress) -> Progress:
    """Several rows of all tables."""
    return revealed("p", "a")(both(done))


def _dies_after(store: Store, statement: str) -> None:
    connect: Any = sqlite3.connect

    class Dying(sqlite3.Connection):
        def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
            # A small cache, so that pages are written before the end.
            super().execute("PRAGMA cache_size = 1")
            result = super().execute(sql, *values)
            if sql.startswith(statement):
                os.kill(os.getpid(), signal.SIGKILL)
            return result

    sqlite3.connect = lambda *args, **options: connect(*args, factory=Dying, **options)  # type: ignore[assignment]
    store.change(change)
    os._exit(3)


if __name__ == "__main__":
    what, file, *more = sys.argv[1:]
    where = Store(lambda: Path(file))
    print(killed(where) if what == "killed" else after(where, more))
