"""The file: it survives whatever happens to the process, and nothing that is not ours is written over."""

import errno
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labkit.core.errors import BadInput
from labkit.course.progress_place import Unkept
from labkit.course.progress_state import (
    Change,
    Progress,
    attempted,
    chose,
    explained,
    forgotten,
    hinted,
    merged,
    revealed,
)
from labkit.course.progress_store import APPLICATION, SCHEMA, Store
from tests.course.progress_samples import CHANGES, PROGRESS, played

SAMPLE = (attempted("x", False, "idea"), hinted("x", 1), chose("p", "a"), revealed("p", "b"), explained("y"))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "made by the lab" / "progress.sqlite"


@pytest.fixture
def store(file: Path) -> Store:
    return Store(lambda: file)


def fill(store: Store) -> Progress:
    for change in SAMPLE:
        store.change(change)
    return played(*SAMPLE)


# ---- keeping


def test_what_was_kept_is_read_by_another_process(store: Store, file: Path) -> None:
    done = fill(store)
    assert Store(lambda: file).read() == done
    assert [path.name for path in file.parent.iterdir()] == ["progress.sqlite"], "no journal is left"


def test_reading_makes_no_file(store: Store, file: Path) -> None:
    assert store.read() == Progress()
    assert not file.parent.exists()


def test_a_file_that_was_begun_and_left_empty_is_filled(store: Store, file: Path) -> None:
    file.parent.mkdir()
    file.touch()
    assert store.read() == Progress()
    assert fill(store) == store.read()


def test_the_folder_is_its_users_alone(store: Store, file: Path) -> None:
    fill(store)
    if os.name == "posix":
        assert file.parent.stat().st_mode & 0o077 == 0


@settings(max_examples=30)
@given(st.lists(st.one_of(CHANGES, PROGRESS.map(merged), st.just(forgotten({"x", "enc-raw"}))), max_size=6))
def test_the_file_holds_what_memory_would(
    tmp_path_factory: pytest.TempPathFactory, changes: list[Change]
) -> None:
    path = tmp_path_factory.mktemp("store") / "progress.sqlite"
    store = Store(lambda: path)
    for number, change in enumerate(changes, 1):
        assert store.change(change) == played(*changes[:number])
    assert store.read() == played(*changes)


def test_a_change_that_breaks_changes_nothing(store: Store) -> None:
    done = fill(store)

    def broken(progress: Progress) -> Progress:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        store.change(broken)
    assert store.read() == done


def test_an_interrupted_write_changes_nothing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    done = fill(store)

    def interrupted(*_: Any) -> Any:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        # After the first of the rows.
        patch.setattr("labkit.course.progress_store._differing", lambda *_: iter(["x", interrupted()]))
        with pytest.raises(KeyboardInterrupt):
            store.change(attempted("x", True))
    assert store.read() == done


# ---- several processes, and dead ones

WRITER = """
import sys
from pathlib import Path
from labkit.course.progress_state import attempted
from labkit.course.progress_store import Store
store = Store(lambda: Path(sys.argv[1]))
print("begun", flush=True)
for _ in range(int(sys.argv[2])):
    store.change(lambda done: attempted("b", True)(attempted("a", False, "idea")(done)), 60)
    print("kept", flush=True)
"""


def writer(file: Path, times: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(file), str(times)], stdout=subprocess.PIPE, text=True
    )


def ended(one: subprocess.Popen[str]) -> tuple[int, int]:
    """How it ended, and how much it said it had kept since it was last listened to."""
    assert one.stdout is not None
    with one.stdout:
        kept = one.stdout.read().count("kept\n")
    return one.wait(60), kept


def test_two_processes_may_write_at_once(file: Path, store: Store) -> None:
    each = 60
    writers = [writer(file, each) for _ in range(2)]
    for one in writers:
        assert one.stdout is not None
        assert one.stdout.readline() == "begun\n"
    assert store.change(hinted("a", 2), 60).exercises["a"].hints == 2, "and a third"
    assert [ended(one) for one in writers] == [(0, each)] * 2
    done = store.read()
    assert done.exercises["a"].attempts == done.exercises["b"].attempts == 2 * each
    assert done.exercises["a"].misconceptions == {"idea": 2 * each}
    assert max(one.last for one in done.exercises.values()) == 2 * 2 * each + 1, "each change had its number"


def dying(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.course.dying", *map(str, arguments)]
    return subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=120)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="kill -9")
def test_a_process_may_be_killed_in_the_middle_of_a_write(file: Path, store: Store) -> None:
    done = dying("killed", file)
    assert (done.returncode, done.stderr) == (0, "")
    assert int(done.stdout) == store.read().exercises["a"].attempts > 40
    assert store.change(attempted("a", True)).exercises["a"].passed


