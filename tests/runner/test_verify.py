"""`labkit verify`: what it finds, how it tells of it, and how it ends."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit import cli
from labkit.runner.differences import first_difference
from labkit.runner.execute import Failure
from labkit.runner.findings import Checked, Finding, junit
from labkit.runner.record import record
from labkit.runner.report import FAILED, PASSED, Report, write
from labkit.runner.report import Run as Went
from labkit.runner.verify import Wanted, verified

Run = Callable[..., tuple[int, str, str]]
KEY = "A1b2C3d4" * 10 + "abcdeQ=="


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def go(*argv: object) -> tuple[int, str, str]:
        code = cli.main(["verify", *map(str, argv)])
        return (code, *capsys.readouterr())

    return go


def written(folder: Path, name: str, *sources: str, recorded: bool = True, **changes: Any) -> Path:
    """A notebook of these code cells, as `labkit record` stores it, or not executed at all."""
    cells = [nbformat.v4.new_code_cell(source, id=f"c{n}") for n, source in enumerate(sources, 1)]
    path = folder / f"{name}.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=changes), path)
    if recorded:
        path.write_text(record(path), "utf-8")
    return path


def stored(path: Path, *texts: str | None) -> None:
    """Puts texts where the outputs of an executed notebook would be; None where a cell was not executed."""
    notebook = nbformat.read(path, as_version=4)
    for number, (cell, text) in enumerate(zip(notebook.cells, texts, strict=True), 1):
        if text is None:
            continue
        cell.execution_count = number
        cell.outputs = [
            nbformat.v4.new_output("execute_result", {"text/plain": text}, execution_count=number)
        ]
    nbformat.write(notebook, path)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One notebook that holds, and one for each thing that may be wrong with a notebook."""
    folder = tmp_path_factory.mktemp("notebooks")
    both = "import sys\n\nprint('y', file=sys.stderr)\nprint('z')"
    written(folder, "holds", "print('x')", both, "1 + 1")
    varies = "import uuid\n\nstr(uuid.uuid4())"
    secret = "import base64, os\n\n'AccountKey=' + base64.b64encode(os.urandom(64)).decode()"
    sources = ("1 + 1", "2 + 2", varies, secret, "3 + 3")
    stored(written(folder, "differs", *sources, recorded=False), "2", "5", "'x'", f"'AccountKey={KEY}'", None)
    stored(written(folder, "fails", "1 / 0", recorded=False), "1")
    stored(written(folder, "dies", "import os\n\nos._exit(3)", "1", recorded=False), "1", "1")
    (folder / "words.ipynb").write_text("words")
    (folder / "half.ipynb").write_text('{"nbformat": 4, "nbformat_minor": 5, "cells": [{}], "metadata": {}}')
    (folder / "newer.ipynb").write_text('{"nbformat": 4, "nbformat_minor": 99, "cells": [], "metadata": {}}')
    (folder / "older.ipynb").write_text(
        '{"nbformat": 3, "nbformat_minor": 0, "worksheets": [], "metadata": {}}'
    )
    written(
        folder, "other", "1", recorded=False, kernelspec={"name": "ir", "display_name": "R", "language": "R"}
    )
    (folder / "beside.py").write_text(f"connect('AccountKey={KEY}')\n")
    return folder


@pytest.fixture(scope="module")
def checked(folder: Path) -> list[Checked]:
    return list(verified(Wanted(folder, jobs=2)))


def told(checked: list[Checked], file: str, check: str) -> list[str]:
    [one] = [one for one in checked if (one.file, one.check) == (file, check)]
    return [str(finding).partition("; to do: ")[0] for finding in one.findings]


def of_cells(lines: list[str], *cells: str) -> list[str]:
    return [line for line in lines if any(f"cell {cell}" in line for cell in cells)]


def test_a_notebook_that_holds_has_no_finding(checked: list[Checked]) -> None:
    for check in ("readable", "nbval", "determinism", "secrets"):
        assert told(checked, "holds.ipynb", check) == []


