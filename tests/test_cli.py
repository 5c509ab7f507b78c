"""The command: what it prints, how it ends, and that nothing typed ends in a traceback."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import labkit
from labkit import checkout as checkout_module
from labkit import cli
from labkit.assumptions import assumptions
from labkit.checkout import checkout
from labkit.core.errors import BadInput
from labkit.course.checklist import checklist
from labkit.ledger import coverage, statements
from labkit.runner.runs import Choice

ROOT = checkout()
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def go(*argv: str) -> tuple[int, str, str]:
        code = cli.main(argv)
        return (code, *capsys.readouterr())

    return go


def typed(*argv: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """The command as a person runs it, from another folder."""
    program = Path(sys.executable).with_name("labkit")
    return subprocess.run([program, *argv], cwd="/", capture_output=True, text=True, timeout=120, **options)


# ---- the checklist


def test_the_checklist_is_printed_to_be_kept(run: Run) -> None:
    code, out, err = run("checklist")
    assert (code, err) == (0, "")
    assert out == checklist().markdown() + "\n"


# ---- statements and assumptions


@cache
def covered() -> list[dict[str, Any]]:
    """It reads every test and every notebook."""
    return coverage(ROOT)


def test_statements_for_programs(run: Run) -> None:
    code, out, _ = run("statements", "--json")
    assert code == 0
    assert json.loads(out) == covered()
    assert out.isascii()


def test_statements_for_people(run: Run) -> None:
    code, out, _ = run("statements")
    assert code == 0
    heads = [line.split("  ")[0] for line in out.splitlines() if line and not line.startswith(" ")]
    assert heads[:-1] == list(statements())
    proved = sum(row["proved"] for row in covered())
    wanted = f"{proved} of {len(statements())} statements are proved by a test and shown in a notebook."
    assert heads[-1] == wanted
    for row in covered():
        assert all(place in out for place in (*row["tests"], *row["notebooks"]))


def test_a_citation_of_nothing_is_told_on_stderr(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkout_module, "checkout", lambda: tmp_path)
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_a.py").write_text("@mark.proves('authn-mfaa')\ndef test_a(): ...\n", "utf-8")
    code, out, err = run("statements", "--json")
    assert (code, len(json.loads(out))) == (0, len(statements()))
    assert err.startswith("labkit: tests/test_a.py::test_a: the ledger has no statement 'authn-mfaa'")


def test_assumptions_for_programs(run: Run) -> None:
    code, out, _ = run("assumptions", "--json")
    assert code == 0
    assert [(one["id"], one["where"]) for one in json.loads(out)] == [(a.id, a.where) for a in assumptions()]


def test_assumptions_for_people(run: Run) -> None:
    code, out, _ = run("assumptions")
    assert code == 0
    assert out == "\n\n".join(map(repr, assumptions())) + "\n"


# ---- what is typed wrongly


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        ((), "COMMAND"),
        (("nonsense",), "invalid choice: 'nonsense'"),
        (("--jobs",), "presented: --jobs"),
        (("statements", "--jsn"), "presented: --jsn"),
        (("statements", "more", "words"), "presented: more words"),
        (("doctor", "--json"), "presented: --json"),
        (("sweep", "--jobs", "two"), "invalid int value: 'two'"),
        (("sweep", "--jobs"), "expected one argument"),
        (("sweep", "--jobs", "0"), "So many jobs cannot run."),
        (("sweep", "--jobs", "-3"), "So many jobs cannot run."),
        (("sweep", "--only", "no-such-scenario"), "There is no such scenario."),
        (("sweep", "--only"), "expected one argument"),
        (("sweep", "--out", "/dev/null/x"), "cannot be kept there"),
        (("sweep", "--on", "x"), "presented: --on x"),
    ],
)
def test_what_is_typed_wrongly_is_told_on_stderr(run: Run, argv: tuple[str, ...], said: str) -> None:
    code, out, err = run(*argv)
    assert (code, out) == (2, "")
    assert said in err
    assert "Traceback" not in err


@given(st.lists(st.one_of(st.text(max_size=8), st.sampled_from(["sweep", "statements", "--only", "--json"]))))
def test_nothing_typed_raises(argv: list[str]) -> None:
    # Without a checkout, so that nothing is started.
    def nowhere() -> Path:
        raise BadInput("The course is not here.")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checkout_module, "checkout", nowhere)
        patch.setattr("labkit.doctor.checks", list)
        assert cli.main(argv) in (0, 2)


@pytest.mark.parametrize("command", ["start", "sweep", "statements"])
def test_without_a_checkout_the_message_says_so(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: str
) -> None:
    monkeypatch.setattr(checkout_module, "checkout", lambda: checkout(tmp_path / "labkit"))
    code, out, err = run(command)
    assert (code, out) == (2, "")
    assert err.startswith("labkit: The course is not here")


def test_a_missing_package_is_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "labkit.runner.sweep", None)
    code, _, err = run("sweep")
    assert code == 1
    assert "labkit.runner.sweep" in err
    assert "labkit doctor" in err


def test_a_failing_disk_is_told(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cli, "_sweep", full)
    code, _, err = run("sweep")
    assert (code, err) == (1, "labkit: [Errno 28] No space left on device\n")


# ---- the commands that do something


def test_help_names_every_command(run: Run) -> None:
    code, out, _ = run("--help")
    assert code == 0
    for command in ("start", "doctor", "sweep", "serve", "statements", "assumptions"):
        assert f"\n    {command}" in out
        assert run(command, "--help")[0] == 0


def test_the_version(run: Run) -> None:
    assert run("--version") == (0, f"labkit {labkit.__version__}\n", "")


@pytest.mark.parametrize(("failed", "code"), [(0, 0), (1, 1), (300, 1)])
def test_a_sweep_ends_as_its_scenarios_do(
    run: Run, monkeypatch: pytest.MonkeyPatch, failed: int, code: int
) -> None:
    calls = []

    def sweep(file: Path, choice: Choice, **options: Any) -> int:
        calls.append((file, choice, options))
        return failed

    monkeypatch.setattr("labkit.runner.sweep.sweep", sweep)
    assert run("sweep", "--jobs", "3", "--only", "a", "--only", "b", "--out", "kept")[0] == code
    options = {"jobs": 3, "out": Path("kept"), "reports": [], "plain": False, "dask": None}
    assert calls == [(ROOT / "notebooks" / "scenarios.toml", Choice(["a", "b"], None, [], False), options)]


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What `labkit start` would become."""
    monkeypatch.delenv("JUPYTER_CONFIG_PATH", raising=False)
    calls: list[Any] = []

    def become(program: str, command: list[str], environment: dict[str, str]) -> None:
        calls.append((program, command, environment))
        # The real one does not come back either.
        raise SystemExit(0)

    monkeypatch.setattr(os, "execve", become)
    return calls


