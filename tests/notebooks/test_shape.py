"""Every notebook is finished: executed, clean, with all of its sections, and what it names exists."""

import copy
import json
import re
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import labkit
from labkit.checkout import checkout
from labkit.course.lessons import source
from labkit.course.notebook_faults import code_of
from labkit.course.steps import ids_in

Notebook = dict[str, Any]
FOLDER = checkout() / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
FIRST = "00-start-here.ipynb"

LONGEST_CELL = 15
SECTIONS = {
    "What you will be able to do": r"what you will be able to do",
    "Prerequisites": r"\bprerequisites\b",
    "Minutes": r"\bminutes\b",
    "Summary": r"^##+ Summary$",
    "What's next": r"^##+ What['’]s next$",
    "What has changed at Azure": r"^##+ What has changed at Azure$",
}
FEWEST_PREDICTIONS = {"01-authentication-flow.ipynb": 3}
OF_THE_NOTEBOOK, OF_A_CELL = {"kernelspec", "language_info", "labkit"}, {"tags", "jupyter"}
MACHINE_PATH = re.compile(r"/work/|/home/|/root/|/Users/|/tmp/ipykernel|\b[A-Z]:\\\\")


def of_kind(notebook: Notebook, kind: str) -> list[dict[str, Any]]:
    return [cell for cell in notebook["cells"] if cell["cell_type"] == kind]


def called(notebook: Notebook, function: str) -> set[str]:
    """The ids, written out, that code cells call this function with."""
    return set(ids_in("\n".join(code_of(notebook)), function))


def structure(name: str, notebook: Notebook) -> Iterator[str]:
    """Faults of the frame: title, sections, parameters, ids, metadata."""
    cells, metadata = notebook["cells"], notebook["metadata"]
    if not source(cells[0]).startswith(f"# {metadata['labkit']['title']}\n"):
        yield "the first cell does not begin with the title"
    prose = "\n".join(source(cell) for cell in of_kind(notebook, "markdown"))
    for section, pattern in SECTIONS.items():
        if name == FIRST and section == "What has changed at Azure":
            continue
        if not re.search(pattern, prose, re.IGNORECASE | re.MULTILINE):
            yield f"the section {section!r} is missing"
    if sum("parameters" in cell["metadata"].get("tags", ()) for cell in of_kind(notebook, "code")) != 1:
        yield "there is not exactly one code cell tagged parameters"
    ids = [cell.get("id") for cell in cells]
    if None in ids or len(set(ids)) != len(ids):
        yield "cell ids are missing, or not unique"
    if metadata.get("kernelspec", {}).get("name") != "python3":
        yield "the kernel is not python3"
    strange = set(metadata) - OF_THE_NOTEBOOK | {
        key for cell in cells for key in set(cell["metadata"]) - OF_A_CELL
    }
    if strange:
        yield f"metadata that do not belong there: {', '.join(sorted(strange))}"


def cells(name: str, notebook: Notebook) -> Iterator[str]:
    """Faults of single cells."""
    for cell in notebook["cells"]:
        text, place = source(cell), f"cell {cell.get('id')}"
        if not text.strip():
            yield f"{place} is empty"
        if text != text.rstrip():
            yield f"{place} ends with a space or an empty line"
        if cell["cell_type"] == "code":
            yield from (f"{place} {fault}" for fault in code_cell(cell, text))


def code_cell(cell: dict[str, Any], text: str) -> Iterator[str]:
    if len(text.splitlines()) > LONGEST_CELL:
        yield f"has {len(text.splitlines())} lines"
    if any(line != line.rstrip() for line in text.splitlines()):
        yield "has spaces at the end of a line"
    if cell["execution_count"] is None:
        yield "was not executed"
    for output in cell["outputs"]:
        if output["output_type"] == "error":
            yield f"ends with an error: {output.get('ename')}"
        if output.get("name") == "stderr":
            yield "writes to stderr"


def content(name: str, notebook: Notebook) -> Iterator[str]:
    """Faults of what it names: statements, paths."""
    if len(called(notebook, "predict")) < FEWEST_PREDICTIONS.get(name, 0):
        yield "there are too few predictions"
    statements = Path(labkit.__file__).parent / "statements.toml"
    known = {each["id"] for each in tomllib.loads(statements.read_text("utf-8"))["statement"]}
    yield from (f"statement({id!r}) does not exist" for id in sorted(called(notebook, "statement") - known))
    if path := MACHINE_PATH.search(json.dumps(notebook, ensure_ascii=False)):
        yield f"a path of some machine: {path.group()}"


