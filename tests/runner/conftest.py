"""Small notebooks, and files of scenarios for them."""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import nbformat
import pytest

Write = Callable[..., Path]

KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
PARAMETERS = (
    'release = "2020-03"\nage = 59  # in minutes\nshare = 0.5\nmfa = False\nnames = ["carl"]\nany = None'
)


@pytest.fixture(autouse=True, scope="module")
def little_is_imported() -> Iterator[None]:
    """These notebooks are small: what the course's need is half of the time that a sweep takes to begin."""
    with pytest.MonkeyPatch.context() as patch:
        for module in ("workers", "warm.engine"):
            patch.setattr(f"labkit.runner.{module}.COURSE", ())
        yield


def written(
    folder: Path, *sources: str, name: str = "a.ipynb", tags: tuple[tuple[str, ...], ...] = ()
) -> Path:
    """A notebook of these code cells, the first of which is tagged `parameters`."""
    cells = [nbformat.v4.new_code_cell(source, id=f"c{n}") for n, source in enumerate(sources, 1)]
    if cells:
        cells[0].metadata["tags"] = ["parameters"]
    for cell, more in zip(cells, tags, strict=False):
        cell.metadata["tags"] = list(more)
    path = folder / name
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": KERNEL}), path)
    return path


def listed(folder: Path, *entries: dict[str, Any] | str) -> Path:
    """A file of scenarios, each a table or the text of one."""
    path = folder / "scenarios.toml"
    path.write_text("\n".join(map(_table, entries)), "utf-8")
    return path


@pytest.fixture
def notebook(tmp_path: Path) -> Write:
    """Writes a notebook of these code cells, the first of which is tagged `parameters`; returns its path."""
    return partial(written, tmp_path)


@pytest.fixture
def scenarios(tmp_path: Path) -> Write:
    """Writes scenarios, each a table or the text of one, and returns the path of the file."""
    return partial(listed, tmp_path)


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


@contextmanager
def own_temporary_files() -> Iterator[Path]:
    """A folder for temporary files, in which nothing may be left."""
    # Short, since sockets lie in it.
    folder = Path(tempfile.mkdtemp(prefix="t-"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(folder))
        patch.setenv("TMPDIR", str(folder))
        yield folder
    assert os.listdir(folder) == []
    folder.rmdir()


@pytest.fixture
def temporary(tmp_path: Path) -> Iterator[Path]:
    """A folder for temporary files, in which each sweep has to leave nothing behind."""
    with own_temporary_files() as folder:
        yield folder
