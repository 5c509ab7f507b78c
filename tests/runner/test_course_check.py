"""`labkit course check`: the same rows whatever the number of processes, and an end that a build can see."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from labkit import cli
from labkit.checkout import checkout
from labkit.course import course_check
from labkit.course.course_check import chosen, course, gathered
from labkit.course.exercise import Exercise
from labkit.course.exercise_faults import Fault
from labkit.course.progress_place import progress_file
from labkit.course.worksheet import exercises

Run = Callable[..., tuple[int, str, str]]
FOLDER = checkout() / "notebooks"
TWO = ("--only", "start-rita-reads", "--only", "start-scope")


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def go(*argv: str) -> tuple[int, str, str]:
        code = cli.main(["course", "check", *argv])
        return (code, *capsys.readouterr())

    return go


@pytest.fixture
def solved(monkeypatch: pytest.MonkeyPatch) -> None:
    """The course, but that a starter has been solved and committed."""

    def spoilt() -> tuple[Exercise, ...]:
        return tuple(replace(t, starter=t.solution) if t.id == "start-scope" else t for t in exercises())

    monkeypatch.setattr(course_check, "exercises", spoilt)


def test_what_holds_is_a_row_and_an_exit_code(run: Run) -> None:
    code, out, err = run(*TWO, "--jobs", "1")
    assert (code, err) == (0, "")
    rows = [line.split() for line in out.splitlines() if line.startswith("00-")]
    assert rows == [["00-start-here", "start-scope", "3", "3", rows[0][4], "holds"], [*rows[1][:3], "holds"]]
    assert out.endswith("2 of 2 hold.\n")
    assert not progress_file().exists()


def test_several_processes_print_the_same(run: Run) -> None:
    assert run(*TWO, "--jobs", "2") == run(*TWO, "--jobs", "1")
    assert run(*TWO, "--jobs", "2", "--json") == run(*TWO, "--jobs", "1", "--json")


def test_what_is_wrong_is_told_with_what_to_do_next(run: Run, solved: None) -> None:
    code, out, err = run(*TWO, "--jobs", "1")
    assert (code, err) == (1, "")
    assert "1 of 2 hold" in out
    assert "wrong  start-scope: the starter passes already" in out
    assert "what to do: leave out of it what is to be learned" in out
    assert out.endswith("When that is done: labkit course check --only start-scope\n")


def test_a_program_reads_the_same(run: Run, solved: None) -> None:
    code, out, _ = run(*TWO, "--json", "--jobs", "1")
    found = json.loads(out)
    assert (code, found["holds"]) == (1, False)
    rows = {row["id"]: row for row in found["checked"]}
    assert list(rows) == ["start-scope", "start-rita-reads"]
    assert rows["start-rita-reads"]["faults"] == []
    assert {"says", "todo"} == set(rows["start-scope"]["faults"][0])


@pytest.mark.parametrize(
    "argv", [("--only", "start-scop"), ("--jobs", "0"), ("--jobs", "-1"), ("--jobs", "two"), ("--all",)]
)
def test_what_was_typed_wrongly_is_told(run: Run, argv: tuple[str, ...]) -> None:
    code, out, err = run(*argv)
    assert (code, out) == (2, "")
    assert err


def test_what_about_the_course_has_to_be_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["course"]) == 2
    assert "labkit course check" in capsys.readouterr().err


def test_ids_are_unique_and_every_notebook_is_whole() -> None:
    tasks = chosen()
    assert len(tasks) == len(course()) > 100
    assert gathered(tasks, [], FOLDER, all_of_it=True).faults == []


def test_an_id_that_stands_twice_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(course_check, "exercises", lambda: (*exercises(), exercises()[0]))
    found = gathered(course(), [], FOLDER, all_of_it=True)
    assert Fault(exercises()[0].id, "the id stands twice", "give each its own") in found.faults


def test_an_id_that_only_a_notebook_has_counts_where_all_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    lost = Fault("no-such", "exercise('no-such') does not exist", "correct the id")
    monkeypatch.setattr(course_check, "faults_of_course", lambda folder: [lost])
    everything = gathered(course(), [], FOLDER, all_of_it=True)
    assert everything.faults == [lost]
    assert repr(everything).endswith("When that is done: labkit course check")
    assert everything.as_json()["checked"][-1]["kind"] == "unknown"
    assert gathered(chosen(["start-scope"]), [], FOLDER, all_of_it=False).faults == []
