"""The directory of an experiment: what of it goes into a snapshot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from labkit.azure import Snapshots, kept_files, read_folder
from labkit.core.errors import BadInput
from labkit.lab import Lab
from tests.services.ml import ask


def kept(ignore: str, *paths: str) -> list[str]:
    files = dict.fromkeys(paths, b"")
    return sorted(kept_files({**files, ".amlignore": ignore.encode()}).keys() - {".amlignore"})


@pytest.mark.parametrize(
    ("ignore", "left"),
    [
        ("", ["a.py", "data/a.csv", "data/deep/b.csv", "notes.txt"]),
        ("# notes.txt\n\n", ["a.py", "data/a.csv", "data/deep/b.csv", "notes.txt"]),
        ("*.csv", ["a.py", "notes.txt"]),
        ("data/", ["a.py", "notes.txt"]),
        ("data", ["a.py", "notes.txt"]),
        ("deep/", ["a.py", "data/a.csv", "notes.txt"]),
        ("data/*.csv", ["a.py", "notes.txt"]),
        ("data/a.csv", ["a.py", "data/deep/b.csv", "notes.txt"]),
        ("/notes.txt", ["a.py", "data/a.csv", "data/deep/b.csv"]),
        ("notes.txt/", ["a.py", "data/a.csv", "data/deep/b.csv", "notes.txt"]),
        ("a.py\r\n  notes.*  ", ["data/a.csv", "data/deep/b.csv"]),
        ("*", []),
    ],
)
def test_what_amlignore_names_is_left_out(ignore: str, left: list[str]) -> None:
    assert kept(ignore, "a.py", "data/a.csv", "data/deep/b.csv", "notes.txt") == left


def test_without_it_everything_is_kept() -> None:
    files = {"train.py": b"x", "secret.env": b"y"}
    assert kept_files(files) == files


def test_a_folder_on_the_local_computer_becomes_a_snapshot(lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "empty").mkdir()
    for name, text in (("train.py", "a"), ("lib/x.py", "b"), ("secret.env", "c"), (".amlignore", "*.env\n")):
        (tmp_path / name).write_text(text)
    (tmp_path / "link.py").symlink_to(tmp_path / "secret.env")
    files = read_folder(tmp_path)
    assert (
        files == {"train.py": b"a", "lib/x.py": b"b", ".amlignore": b"*.env\n"} == read_folder(str(tmp_path))
    )
    made = ask(lab, "carl", Snapshots.create, files)
    (tmp_path / "train.py").write_text("changed")
    assert ask(lab, "carl", Snapshots.get, made.snapshot_id) == files


@pytest.mark.parametrize("folder", ["/not/there", None, 5, b"x"])
def test_what_is_no_folder_is_said(folder: Any) -> None:
    with pytest.raises(BadInput):
        read_folder(folder)
