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


@pytest.mark.parametrize("coding", ["utf-8-sig", "utf-16", "utf-16-be", "utf-8"])
def test_as_windows_writes_it_it_holds_too(coding: str) -> None:
    ignore = (b"\xfe\xff" if coding == "utf-16-be" else b"") + "secret.env\r\n".encode(coding)
    assert kept_files({"secret.env": b"", "a.py": b"", ".amlignore": ignore}).keys() == {"a.py", ".amlignore"}


@pytest.mark.parametrize("ignore", [b"secret.env\xff\n", b"\xff\xfes\0e"[:-1] + b"\xd8"])
def test_one_that_nobody_can_read_is_refused_and_not_ignored(ignore: bytes) -> None:
    with pytest.raises(BadInput, match="no text"):
        kept_files({"secret.env": b"", ".amlignore": ignore})


def test_two_stars_stand_for_any_directory_and_for_none() -> None:
    assert kept("**/secret.env", "secret.env", "a/secret.env", "a/b/secret.env", "b.py") == ["b.py"]


def test_what_is_left_out_is_not_even_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in (("a.py", "a"), ("secret.env", "b"), (".amlignore", "*.env")):
        (tmp_path / name).write_text(text)
    read: list[str] = []
    plain = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda self: read.append(self.name) or plain(self))  # type: ignore[func-returns-value]
    assert read_folder(tmp_path).keys() == {"a.py", ".amlignore"}
    assert "secret.env" not in read


def test_what_is_too_large_for_a_snapshot_is_not_read_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (tmp_path / "large.bin").open("wb") as large:
        large.truncate(300 * 1024 * 1024 + 1)
    monkeypatch.delattr(Path, "read_bytes")
    with pytest.raises(BadInput, match="too large") as caught:
        read_folder(tmp_path)
    assert ".amlignore" in caught.value.advice


def test_what_cannot_be_read_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.py").write_text("a")

    def refuse(self: Path) -> bytes:
        raise PermissionError(13, "Permission denied", "a.py")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(BadInput, match="cannot be read"):
        read_folder(tmp_path)
    with pytest.raises(BadInput):
        read_folder("x" * 100_000)
