"""What comes out of a sweep of several scenarios, in both ways: compared, told, and kept."""

import os
import re
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any

import nbformat
import pytest
from papermill.execute import remove_error_markers

from labkit.course.outcome import MIME
from labkit.runner.report import read as read_report
from labkit.runner.sweep import sweep
from labkit.runner.warm.server import why_not

from .conftest import entry, listed, own_temporary_files, written
from .said import OUTCOME, WAYS, by_name, lines

# By the name of a scenario: its notebook, its parameters, what is expected, and what is said when it fails.
SHOWN = "cell c2: from labkit.course.outcome import outcome"
DIED = "DeadKernel: the kernel died"
RUNS: dict[str, tuple[str, dict[str, Any], dict[str, Any], list[str]]] = {
    "default": ("a", {}, {"call": "ok", "age": 59}, []),
    "given": ("a", {"age": 61, "call": "refused"}, {"age": 61, "call": "refused"}, []),
    "other": (
        *("a", {"age": 61}, {"age": 59, "code": "X", "call": "ok"}),
        [SHOWN, "OtherOutcome: age: expected 59, came out 61", "code: expected 'X', came out 'not at all'"],
    ),
    "type": ("a", {}, {"age": 59.0}, [SHOWN, "OtherOutcome: age: expected 59.0, came out 59"]),
    "breaks": ("b", {"age": 61}, {}, ["cell c2: call = call.upper()", "ZeroDivisionError: division by zero"]),
    "dead": ("dead", {}, {}, ["cell c2: # first", f"{DIED} (exit code 3)"]),
    "shot": ("shot", {}, {}, ["cell c2: import os, signal", f"{DIED} of SIGKILL"]),
    "silent": (
        *("silent", {}, {}),
        ["NoOutcome: no cell shows outcome(...), so there is nothing to compare"],
    ),
    "refused": (
        *("refused", {}, {}),
        ["cell c2: import labkit", "BadInput: There is no such release of the documents."],
    ),
    "mute": ("mute", {}, {}, []),
    "announced": ("announced", {}, {"call": "ok"}, []),
    "last": ("last", {}, {"call": "ok"}, []),
    **{f"own-{n}": ("own", {"mark": 2}, {"call": "0", "age": 1}, []) for n in range(3)},
}
PASS = {name for name, run in RUNS.items() if not run[3]} - {"mute"}
# Whatever a notebook shows is compared in the same way: of kernels that take long, only these are started.
FEW = {"given", "other", "breaks", "dead", "shot", "mute"}

OWN = """\
import builtins, os
from pathlib import Path
call = "used" if hasattr(builtins, "seen") else os.environ["PYTHONHASHSEED"]
builtins.seen = age = int(Path("a.ipynb").is_file())"""


def several(folder: Path) -> None:
    """The notebooks of these scenarios."""
    write = partial(written, folder)
    write("call = 'ok'\nage = 59", OUTCOME)
    write("call = 'ok'\nage = 59", "call = call.upper()\n\nlab = 1 / (age - 61)", OUTCOME, name="b.ipynb")
    write("a = 1", "# first\nimport os\nos._exit(3)", name="dead.ipynb")
    write("a = 1", "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", name="shot.ipynb")
    write("a = 1", name="silent.ipynb")
    write("a = 1", "import labkit\nlabkit.start(release='2018')", name="refused.ipynb")
    write("a = 1", name="mute.ipynb").write_text('{"cells": []}', "utf-8")
    tags = (("parameters",), ("raises-exception",))
    write("call = 'ok'\nage = 1", "1 / 0", OUTCOME, tags=tags, name="announced.ipynb")
    early = ("call = 'early'", OUTCOME, "call = 'ok'", OUTCOME, "'after it'")
    write("age = 1", *early, name="last.ipynb")
    write("mark = 1", OWN, OUTCOME, name="own.ipynb")


@dataclass(frozen=True)
class Swept:
    """A sweep of several scenarios by two at a time, and what it has told."""

    plain: bool
    names: list[str]
    unchanged: bool
    out: Path
    failed: int
    said: str
    told: str