@pytest.mark.skipif(not hasattr(os, "fork"), reason="kill -9")
def test_a_process_may_die_after_any_statement(file: Path, store: Store) -> None:
    new = [
        "BEGIN",
        "CREATE",
        "PRAGMA application_id =",
        "PRAGMA user_version =",
        "INSERT INTO exercise",
        "COMMIT",
    ]
    old = ["BEGIN", "DELETE FROM exercise", "DELETE FROM misconception", "INSERT INTO exercise", "COMMIT"]
    done = dying("after", file, *new, *old)
    assert (done.returncode, done.stderr) == (0, "")
    assert store.read().exercises["a"].attempts == 2


def test_what_a_dead_process_left_half_written_is_taken_back(file: Path, store: Store) -> None:
    done = fill(store)
    script = f"""
import os, signal, sqlite3
connection = sqlite3.connect({str(file)!r}, isolation_level=None)
connection.execute("PRAGMA cache_size = 1")
connection.execute("BEGIN IMMEDIATE")
connection.executemany("INSERT INTO prediction VALUES (?, ?, ?, ?)",
                       [(f"p{{n}}", "x" * 200, "y" * 200, 1) for n in range(500)])
os._exit(9)
"""
    before = file.stat().st_size
    assert subprocess.run([sys.executable, "-c", script]).returncode == 9
    assert file.with_name("progress.sqlite-journal").stat().st_size > 0, "a hot journal"
    assert file.stat().st_size > before, "pages that were never committed"
    assert store.read() == done


# ---- what is not to be touched


def damaged(file: Path) -> None:
    file.write_bytes(b"SQLite format 3\0" + b"nonsense" * 1000)


def half(file: Path) -> None:
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2])


def of_another_program(file: Path) -> None:
    file.unlink()
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE bookmarks (address TEXT)")
    connection.close()


def marked_by_another_program(file: Path) -> None:
    file.unlink()
    pragma(file, "application_id = 7")


def newer(file: Path) -> None:
    pragma(file, f"user_version = {SCHEMA + 1}")


def pragma(file: Path, text: str) -> None:
    with sqlite3.connect(file) as connection:
        connection.execute(f"PRAGMA {text}")
    connection.close()


def without_a_table(file: Path) -> None:
    sql(file, "DROP TABLE prediction")


def with_a_view_that_never_ends(file: Path) -> None:
    without_a_table(file)
    numbers = "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n)"
    sql(file, f"CREATE VIEW prediction AS {numbers} SELECT 'p' id, 'a' choice, 'b' outcome, 1 last FROM n")


def with_a_trigger_that_deletes(file: Path) -> None:
    sql(file, "CREATE TRIGGER t AFTER INSERT ON exercise BEGIN DELETE FROM prediction; END")


def with_one_more_column(file: Path) -> None:
    sql(file, "ALTER TABLE exercise ADD COLUMN note TEXT")


def of_a_version_that_never_was(file: Path) -> None:
    pragma(file, "user_version = -1")


def much_too_large(file: Path) -> None:
    # A hole, which takes no room.
    os.truncate(file, 60_000_000)


def with_a_row_that_cannot_be(file: Path) -> None:
    sql(file, "UPDATE exercise SET attempts = 'many'")


def with_a_passed_that_is_no_truth(file: Path) -> None:
    sql(file, "UPDATE exercise SET passed = 2")


def with_text_that_is_none(file: Path) -> None:
    sql(file, "UPDATE prediction SET choice = CAST(x'ff' AS TEXT)")


def sql(file: Path, text: str) -> None:
    with sqlite3.connect(file) as connection:
        connection.execute(text)
    connection.close()


def with_a_broken_index(file: Path) -> None:
    # Its table can still be read.
    with sqlite3.connect(file) as connection:
        asked = "SELECT rootpage FROM sqlite_master WHERE name = 'sqlite_autoindex_exercise_1'"
        (page,) = connection.execute(asked).fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    connection.close()
    content = bytearray(file.read_bytes())
    content[(page - 1) * size : page * size] = bytes(size)
    file.write_bytes(content)


def with_a_table_whose_name_is_no_text(file: Path) -> None:
    content = file.read_bytes()
    file.write_bytes(content.replace(b"CREATE TABLE prediction", b"CREATE TAB\x80E prediction"))