def test_what_is_not_what_is_stored_is_told_with_its_cell(checked: list[Checked]) -> None:
    assert of_cells(told(checked, "differs.ipynb", "nbval"), "c1", "c2") == [
        "nbval: differs.ipynb, cell c2: text/plain: line 1: stored '5', came out '4'"
    ]
    assert of_cells(told(checked, "differs.ipynb", "determinism"), "c1", "c2") == [
        "determinism: differs.ipynb, cell c2, output 1 (text/plain): not what is stored: "
        "line 1: stored '5', came out '4'"
    ]


def test_what_differs_between_two_executions_is_told_as_that(checked: list[Checked]) -> None:
    [line] = of_cells(told(checked, "differs.ipynb", "determinism"), "c3")
    assert line.startswith(
        "determinism: differs.ipynb, cell c3, output 1 (text/plain): two executions differ: line 1: first \"'"
    )


def test_a_secret_that_varies_is_not_printed(checked: list[Checked]) -> None:
    lines = [str(finding) for one in checked for finding in one.findings if one.file == "differs.ipynb"]
    lines = of_cells(lines, "c4")
    assert {line.partition(":")[0] for line in lines} == {"nbval", "determinism", "secrets"}
    assert not any(re.search(r"[A-Za-z0-9+/]{12,}={0,2}", line) for line in lines)


def test_a_cell_that_fails_and_a_kernel_that_dies_are_told(checked: list[Checked]) -> None:
    assert told(checked, "fails.ipynb", "nbval") == [
        "nbval: fails.ipynb, cell c1: it fails: ZeroDivisionError: division by zero"
    ]
    assert told(checked, "fails.ipynb", "determinism") == [
        "determinism: fails.ipynb: it cannot be executed to its end: ZeroDivisionError: division by zero"
    ]
    assert told(checked, "dies.ipynb", "nbval") == ["nbval: dies.ipynb, cell c1: the kernel died"]
    [line] = told(checked, "dies.ipynb", "determinism")
    assert "cannot be executed to its end" in line


def test_a_cell_that_was_never_executed_does_not_pass(checked: list[Checked]) -> None:
    assert of_cells(told(checked, "differs.ipynb", "nbval"), "c5") == [
        "nbval: differs.ipynb, cell c5: it was never executed, so that nothing was compared"
    ]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("words", "it is not JSON"),
        ("half", "it is no valid notebook"),
        ("newer", r"it is of nbformat 4\.99"),
        ("older", r"it is of nbformat 3\.0"),
        ("other", "it is written in R"),
    ],
)
def test_what_cannot_be_executed_is_told_and_the_others_are_checked(
    checked: list[Checked], name: str, why: str
) -> None:
    [line] = told(checked, f"{name}.ipynb", "readable")
    assert re.search(why, line)
    left_out = [one.check for one in checked if one.file == f"{name}.ipynb" and one.left_out]
    assert left_out == ["nbval", "determinism"]


def test_files_beside_the_notebooks_are_searched(checked: list[Checked]) -> None:
    assert told(checked, "beside.py", "secrets") == [
        "secrets: beside.py: a connection string, A1b2…, 88 characters"
    ]


def test_the_junit_file_has_a_case_for_each_notebook_and_check(checked: list[Checked], folder: Path) -> None:
    root = ElementTree.fromstring(junit(checked))
    cases = {(case.get("classname"), case.get("name")): case for case in root.iter("testcase")}
    for path in folder.glob("*.ipynb"):
        for check in ("readable", "nbval", "determinism", "secrets"):
            [one] = [one for one in checked if (one.file, one.check) == (path.name, check)]
            case = cases.pop((path.name, check))
            failure, skipped = case.find("failure"), case.find("skipped")
            assert (failure is not None, skipped is not None) == (bool(one.findings), bool(one.left_out))
            if failure is not None:
                assert (failure.text or "").splitlines() == [str(finding) for finding in one.findings]
    assert list(cases) == [("beside.py", "secrets")]
    failures = sum(bool(one.findings) for one in checked)
    assert (root.get("tests"), root.get("failures")) == (f"{len(checked)}", f"{failures}")


