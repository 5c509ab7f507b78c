"""Scenarios are run in kernels of their own, and what comes out decides."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest

from labkit.core.errors import BadInput
from labkit.course.outcome import MIME
from labkit.runner.kernel import connection
from labkit.runner.sweep import sweep

from .conftest import Write, entry

pytestmark = pytest.mark.usefixtures("temporary")

OUTCOME = "from labkit.course.outcome import outcome\noutcome(call=call, age=age)"


def lines(text: str) -> list[str]:
    """What was printed, without the durations."""
    return re.sub(r"\d+\.\d s", "T s", text).splitlines()


def test_a_sweep_compares_what_comes_out(
    notebook: Write, scenarios: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    notebook("call = 'ok'\nage = 59", OUTCOME)
    notebook("call = 'ok'\nage = 59", "call = call.upper()\n\nlab = 1 / (age - 61)", OUTCOME, name="b.ipynb")
    file = scenarios(
        entry("default", expect={"call": "ok", "age": 59}),
        entry("given", age=61, call="refused", expect={"age": 61, "call": "refused"}),
        entry("other", age=61, expect={"age": 59, "code": "X", "call": "ok"}),
        entry("breaks", "b.ipynb", age=61),
        entry("type", expect={"age": 59.0}),
    )
    assert sweep(file, jobs=2) == 3
    out, err = capsys.readouterr()
    assert lines(out) == [
        "FAILED other",
        "  cell c2: from labkit.course.outcome import outcome",
        "  OtherOutcome: age: expected 59, came out 61",
        "  code: expected 'X', came out 'not at all'",
        "FAILED breaks",
        "  cell c2: call = call.upper()",
        "  ZeroDivisionError: division by zero",
        "FAILED type",
        "  cell c2: from labkit.course.outcome import outcome",
        "  OtherOutcome: age: expected 59.0, came out 59",
        "2 passed, 3 failed",
    ]
    assert lines(err) == [
        "1/5 default: ok, T s",
        "2/5 given: ok, T s",
        "3/5 other: FAILED, T s",
        "4/5 breaks: FAILED, T s",
        "5/5 type: FAILED, T s",
    ]


def test_what_goes_wrong_in_a_notebook_is_its_failure(
    notebook: Write, scenarios: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    notebook("a = 1", "# first\nimport os\nos._exit(3)", name="dead.ipynb")
    notebook("a = 1", name="silent.ipynb")
    notebook("a = 1", "import labkit\nlabkit.start(release='2018')", name="refused.ipynb")
    (notebook("a = 1", name="mute.ipynb")).write_text('{"cells": []}', "utf-8")
    names = ["dead", "silent", "refused", "mute"]
    file = scenarios(*(entry(name, f"{name}.ipynb") for name in names))
    assert sweep(file, jobs=2) == 4
    out, _ = capsys.readouterr()
    assert lines(out)[:5] == [
        *("FAILED dead", "  cell c2: # first", "  DeadKernel: the kernel died"),
        *("FAILED silent", "  NoOutcome: no cell shows outcome(...), so there is nothing to compare"),
    ]
    assert "  BadInput: There is no such release of the documents." in out
    assert "Traceback" not in out
    assert lines(out)[-1] == "0 passed, 4 failed"


def test_a_cell_that_takes_too_long_is_stopped(
    notebook: Write, scenarios: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    notebook("a = 1", "\nimport time\ntime.sleep(600)")
    assert sweep(scenarios(entry("slow")), timeout=3) == 1
    out, _ = capsys.readouterr()
    assert lines(out)[1:3] == ["  cell c2: import time", "  CellTimeout: the cell took longer than 3 seconds"]


def test_an_error_that_the_notebook_announces_is_none(notebook: Write, scenarios: Write) -> None:
    tags = (("parameters",), ("raises-exception",))
    notebook("call = 'ok'\nage = 1", "1 / 0", OUTCOME, tags=tags)
    assert sweep(scenarios(entry("announced"))) == 0


def test_the_last_outcome_counts(notebook: Write, scenarios: Write) -> None:
    notebook("age = 1", "call = 'early'", OUTCOME, "call = 'ok'", OUTCOME, "'after it'")
    assert sweep(scenarios(entry("last"))) == 0


def test_each_run_has_a_kernel_of_its_own_in_which_sets_keep_their_order(
    notebook: Write, scenarios: Write
) -> None:
    source = """\
