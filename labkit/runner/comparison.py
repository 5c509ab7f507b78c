"""nbval's comparison of one notebook: what comes out of each cell, against what is stored."""

from __future__ import annotations

import os
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from functools import partial
from io import StringIO
from pathlib import Path
from queue import Empty
from tempfile import TemporaryDirectory
from typing import Any

from labkit.core.text import plain
from labkit.runner.differences import first_difference, label
from labkit.runner.findings import Finding
from labkit.runner.kernel import environment
from labkit.runner.record import TIMEOUT
from labkit.runner.secret_scan import masked

CHECK = "nbval"
_NAMES = ("stored", "came out")


def compared(path: Path) -> list[Finding]:
    """What nbval finds in the notebook at `path`, with a kernel of this Python. Call it in a process that
    does nothing else meanwhile: pytest runs in it."""
    import pytest

    watch = _Watch(path)
    with TemporaryDirectory() as folder, _surroundings(Path(folder)), redirect_stdout(StringIO()) as said:
        # Whatever pytest is told elsewhere, by files, variables or plugins, is not about this.
        (Path(folder) / "pytest.ini").write_text("[pytest]\n", "utf-8")
        options = ["--nbval", "--nbval-current-env", f"--nbval-cell-timeout={TIMEOUT}", "--color=no"]
        options += ["-p", "nbval.plugin", "-p", "no:cacheprovider", "--rootdir", str(path.parent)]
        options += ["-c", str(Path(folder) / "pytest.ini"), "--confcutdir", str(path.parent)]
        code = pytest.main([*options, str(path)], plugins=[watch])
    if not watch.findings and code not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        last = (said.getvalue().strip().splitlines() or ["no message"])[-1]
        watch.add("", f"nbval cannot run: {last}", "labkit doctor")
    return [*not_executed(path, watch.cells), *watch.findings]


@contextmanager
def _surroundings(folder: Path) -> Iterator[None]:
    former = dict(os.environ)
    kept = {key: value for key, value in environment(folder / "data").items() if key != "PYTEST_ADDOPTS"}
    os.environ.clear()
    os.environ.update(kept | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"})
    try:
        with redirect_stderr(StringIO()):
            yield
    finally:
        os.environ.clear()
        os.environ.update(former)
        # What a notebook's own conftest.py was loaded as.
        sys.modules.pop("conftest", None)


def not_executed(path: Path, cells: Sequence[Mapping[str, Any]]) -> list[Finding]:
    """Code cells that were never executed and have no outputs: nbval lets them pass, and compares nothing."""
    return [
        Finding(
            CHECK,
            path.name,
            label(cell, number),
            "it was never executed, so that nothing was compared",
            "execute the notebook from top to bottom and store it, or tag the cell nbval-skip",
        )
        for number, cell in enumerate(cells, 1)
        if cell["cell_type"] == "code"
        and cell["source"].strip()
        and cell["execution_count"] is None
        and not cell["outputs"]
        and not _set_aside(cell)
    ]


def _set_aside(cell: Mapping[str, Any]) -> bool:
    lines = {
        line.strip().lstrip("# ") for line in cell["source"].splitlines() if line.strip().startswith("#")
    }
    return "NBVAL_SKIP" in lines or "nbval-skip" in cell["metadata"].get("tags", [])


class _Watch:
    """A plugin of pytest's that writes down what fails. pytest calls its methods by their names."""

    def __init__(self, path: Path) -> None:
        self.findings: list[Finding] = []
        self.cells: Sequence[Mapping[str, Any]] = ()
        self._file = path.name
        self._dead = False

    def add(self, place: str, saw: str, todo: str) -> None:
        self.findings.append(Finding(CHECK, self._file, place, plain(masked(saw), 400), todo))

    def pytest_itemcollected(self, item: Any) -> None:
        self.cells = item.parent.nb.cells

    def pytest_runtest_call(self, item: Any) -> None:
        kernel = item.parent.kernel
        if not hasattr(kernel, "labkit_waits"):
            kernel.labkit_waits = kernel.await_reply
            kernel.await_reply = partial(_await_reply, kernel)

    def pytest_exception_interact(self, node: Any, call: Any, report: Any) -> None:
        error = call.excinfo.value
        if not hasattr(node, "cell"):
            self.add("", f"nbval cannot read it: {error}", "open it in JupyterLab and store it anew")
            return
        number = next(n for n, cell in enumerate(self.cells, 1) if cell is node.cell)
        if getattr(node.parent.kernel, "labkit_dead", False):
            # Every cell after it fails in the same way.
            if not self._dead:
                self.add(label(node.cell, number), "the kernel died", "mend the cell, or what it calls")
            self._dead = True
            return
        self.add(label(node.cell, number), *_told(node, str(error)))


def _await_reply(kernel: Any, msg_id: str, timeout: float) -> Any:
    """What a kernel answers. nbval would wait for a dead one as long as for one that works."""
    ahead = timeout
    while True:
        try:
            return kernel.labkit_waits(msg_id, timeout=min(1, ahead))
        except Empty:
            ahead -= 1
            kernel.labkit_dead = not kernel.is_alive()
            if kernel.labkit_dead or ahead <= 0:
                raise


def _told(item: Any, message: str) -> tuple[str, str]:
    """What went wrong in a cell, and what to do."""
    errors = [output for output in item.test_outputs or () if output.get("output_type") == "error"]
    if message == "Cell outputs differ":
        todo = "where the new output is right, store it (labkit record); where it varies, seed it"
        return _difference(item), todo
    if "Unrun" in message:
        return "it has outputs but no execution count", "execute the notebook from top to bottom and store it"
    if errors and "Timeout" not in message:
        return f"it fails: {errors[-1]['ename']}: {errors[-1]['evalue']}", "mend the cell, or what it calls"
    return message, "make the cell faster where it took too long; `labkit doctor` looks at the kernel"


def _difference(item: Any) -> str:
    """The first field in which nbval's two outputs differ."""
    from nbval.plugin import coalesce_streams

    skipped = item.parent.skip_compare
    before, after = (_fields(coalesce_streams(o), skipped) for o in (item.cell.outputs, item.test_outputs))
    for key in (*before, *(key for key in after if key not in before)):
        if key not in after or key not in before:
            missing = _NAMES[0] if key not in before else _NAMES[1]
            return f"{key}: {missing} has none"
        if before[key] != after[key]:
            return f"{key}: {first_difference(chr(10).join(before[key]), chr(10).join(after[key]), _NAMES)}"
    return "the outputs differ"


def _fields(outputs: Sequence[Mapping[str, Any]], skipped: Sequence[str]) -> dict[str, list[str]]:
    """As nbval compares them: all values of a field, whichever output they come from."""
    found: dict[str, list[str]] = defaultdict(list)
    for output in outputs:
        if output["output_type"] == "stream":
            found[output["name"]].append(output["text"])
            continue
        fields = {**output, **output.get("data", {})}
        for key, value in fields.items():
            if key not in (*skipped, "data", "output_type"):
                found[key].append(value if isinstance(value, str) else repr(value))
    return found
