"""One run: the notebook is executed with its parameters, and its outcome compared."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

from labkit.course.outcome import MIME
from labkit.runner.kernel import environment
from labkit.runner.scenarios import Scenario
from labkit.runner.warm.server import own_lane

CELL_TIMEOUT = 120


@dataclass(frozen=True)
class Task:
    """What a worker gets: a scenario, the file in which the executed notebook is kept, a folder and a name
    for what belongs to the run alone, and how long a cell may take (seconds)."""

    scenario: Scenario
    kept: Path
    folder: Path
    name: str
    timeout: int = CELL_TIMEOUT


@dataclass(frozen=True)
class Failure:
    """Where and how a run failed: id and first line of the cell, name and message of the error."""

    cell: str
    line: str
    error: str
    message: str

    def __str__(self) -> str:
        where = [f"cell {self.cell}: {self.line}".rstrip(": ")] if self.cell else []
        first, *more = self.message.splitlines() or [""]
        return "\n".join(f"  {line}" for line in [*where, f"{self.error}: {first}", *more])


@dataclass(frozen=True)
class Result:
    """How a run went, and how long it took (seconds). `failure` is None where it passed; `outcome` is what
    the notebook reported at its end, {} where it did not come to that."""

    name: str
    seconds: float
    failure: Failure | None
    outcome: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def broken(cls, task: Task, error: Exception) -> Result:
        """The result of a task that could not be carried out at all."""
        return cls(task.scenario.name, 0, Failure("", "", type(error).__name__, str(error)))


def run(task: Task) -> Result:
    """Executes the notebook of a scenario and compares what came out; what goes wrong in the notebook is the
    result's failure. It may be called in any process: in a worker of a warm server the kernel is forked from
    there, elsewhere it is a process of its own."""
    started = perf_counter()
    failure, outcome = _run(task)
    return Result(task.scenario.name, perf_counter() - started, failure, outcome)


def _run(task: Task) -> tuple[Failure | None, dict[str, Any]]:
    from papermill.engines import NotebookExecutionManager
    from papermill.iorw import write_ipynb

    notebook = _prepared(task)
    manager = NotebookExecutionManager(notebook, progress_bar=False, autosave_cell_every=0)
    manager.notebook_start()
    failure = None
    try:
        failure = _execute(manager, task)
    finally:
        manager.notebook_complete()
        if failure is not None:
            _mark(manager.nb, failure)
        write_ipynb(manager.nb, str(task.kept))
    outcome = _outcome(manager.nb)
    return failure or _compare(outcome, task.scenario.expect), outcome[1]


def _prepared(task: Task) -> Any:
    """The notebook as papermill makes it ready."""
    from papermill.execute import prepare_notebook_metadata, remove_error_markers
    from papermill.iorw import load_notebook_node
    from papermill.parameterize import parameterize_notebook

    scenario = task.scenario
    notebook = load_notebook_node(str(scenario.notebook))
    if scenario.parameters:
        notebook = parameterize_notebook(
            notebook, scenario.parameters, kernel_name="python3", language="python"
        )
    notebook = prepare_notebook_metadata(notebook, str(scenario.notebook), str(task.kept))
    return remove_error_markers(notebook)


def _execute(manager: Any, task: Task) -> Failure | None:
    from nbclient.exceptions import CellTimeoutError, DeadKernelError

    from labkit.runner.client import how_it_died, own_temporary_folder, plain_client, warm_client

    # Folders of its own: what one run does is not to be seen by another, nor by who starts the sweep.
    own = task.folder / task.name
    env = own_temporary_folder(environment(own / "data"), own / "tmp")
    lane = own_lane()
    if lane is not None:
        client = warm_client(manager, lane, task.timeout)
    else:
        client = plain_client(manager, task.timeout, task.folder, task.name)
    km = client.km
    try:
        client.execute(cwd=str(task.scenario.notebook.parent), env=env)
    except RuntimeError as error:
        return _at(client.cell, "KernelNotStarted", f"{error}; `labkit doctor` says more")
    wrong = client.error
    if isinstance(wrong, CellTimeoutError):
        return _at(client.cell, "CellTimeout", f"the cell took longer than {task.timeout} seconds")
    if isinstance(wrong, DeadKernelError):
        return _at(client.cell, "DeadKernel", how_it_died(km))
    return None if wrong is None else _at(client.cell, wrong.ename, wrong.evalue)


def _mark(notebook: Any, failure: Failure) -> None:
    """As papermill does: a note at the top with a link to the cell that failed, and an anchor before it."""
    from nbformat.v4 import new_markdown_cell
    from papermill.execute import ERROR_ANCHOR_MSG, ERROR_MARKER_TAG, ERROR_MESSAGE_TEMPLATE

    at = next((n for n, cell in enumerate(notebook.cells) if cell.get("id") == failure.cell), None)
    if at is not None:
        note = ERROR_MESSAGE_TEMPLATE % notebook.cells[at].get("execution_count")
        for place, text in ((at, ERROR_ANCHOR_MSG), (0, note)):
            notebook.cells.insert(place, new_markdown_cell(text, metadata={"tags": [ERROR_MARKER_TAG]}))


def _at(cell: Any, error: str, message: str) -> Failure:
    if cell is None:
        return Failure("", "", error, message)
    lines = [line.strip() for line in cell.source.splitlines() if line.strip()]
    return Failure(cell.get("id", "without id"), lines[0] if lines else "", error, message)


def _outcome(notebook: Any) -> tuple[Any, dict[str, Any]]:
    """The last outcome that the notebook shows, with its cell; (None, {}) where it shows none."""
    for cell in reversed(notebook.cells):
        for output in reversed(cell.get("outputs", [])):
            if MIME in output.get("data", {}):
                return cell, dict(output["data"][MIME])
    return None, {}


def _compare(outcome: tuple[Any, dict[str, Any]], expect: dict[str, Any]) -> Failure | None:
    """What came out, against what was expected."""
    cell, came = outcome
    if cell is None:
        return Failure("", "", "NoOutcome", "no cell shows outcome(...), so there is nothing to compare")
    wrong = [
        f"{name}: expected {wanted!r}, came out {came.get(name, 'not at all')!r}"
        for name, wanted in expect.items()
        if name not in came or type(came[name]) is not type(wanted) or came[name] != wanted
    ]
    return _at(cell, "OtherOutcome", "\n".join(wrong)) if wrong else None