import builtins, os
from pathlib import Path
call = "used" if hasattr(builtins, "seen") else os.environ["PYTHONHASHSEED"]
builtins.seen = age = int(Path("a.ipynb").is_file())"""
    notebook("mark = 1", source, OUTCOME)
    expect = {"call": "0", "age": 1}
    assert sweep(scenarios(*(entry(name, expect=expect, mark=2) for name in "abc")), jobs=1) == 0


def test_some_are_run_by_name(notebook: Write, scenarios: Write, capsys: pytest.CaptureFixture[str]) -> None:
    notebook("call = 'ok'\nage = 59", OUTCOME)
    file = scenarios(entry("first"), entry("second", expect={"call": "no"}), entry("third"))
    assert sweep(file, only=["third", "first"]) == 0
    assert capsys.readouterr().out == "2 passed, 0 failed\n"


def test_executed_notebooks_are_kept_where_one_says(
    notebook: Write, scenarios: Write, tmp_path: Path
) -> None:
    path = notebook("call = 'ok'\nage = 59", OUTCOME, "1 / (age - 61)")
    before = path.read_bytes()
    out = tmp_path / "new" / "out"
    assert sweep(scenarios(entry("one"), entry("two", age=61)), out=out) == 1
    assert path.read_bytes() == before
    assert sorted(os.listdir(out)) == ["one.ipynb", "two.ipynb"]
    one, two = (nbformat.read(out / f"{name}.ipynb", as_version=4) for name in ("one", "two"))
    assert one.cells[1].outputs[0].data[MIME] == {"call": "ok", "age": 59}
    assert [cell.source for cell in two.cells][1] == "# Parameters\nage = 61\n"
    assert two.cells[3].outputs[0].ename == "ZeroDivisionError"


def test_nothing_is_run_where_something_is_wrong(
    notebook: Write, scenarios: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    notebook("from pathlib import Path\nPath('ran').touch()")
    with pytest.raises(BadInput, match="no parameter 'x'"):
        sweep(scenarios(entry("good"), entry("bad", x=3)))
    assert not (tmp_path / "ran").exists()
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("jobs", [0, -1, True, "two", 1.5])
def test_jobs_are_counted(notebook: Write, scenarios: Write, jobs: Any) -> None:
    notebook("a = 1")
    with pytest.raises(BadInput, match="So many jobs cannot run"):
        sweep(scenarios(entry("one")), jobs=jobs)


def test_a_place_that_is_no_folder_is_refused(notebook: Write, scenarios: Write, tmp_path: Path) -> None:
    notebook("a = 1")
    (tmp_path / "file").touch()
    with pytest.raises(BadInput, match="cannot be kept there"):
        sweep(scenarios(entry("one")), out=tmp_path / "file")


def test_paths_with_braces_and_spaces_do_no_harm(notebook: Write, tmp_path: Path) -> None:
    folder = tmp_path / "a {lab} folder"
    folder.mkdir()
    notebook("call = 'ok'\nage = 59", OUTCOME).rename(folder / "a.ipynb")
    file = folder / "scenarios.toml"
    file.write_text(
        "[[scenario]]\nname = 'a'\nnotebook = 'a.ipynb'\nsays = 'x'\nexpect = { call = 'ok' }\n", "utf-8"
    )
    assert sweep(file, out=folder / "{out}") == 0
    assert os.listdir(folder / "{out}") == ["a.ipynb"]


def test_sockets_lie_in_the_given_folder_or_there_are_none(tmp_path: Path) -> None:
    near = connection(Path("/tmp"), "k").ConnectionFileMixin
    far = connection(tmp_path / ("x" * 100), "k").ConnectionFileMixin
    assert (near.transport, far.transport) == ("ipc", "tcp")
    assert Path(near.connection_file).is_absolute()


def test_a_worker_that_dies_is_a_failure(
    notebook: Write, scenarios: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    source = "import os, psutil\npsutil.Process(os.getppid()).kill()\nimport time\ntime.sleep(60)"
    notebook("age = 1", source)
    assert sweep(scenarios(entry("one"), entry("two")), jobs=1) == 2
    out, _ = capsys.readouterr()
    assert lines(out)[-1] == "0 passed, 2 failed"
    assert "BrokenProcessPool" in out


@pytest.mark.skipif(os.name != "posix", reason="terminals of POSIX")
def test_the_bar_of_a_terminal_is_no_part_of_the_output(notebook: Write, scenarios: Write) -> None:
    import pty
    import termios

    notebook("call = 'ok'\nage = 59", OUTCOME)
    file = scenarios(entry("one"), entry("two", expect={"call": "no"}))
    code = f"from pathlib import Path\nfrom labkit.runner.sweep import sweep\nsweep(Path({str(file)!r}))"
    ours, theirs = pty.openpty()
    # A new one has no width, and nothing to read would be waited for.
    termios.tcsetwinsize(theirs, (24, 80))
    os.set_blocking(ours, False)
    done = subprocess.run(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=theirs, text=True, check=True
    )
    bar = os.read(ours, 100_000).decode()
    os.close(theirs)
    os.close(ours)
    assert "1/2 [" in bar
    assert done.stdout.splitlines() == [
        "FAILED two",
        "  cell c2: from labkit.course.outcome import outcome",
        "  OtherOutcome: call: expected 'no', came out 'ok'",
        "1 passed, 1 failed",
    ]
