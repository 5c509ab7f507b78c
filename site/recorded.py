"""A notebook as it was recorded, made ready for a page: each cell can be linked to, and what a page cannot
show is said."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from markup import code, link

from labkit.course.lessons import source

Cell = dict[str, Any]
_HEADING = re.compile(r"^#{1,6} +(.*)$", re.MULTILINE)
# How JupyterLab links to a cell.
_TO_CELL = re.compile(r'href="([\w-]+)\.ipynb#cell-id=([\w-]+)"')
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
STATIC = "This page shows the notebook as it was recorded. To run it, to be asked and to be answered, {run}."
WIDGET = "In Jupyter there are controls here, and what stands above changes with them. This is how it begins."


def anchor(place: str) -> str:
    """The name under which a cell can be linked to. `place` is `file#cell id`, as the ledger has it."""
    notebook, _, cell = place.partition("#")
    return f"cell-{notebook.removesuffix('.ipynb')}-{cell}"


def sections(path: Path) -> dict[str, str]:
    """The heading above each cell, by the cell's id."""
    found, heading = {}, ""
    for cell in json.loads(path.read_text("utf-8"))["cells"]:
        if cell["cell_type"] == "markdown":
            headings = _HEADING.findall(_FENCE.sub("", source(cell)))
            heading = headings[-1] if headings else heading
        found[cell["id"]] = heading
    return found


def ready(path: Path, cited: Mapping[str, Sequence[str]]) -> str:
    """The notebook for Sphinx. `cited` gives the statements that a cell cites, by `file#cell id`."""
    notebook = json.loads(path.read_text("utf-8"))
    first, *rest = notebook["cells"]
    run = link("run it yourself", "../run.md")
    cells = [first, _note(first, "static", STATIC.format(run=run))]
    for cell in rest:
        cells += _around(cell, f"{path.name}#{cell['id']}", cited)
    return json.dumps({**notebook, "cells": cells})


def _around(cell: Cell, place: str, cited: Mapping[str, Sequence[str]]) -> Iterator[Cell]:
    outputs = cell.get("outputs", [])
    for output in outputs:
        if "data" in output:
            output["data"] = _readable(output["data"])
    if cell["cell_type"] == "code":
        yield _markdown(f"{cell['id']}-anchor", f"({anchor(place)})=")
    yield cell
    if any(output.get("metadata", {}).get("labkit", {}).get("widget") for output in outputs):
        yield _note(cell, "widget", WIDGET)
    if ids := cited.get(place):
        links = ", ".join(link(code(id), f"#{id}") for id in ids)
        yield _note(cell, "ledger", f"In the ledger, with its proofs: {links}")


def _readable(data: Mapping[str, Any]) -> dict[str, Any]:
    # What a notebook says to programs is nothing for a reader, and what leads to a cell leads to its place.
    found = {kind: value for kind, value in data.items() if not kind.startswith("application/")}
    if "text/html" in found:
        found["text/html"] = _TO_CELL.sub(_to_place, "".join(found["text/html"]))
    return found


def _to_place(match: re.Match[str]) -> str:
    notebook, cell = match.groups()
    return f'href="{notebook}.html#{anchor(f"{notebook}#{cell}")}"'


def _note(cell: Cell, kind: str, text: str) -> Cell:
    return _markdown(f"{cell['id']}-{kind}", f"{{.lab-note}}\n{text}")


def _markdown(id: str, text: str) -> Cell:
    return {"cell_type": "markdown", "id": id, "metadata": {}, "source": text}
