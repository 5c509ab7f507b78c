"""Records a notebook: executes it and stores what came out, so that doing it again gives the same bytes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import nbformat
from nbclient import NotebookClient

from labkit.core.errors import BadInput
from labkit.runner.kernel import connection, environment
from labkit.runner.pool import how_many
from labkit.runner.warm.manager import Manager
from labkit.runner.warm.server import own_lane
from labkit.runner.workers import workers

# The view of a live widget is named by a number drawn anew each time; its text form stays.
_VOLATILE = ("application/vnd.jupyter.widget-view+json",)
_LIVE = {"labkit": {"widget": True}}
TIMEOUT = 120


def record(path: Path) -> str:
    """The notebook at `path`, executed, as the text of its file. Nothing is written. In a worker of a warm
    server the kernel is forked from there, elsewhere it is a process of its own. Raises
    nbclient.exceptions.CellExecutionError for a cell that fails."""
    notebook = nbformat.read(path, as_version=4)
    lane = own_lane()
    km: Any = Manager(lane) if lane else None
    with TemporaryDirectory() as folder:
        client = NotebookClient(
            notebook,
            km=km,
            timeout=TIMEOUT,
            kernel_name="python3",
            record_timing=False,
            # Where a text is cut into pieces depends on how busy the machine is.
            coalesce_streams=True,
            store_widget_state=False,
            shutdown_kernel="immediate",
            config=connection(Path(folder), "record"),
        )
        # What is stored is what somebody sees who has not begun.
        client.execute(cleanup_kc=True, cwd=str(path.parent), env=environment(Path(folder) / "data"))
    text: str = nbformat.writes(clean(notebook))
    return text.rstrip("\n") + "\n"


def record_all(folder: Path, names: Sequence[str] = ()) -> int:
    """Records the notebooks of a folder, or those with these names, and says of each whether it has changed.
    A notebook with a cell that fails keeps what it had. Returns 1 where one failed, else 0. Raises BadInput
    for an unknown name, and where there is none."""
    known = {path.name: path for path in sorted(folder.glob("*.ipynb"))}
    if not known:
        raise BadInput("There is no notebook.", presented=str(folder), required="a folder with .ipynb files")
    unknown = [name for name in names if name not in known]
    if unknown:
        raise BadInput("There is no such notebook.", presented=", ".join(unknown), required=", ".join(known))
    paths, failed = [known[name] for name in names or known], 0
    with workers(how_many(len(paths))) as pool:
        for path, came in pool.results(record, paths):
            if isinstance(came, Exception):
                failed += 1
                print(f"{path.name}: it does not come to its end, and nothing was stored\n{came}")
                continue
            state = "unchanged" if came == path.read_text("utf-8") else "changed"
            path.write_text(came, "utf-8")
            print(f"{path.name}: {state}")
    return min(failed, 1)


def clean(notebook: Any) -> Any:
    """Takes out what differs from one execution to the next, or from one machine to another."""
    for cell in notebook.cells:
        cell.metadata = {key: cell.metadata[key] for key in ("tags",) if key in cell.metadata}
        for output in cell.get("outputs", []):
            live = [kind for kind in _VOLATILE if output.get("data", {}).pop(kind, None) is not None]
            if "metadata" in output:
                # Whoever shows the notebook without a kernel can say that there is more to it than its text.
                output.metadata = _LIVE if live or output.metadata == _LIVE else {}
    kept = {key: notebook.metadata[key] for key in ("labkit",) if key in notebook.metadata}
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
        **kept,
    }
    return notebook
