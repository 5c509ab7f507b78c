"""Small notebooks, and files of scenarios for them."""

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

Write = Callable[..., Path]

KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
PARAMETERS = (
    'release = "2020-03"\nage = 59  # in minutes\nshare = 0.5\nmfa = False\nnames = ["carl"]\nany = None'
)


@pytest.fixture(autouse=True)
def little_is_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    """These notebooks are small: what the course's need is half of the time that a sweep takes to begin."""
    monkeypatch.setattr("labkit.runner.sweep.COURSE", ())


@pytest.fixture
def notebook(tmp_path: Path) -> Write:
    """Writes a notebook of these code cells, the first of which is tagged `parameters`; returns its path."""

    def write(*sources: str, name: str = "a.ipynb", tags: tuple[tuple[str, ...], ...] = ()) -> Path:
        cells = [nbformat.v4.new_code_cell(source, id=f"c{n}") for n, source in enumerate(sources, 1)]
        if cells:
            cells[0].metadata["tags"] = ["parameters"]
        for cell, more in zip(cells, tags, strict=False):
            cell.metadata["tags"] = list(more)
        path = tmp_path / name
        nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": KERNEL}), path)
        return path

    return write


@pytest.fixture
def scenarios(tmp_path: Path) -> Write:
    """Writes scenarios, each a table or the text of one, and returns the path of the file."""

    def write(*entries: dict[str, Any] | str) -> Path:
        path = tmp_path / "scenarios.toml"
        path.write_text("\n".join(map(_table, entries)), "utf-8")
        return path

    return write


def _table(entry: dict[str, Any] | str) -> str:
    if isinstance(entry, str):
        return entry
    lines = [f"{key} = {_value(value)}" for key, value in entry.items()]
    return "\n".join(["[[scenario]]", *lines, ""])


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_value(each)}" for key, each in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)


def entry(name: str, notebook: str = "a.ipynb", expect: Any = None, **parameters: Any) -> dict[str, Any]:
    expect = {"call": "ok"} if expect is None else expect
    texts = {"name": name, "notebook": notebook, "says": "A test."}
    return texts | {"parameters": parameters, "expect": expect}


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for temporary files, in which each sweep has to leave nothing behind."""
    # Short, since sockets lie in it.
    folder = Path(tempfile.mkdtemp(prefix="t-"))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setenv("TMPDIR", str(folder))
    yield folder
    assert os.listdir(folder) == []
    folder.rmdir()