@given(st.text(st.characters(), max_size=40))
def test_whatever_is_seen_the_junit_file_is_xml_and_a_finding_is_one_line(text: str) -> None:
    finding = Finding("nbval", "a.ipynb", text, text, text)
    root = ElementTree.fromstring(
        junit([Checked(f"{text}", "nbval", 0.1, (finding,), ""), Checked("b", "c", 0, (), text)])
    )
    assert len(list(root.iter("testcase"))) == 2
    assert len(str(finding).splitlines()) == 1


# ---- the command


def test_it_ends_with_0_where_everything_holds(run: Run, folder: Path, tmp_path: Path) -> None:
    path = Path(shutil.copy(folder / "holds.ipynb", tmp_path / "a.ipynb"))
    notebook = nbformat.read(path, as_version=4)
    # As JupyterLab would store it: with traces of how it was executed, and a stream in pieces.
    notebook.metadata.kernelspec.display_name = "Another name"
    for cell in notebook.cells:
        cell.metadata["execution"] = {"iopub.execute_input": "2020-03-13T09:00:00Z"}
    piece = nbformat.v4.new_output("stream", name="stdout", text="x")
    notebook.cells[0].outputs = [piece, nbformat.v4.new_output("stream", name="stdout", text="\n")]
    nbformat.write(notebook, path)
    code, out, err = run("--notebooks", tmp_path, "--junit", tmp_path / "new" / "v.xml")
    assert code == 0, out
    assert out.splitlines() == [
        "readable: 1 file, 0 findings",
        "nbval: 1 file, 0 findings",
        "determinism: 1 file, 0 findings",
        "secrets: 1 file, 0 findings",
        "No outputs of a sweep were searched; --outputs DIR names them.",
    ]
    assert [line.rpartition(",")[0] for line in err.splitlines()] == [
        "a.ipynb nbval: ok",
        "a.ipynb determinism: ok",
    ]
    assert ElementTree.parse(tmp_path / "new" / "v.xml").getroot().get("failures") == "0"


def test_it_runs_the_scenarios_beside_the_notebooks_and_searches_what_they_leave(
    run: Run, tmp_path: Path
) -> None:
    show = "from labkit.course.outcome import outcome\n\noutcome(call=call)"
    path = written(tmp_path, "a", "call = 'x'", show, recorded=False)
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[0].metadata["tags"] = ["parameters"]
    nbformat.write(notebook, path)
    entries = [("holds", "x", "x"), ("fails", "y", "z"), ("leaks", f"AccountKey={KEY}", f"AccountKey={KEY}")]
    (tmp_path / "scenarios.toml").write_text(
        "\n".join(
            f'[[scenario]]\nname = "{name}"\nnotebook = "a.ipynb"\nsays = "x"\n'
            f'parameters = {{ call = "{given}" }}\nexpect = {{ call = "{wanted}" }}'
            for name, given, wanted in entries
        )
    )
    code, out, _ = run("--notebooks", tmp_path, "--json", "--jobs", 1)
    assert code == 1
    read = json.loads(out)
    found = {(one["check"], one["file"]): one["saw"] for one in read["findings"]}
    assert read["holds"] is False
    assert "expected 'z', came out 'y'" in found["scenarios", "a.ipynb"]
    assert found["secrets", "sweep/leaks.ipynb"].startswith("a connection string, A1b2…")
    assert ("secrets", "scenarios.toml") in found
    assert KEY not in out
    assert {one["file"] for one in read["checked"] if one["file"].startswith("sweep/")} >= {
        "sweep/holds.ipynb"
    }