CHECKS = (structure, cells, content)


def faults(name: str, notebook: Notebook) -> list[str]:
    return [fault for check in CHECKS for fault in check(name, notebook)]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_finished(path: Path, check: Callable[[str, Notebook], Iterator[str]]) -> None:
    assert list(check(path.name, json.loads(path.read_text("utf-8")))) == []


def test_there_are_notebooks() -> None:
    assert FIRST in {path.name for path in NOTEBOOKS}


def good() -> Notebook:
    """A made-up notebook without faults."""
    prose = "# T\n\n**What you will be able to do**\n\n| Prerequisites | Minutes |\n\n"
    prose += "## Summary\n\n## What’s next\n\n## What has changed at Azure"
    code = {"cell_type": "code", "execution_count": 1, "outputs": []}
    return {
        "metadata": {"kernelspec": {"name": "python3"}, "labkit": {"title": "T"}},
        "cells": [
            {"cell_type": "markdown", "id": "a", "metadata": {}, "source": prose},
            code | {"id": "b", "metadata": {"tags": ["parameters"]}, "source": ["seed = 1\n", "who = 2"]},
            code | {"id": "c", "metadata": {}, "source": 'statement("authn-mfa")'},
        ],
    }


def test_a_good_notebook_has_no_faults() -> None:
    assert faults("05.ipynb", good()) == []


def change(cell: int, **entries: Any) -> Callable[[Notebook], object]:
    return lambda notebook: notebook["cells"][cell].update(entries)


def replaced(old: str, new: str) -> Callable[[Notebook], object]:
    return lambda notebook: notebook["cells"][0].update(
        source=notebook["cells"][0]["source"].replace(old, new)
    )


def output(**entries: Any) -> Callable[[Notebook], object]:
    return change(2, outputs=[{"output_type": "stream"} | entries])


SPOILT: dict[str, tuple[Callable[[Notebook], object], str]] = {
    "no title": (replaced("# T", "# Another"), "title"),
    "no objectives": (replaced("able", "unable"), "able to do"),
    "no prerequisites": (replaced("Prerequisites", ""), "Prerequisites"),
    "no minutes": (replaced("Minutes", ""), "Minutes"),
    "no summary": (replaced("## Summary", "In summary"), "Summary"),
    "no way on": (replaced("What’s next", "Next"), "What's next"),
    "no changes": (replaced("## What has changed at Azure", ""), "What has changed"),
    "no parameters": (change(1, metadata={}), "parameters"),
    "same id": (change(1, id="a"), "not unique"),
    "no id": (change(1, id=None), "missing"),
    "other kernel": (lambda notebook: notebook["metadata"].update(kernelspec={"name": "ir"}), "python3"),
    "widgets": (lambda notebook: notebook["metadata"].update(widgets={}), "widgets"),
    "papermill": (lambda notebook: notebook["metadata"].update(papermill={}), "papermill"),
    "timing": (change(2, metadata={"execution": {}}), "execution"),
    "empty cell": (change(0, source=" "), "is empty"),
    "trailing line": (change(1, source="seed = 1\n"), "ends with"),
    "trailing space": (change(1, source="seed = 1 \nwho = 2"), "spaces at the end"),
    "long cell": (change(1, source="\n".join(["1"] * 16)), "16 lines"),
    "not executed": (change(2, execution_count=None), "not executed"),
    "error": (output(output_type="error", ename="ValueError"), "ValueError"),
    "stderr": (output(name="stderr"), "stderr"),
    "path": (output(text="/home/somebody/x"), "/home/"),
    "kernel path": (change(2, source="1  # /tmp/ipykernel_12/3.py"), "/tmp/ipykernel"),
    "unknown statement": (change(2, source="statement('authn-none')"), "statement('authn-none')"),
}


@pytest.mark.parametrize("name", SPOILT)
def test_each_fault_is_found(name: str) -> None:
    spoil, fault = SPOILT[name]
    notebook = copy.deepcopy(good())
    spoil(notebook)
    found = faults("05.ipynb", notebook)
    assert any(fault in each for each in found), found


def test_too_few_predictions_are_found() -> None:
    assert "there are too few predictions" in faults("01-authentication-flow.ipynb", good())


def test_the_first_notebook_needs_no_changes_at_azure() -> None:
    notebook = good()
    replaced("## What has changed at Azure", "")(notebook)
    assert not any("changed" in fault for fault in faults(FIRST, notebook))
