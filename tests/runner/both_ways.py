"""A notebook executed in a real kernel and in a warm one, and what of it may differ."""

import json
import re
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

from labkit.runner.kernel import connection, environment
from labkit.runner.warm.manager import Manager
from labkit.runner.warm.server import Lane


def notebook(cells: list[str]) -> Any:
    made = [nbformat.v4.new_code_cell(source, id=f"c{n}") for n, source in enumerate(cells, 1)]
    return nbformat.v4.new_notebook(cells=made)


def executed(cells: list[str], folder: Path, lane: Lane | None, **options: Any) -> Any:
    """The notebook after its execution, in the lane or, without one, in a process of its own."""
    folder.mkdir()
    made = notebook(cells)
    how: dict[str, Any] = {"km": Manager(lane)} if lane else {"config": connection(folder.parent, "k")}
    client = NotebookClient(
        made, kernel_name="python3", **{"allow_errors": True, "timeout": 120} | options, **how
    )
    client.owns_km = True
    # With it, ipykernel does not look at what programs write past Python.
    env = {
        name: value for name, value in environment(folder / "data").items() if name != "PYTEST_CURRENT_TEST"
    }
    client.execute(cwd=str(folder), env=env)
    return made


def _widget(state: Any) -> str:
    """A widget's state; its parts are named at random."""
    return re.sub(r"(IPY_MODEL_)?[0-9a-f]{32}", "id", json.dumps(state, sort_keys=True, indent=1))


def comparable(made: Any) -> Any:
    """All of it, but for what is drawn at random or tells the time: adjacent pieces of a text are joined,
    since where it is cut depends on how busy the machine is."""
    made = nbformat.from_dict(made)
    for cell in made.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type != "code":
            continue
        joined: list[Any] = []
        for output in cell.outputs:
            if output.output_type == "stream" and joined and joined[-1].get("name") == output.name:
                joined[-1].text += output.text
            else:
                joined.append(output)
        cell.outputs = joined
    widgets = made.metadata.pop("widgets", {})
    states = [state for kept in widgets.values() for state in kept["state"].values()]
    text = nbformat.writes(made) + "\n".join(sorted(_widget(state) for state in states))
    names: dict[str, str] = {}
    for pattern, stands in (
        (r"\b[0-9a-f]{32}\b", "id"),
        (r"0x[0-9a-f]{6,}", "address"),
        (r"ipykernel_\d+", "process"),
        # From Python 3.12 on a fork is warned of where there are threads.
        (r"\(pid=\d+\)", "pid"),
        (r"run-(?:plain|warm)", "folder"),
    ):
        text = re.sub(pattern, lambda found: names.setdefault(found[0], f"{stands}-{len(names)}"), text)  # noqa: B023
    return text
