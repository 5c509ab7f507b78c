"""A learner's copy of the course: what was changed is never overwritten."""

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from labhub.course_copy import bring_up_to_date


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "notebooks"
    folder.mkdir()
    for name in ("00-a.ipynb", "01-b.ipynb", "scenarios.toml"):
        (folder / name).write_text(f"{name} 1")
    return folder


def contents(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir() if not path.name.startswith(".")}


def test_at_first_all_notebooks_are_copied(source: Path, tmp_path: Path) -> None:
    mine = tmp_path / "home" / "course"
    assert bring_up_to_date(source, mine) == ["00-a.ipynb", "01-b.ipynb"]
    assert contents(mine) == {"00-a.ipynb": "00-a.ipynb 1", "01-b.ipynb": "01-b.ipynb 1"}
    assert stat.S_IMODE(mine.stat().st_mode) == 0o700
    assert bring_up_to_date(source, mine) == []


def test_what_was_changed_stays_and_the_newer_is_put_beside(source: Path, tmp_path: Path) -> None:
    mine = tmp_path / "course"
    bring_up_to_date(source, mine)
    (mine / "00-a.ipynb").write_text("my own work")
    assert bring_up_to_date(source, mine) == []
    for name in ("00-a.ipynb", "01-b.ipynb"):
        (source / name).write_text("version 2")
    beside, replaced = bring_up_to_date(source, mine)
    assert (beside[:9], replaced) == ("00-a-new-", "01-b.ipynb")
    assert contents(mine) == {"00-a.ipynb": "my own work", beside: "version 2", "01-b.ipynb": "version 2"}
    (mine / beside).unlink()
    assert bring_up_to_date(source, mine) == []


def test_what_was_deleted_comes_again(source: Path, tmp_path: Path) -> None:
    bring_up_to_date(source, tmp_path / "course")
    (tmp_path / "course" / "00-a.ipynb").unlink()
    assert bring_up_to_date(source, tmp_path / "course") == ["00-a.ipynb"]


@pytest.mark.parametrize("record", [b"", b"\xff", b"[]", b"{", b'{"00-a.ipynb": 7}'])
def test_without_a_record_nothing_is_overwritten(source: Path, tmp_path: Path, record: bytes) -> None:
    mine = tmp_path / "course"
    bring_up_to_date(source, mine)
    (mine / "00-a.ipynb").write_text("my own work")
    (mine / ".given.json").write_bytes(record)
    (source / "00-a.ipynb").write_text("version 2")
    bring_up_to_date(source, mine)
    assert contents(mine)["00-a.ipynb"] == "my own work"


def test_a_folder_or_a_dead_link_in_the_place_of_a_notebook_is_left_alone(
    source: Path, tmp_path: Path
) -> None:
    mine = tmp_path / "course"
    (mine / "00-a.ipynb").mkdir(parents=True)
    os.symlink(tmp_path / "nowhere", mine / "01-b.ipynb")
    bring_up_to_date(source, mine)
    assert (mine / "00-a.ipynb").is_dir()
    assert not (tmp_path / "nowhere").exists()


@given(st.lists(st.sampled_from(["change", "release", "delete", "start"]), max_size=12))
def test_whatever_happens_no_work_is_lost(tmp_path_factory: pytest.TempPathFactory, steps: list[str]) -> None:
    folder = tmp_path_factory.mktemp("copy")
    source, mine = folder / "notebooks", folder / "course"
    source.mkdir()
    notebook, work = mine / "a.ipynb", set()
    for number, step in enumerate(["release", "start", *steps, "start"]):
        if step == "release":
            (source / "a.ipynb").write_text(f"release {number}")
        elif step == "change":
            notebook.write_text(f"work {number}")
            work = {f"work {number}"}
        elif step == "delete":
            notebook.unlink(missing_ok=True)
            work = set()
        else:
            bring_up_to_date(source, mine)
        if mine.exists():
            assert work <= set(contents(mine).values())
    assert (source / "a.ipynb").read_text() in contents(mine).values() or work
