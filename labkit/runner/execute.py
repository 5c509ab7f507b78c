"""One scenario: the notebook is executed with its parameters, and its outcome compared."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

from labkit.course.outcome import MIME
from labkit.runner.kernel import connection, environment
from labkit.runner.scenarios import Scenario

CELL_TIMEOUT = 120


@dataclass(frozen=True)
class Task:
    """What a worker gets: a scenario, the file in which the executed notebook is kept, a folder and a name
    for the kernel's sockets, and how long a cell may take (seconds)."""

    scenario: Scenario
    kept: Path
    folder: Path
    name: str
    timeout: int = CELL_TIMEOUT


@dataclass(frozen=True)
class Failure:
    """Where and how a scenario failed: id and first line of the cell, name and message of the error."""

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
    """How a scenario went, and how long it took (seconds). `failure` is None where it passed."""

    name: str
    seconds: float
    failure: Failure | None

    @classmethod
    def broken(cls, task: Task, error: Exception) -> Result:
        """The result of a task that could not be carried out at all."""
        return cls(task.scenario.name, 0, Failure("", "", type(error).__name__, str(error)))


def run(task: Task) -> Result:
    """Executes the notebook of a scenario and compares what came out. What goes wrong in the notebook is the
    result's failure."""
    started = perf_counter()
    failure = _run(task)
    return Result(task.scenario.name, perf_counter() - started, failure)


def _run(task: Task) -> Failure | None:
    # Papermill puts the parameters in; nbclient, which papermill would call, executes: papermill's own way of
    # executing counts a cell that is tagged `raises-exception` as a failure.
    import nbformat
    from papermill.iorw import load_notebook_node
    from papermill.parameterize import parameterize_notebook

    # What went wrong is reported with its cell; the libraries would say it once more on stderr.
    logging.disable(logging.CRITICAL)
    scenario = task.scenario
    notebook = load_notebook_node(str(scenario.notebook))
    if scenario.parameters:
        notebook = parameterize_notebook(
            notebook, scenario.parameters, kernel_name="python3", language="python"
        )
    try:
        return _execute(notebook, task) or _compare(notebook, scenario.expect)
    finally:
        nbformat.write(notebook, str(task.kept))


def _execute(notebook: Any, task: Task) -> Failure | None:
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    begun: list[Any] = []
    client = NotebookClient(
        notebook,
        kernel_name="python3",
        timeout=task.timeout,
        shutdown_kernel="immediate",
        store_widget_state=False,
        on_cell_execute=lambda cell, cell_index: begun.append(cell),
        config=connection(task.folder, task.name),
    )
    # A folder of its own: what one scenario does is not to be seen by another, nor by who starts the sweep.
    data = task.folder / f"{task.name}-data"
    try:
        client.execute(cwd=str(task.scenario.notebook.parent), env=environment(data))
    except CellExecutionError as error:
        return _at(begun, error.ename, error.evalue)
    except CellTimeoutError:
        return _at(begun, "CellTimeout", f"the cell took longer than {task.timeout} seconds")
    except DeadKernelError:
        return _at(begun, "DeadKernel", "the kernel died")
    except RuntimeError as error:
        return _at(begun, "KernelNotStarted", f"{error}; `labkit doctor` says more")
    return None


def _at(cells: list[Any], error: str, message: str) -> Failure:
    if not cells:
        return Failure("", "", error, message)
    lines = [line.strip() for line in cells[-1].source.splitlines() if line.strip()]
    return Failure(cells[-1].get("id", "without id"), lines[0] if lines else "", error, message)


def _compare(notebook: Any, expect: dict[str, Any]) -> Failure | None:
    """The last outcome that the notebook shows, against what the scenario expects."""
    for cell in reversed(notebook.cells):
        for output in reversed(cell.get("outputs", [])):
            if MIME in output.get("data", {}):
                came = output["data"][MIME]
                wrong = [
                    f"{name}: expected {wanted!r}, came out {came.get(name, 'not at all')!r}"
                    for name, wanted in expect.items()
                    if name not in came or type(came[name]) is not type(wanted) or came[name] != wanted
                ]
                return _at([cell], "OtherOutcome", "\n".join(wrong)) if wrong else None
    return Failure("", "", "NoOutcome", "no cell shows outcome(...), so there is nothing to compare")