def test_one_notebook_and_what_a_sweep_has_kept(run: Run, folder: Path, tmp_path: Path) -> None:
    shutil.copy(folder / "holds.ipynb", tmp_path / "a.ipynb")
    written(tmp_path, "b", "1 / 0", recorded=False)
    kept = tmp_path / "kept"
    (kept / "deep").mkdir(parents=True)
    (kept / "deep" / "page.html").write_text(f"<p title='AccountKey={KEY}'>x</p>")
    runs = [
        Went("good", "b.ipynb", "x", {}, PASSED),
        Went("bad", "b.ipynb", "x", {}, FAILED, 1, {}, Failure("c", "1", "E", KEY)),
    ]
    write(Report((*runs, Went("late", "b.ipynb", "x", {}))), kept)
    code, out, _ = run("--notebooks", tmp_path, "--only", "a.ipynb", "--outputs", kept, "--jobs", 1)
    assert code == 1
    found = [line.partition("; to do: ")[0] for line in out.splitlines() if "to do" in line]
    assert found[0].startswith("scenarios: b.ipynb, scenario bad: ")
    assert found[1:] == [
        "scenarios: b.ipynb, scenario late: it was not run",
        "secrets: deep/page.html: a connection string, A1b2…, 88 characters",
        "secrets: report.json: an account key, A1b2…, 88 characters",
    ]
    assert KEY not in out
    (kept / "report.json").write_text("{}")
    # Nothing is executed for it.
    (tmp_path / "a.ipynb").write_text("words")
    code, out, _ = run("--notebooks", tmp_path, "--only", "a.ipynb", "--outputs", kept)
    assert (code, "scenarios: report.json: This is no report of a sweep." in out) == (1, True)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--notebooks", "missing"], "There is no such folder"),
        (["--notebooks", "a.ipynb"], "There is no such folder"),
        (["--notebooks", "empty"], "Nothing would be checked: there is no notebook"),
        (["--notebooks", "above"], "above/below"),
        (["--notebooks", "prose"], "there is no code in any notebook"),
        (["--only", "b.ipynb"], "There is no such notebook"),
        (["--outputs", "missing"], "There is no such folder"),
        (["--outputs", "empty"], "Nothing would be searched"),
        (["--notebooks", "scenarios"], "it has no [[scenario]]"),
        (["--jobs", "0"], "So many jobs cannot run"),
        (["--junit", "."], "The JUnit file cannot be written"),
        (["--junit", "a.ipynb/x"], "The JUnit file cannot be written"),
    ],
    ids=" ".join,
)
def test_what_cannot_be_checked_is_refused_before_anything_runs(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], says: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("empty", "above/below", "prose", "scenarios"):
        Path(name).mkdir(parents=True)
    Path("scenarios/scenarios.toml").touch()
    for place in (".", "above/below", "scenarios"):
        written(Path(place), "a", "from pathlib import Path\nPath('ran').touch()", recorded=False)
    prose = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("x", id="one")])
    nbformat.write(prose, Path("prose") / "a.ipynb")
    code, out, err = run(*([] if "--notebooks" in options else ["--notebooks", "."]), *options)
    assert (code, out) == (2, "")
    assert says in err
    assert "Traceback" not in err
    assert not Path("ran").exists()


# ---- a difference in a line


@given(st.text(max_size=200), st.text(max_size=200))
def test_a_difference_is_told_where_there_is_one(one: str, other: str) -> None:
    told = first_difference(one, other, ("stored", "came out"))
    assert bool(told) is (one != other)
    assert len(told) < 400


def test_only_what_is_around_it_is_shown() -> None:
    told = first_difference(f"a\n{'x' * 90}1{'y' * 90}", f"a\n{'x' * 90}2{'y' * 90}", ("stored", "came out"))
    assert told == f"line 2: stored …'{'x' * 20}1{'y' * 39}'…, came out …'{'x' * 20}2{'y' * 39}'…"
    assert (
        first_difference("a", "a\nb", ("stored", "came out"))
        == "line 2: stored has no such line, came out 'b'"
    )
