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
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from timeit import timeit
from typing import Any

from labkit.checkout import checkout
from labkit.runner.kernel import environment
from labkit.runner.pool import processors
from labkit.runner.scenarios import Scenario, read
from tests.race import Row, Rows
from tests.runner.both_ways import comparable

COUNT = 100
SWEEP = "import sys; from pathlib import Path; from labkit.runner.sweep import sweep; \
sys.exit(sweep(Path(sys.argv[1]), out=Path(sys.argv[2])))"


SMALL = (
    'who = "carl"',
    "import labkit\nfrom labkit.course import outcome\n\nlab = labkit.start()",
    "token = lab.sign_in(who)\ntoken",
    'outcome(lifetime=token.claims["exp"] - token.claims["iat"])',
)


def of_the_course(count: int, folder: Path) -> list[Scenario]:
    """So many: those of the course, from the beginning again where they do not suffice. Spread over all of
    its notebooks where there are fewer."""
    known = read(checkout() / "notebooks" / "scenarios.toml")
    step = max(1, len(known) // count)
    found = list(islice(cycle(known[::step]), count))
    for path in {one.notebook for one in found}:
        shutil.copy(path, folder)
    return [replace(one, name=f"run-{number}") for number, one in enumerate(found, 1)]


def small(count: int, folder: Path) -> list[Scenario]:
    """So many of a notebook with four cells, of which one starts a lab: what is left is how it is run."""
    import nbformat
    from nbformat.v4 import new_code_cell, new_notebook

    cells = [new_code_cell(source) for source in SMALL]
    cells[0].metadata.tags = ["parameters"]
    path = folder / "small.ipynb"
    kernel = {"name": "python3", "language": "python", "display_name": "Python 3"}
    nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": kernel}), path)
    people = islice(cycle(("carl", "rita", "olivia")), count)
    return [
        Scenario(f"run-{number}", path, "A sign-in.", {"who": who}, {"lifetime": 3599})
        for number, who in enumerate(people, 1)
    ]


def laid_out(runs: list[Scenario], folder: Path) -> None:
    """The notebooks and the file of scenarios for a sweep, and the lines of arguments for xargs."""
    lines = []
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
    """The course's own scenarios, whose cells take most of the time however they are run, and those of a
    notebook that does little. One round of each, since it takes minutes."""
    for what, made, target in (("the course's", of_the_course, None), ("a small one", small, 0.1)):
        row = Row(
            f"a scenario, {what}, {count} of them", f"papermill, {processors()} at a time", target=target
        )
        if shutil.which("xargs") is None or os.name != "posix":
            yield replace(row, target=None, note="skipped: there is no xargs on PATH")
        else:
            yield measured(row, made, count)


def measured(row: Row, made: Callable[[int, Path], list[Scenario]], count: int) -> Row:
    """The row with what a scenario takes, both ways."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        runs = made(count, folder)
        laid_out(runs, folder)
        mine, theirs = (timeit(partial(way, folder), number=1) / count for way in (ours, plain))
        names = [one.name for one in runs]
        both = zip(outputs(folder / "ours", names), outputs(folder / "plain", names), strict=True)
        same = [one == other for one, other in both]
    assert all(same), f"other outputs in {same.count(False)} of {count}"
    return replace(row, ours=mine, other=theirs, ratio=mine / theirs)
