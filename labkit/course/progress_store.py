"""The file with the progress: SQLite, opened for one transaction at a time and closed again.

With a rollback journal, which is SQLite's default, and not with a write-ahead log: a log "does not work over
a network filesystem" (sqlite.org/wal.html), where the homes of many learners are, and it would speed up
nothing, since an attempt is one small transaction. Nothing stays open, so that a kernel may be killed, forked
or suspended whenever it likes.
"""

from __future__ import annotations

import errno
import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from stat import S_ISREG
from typing import TYPE_CHECKING, Any

from labkit.core.errors import BadInput
from labkit.course.progress_json import from_json, progress_of, to_json
from labkit.course.progress_place import VARIABLE, Unkept, progress_file
from labkit.course.progress_state import Change, Progress

if TYPE_CHECKING:
    from sqlite3 import Connection

# SQLite's application id, "aLab", tells this file from any other; its user version is that of the tables.
APPLICATION = 0x614C6162
SCHEMA = 1
# Seconds for which somebody else may hold the file.
PATIENCE = 5.0
# Seconds of one wait for it. In a long one SQLite asks ever more seldom, and where several processes write it
# comes too late each time.
_WAIT = 0.005
# Bytes of a file, and rows of a table: much more than there can be, and not too much to be read.
_LARGEST = 50_000_000
_MOST_ROWS = 300_000
# Bytes that have to be free where a file is to be made.
_ROOM = 32_768

# As the file has them, word by word: what has other tables was not made by this version.
_TABLES = (
    """CREATE TABLE exercise (id TEXT PRIMARY KEY, attempts INTEGER NOT NULL, passed INTEGER NOT NULL,
    hints INTEGER NOT NULL, explained INTEGER NOT NULL, last INTEGER NOT NULL)""",
    """CREATE TABLE misconception (exercise TEXT NOT NULL, id TEXT NOT NULL, shown INTEGER NOT NULL,
    PRIMARY KEY (exercise, id))""",
    "CREATE TABLE prediction (id TEXT PRIMARY KEY, choice TEXT, outcome TEXT, last INTEGER NOT NULL)",
)
_MARKS = (f"PRAGMA application_id = {APPLICATION}", f"PRAGMA user_version = {SCHEMA}")
_SIDE_FILES = ("", "-journal", "-wal", "-shm")
_TRUTH = {0: False, 1: True}
_ELSEWHERE = f"set the variable {VARIABLE} to another folder"
_MOVE = f"move the file elsewhere, or {_ELSEWHERE}"
_DAMAGED = "the file is damaged, or of another program"
_FULL = ("the disk is full", "make room on it")
# What SQLite says, what that means, and what to do.
_REASONS = (
    ("full", *_FULL),
    ("readonly", "the file may not be written", f"allow it, or {_ELSEWHERE}"),
    ("unable to open", "the file cannot be opened", _ELSEWHERE),
    ("locked", "another program holds the file", "end that program"),
    ("disk I/O", "the disk fails, or the folder may not be written", _ELSEWHERE),
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
            return Progress() if connection is None else _known(connection, path)

    def change(self, change: Change, patience: float = PATIENCE) -> Progress:
        """What is kept after a change: all of it, or nothing. No other process writes meanwhile. Raises
        Unkept."""
        path = self._file()
        with _opened(path, patience, "BEGIN IMMEDIATE", make=True) as connection:
            assert connection is not None
            if _is_new(connection, path):
                for line in (*_TABLES, *_MARKS):
                    connection.execute(line)
            before = _known(connection, path)
            after = change(before)
            _can_be_read_again(after, path)
            _write(connection, before, after)
            connection.execute("COMMIT")
            return after

    def try_out(self) -> Progress:
        """What is kept, where more could be kept now: tries to write, and takes it back. Makes no file and
        no folder. Raises Unkept."""
        # Only the doctor wants it.
        from tempfile import TemporaryFile

        path = self._file()
        done = Progress()
        with _opened(path, PATIENCE, "BEGIN IMMEDIATE", make=False) as connection:
            if connection is not None:
                done = _known(connection, path)
                connection.execute(_MARKS[-1])
            folder = next(folder for folder in path.parents if folder.exists())
            with TemporaryFile(dir=folder) as file:
                file.write(bytes(_ROOM))
        return done


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
        if not _is_there(path) and not make:
            yield None
            return
        with closing(sqlite3.connect(path, timeout=min(patience, _WAIT), isolation_level=None)) as connection:
            _begin(connection, begin, patience)
            yield connection
    except sqlite3.OperationalError as error:
        said = str(error)
        found = next((each for each in _REASONS if each[0] in said), ("", "SQLite fails", _MOVE))
        raise _unkept(path, found[1], said, found[2]) from None
    except (sqlite3.Error, UnicodeDecodeError) as error:
        # The latter comes where SQLite's own message quotes bytes of a damaged file.
        raise _unkept(path, _DAMAGED, str(error), _MOVE) from None
    except OSError as error:
        full = error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))
        reason, advice = _FULL if full else ("the folder cannot be used", _ELSEWHERE)
        raise _unkept(path, reason, error.strerror or str(error), advice) from None


