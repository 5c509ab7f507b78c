"""`labkit record`: what is stored, and what is not."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from labkit.core.errors import BadInput
from labkit.runner.record import record_all


def notebook(folder: Path, name: str, source: str) -> Path:
    path = folder / name
    cell = nbformat.v4.new_code_cell(source, id="one")
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), str(path))
    return path


def test_a_recorded_notebook_holds_what_came_out_and_does_not_change_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = notebook(
        tmp_path, "a.ipynb", "import sys\nfor n in range(3):\n    print(n)\n    sys.stdout.flush()"
    )
    assert record_all(tmp_path) == 0
    stored = path.read_bytes()
    assert nbformat.read(str(path), as_version=4).cells[0].outputs[0].text == "0\n1\n2\n"
    assert record_all(tmp_path, ["a.ipynb"]) == 0
    assert path.read_bytes() == stored
    assert capsys.readouterr().out.splitlines() == ["a.ipynb: changed", "a.ipynb: unchanged"]


def test_a_notebook_that_fails_keeps_what_it_had_and_the_others_are_recorded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad, good = notebook(tmp_path, "bad.ipynb", "1 / 0"), notebook(tmp_path, "good.ipynb", "1 + 1")
    dead = notebook(tmp_path, "dead.ipynb", "import os\nos._exit(3)")
    before = bad.read_bytes(), dead.read_bytes()
    assert record_all(tmp_path) == 1
    assert (bad.read_bytes(), dead.read_bytes()) == before
    assert nbformat.read(str(good), as_version=4).cells[0].outputs[0].data["text/plain"] == "2"
    said = capsys.readouterr().out
    assert "ZeroDivisionError" in said
    assert "dead.ipynb: it does not come to its end, and nothing was stored\nKernel died" in said


def test_a_folder_without_notebooks_is_refused(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "missing"):
        with pytest.raises(BadInput, match="There is no notebook"):
            record_all(folder)


def test_an_unknown_notebook_is_refused_and_nothing_is_executed(tmp_path: Path) -> None:
    path = notebook(tmp_path, "a.ipynb", "1 + 1")
    before = path.read_bytes()
    with pytest.raises(BadInput, match=r"b\.ipynb"):
        record_all(tmp_path, ["a.ipynb", "b.ipynb"])
    assert path.read_bytes() == before
