"""What is stored in a notebook is what comes out when it is executed, to the last byte."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from labkit.runner.record import clean, record
from labkit.runner.workers import workers

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))


@pytest.fixture(scope="module")
def recorded() -> dict[Path, Any]:
    """What recording each of them gives, or what goes wrong with it."""
    with workers(2) as pool:
        return dict(pool.results(record, NOTEBOOKS))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_recording_a_notebook_again_gives_the_same_bytes(recorded: dict[Path, Any], path: Path) -> None:
    assert recorded[path] == path.read_bytes().decode()


def test_recording_takes_out_what_no_two_executions_share() -> None:
    import nbformat

    cell = nbformat.v4.new_code_cell("x", id="one", metadata={"tags": ["t"], "execution": {"started": "now"}})
    data = {"text/plain": "Panel", "application/vnd.jupyter.widget-view+json": {"model_id": "5f3a"}}
    cell.outputs = [nbformat.v4.new_output("display_data", data=data, metadata={"papermill": 1})]
    notebook = clean(
        nbformat.v4.new_notebook(cells=[cell], metadata={"widgets": {}, "labkit": {"minutes": 1}})
    )
    assert notebook.cells[0].metadata == {"tags": ["t"]}
    assert notebook.cells[0].outputs[0].data == {"text/plain": "Panel"}
    assert notebook.cells[0].outputs[0].metadata == {"labkit": {"widget": True}}
    assert set(notebook.metadata) == {"kernelspec", "language_info", "labkit"}
