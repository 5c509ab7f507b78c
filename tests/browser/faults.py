"""What is wrong with cells that have run, and which of them show a widget."""

from __future__ import annotations

from collections.abc import Iterator

from tests.browser.page import WIDGET, Cell


def faults(cells: list[Cell]) -> list[str]:
    """Of each cell: that it has not run, that it ended with an error, that it wrote to stderr."""
    return [f"{cell['id']} {fault}" for cell in cells for fault in _of(cell)]


def _of(cell: Cell) -> Iterator[str]:
    if not cell["count"]:
        yield "has not run"
    for output in cell["outputs"]:
        if output["output_type"] == "error":
            yield f"ends with an error: {output['ename']}: {output['evalue'][:200]}"
        if output.get("name") == "stderr":
            yield f"writes to stderr: {output['text'][:200]}"


def widgets(cells: list[Cell]) -> list[str]:
    """The ids of the cells that show one."""
    return [
        cell["id"] for cell in cells if any(WIDGET in output.get("data", {}) for output in cell["outputs"])
    ]
