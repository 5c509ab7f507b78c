"""How fast scenarios are run: a sweep, beside the plain `papermill` command for each of them, as many at a
time as there are processors. The same notebooks, parameters and environment, and equal outputs, or there is
nothing to compare."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from itertools import cycle, islice
from pathlib import Path
from timeit import timeit
from typing import Any

from labkit.checkout import checkout
from labkit.runner.kernel import environment
from labkit.runner.scenarios import Scenario, read
from labkit.runner.sweep import processors
from tests.race import Row, Rows
from tests.runner.both_ways import comparable

COUNT = 100
SWEEP = "import sys; from pathlib import Path; from labkit.runner.sweep import sweep; \
sys.exit(sweep(Path(sys.argv[1]), out=Path(sys.argv[2])))"


def scenarios(count: int) -> list[Scenario]:
    """So many: those of the course, from the beginning again where they do not suffice. Spread over all of
    its notebooks where there are fewer."""
    known = read(checkout() / "notebooks" / "scenarios.toml")
    step = max(1, len(known) // count)
    found = islice(cycle(known[::step]), count)
    return [replace(one, name=f"run-{number}") for number, one in enumerate(found, 1)]


def laid_out(runs: list[Scenario], folder: Path) -> None:
    """The notebooks and the file of scenarios for a sweep, and the lines of arguments for xargs."""
    lines = []
    for path in {one.notebook for one in runs}:
        shutil.copy(path, folder)
    with (folder / "scenarios.toml").open("w", encoding="utf-8") as file:
        for one in runs:
            keys = ("name", one.name), ("notebook", one.notebook.name), ("says", one.says)
            file.write("[[scenario]]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in keys))
            for table in ("parameters", "expect"):
                pairs = ", ".join(
                    f"{key} = {json.dumps(value)}" for key, value in getattr(one, table).items()
                )
                file.write(f"{table} = {{ {pairs} }}\n")
            # YAML reads JSON.
            given = folder / f"{one.name}.yaml"
            given.write_text(json.dumps(one.parameters), "utf-8")
            lines.append(f"{one.notebook.name} plain/{one.name}.ipynb -f {given.name}")
    (folder / "lines").write_text("\n".join(lines) + "\n", "utf-8")


def ours(folder: Path) -> None:
    """The whole of it as a command."""
    command = [sys.executable, "-c", SWEEP, "scenarios.toml", "ours"]
    subprocess.run(
        command, cwd=folder, env=environment(folder / "ours-data"), check=True, capture_output=True
    )


def plain(folder: Path) -> None:
    """Papermill's command, by xargs."""
    (folder / "plain").mkdir(exist_ok=True)
    papermill = Path(sys.executable).with_name("papermill")
    each = f"{papermill} --no-progress-bar --log-level ERROR"
    # Each begins with nothing done, as each does in a sweep.
    script = f'export LABKIT_DATA="$PWD/data/$$"; exec {each} "$@"'
    command = ["xargs", "-a", "lines", "-L", "1", "-P", str(processors()), "sh", "-c", script, "sh"]
    subprocess.run(command, cwd=folder, env=environment(), check=True, capture_output=True)


def outputs(folder: Path, names: list[str]) -> list[Any]:
    """What the notebooks show."""
    import nbformat

    found = []
    for name in names:
        made = nbformat.read(folder / f"{name}.ipynb", as_version=4)
        made.metadata.pop("papermill")
        for number, cell in enumerate(made.cells):
            # The cell with the parameters is named at random.
            cell.id = f"cell-{number}"
            cell.metadata.pop("papermill", None)
        found.append(comparable(made))
    return found


def sweeping(rounds: int, count: int = COUNT) -> Rows:
    """One round, since it takes minutes."""
    row = Row(f"a scenario, of {count} in a sweep", f"papermill, {processors()} at a time", target=0.1)
    if shutil.which("xargs") is None or os.name != "posix":
        yield replace(row, target=None, note="skipped: there is no xargs on PATH")
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        runs = scenarios(count)
        laid_out(runs, folder)
        mine, theirs = (_seconds(work, folder) / count for work in (ours, plain))
        names = [one.name for one in runs]
        both = zip(outputs(folder / "ours", names), outputs(folder / "plain", names), strict=True)
        same = [one == other for one, other in both]
    assert all(same), f"other outputs in {same.count(False)} of {count}"
    yield replace(row, ours=mine, other=theirs, ratio=mine / theirs)


def _seconds(work: Callable[[Path], None], folder: Path) -> float:
    return timeit(lambda: work(folder), number=1)
