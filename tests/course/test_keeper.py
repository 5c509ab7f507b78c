"""What cannot be kept is told once, remembered, and kept as soon as it can be."""

import os
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import sleep
from typing import Any

import pytest

from labkit.course.keeper import GOES_ON, Keeper
from labkit.course.progress_state import Progress, attempted, chose, hinted, revealed
from labkit.course.progress_store import Store
from tests.course.progress_samples import only_read, played


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "progress.sqlite"


@pytest.fixture
def keeper(file: Path) -> Keeper:
    return Keeper(Store(lambda: file))


def refuse(said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(*_: Any, **__: Any) -> Any:
        raise sqlite3.OperationalError(said)

    monkeypatch.setattr(sqlite3, "connect", connect)


def test_what_is_kept_changes_nothing_in_what_is_said(keeper: Keeper, file: Path) -> None:
    assert keeper.keep(attempted("x", True), "Well done.") == "Well done."
    assert keeper.known() == Store(lambda: file).read() == played(attempted("x", True))
    assert keeper.trouble is None


def test_trouble_is_told_once_and_the_course_goes_on(keeper: Keeper, file: Path) -> None:
    file.write_text("dear diary\n" * 100)
    said = keeper.keep(attempted("x", False), "Not yet.")
    assert said.splitlines()[0] == "Not yet."
    assert "Your progress is not kept: the file is damaged" in said
    assert said.endswith(GOES_ON)
    assert keeper.keep(attempted("x", True), "Well done.") == "Well done."
    assert keeper.known() == played(attempted("x", False), attempted("x", True))
    assert file.read_text() == "dear diary\n" * 100


def test_another_trouble_is_told_as_well(keeper: Keeper, monkeypatch: pytest.MonkeyPatch) -> None:
    for said, told in (("is full", 1), ("is full", 0), ("disk I/O error", 1), ("is full", 0)):
        with monkeypatch.context() as patch:
            refuse(said, patch)
            assert len(keeper.keep(hinted("x", 1), "").splitlines()) == (4 * told)


def test_what_waited_is_kept_as_soon_as_it_can_be(
    keeper: Keeper, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper.keep(attempted("x", False))
    with monkeypatch.context() as patch:
        refuse("database or disk is full", patch)
        keeper.keep(attempted("x", False))
        keeper.keep(chose("p", "a"))
        assert keeper.known().exercises["x"].attempts == 2
    # Meanwhile somebody else has done something too.
    Store(lambda: file).change(attempted("x", True))
    assert keeper.keep(revealed("p", "a"), "Right.") == "Right."
    done = Store(lambda: file).read()
    assert (done.exercises["x"].attempts, done.exercises["x"].passed) == (3, True)
    assert done.predictions["p"].right
    assert keeper.trouble is None
    assert keeper.keep(hinted("x", 1)) == ""
    assert Store(lambda: file).read().exercises["x"].attempts == 3, "nothing is kept twice"


def test_what_may_be_read_and_not_written_is_the_beginning(
    keeper: Keeper, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Store(lambda: file).change(attempted("x", True))
    only_read(monkeypatch)
    assert "the file may not be written" in keeper.keep(attempted("y", True))
    assert {id for id, one in keeper.known().exercises.items() if one.passed} == {"x", "y"}
    assert keeper.trouble is not None, "reading is not keeping"


def test_trouble_with_reading_ends_with_it(keeper: Keeper, monkeypatch: pytest.MonkeyPatch) -> None:
    keeper.keep(attempted("x", True))
    with monkeypatch.context() as patch:
        refuse("disk I/O error", patch)
        assert keeper.known() == played(attempted("x", True)), "what was known last"
        assert keeper.trouble is not None
    assert keeper.known() == played(attempted("x", True))
    assert keeper.trouble is None


def test_nobody_waits_twice_for_a_file_that_is_held(keeper: Keeper, file: Path) -> None:
    patience = []

    class Held(Store):
        def change(self, change: Any, patience_: float = -1) -> Progress:
            patience.append(patience_)
            return super().change(change, 0)

    keeper._store = Held(lambda: file)
    keeper.keep(hinted("x", 1))
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    keeper.keep(hinted("x", 2))
    keeper.keep(hinted("x", 3))
    other.close()
    assert keeper.keep(hinted("x", 4)) == ""
    keeper.keep(hinted("x", 5))
    assert patience == [5, 5, 0, 0, 5]
    assert keeper.known().exercises["x"].hints == 5


def test_threads_keep_each_thing_once(file: Path) -> None:
    class Slow(Store):
        def change(self, change: Any, patience: float = 0) -> Progress:
            done = super().change(change, 5)
            # What was kept still waits when the others come.
            sleep(0.02)
            return done

    keeper = Keeper(Slow(lambda: file))
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: keeper.keep(attempted("x", False)), range(12)))
    assert keeper.known().exercises["x"].attempts == 12


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_a_child_does_not_keep_what_waits_in_its_parent(file: Path) -> None:
    script = f"""
import os
from pathlib import Path
from time import sleep
from labkit.course.keeper import keep
from labkit.course.progress_state import attempted, hinted
folder = Path({str(file.parent / "data")!r})
os.environ["LABKIT_DATA"] = str(folder)
folder.touch()
keep(attempted("x", False))
folder.unlink()
child = os.fork()
if child == 0:
    keep(hinted("y", 1))
    os._exit(0)
os.waitpid(child, 0)
keep(hinted("z", 1))
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
    done = Store(lambda: file.parent / "data" / "progress.sqlite").read()
    assert done.exercises["x"].attempts == 1
    assert done.ids == {"x", "y", "z"}
