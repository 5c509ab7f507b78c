"""The file with the progress: SQLite, opened for one transaction at a time and closed again.

With a rollback journal, which is SQLite's default, and not with a write-ahead log: a log "does not work over
a network filesystem" (sqlite.org/wal.html), where the homes of many learners are, and it would speed up
nothing, since an attempt is one small transaction. Nothing stays open, so that a kernel may be killed, forked
or suspended whenever it likes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from labkit.core.errors import BadInput
from labkit.course.progress_json import progress_of
from labkit.course.progress_place import VARIABLE, Unkept, progress_file
from labkit.course.progress_state import Change, Progress

if TYPE_CHECKING:
    from sqlite3 import Connection

# SQLite's application id, "aLab", tells this file from any other; its user version is that of the tables.
APPLICATION = 0x614C6162
SCHEMA = 1
# Seconds for which somebody else may hold the file.
PATIENCE = 5.0

_TABLES = (
    """CREATE TABLE exercise (id TEXT PRIMARY KEY, attempts INTEGER NOT NULL, passed INTEGER NOT NULL,
    hints INTEGER NOT NULL, explained INTEGER NOT NULL, last INTEGER NOT NULL)""",
    """CREATE TABLE misconception (exercise TEXT NOT NULL, id TEXT NOT NULL, shown INTEGER NOT NULL,
    PRIMARY KEY (exercise, id))""",
    "CREATE TABLE prediction (id TEXT PRIMARY KEY, choice TEXT, outcome TEXT, last INTEGER NOT NULL)",
    f"PRAGMA application_id = {APPLICATION}",
    f"PRAGMA user_version = {SCHEMA}",
)
_TRUTH = {0: False, 1: True}
_ELSEWHERE = f"set the variable {VARIABLE} to another folder"
_MOVE = f"move the file elsewhere, or {_ELSEWHERE}"
# What SQLite says, what that means, and what to do.
_REASONS = (
    ("full", "the disk is full", "make room on it"),
    ("readonly", "the file may not be written", f"allow it, or {_ELSEWHERE}"),
    ("unable to open", "the file cannot be opened", _ELSEWHERE),
    ("locked", "another program holds the file", "end that program"),
    ("disk I/O", "the disk fails", _ELSEWHERE),
)


class Store:
    """The file that `file()` names, asked anew each time. Whatever is wrong with it is an Unkept, and then
    nothing was written: not over a file that is damaged, of another program, or of a newer version either."""

    def __init__(self, file: Callable[[], Path] = progress_file) -> None:
        self._file = file

    def read(self, patience: float = PATIENCE) -> Progress:
        """What is kept. Where there is no file, none is made. Raises Unkept."""
        path = self._file()
        with _opened(path, patience, "BEGIN", make=False) as connection:
            return Progress() if connection is None or _is_new(connection, path) else _load(connection)

    def change(self, change: Change, patience: float = PATIENCE) -> Progress:
        """What is kept after a change: all of it, or nothing. No other process writes meanwhile. Raises
        Unkept."""
        path = self._file()
        with _opened(path, patience, "BEGIN IMMEDIATE", make=True) as connection:
            assert connection is not None
            if _is_new(connection, path):
                for line in _TABLES:
                    connection.execute(line)
            before = _load(connection)
            after = change(before)
            _write(connection, before, after)
            connection.execute("COMMIT")
            return after


@contextmanager
def _opened(path: Path, patience: float, begin: str, *, make: bool) -> Iterator[Connection | None]:
    """A connection within a transaction, which is taken back unless somebody commits it. None where there is
    no file and none is to be made."""
    try:
        import sqlite3
    except ImportError as error:
        raise _unkept(path, "this Python has no SQLite", str(error), "install one that has") from None
    try:
        if make:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        elif not path.exists():
            yield None
            return
        with closing(sqlite3.connect(path, timeout=patience, isolation_level=None)) as connection:
            connection.execute(begin)
            yield connection
    except sqlite3.OperationalError as error:
        said = str(error)
        found = next((each for each in _REASONS if each[0] in said), ("", "SQLite fails", _MOVE))
        raise _unkept(path, found[1], said, found[2]) from None
    except (sqlite3.Error, BadInput, UnicodeDecodeError) as error:
        # The last comes where SQLite's own message quotes bytes of a damaged file.
        raise _unkept(path, "the file is damaged, or of another program", str(error), _MOVE) from None
    except OSError as error:
        why = error.strerror or str(error)
        raise _unkept(path, "the folder cannot be used", why, _ELSEWHERE) from None


def _unkept(path: Path, reason: str, said: str, advice: str) -> Unkept:
    first = said.splitlines()[0] if said else "no reason given"
    return Unkept(f"Your progress is not kept: {reason}.", presented=f"{path}: {first}", advice=advice)


def _is_new(connection: Connection, path: Path) -> bool:
    """Whether nothing is in the file yet. Raises Unkept for a file that is not to be touched."""
    mark, version, tables = (
        connection.execute(question).fetchone()[0]
        for question in ("PRAGMA application_id", "PRAGMA user_version", "SELECT count(*) FROM sqlite_master")
    )
    if (mark, version, tables) == (0, 0, 0):
        return True
    if mark != APPLICATION:
        raise _unkept(path, "the file is of another program", f"application id {mark}", _MOVE)
    if version > SCHEMA:
        said, advice = f"version {version}, and this lab knows {SCHEMA}", "bring the course up to date"
        raise _unkept(path, "the file was written by a newer version of the lab", said, advice)
    (sound,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if sound != "ok":
        raise _unkept(path, "the file is damaged", sound, _MOVE)
    return False


def _load(connection: Connection) -> Progress:
    """What the tables hold. Raises BadInput where that cannot be progress."""
    shown: dict[str, dict[str, int]] = defaultdict(dict)
    for exercise, id, count in connection.execute("SELECT exercise, id, shown FROM misconception"):
        shown[exercise][id] = count
    asked = "SELECT id, attempts, passed, hints, explained, last FROM exercise"
    exercises = {
        id: {
            "attempts": attempts,
            "passed": _TRUTH.get(passed),
            "hints": hints,
            "misconceptions": dict(shown[id]),
            "explained": _TRUTH.get(explained),
            "last": last,
        }
        for id, attempts, passed, hints, explained, last in connection.execute(asked)
    }
    asked = "SELECT id, choice, outcome, last FROM prediction"
    predictions = {
        id: {"choice": choice, "outcome": outcome, "last": last}
        for id, choice, outcome, last in connection.execute(asked)
    }
    return progress_of({"exercises": exercises, "predictions": predictions})


def _write(connection: Connection, before: Progress, after: Progress) -> None:
    for id in _differing(before.exercises, after.exercises):
        connection.execute("DELETE FROM exercise WHERE id = ?", (id,))
        connection.execute("DELETE FROM misconception WHERE exercise = ?", (id,))
        if (effort := after.exercises.get(id)) is not None:
            row = (id, effort.attempts, effort.passed, effort.hints, effort.explained, effort.last)
            connection.execute("INSERT INTO exercise VALUES (?, ?, ?, ?, ?, ?)", row)
            shown = [(id, name, count) for name, count in sorted(effort.misconceptions.items())]
            connection.executemany("INSERT INTO misconception VALUES (?, ?, ?)", shown)
    for id in _differing(before.predictions, after.predictions):
        connection.execute("DELETE FROM prediction WHERE id = ?", (id,))
        if (forecast := after.predictions.get(id)) is not None:
            entry = (id, forecast.choice, forecast.outcome, forecast.last)
            connection.execute("INSERT INTO prediction VALUES (?, ?, ?, ?)", entry)


def _differing(before: Mapping[str, object], after: Mapping[str, object]) -> list[str]:
    return sorted(id for id in before.keys() | after.keys() if before.get(id) != after.get(id))