def _is_there(path: Path) -> bool:
    """Whether there is a file. Raises Unkept for what nobody should open, and OSError where that cannot be
    found out."""
    there = False
    # SQLite opens what lies beside its file as well, and from a pipe it would read for ever.
    for end in _SIDE_FILES:
        try:
            found = os.stat(f"{path}{end}")
        except FileNotFoundError:
            continue
        if not S_ISREG(found.st_mode):
            raise _unkept(path, "something else is in its place", f"{path.name}{end} is no file", _MOVE)
        if found.st_size > _LARGEST:
            said = f"{found.st_size:,} bytes, and there may be {_LARGEST:,}"
            raise _unkept(path, "the file is too large to be ours", said, _MOVE)
        there |= not end
    return there


def _begin(connection: Connection, begin: str, patience: float) -> None:
    """Begins a transaction. Raises sqlite3.Error."""
    from sqlite3 import SQLITE_BUSY, OperationalError

    for _ in range(int(patience / _WAIT)):
        try:
            connection.execute(begin)
            break
        except OperationalError as error:
            # The last byte; the others say more of the same.
            if getattr(error, "sqlite_errorcode", 0) & 0xFF != SQLITE_BUSY:
                raise
    else:
        connection.execute(begin)
    connection.execute(f"PRAGMA busy_timeout = {int(1000 * patience)}")


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
    if version < SCHEMA or _shape(connection) != sorted(" ".join(line.split()) for line in _TABLES):
        raise _unkept(path, _DAMAGED, f"it has other tables than version {SCHEMA}", _MOVE)
    (sound,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if sound != "ok":
        raise _unkept(path, "the file is damaged", sound, _MOVE)
    return False


def _shape(connection: Connection) -> list[str]:
    """The tables as they were declared, and whatever else was: a view may never end, a trigger may delete.
    What SQLite keeps for itself is left out."""
    declared = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite%'"
    found = connection.execute(declared).fetchmany(len(_TABLES) + 1)
    return sorted(" ".join(str(sql).split()) for (sql,) in found)


def _known(connection: Connection, path: Path) -> Progress:
    """What the file holds. Raises Unkept where that cannot be progress."""
    if _is_new(connection, path):
        return Progress()
    try:
        return _load(connection)
    except BadInput as error:
        raise _unkept(path, _DAMAGED, str(error), _MOVE) from None


def _can_be_read_again(done: Progress, path: Path) -> None:
    """Raises Unkept for what would be refused afterwards, from the file or from an export of it."""
    try:
        from_json(to_json(done).encode())
    except BadInput as error:
        advice = "`labkit progress reset` what is of no use, or import less"
        raise _unkept(
            path, "that is more than can be kept", f"{error.presented}, {error.required}", advice
        ) from None


def _rows(connection: Connection, question: str) -> list[Any]:
    """The answer, unless it has too many rows. Raises BadInput."""
    rows = connection.execute(question).fetchmany(_MOST_ROWS + 1)
    if len(rows) > _MOST_ROWS:
        raise BadInput("Too many rows.", presented=question, required=f"at most {_MOST_ROWS:,}")
    return rows


def _load(connection: Connection) -> Progress:
    """What the tables hold. Raises BadInput where that cannot be progress."""
    shown: dict[str, dict[str, int]] = defaultdict(dict)
    for exercise, id, count in _rows(connection, "SELECT exercise, id, shown FROM misconception"):
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
        for id, attempts, passed, hints, explained, last in _rows(connection, asked)
    }
    asked = "SELECT id, choice, outcome, last FROM prediction"
    predictions = {
        id: {"choice": choice, "outcome": outcome, "last": last}
        for id, choice, outcome, last in _rows(connection, asked)
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
