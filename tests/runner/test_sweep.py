"""Scenarios are run in kernels of their own, and what comes out decides."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from papermill.execute import remove_error_markers

from labkit.core.errors import BadInput
from labkit.course.outcome import MIME
from labkit.runner.kernel import connection
from labkit.runner.report import read as read_report
from labkit.runner.runs import Choice
from labkit.runner.sweep import sweep
from labkit.runner.warm.server import NotWarm, why_not

from .conftest import Write, entry

pytestmark = pytest.mark.usefixtures("temporary")

OUTCOME = "from labkit.course.outcome import outcome\noutcome(call=call, age=age)"


def lines(text: str) -> list[str]:
    """What was printed, without the durations."""
    return re.sub(r"\d+\.\d s", "T s", text).splitlines()


def by_name(text: str) -> dict[str, list[str]]:
    """What was printed of each failure, by the scenario: they come as soon as they are there."""
    found: dict[str, list[str]] = {}
    for line in lines(text):
        if line.startswith("FAILED "):
            found[line.removeprefix("FAILED ")] = rest = []
        elif line.startswith("  "):
            rest.append(line.strip())
    return found


# The ways of a sweep: both have to be the same for whoever looks at it.
WAYS = [
    pytest.param(False, id="warm", marks=pytest.mark.skipif(bool(why_not()), reason=why_not() or "never"))
]
WAYS += [pytest.param(True, id="plain")]


@pytest.mark.parametrize("plain", WAYS)
def test_a_sweep_compares_what_comes_out(
    notebook: Write, scenarios: Write, capsys: pytest.CaptureFixture[str], plain: bool
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
    assert sweep(file, jobs=2, plain=plain) == 3
    out, err = capsys.readouterr()
    outcome = "cell c2: from labkit.course.outcome import outcome"
    assert by_name(out) == {
        "other": [
            outcome,
            "OtherOutcome: age: expected 59, came out 61",
            "code: expected 'X', came out 'not at all'",
        ],
        "breaks": ["cell c2: call = call.upper()", "ZeroDivisionError: division by zero"],
        "type": [outcome, "OtherOutcome: age: expected 59.0, came out 59"],
    }
    assert lines(out)[-3:] == [
        "a.ipynb    2 of 4    ..FF",
        "b.ipynb    0 of 1    F",
        "2 passed, 3 failed",
    ]
    told = [re.sub(r"^\d/5 ", "", line) for line in lines(err)]
    assert sorted(told) == [
        "breaks: FAILED, T s",
        "default: ok, T s",
        "given: ok, T s",
        "other: FAILED, T s",
        "type: FAILED, T s",
    ]


@pytest.mark.parametrize("plain", WAYS)
def test_what_goes_wrong_in_a_notebook_is_its_failure(
    notebook: Write, scenarios: Write, capsys: pytest.CaptureFixture[str], plain: bool
) -> None:
    notebook("a = 1", "# first\nimport os\nos._exit(3)", name="dead.ipynb")
    notebook("a = 1", "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", name="shot.ipynb")
    notebook("a = 1", name="silent.ipynb")
    notebook("a = 1", "import labkit\nlabkit.start(release='2018')", name="refused.ipynb")
    (notebook("a = 1", name="mute.ipynb")).write_text('{"cells": []}', "utf-8")
    names = ["dead", "shot", "silent", "refused", "mute"]
    file = scenarios(*(entry(name, f"{name}.ipynb") for name in names))
    assert sweep(file, jobs=2, plain=plain) == 5
    out, _ = capsys.readouterr()
    found = by_name(out)
    died = "DeadKernel: the kernel died"
    assert found["dead"] == ["cell c2: # first", died if plain else f"{died} (exit code 3)"]
    assert found["shot"][1] == (died if plain else f"{died} of SIGKILL")
    assert found["silent"] == ["NoOutcome: no cell shows outcome(...), so there is nothing to compare"]
    assert "BadInput: There is no such release of the documents." in found["refused"]
    assert "Traceback" not in out
    assert lines(out)[-1] == "0 passed, 5 failed"


STUCK = {
    "python": "import time\ntime.sleep(600)",
    "a loop": "while True:\n    pass",
    "deaf": "import signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\ntime.sleep(600)",
    "in c": "import re\nre.match('(a+)+$', 'a' * 60 + 'b')",
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
    assert sweep(file, timeout=3, out=tmp_path / "out", plain=plain) == len(STUCK)
    found = by_name(capsys.readouterr().out)
    assert sorted(found) == names
    assert {tuple(said) for said in found.values()} == {
        ("cell c2: print('said')", "CellTimeout: the cell took longer than 3 seconds")
    }
    made = remove_error_markers(nbformat.read(tmp_path / "out" / "stuck-0.ipynb", as_version=4))
    said, interrupted = made.cells[1].outputs
    assert (said.text, interrupted.ename) == ("said\n", "KeyboardInterrupt")
    assert made.cells[1].metadata.papermill.status == "failed"


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
    assert sweep(file, Choice(only=["third", "first"])) == 0
    assert lines(capsys.readouterr().out) == ["a.ipynb    2 of 2    ..", "2 passed, 0 failed"]


def test_executed_notebooks_are_kept_where_one_says(
    notebook: Write, scenarios: Write, tmp_path: Path
) -> None:
    path = notebook("call = 'ok'\nage = 59", OUTCOME, "1 / (age - 61)")
    before = path.read_bytes()
    out = tmp_path / "new" / "out"
    assert sweep(scenarios(entry("one"), entry("two", age=61)), out=out) == 1
    assert path.read_bytes() == before
    assert sorted(os.listdir(out)) == ["one.ipynb", "report.json", "two.ipynb"]
    one, two = (nbformat.read(out / f"{name}.ipynb", as_version=4) for name in ("one", "two"))
    assert one.cells[1].outputs[0].data[MIME] == {"call": "ok", "age": 59}
    # As papermill does, a note at the top leads to the cell.
    note, _, given, *_, anchor, failed = two.cells
    assert given.source == "# Parameters\nage = 61\n"
    assert failed.outputs[0].ename == "ZeroDivisionError"
    assert f"[{failed.execution_count}]</a>" in note.source
    [link] = re.findall('href="#(.+?)"', note.source)
    assert f'id="{link}"' in anchor.source
    assert len(remove_error_markers(two).cells) == len(one.cells) + 1
    assert two.metadata.papermill.parameters == {"age": 61}
    assert two.metadata.papermill.exception is True
    assert one.metadata.papermill.duration > 0
    assert one.metadata.language_info.name == "python"
    assert {cell.metadata.papermill.status for cell in one.cells} == {"completed"}


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
    assert sorted(os.listdir(folder / "{out}")) == ["a.ipynb", "report.json"]


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
    monkeypatch.setattr("labkit.runner.sweep.why_not", lambda: "no fork")
    assert sweep(scenarios(entry("one"))) == 0
    assert "kernels do not start warm, so this takes longer: no fork" in capsys.readouterr().err


def test_where_the_server_does_not_start_the_plain_way_is_taken_and_said(
    notebook: Write, scenarios: Write, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(self: object) -> None:
        raise NotWarm("It does not.", presented="so")

    notebook("call = 'ok'\nage = 59", OUTCOME)
    monkeypatch.setattr("labkit.runner.sweep.Server.wait_until_ready", fails)
    assert sweep(scenarios(entry("one"))) == 0
    assert "takes longer" in capsys.readouterr().err


def test_what_failed_is_run_again_and_the_rest_is_kept(
    notebook: Write, scenarios: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    notebook("call = 'ok'\nage = 59", OUTCOME)
    out = tmp_path / "out"
    assert (
        sweep(scenarios(entry("good"), entry("bad", expect={"call": "no"})), out=out, reports=["junit"]) == 1
    )
    kept = (out / "good.ipynb").read_bytes()
    capsys.readouterr()
    file = scenarios(entry("good", expect={"call": "changed"}), entry("bad"))
    assert sweep(file, Choice(failed=True), out=out) == 0
    assert lines(capsys.readouterr().out) == ["a.ipynb    1 of 1    .", "1 passed, 0 failed"]
    assert (out / "good.ipynb").read_bytes() == kept
    assert [run.state for run in read_report(out).runs] == ["passed", "passed"]
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
        "a.ipynb    1 of 2    .F",
        "1 passed, 1 failed",
    ]