def text_file(file: Path) -> None:
    file.write_text("dear diary\n" * 100)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (damaged, "the file is damaged, or of another program"),
        (half, "the file is damaged"),
        (text_file, "the file is damaged, or of another program"),
        (of_another_program, "the file is of another program"),
        (marked_by_another_program, "the file is of another program"),
        (newer, "the file was written by a newer version of the lab"),
        (with_a_broken_index, "the file is damaged."),
        (with_a_table_whose_name_is_no_text, "the file is damaged, or of another program"),
        (without_a_table, "the file is damaged, or of another program"),
        (with_a_view_that_never_ends, "the file is damaged, or of another program"),
        (with_a_trigger_that_deletes, "the file is damaged, or of another program"),
        (with_one_more_column, "the file is damaged, or of another program"),
        (of_a_version_that_never_was, "the file is damaged, or of another program"),
        (much_too_large, "the file is too large to be ours"),
        (with_a_row_that_cannot_be, "the file is damaged, or of another program"),
        (with_a_passed_that_is_no_truth, "the file is damaged, or of another program"),
        (with_text_that_is_none, "SQLite fails"),
    ],
)
def test_a_file_that_cannot_be_used_is_left_as_it_is(
    store: Store, file: Path, spoil: Callable[[Path], None], said: str
) -> None:
    fill(store)
    spoil(file)
    before = file.read_bytes()
    for use in (store.read, lambda: store.change(SAMPLE[0])):
        with pytest.raises(Unkept) as refused:
            use()
        assert refused.value.message.startswith(f"Your progress is not kept: {said}")
        assert str(file) in refused.value.presented
        assert refused.value.advice
    assert file.read_bytes() == before
    assert [path.name for path in file.parent.iterdir()] == ["progress.sqlite"]


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that nobody spoils."""
    file = tmp_path_factory.mktemp("store") / "sound.sqlite"
    fill(Store(lambda: file))
    return file


@settings(max_examples=300)
@given(st.lists(st.tuples(st.integers(0, 50_000), st.integers(0, 255)), min_size=1, max_size=3))
def test_whatever_bytes_change_it_is_read_or_refused_and_never_written_over(
    sound: Path, changes: list[tuple[int, int]]
) -> None:
    file = sound.with_name("progress.sqlite")
    store, content = Store(lambda: file), bytearray(sound.read_bytes())
    for place, byte in changes:
        content[place % len(content)] = byte
    file.write_bytes(content)
    try:
        done = store.read()
    except Unkept:
        with pytest.raises(Unkept):
            store.change(SAMPLE[0])
        assert file.read_bytes() == bytes(content)
    else:
        assert isinstance(done, Progress)


def test_a_path_under_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    store = Store(lambda: tmp_path / "file" / "progress.sqlite")
    for use in (store.read, store.try_out, lambda: store.change(SAMPLE[0])):
        with pytest.raises(Unkept, match="the folder cannot be used"):
            use()


def test_a_link_that_leads_to_itself_is_told(store: Store, file: Path) -> None:
    file.parent.mkdir()
    file.symlink_to(file)
    for use in (store.read, store.try_out, lambda: store.change(SAMPLE[0])):
        with pytest.raises(Unkept, match="the folder cannot be used"):
            use()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes")
@pytest.mark.parametrize("end", ["", "-journal", "-wal", "-shm"])
def test_nobody_waits_for_ever_for_a_pipe(store: Store, file: Path, end: str) -> None:
    if end:
        fill(store)
    file.parent.mkdir(exist_ok=True)
    os.mkfifo(f"{file}{end}")
    # A process of its own, which can be ended where it hangs in SQLite.
    script = (
        "import sys; from pathlib import Path; from labkit.course.progress_store import Store;"
        "Store(lambda: Path(sys.argv[1])).read()"
    )
    done = subprocess.run([sys.executable, "-c", script, file], capture_output=True, text=True, timeout=60)
    assert "Your progress is not kept: something else is in its place." in done.stderr
    assert f"{file.name}{end} is no file" in done.stderr


@pytest.mark.skipif(not Path("/dev/null").exists(), reason="a device")
def test_a_device_is_no_file(store: Store, file: Path) -> None:
    file.parent.mkdir()
    file.symlink_to("/dev/null")
    with pytest.raises(Unkept, match="something else is in its place"):
        store.read()


def test_too_many_rows_are_not_read(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(store)
    monkeypatch.setattr("labkit.course.progress_store._MOST_ROWS", 1)
    with pytest.raises(Unkept, match="the file is damaged"):
        store.read()


def test_what_could_not_be_read_again_is_not_written(store: Store) -> None:
    done = fill(store)
    effort = done.exercises["x"]
    many, more = ({f"{letter}{n}": effort for n in range(7_000)} for letter in "ab")
    before = store.change(merged(Progress(many)))
    with pytest.raises(Unkept, match="that is more than can be kept"):
        store.change(merged(Progress(more)))
    assert store.read() == before


def test_a_change_that_refuses_is_no_damage(store: Store) -> None:
    def refuse(done: Progress) -> Progress:
        raise BadInput("no")

    with pytest.raises(BadInput, match="no"):
        store.change(refuse)


# ---- trying out


def test_trying_out_makes_nothing_and_changes_nothing(store: Store, file: Path) -> None:
    assert store.try_out() == Progress()
    assert not file.parent.exists()
    done = fill(store)
    before = file.read_bytes()
    assert store.try_out() == done
    assert file.read_bytes() == before
    assert [path.name for path in file.parent.iterdir()] == ["progress.sqlite"]


@pytest.mark.parametrize(
    ("number", "said"), [(errno.ENOSPC, "the disk is full"), (errno.EACCES, "the folder cannot be used")]
)
def test_trying_out_finds_a_folder_that_takes_nothing(
    store: Store, monkeypatch: pytest.MonkeyPatch, number: int, said: str
) -> None:
    def refuse(**_: Any) -> Any:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    with pytest.raises(Unkept, match=f"Your progress is not kept: {said}."):
        store.try_out()


def test_a_folder_in_place_of_the_file_is_told(store: Store, file: Path) -> None:
    file.mkdir(parents=True)
    for use in (store.read, lambda: store.change(SAMPLE[0])):
        with pytest.raises(Unkept, match="something else is in its place"):
            use()


@pytest.mark.parametrize(
    ("said_by_sqlite", "said"),
    [
        ("database or disk is full", "the disk is full"),
        ("attempt to write a readonly database", "the file may not be written"),
        ("disk I/O error", "the disk fails, or the folder may not be written"),
        ("unable to open database file", "the file cannot be opened"),
        ("something new", "SQLite fails"),
    ],
)
def test_what_sqlite_says_is_told(
    store: Store, monkeypatch: pytest.MonkeyPatch, said_by_sqlite: str, said: str
) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise sqlite3.OperationalError(said_by_sqlite)

    monkeypatch.setattr(sqlite3, "connect", refuse)
    with pytest.raises(Unkept) as refused:
        store.change(SAMPLE[0])
    assert refused.value.message == f"Your progress is not kept: {said}."
    assert said_by_sqlite in refused.value.presented


def test_a_disk_that_fills_up_in_the_middle_loses_nothing(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = fill(store)
    connect = sqlite3.connect

    def small(*args: Any, **options: Any) -> sqlite3.Connection:
        connection = connect(*args, **options)
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        # SQLite's own way to a full disk.
        connection.execute(f"PRAGMA max_page_count = {pages}")
        return connection

    big = merged(Progress({f"x{number}": done.exercises["x"] for number in range(500)}))
    with monkeypatch.context() as patch:
        patch.setattr(sqlite3, "connect", small)
        with pytest.raises(Unkept, match="the disk is full"):
            store.change(big)
    assert store.read() == done
    assert len(store.change(big).exercises) > 500


def test_nobody_writes_between_what_was_read_and_what_is_written(store: Store, file: Path) -> None:
    fill(store)

    def meanwhile(done: Progress) -> Progress:
        other = sqlite3.connect(file, isolation_level=None, timeout=0)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
        other.close()
        return hinted("z", 1)(done)

    assert store.change(meanwhile).exercises["z"].hints == 1


def test_who_holds_the_file_is_waited_for_and_then_it_is_told(store: Store, file: Path) -> None:
    done = fill(store)
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(Unkept, match="another program holds the file"):
        store.change(SAMPLE[0], patience=0)
    with pytest.raises(Unkept, match="another program holds the file"):
        store.read(patience=0)
    other.close()
    assert store.read() == done


def test_who_waits_asks_often(store: Store, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Else others who write all the time are always first.
    fill(store)
    connect, asked = sqlite3.connect, []

    class Counting(sqlite3.Connection):
        def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
            asked.append(sql)
            return super().execute(sql, *values)

    other = connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    monkeypatch.setattr(
        sqlite3, "connect", lambda *args, **options: connect(*args, factory=Counting, **options)
    )
    with pytest.raises(Unkept, match="another program holds the file"):
        store.change(SAMPLE[0], patience=0.2)
    other.close()
    assert asked.count("BEGIN IMMEDIATE") > 20


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="lists open files")
def test_nothing_stays_open(store: Store, file: Path) -> None:
    fill(store)
    assert not [fd for fd in Path("/proc/self/fd").iterdir() if os.path.realpath(fd) == str(file)]


def test_a_python_without_sqlite_is_told(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sqlite3", None)
    with pytest.raises(Unkept, match="this Python has no SQLite"):
        store.read()


def test_the_file_says_whose_it_is(store: Store, file: Path) -> None:
    fill(store)
    assert file.read_bytes()[68:72] == APPLICATION.to_bytes(4) == b"aLab"
