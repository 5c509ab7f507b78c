"""A day with a class: what is in it exists, comes in the order of the course, and fits."""

import json
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest

from labkit import cli
from labkit.checkout import checkout
from labkit.core.errors import BadInput
from labkit.course import schedule as module
from labkit.course.lessons import lessons
from labkit.course.schedule import Schedule, headings, schedule
from tests.course.samples import ABOVE, ROLES

FOLDER = checkout() / "notebooks"
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def go(*argv: str) -> tuple[int, str, str]:
        code = cli.main(["course", "schedule", *argv])
        return (code, *capsys.readouterr())

    return go


# ---- the day of this course


def test_the_core_of_the_course_fits_six_hours() -> None:
    day = schedule(FOLDER)
    assert day.target == 360
    assert day.minutes <= 360
    assert day.overruns == []


def test_every_notebook_has_its_part_in_reading_order_and_nothing_twice() -> None:
    parts = [part for session in schedule(FOLDER).sessions for part in session.parts]
    assert [part.lesson for part in parts] == list(lessons(FOLDER))
    for part in parts:
        named = [*part.sections, *part.exercises]
        assert len(set(named)) == len(named)
        assert part.sections
        assert part.exercises
        book = json.loads((FOLDER / part.lesson.notebook).read_text("utf-8"))
        assert list(part.sections) == [one for one in headings(book) if one in part.sections]


# ---- how it is reckoned

DAY = """
break = 15
lunch = 60
lunch_after = 1
[[session]]
name = "Morning"
target = 30
[[session.part]]
notebook = "00-start-here.ipynb"
sections = ["One", "Three"]
exercises = ["sample-above"]
[[session]]
name = "Noon"
target = 10
part = []
[[session]]
name = "Evening"
target = 20
part = []
"""
PROSE = "# Title\n\n## 1. One\n\n## 2. Two\n\n### In two\n\n## Three\n\n## 4. Exercises\n\n## Summary"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A notebook of 45 minutes: 2 and 3 for exercises, 40 for three sections."""
    about = {"title": "Title", "minutes": 45, "teaches": [], "requires": []}
    cells = [nbformat.v4.new_markdown_cell(PROSE), nbformat.v4.new_code_cell("## Four")]
    book = nbformat.v4.new_notebook(cells=cells, metadata={"labkit": about})
    nbformat.write(book, tmp_path / ROLES.notebook)
    monkeypatch.setattr(module, "exercises", lambda: (ROLES, ABOVE))
    return tmp_path


def day(folder: Path, text: str = DAY, target: int | None = None) -> Schedule:
    (folder / "day.toml").write_text(text, "utf-8")
    return schedule(folder, target, folder / "day.toml")


def test_reading_is_spread_over_the_sections_and_exercises_keep_their_minutes(folder: Path) -> None:
    found = day(folder)
    [part] = found.sessions[0].parts
    # Two thirds of 40, rounded up, and 3.
    assert (part.minutes, part.left_out) == (30, 15)
    assert (found.breaks, found.minutes, found.target) == (1, 45, 75)
    assert found.overruns == []
    assert [row[0] for row in found.tables()[0].rows] == ["0:00", "0:30", "1:30"]
    assert [row[-1] for row in found.tables()[0].rows[1:]] == ["lunch", "break"]


def test_a_session_that_overruns_is_told_with_what_to_do(folder: Path) -> None:
    late = day(folder, DAY.replace("target = 30", "target = 29"))
    assert late.overruns == ["Morning takes 30 minutes, 1 more than its 29."]
    assert "What to do: take something out of labkit/course/schedule.toml" in repr(late)


def test_another_target_changes_all_sessions_in_proportion(folder: Path) -> None:
    found = day(folder, target=45)
    assert [session.target for session in found.sessions] == [15, 5, 10]
    assert found.overruns == ["Morning takes 30 minutes, 15 more than its 15."]
    assert day(folder, target=44).overruns[-1] == "The day takes 0:45, and 0:44 is what there is."


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"Three"', '"4. Three"', "There is no such section in 00-start-here.ipynb"),
        ('"Three"', '"Summary"', "One or Two or Three"),
        ('"sample-above"', '"auth-whose"', "There is no such exercise in 00-start-here.ipynb"),
        ("00-start-here", "99-end", "There is no such notebook"),
        ("break = 15", "", "KeyError: 'break'"),
        ("[[session]]", "[[session", "TOMLDecodeError"),
    ],
)
def test_what_is_not_there_is_told(folder: Path, old: str, new: str, said: str) -> None:
    with pytest.raises(BadInput) as told:
        day(folder, DAY.replace(old, new, 1))
    assert said in str(told.value)
    assert "day.toml" in str(told.value)


# ---- the command


def test_the_command_prints_the_day(run: Run) -> None:
    code, out, err = run()
    assert (code, err) == (0, "")
    assert out == f"{schedule(FOLDER)!r}\n"
    assert run("--target", "6h") == (0, out, "")


def test_a_day_that_is_too_short_fails(run: Run) -> None:
    code, out, _ = run("--target", "4h30m")
    assert code == 1
    assert "of 4:30" in out
    assert "What to do: " in out


@pytest.mark.parametrize("target", ["soon", "", "-1h", "6", "30m"])
def test_a_target_that_is_no_day_was_typed_wrongly(run: Run, target: str) -> None:
    code, out, err = run(f"--target={target}")
    assert (code, out) == (2, "")
    assert err.startswith("labkit: ")