@pytest.fixture(scope="module", params=WAYS)
def swept(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Swept:
    # Braces and spaces do no harm.
    folder = tmp_path_factory.mktemp("sweep") / "a {lab} folder"
    folder.mkdir()
    several(folder)
    before = {path: path.read_bytes() for path in folder.iterdir()}
    names = [name for name in RUNS if not request.param or why_not() or name in FEW]
    file = listed(
        folder,
        *(entry(name, f"{RUNS[name][0]}.ipynb", RUNS[name][2] or None, **RUNS[name][1]) for name in names),
    )
    out = folder / "new" / "{out}"
    with own_temporary_files(), redirect_stdout(StringIO()) as said, redirect_stderr(StringIO()) as told:
        failed = sweep(file, jobs=2, out=out, plain=request.param)
    unchanged = all(path.read_bytes() == content for path, content in before.items())
    return Swept(request.param, names, unchanged, out, failed, said.getvalue(), told.getvalue())


def test_a_sweep_compares_what_comes_out(swept: Swept) -> None:
    expected = {name: RUNS[name][3] for name in swept.names if name not in PASS}
    found = by_name(swept.said)
    assert sorted(found) == sorted(expected)
    for name in set(found) - {"mute", "refused", "dead", "shot"}:
        assert found[name] == expected[name]
    letters: dict[str, str] = {}
    for name in swept.names:
        file = f"{RUNS[name][0]}.ipynb"
        letters[file] = letters.get(file, "") + ("." if name in PASS else "F")
    *rows, last = lines(swept.said)[-len(letters) - 1 :]
    assert [re.split(r"\s{2,}", row) for row in rows] == [
        [file, f"{found.count('.')} of {len(found)}", found] for file, found in letters.items()
    ]
    passed = len(PASS.intersection(swept.names))
    assert last == f"{passed} passed, {swept.failed} failed"
    assert swept.failed == len(expected)
    told = [re.sub(rf"^\d+/{len(swept.names)} ", "", line) for line in lines(swept.told)]
    assert sorted(told) == sorted(
        f"{name}: {'ok' if name in PASS else 'FAILED'}, T s" for name in swept.names
    )


def test_what_goes_wrong_in_a_notebook_is_its_failure(swept: Swept) -> None:
    found = by_name(swept.said)
    for name in ("dead", "shot"):
        where, how = RUNS[name][3]
        assert found[name] == [where, DIED if swept.plain else how]
    assert "refused" not in swept.names or found["refused"][:2] == RUNS["refused"][3]
    assert "mute" in found
    assert "Traceback" not in swept.said


def test_executed_notebooks_are_kept_where_one_says(swept: Swept) -> None:
    assert swept.unchanged
    kept = [*(f"{name}.ipynb" for name in swept.names), "report.json"]
    assert sorted(os.listdir(swept.out)) == sorted(kept)
    one, two = (nbformat.read(swept.out / f"{name}.ipynb", as_version=4) for name in ("given", "breaks"))
    assert one.cells[2].outputs[0].data[MIME] == {"call": "refused", "age": 61}
    # As papermill does, a note at the top leads to the cell.
    note, _, given, anchor, failed, never = two.cells
    assert given.source == "# Parameters\nage = 61\n"
    assert failed.outputs[0].ename == "ZeroDivisionError"
    assert f"[{failed.execution_count}]</a>" in note.source
    [link] = re.findall('href="#(.+?)"', note.source)
    assert f'id="{link}"' in anchor.source
    assert never.outputs == []
    assert len(remove_error_markers(two).cells) == 4
    assert two.metadata.papermill.parameters == {"age": 61}
    assert two.metadata.papermill.exception is True
    assert one.metadata.papermill.duration > 0
    assert one.metadata.language_info.name == "python"
    assert {cell.metadata.papermill.status for cell in one.cells} == {"completed"}


# What the way makes no difference to is asked of the one that runs all of them.
all_run = pytest.mark.parametrize("swept", [WAYS[bool(why_not())]], indirect=True)


def states(swept: Swept) -> dict[str, str]:
    return {run.name: run.state for run in read_report(swept.out).runs}


@all_run
def test_an_error_that_the_notebook_announces_is_none(swept: Swept) -> None:
    assert states(swept)["announced"] == "passed"


@all_run
def test_the_last_outcome_counts(swept: Swept) -> None:
    assert states(swept)["last"] == "passed"


@all_run
def test_each_run_has_a_kernel_of_its_own_in_which_sets_keep_their_order(swept: Swept) -> None:
    """Two of the three have the same worker."""
    assert [states(swept)[f"own-{n}"] for n in range(3)] == 3 * ["passed"]


def test_paths_with_braces_and_spaces_do_no_harm(swept: Swept) -> None:
    assert {"{lab} folder", "{out}"} == {swept.out.parents[1].name.removeprefix("a "), swept.out.name}
    assert (swept.out / "given.ipynb").is_file()
