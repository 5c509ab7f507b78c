"""Building the site: without a warning, without a network, the same bytes each time."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from labkit.checkout import checkout
from tests.site.conftest import Built

# Seconds of a processor; it takes some ten of them.
LONGEST = 30


def test_it_builds_without_a_warning(both: tuple[Built, Built]) -> None:
    for built in both:
        assert built.code == 0, built.said
        [said] = built.said.splitlines()
        assert said.startswith(f"The site is in {built.folder}. Open {built.folder / 'index.html'} in")


def test_it_builds_in_a_time_that_nobody_minds(site: Built) -> None:
    assert site.seconds < LONGEST


def test_two_builds_give_the_same_bytes(both: tuple[Built, Built]) -> None:
    one, other = (
        {
            path.relative_to(built.folder): path.read_bytes()
            for path in built.folder.rglob("*")
            if path.is_file()
        }
        for built in both
    )
    assert one.keys() == other.keys()
    assert [str(path) for path in one if one[path] != other[path]] == []


def test_nothing_of_this_machine_is_in_it(site: Built) -> None:
    own = [os.fspath(checkout()), os.fspath(site.folder), "labkit-site-"]
    for path in site.folder.rglob("*"):
        if path.is_file():
            text = path.read_text("utf-8", errors="replace")
            assert [one for one in own if one in text] == [], path


def build(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, os.fspath(checkout() / "site" / "build.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("the only copy", "utf-8")
    refused = build(os.fspath(tmp_path))
    assert refused.returncode == 2
    assert "There is something else." in refused.stderr
    assert (tmp_path / "thesis.txt").read_text("utf-8") == "the only copy"


def test_a_file_in_the_place_of_the_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "site").write_text("mine", "utf-8")
    assert build(os.fspath(tmp_path / "site")).returncode == 2
    assert (tmp_path / "site").read_text("utf-8") == "mine"


def test_two_folders_are_one_too_many(tmp_path: Path) -> None:
    assert build(os.fspath(tmp_path / "a"), os.fspath(tmp_path / "b")).returncode == 2
    assert list(tmp_path.iterdir()) == []