def test_start_becomes_jupyterlab_on_the_first_notebook(run: Run, started: list[Any]) -> None:
    assert run("start", "--no-browser", "--port=9999")[0] == 0
    [(program, command, environment)] = started
    assert (program, command[:3]) == (sys.executable, [sys.executable, "-m", "jupyterlab"])
    assert command[3:5] == [
        f"--ServerApp.root_dir={ROOT / 'notebooks'}",
        "--LabApp.default_url=/lab/tree/00-start-here.ipynb",
    ]
    assert command[-2:] == ["--no-browser", "--port=9999"]
    assert environment == {**os.environ, "PYTHONHASHSEED": "0", "JUPYTER_CONFIG_PATH": cli.SETTINGS}


def test_start_does_not_ask_whether_one_wants_news(
    run: Run, started: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", "of-their-own")
    run("start")
    paths = started[0][2]["JUPYTER_CONFIG_PATH"].split(os.pathsep)
    assert paths == [cli.SETTINGS, "of-their-own"]
    page = json.loads((Path(paths[0]) / "labconfig" / "page_config.json").read_text("utf-8"))
    assert page == {"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}


def test_start_asks_no_server_for_anything(run: Run, started: list[Any]) -> None:
    from jupyterlab.labapp import LabApp

    run("start")
    app = LabApp()
    app.parse_command_line([option for option in started[0][1][3:] if option.startswith("--LabApp")])
    assert app.news_url is None
    assert app.check_for_updates_class.__name__ == "NeverCheckForUpdate"
    assert app.extension_manager == "readonly"


def test_what_is_typed_after_start_comes_before_what_we_want(run: Run, started: list[Any]) -> None:
    run("start", "--ServerApp.root_dir=/elsewhere")
    roots = [option for option in started[0][1] if option.startswith("--ServerApp.root_dir")]
    assert roots == ["--ServerApp.root_dir=/elsewhere"]


def test_start_on_windows_waits_for_jupyterlab(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    monkeypatch.setattr(cli.os, "name", "nt")
    monkeypatch.setattr(cli.subprocess, "call", lambda command, env: calls.append(command) or 3)
    monkeypatch.setattr(checkout_module, "checkout", lambda: ROOT)
    assert run("start")[0] == 3
    assert calls[0][1:3] == ["-m", "jupyterlab"]


def test_start_without_the_first_notebook_says_so(
    run: Run, started: list[Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(checkout_module, "checkout", lambda: tmp_path)
    code, _, err = run("start")
    assert (code, started) == (2, [])
    assert "The first notebook is missing." in err


# ---- as a person runs it


def test_it_works_from_any_folder() -> None:
    done = typed("statements", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert len(json.loads(done.stdout)) == len(statements())


def test_python_runs_it_too() -> None:
    command = [sys.executable, "-m", "labkit", "assumptions", "--json"]
    done = subprocess.run(command, cwd="/", capture_output=True, text=True, check=True)
    assert len(json.loads(done.stdout)) == len(assumptions())
    done = subprocess.run([*command[:3], "nonsense"], cwd="/", capture_output=True, text=True)
    assert done.returncode == 2


def test_a_reader_that_has_seen_enough_is_no_trouble() -> None:
    ours, theirs = os.pipe()
    os.close(ours)
    program = Path(sys.executable).with_name("labkit")
    done = subprocess.run([program, "statements"], stdout=theirs, stderr=subprocess.PIPE, text=True)
    os.close(theirs)
    assert (done.returncode, done.stderr) == (cli.PIPE_CLOSED, "")


def test_a_full_disk_is_told() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    program = Path(sys.executable).with_name("labkit")
    with open("/dev/full", "w") as full:
        done = subprocess.run([program, "assumptions"], stdout=full, stderr=subprocess.PIPE, text=True)
    assert "No space left" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_what_a_terminal_cannot_spell_is_no_trouble(encoding: str) -> None:
    done = typed("statements", env={**os.environ, "PYTHONIOENCODING": encoding})
    assert (done.returncode, done.stderr) == (0, "")
