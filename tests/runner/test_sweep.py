"""Scenarios are run in kernels of their own, and what comes out decides."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import nbformat
import pytest
from papermill.execute import remove_error_markers

from labkit.core.errors import BadInput
from labkit.runner.execute import Result
from labkit.runner.kernel import connection, environment
from labkit.runner.report import read as read_report
from labkit.runner.runs import Choice
from labkit.runner.sweep import sweep
from labkit.runner.warm.server import why_not

from .conftest import Write, entry
from .said import OUTCOME, WAYS, by_name, lines

pytestmark = pytest.mark.usefixtures("temporary")

STUCK = {
    "python": "import time\ntime.sleep(600)",
    "a loop": "while True:\n    pass",
    "deaf": "import signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\ntime.sleep(600)",
    # It keeps Python's lock.
    "in c": "import ctypes, os\nif os.name == 'nt':\n    ctypes.PyDLL('kernel32').Sleep(600_000)\n"
    "else:\n    ctypes.PyDLL(None).sleep(600)",
    "async": "import asyncio\nawait asyncio.sleep(600)",
    "a program": "import subprocess\nsubprocess.run(['sleep', '600'])",
}


@pytest.mark.parametrize("plain", WAYS)
def test_a_cell_that_takes_too_long_is_stopped_and_the_rest_goes_on(
    notebook: Write, scenarios: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str], plain: bool
) -> None:
    for number, source in enumerate(STUCK.values()):
        notebook("a = 1", f"print('said')\n{source}", name=f"{number}.ipynb")
    notebook("call = 'ok'\nage = 1", OUTCOME)
    names = [f"stuck-{number}" for number in range(len(STUCK))]
    file = scenarios(*(entry(name, f"{name[-1]}.ipynb") for name in names), entry("good"))
    # They wait side by side, as far as it is cheap to start who looks after them.
    jobs = len(STUCK) // 2 if plain else len(STUCK)
    assert sweep(file, jobs=jobs, timeout=3, out=tmp_path / "out", plain=plain) == len(STUCK)
    found = by_name(capsys.readouterr().out)
    assert sorted(found) == names
    assert {tuple(said) for said in found.values()} == {
        ("cell c2: print('said')", "CellTimeout: the cell took longer than 3 seconds")
    }
    made = remove_error_markers(nbformat.read(tmp_path / "out" / "stuck-0.ipynb", as_version=4))
    said, interrupted = made.cells[1].outputs
    assert (said.text, interrupted.ename) == ("said\n", "KeyboardInterrupt")
    assert made.cells[1].metadata.papermill.status == "failed"


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


def test_sockets_lie_in_the_given_folder_or_there_are_none(tmp_path: Path) -> None:
    near = connection(Path("/tmp"), "k").ConnectionFileMixin
    far = connection(tmp_path / ("x" * 100), "k").ConnectionFileMixin
    assert (near.transport, far.transport) == ("ipc", "tcp")
    assert Path(near.connection_file).is_absolute()


@pytest.mark.skipif(bool(why_not()), reason=why_not() or "never")
def test_a_worker_that_dies_is_a_failure_and_another_takes_its_place(
    notebook: Write, scenarios: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    # The kernel's parent is its lane, and the lane's is the worker.
    source = (
        "import psutil\nfor one in psutil.Process().parents()[age - 1 : age]:\n    one.kill()\nimport time"
    )
    notebook("age = 1", source, "call = 'ok'\ntime.sleep(1)", OUTCOME)
    notebook("age = 1\ncall = 'ok'", OUTCOME, name="b.ipynb")
    file = scenarios(entry("lane", age=1), entry("worker", age=2), entry("third", "b.ipynb"))
    assert sweep(file, jobs=1) == 2
    found = by_name(capsys.readouterr().out)
    assert found["worker"] == ["WorkerDied: the process that ran it is gone"]
    assert set(found) == {"lane", "worker"}


def test_where_no_kernel_starts_warm_the_plain_way_is_taken_and_said(
    notebook: Write, scenarios: Write, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    notebook("call = 'ok'\nage = 59", OUTCOME)
    workers = MagicMock()
    workers.return_value.__enter__.return_value.results = lambda work, tasks: [
        (task, Result(task.scenario.name, 1, None)) for task in tasks
    ]
    monkeypatch.setattr("labkit.runner.workers.why_not", lambda: "no fork")
    monkeypatch.setattr("labkit.runner.workers.Workers", workers)
    assert sweep(scenarios(entry("one"))) == 0
    assert "kernels do not start warm, so this takes longer: no fork" in capsys.readouterr().err
    workers.assert_called_once_with(1)


@pytest.mark.skipif(bool(why_not()), reason=why_not() or "never")
def test_where_the_server_does_not_start_the_plain_way_is_taken_and_said(
    notebook: Write, scenarios: Write, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    notebook("call = 'ok'\nage = 59", OUTCOME)
    nowhere = {**environment(), "PYTHONHOME": "/nowhere"}
    monkeypatch.setattr("labkit.runner.workers.environment", lambda: nowhere)
    assert sweep(scenarios(entry("one"))) == 0
    said = capsys.readouterr().err
    assert "takes longer: The process that forks kernels has ended." in said


def test_some_are_run_by_name_and_of_them_what_failed_is_run_again(
    notebook: Write, scenarios: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    notebook("call = 'ok'\nage = 59", OUTCOME)
    out = tmp_path / "out"
    file = scenarios(entry("good"), entry("not-asked-for"), entry("bad", expect={"call": "no"}))
    assert sweep(file, Choice(only=["bad", "good"]), out=out, reports=["junit"]) == 1
    assert lines(capsys.readouterr().out)[-2:] == ["a.ipynb    1 of 2    .F", "1 passed, 1 failed"]
    kept = (out / "good.ipynb").read_bytes()
    file = scenarios(entry("good", expect={"call": "changed"}), entry("bad"))
    assert sweep(file, Choice(failed=True), out=out) == 0
    assert lines(capsys.readouterr().out) == ["a.ipynb    1 of 1    .", "1 passed, 0 failed"]
    assert (out / "good.ipynb").read_bytes() == kept
    assert [(run.name, run.state) for run in read_report(out).runs] == [("good", "passed"), ("bad", "passed")]
    assert sweep(file, Choice(failed=True), out=out) == 0
    assert "nothing to run again" in capsys.readouterr().out


def test_a_grid_runs_every_combination_and_so_does_what_failed_of_it(
    notebook: Write, scenarios: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    notebook("call = 'ok'\nage = 59\nmark = False", "if mark and age == 60:\n    1 / 0", OUTCOME)
    choice = Choice(notebook="a.ipynb", axes=["age=59,60", "mark=true,false"])
    out = tmp_path / "out"
    assert sweep(scenarios(entry("x")), choice, out=out) == 1
    runs = read_report(out).runs
    assert [(run.name, run.state) for run in runs] == [
        *(("a-1", "passed"), ("a-2", "passed"), ("a-3", "failed"), ("a-4", "passed")),
    ]
    assert [run.outcome.get("age") for run in runs] == [59, 59, None, 60]
    capsys.readouterr()
    assert sweep(scenarios(entry("x")), Choice(failed=True), out=out) == 1
    assert lines(capsys.readouterr().out)[-1] == "0 passed, 1 failed"


@pytest.mark.parametrize(
    ("choice", "out", "fault"),
    [
        (Choice(only=["no"]), None, "no such scenario"),
        (Choice(failed=True), None, "Where did something fail"),
        (Choice(failed=True), "new", "No sweep has been kept"),
        (Choice(failed=True, only=["one"]), "new", "by the last sweep alone"),
        (Choice(notebook="a.ipynb"), None, "What of this notebook"),
        (Choice(axes=["a=1"]), None, "A grid is of one notebook"),
        (Choice(axes=["a=1"], only=["one"]), None, "no names to choose from"),
        (Choice(notebook="a.ipynb", axes=["b=1"]), None, "no such parameter"),
    ],
)
def test_a_choice_that_makes_no_sense_is_refused(
    notebook: Write, scenarios: Write, tmp_path: Path, choice: Choice, out: str | None, fault: str
) -> None:
    notebook("a = 1\nopen('ran', 'x').close()")
    with pytest.raises(BadInput, match=fault):
        sweep(scenarios(entry("one")), choice, out=out and tmp_path / out)
    assert not (tmp_path / "ran").exists()


def test_a_report_needs_a_folder_and_a_kind(notebook: Write, scenarios: Write, tmp_path: Path) -> None:
    notebook("a = 1")
    with pytest.raises(BadInput, match="needs a folder"):
        sweep(scenarios(entry("one")), reports=["html"])
    with pytest.raises(BadInput, match="no such report"):
        sweep(scenarios(entry("one")), reports=["pdf"], out=tmp_path / "out")


@pytest.mark.skipif(os.name != "posix", reason="terminals of POSIX")
def test_the_bar_of_a_terminal_is_no_part_of_the_output(notebook: Write, scenarios: Write) -> None:
    import pty
    import termios

    notebook("call = 'ok'\nage = 59", OUTCOME)
    file = scenarios(entry("one"), entry("two", expect={"call": "no"}))
    code = f"""
from pathlib import Path
from labkit.runner import sweep, workers
workers.COURSE = ()
sweep.sweep(Path({str(file)!r}))
"""
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
        "a.ipynb    1 of 2    .F",
        "1 passed, 1 failed",
    ]
