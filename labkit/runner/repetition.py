"""The check that a notebook is deterministic: two executions and what is stored are the same bytes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labkit.core.text import plain
from labkit.runner.differences import label, of_notebooks
from labkit.runner.findings import Finding
from labkit.runner.record import clean, record
from labkit.runner.secret_scan import masked

CHECK = "determinism"


@dataclass(frozen=True)
class Execution:
    """What came of an execution: the text of the notebook, or why it has none."""

    text: str
    failure: str = ""


def executed(path: Path) -> Execution:
    """One more execution of the notebook, in a kernel of its own."""
    try:
        return Execution(record(path))
    except Exception as error:
        # Kernels fail in ways that have no common base; which cell it was, nbval's comparison tells.
        name, value = getattr(error, "ename", ""), getattr(error, "evalue", "")
        last = (str(error).strip().splitlines() or [""])[-1]
        return Execution("", f"{name}: {value}" if name else f"{type(error).__name__}: {last}")


def repeated(path: Path, first: Execution, second: Execution) -> list[Finding]:
    """What is wrong when a notebook was executed twice, with these results. What is stored is brought into
    the form that `labkit record` gives it before it is compared."""
    failure = first.failure or second.failure
    if failure:
        saw = f"it cannot be executed to its end: {plain(masked(failure), 300)}"
        return [Finding(CHECK, path.name, "", saw, "mend the cell, or what it calls")]
    if first == second and first.text.encode() == path.read_bytes():
        return []
    return list(_differing(path.name, _stored(path), _read(first.text), _read(second.text)))


def _differing(name: str, stored: Any, first: Any, second: Any) -> Iterator[Finding]:
    unlike = list(of_notebooks(first.cells, second.cells, ("first", "second")))
    for number, part, what in unlike:
        todo = "take out what varies (time, random numbers, addresses of objects), or seed it"
        yield _finding(name, first.cells[number - 1], number, part, f"two executions differ: {what}", todo)
    told = {number for number, _, _ in unlike}
    for number, part, what in of_notebooks(stored.cells, first.cells, ("stored", "came out")):
        if number not in told:
            todo = "execute it from top to bottom and store what comes out (labkit record)"
            yield _finding(name, stored.cells[number - 1], number, part, f"not what is stored: {what}", todo)


def _finding(name: str, cell: Any, number: int, part: str, saw: str, todo: str) -> Finding:
    place = ", ".join(each for each in (label(cell, number), part) if each)
    return Finding(CHECK, name, place, saw, todo)


def _stored(path: Path) -> Any:
    import nbformat
    from nbval.plugin import coalesce_streams

    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = coalesce_streams(cell.outputs)
    return _read(nbformat.writes(clean(notebook)))


def _read(text: str) -> Any:
    import nbformat

    return nbformat.reads(text, as_version=4)
