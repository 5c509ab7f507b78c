"""The notes for instructors: each notebook has one, what they name exists, and what they show is so."""

import ast
import io
import json
import re
import shlex
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

import labkit
from labkit import cli
from labkit.checkout import checkout
from labkit.core.errors import BadInput
from labkit.course import notes as module
from labkit.course.core_part import core, standing
from labkit.course.drills import DRILLS
from labkit.course.lessons import lesson, lessons
from labkit.course.notes import DAY, FOLDER, names, note
from labkit.course.prediction import predictions
from labkit.course.recorded_answers import recorded_answers
from labkit.course.schedule import headings, schedule, section_minutes
from labkit.course.worksheet import exercises

NOTEBOOKS = checkout() / "notebooks"
STEMS = [path.stem for path in sorted(NOTEBOOKS.glob("*.ipynb"))]
WRITTEN = {path.stem: path.read_text("utf-8") for path in sorted(FOLDER.glob("*.md"))}
SECTIONS = [
    *("Open with", "Show live", "Where people get stuck", "Discuss", "Shorter, deeper", "Azure today"),
]
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_QUOTED = re.compile(r"`([^`\n]+)`")
_AN_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)+")
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def go(*argv: str) -> tuple[int, str, str]:
        code = cli.main(["course", "notes", *argv])
        return (code, *capsys.readouterr())

    return go


def blocks(text: str, kind: str) -> list[str]:
    return [body for found, body in _BLOCK.findall(text) if found == kind]


def shown(source: str) -> str:
    """What a cell with this source shows: what it prints, and its last line where that is an expression."""
    tree, names, out = ast.parse(source), {}, io.StringIO()  # type: ignore[var-annotated]
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    with redirect_stdout(out), redirect_stderr(io.StringIO()):
        exec(compile(tree, "<note>", "exec"), names)
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), "<note>", "eval"), names)
            print(*([] if value is None else [repr(value)]))
    return "\n".join(line.rstrip() for line in out.getvalue().strip().splitlines())


# ---- what a person has written


def test_every_notebook_has_a_note_and_every_note_a_notebook() -> None:
    assert sorted(WRITTEN) == sorted([*STEMS, DAY])
    assert list(names()) == [DAY, *STEMS]


@pytest.mark.parametrize("stem", STEMS)
def test_a_note_has_all_its_sections_in_order_and_fills_a_screen_or_two(stem: str) -> None:
    text = WRITTEN[stem]
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == SECTIONS
    assert 40 <= len(text.splitlines()) <= 80
    assert text.count('"') >= 2, "a question to open with"
    assert not re.search(r"[—–]", text)
    assert max(len(line) for line in _BLOCK.sub("", text).splitlines()) <= 120


@pytest.mark.parametrize("stem", [*STEMS, DAY])
def test_what_a_note_shows_live_comes_out(stem: str) -> None:
    text = WRITTEN[stem]
    code = blocks(text, "python")
    assert len(code) == 1
    assert all(len(source.splitlines()) <= 15 for source in code)
    assert [f"{shown(source)}\n" for source in code] == blocks(text, "text")


@pytest.mark.parametrize("stem", [*STEMS, DAY])
def test_the_commands_of_a_note_are_commands(stem: str) -> None:
    lines = [line for block in blocks(WRITTEN[stem], "console") for line in block.splitlines()]
    inline = [text for text in _QUOTED.findall(WRITTEN[stem]) if text.startswith("labkit ")]
    for line in (*lines, *inline):
        argv = shlex.split(line)[1:]
        if argv[-1] != "import":  # named without its file
            cli._parser().parse_args(argv)


def known() -> set[str]:
    root = Path(labkit.__file__).parent
    ids = {task.id for task in (*exercises(), *predictions())}
    ids |= {wrong.misconception for task in exercises() for wrong in task.wrong}
    ids |= set(re.findall(r'^id = "(.+)"', (root / "statements.toml").read_text("utf-8"), re.MULTILINE))
    return ids | set(STEMS) | set(DRILLS)


# Words of Azure's command line, which look like ids.
COMMANDS = {"create-for-rbac"}


@pytest.mark.parametrize("stem", [*STEMS, DAY])
def test_every_id_that_a_note_names_exists_and_is_of_its_notebook(stem: str) -> None:
    own = {task.id for task in (*exercises(), *predictions()) if Path(task.notebook).stem == stem}
    named = {text for text in _QUOTED.findall(WRITTEN[stem]) if _AN_ID.fullmatch(text)} - COMMANDS
    assert named <= known()
    if stem != DAY:
        assert named & own
        assert named <= own


@pytest.mark.parametrize("stem", STEMS)
def test_a_section_that_a_note_names_by_number_is_there(stem: str) -> None:
    prose = lesson(NOTEBOOKS / f"{stem}.ipynb").prose
    there = set(re.findall(r"^## (\d+)\. ", prose, re.MULTILINE))
    spans = re.findall(r"[Ss]ections? ((?:\d+(?:, | and | to )?)+)", WRITTEN[stem])
    assert {number for span in spans for number in re.findall(r"\d+", span)} <= there


# ---- what is generated


@pytest.mark.parametrize("stem", STEMS)
def test_a_note_has_every_section_prediction_exercise_and_wrong_idea(stem: str) -> None:
    told = note(stem).markdown()
    for task in (one for one in exercises() if Path(one.notebook).stem == stem):
        assert f"### `{task.id}`: {task.title} ({task.minutes} minutes, " in told
        assert f"| exercise `{task.id}` | {task.minutes} |" in told
        assert all(f"| `{wrong.misconception}` | " in told for wrong in task.wrong)
        assert task.solution.strip() not in told
    for one in (one for one in predictions() if Path(one.notebook).stem == stem):
        assert f"| `{one.id}` | " in told
    for heading in section_minutes(NOTEBOOKS, lesson(NOTEBOOKS / f"{stem}.ipynb")):
        assert f"| {heading} | about " in told
    assert WRITTEN[stem].strip() in told
    rows = [line for line in _BLOCK.sub("", told).splitlines() if line.startswith("|")]
    assert all(line.endswith(" |") for line in rows)


def test_solutions_and_what_the_lab_shows_are_there_when_asked_for() -> None:
    [task] = [one for one in exercises() if one.id == "start-scope"]
    plain, full = note("00").markdown(), note("00").markdown(tried=True, solutions=True)
    assert task.solution.strip() in full
    assert task.explanation in full
    for saw in ("is a scope, and a wider one.", "is a name, and not a scope."):
        assert saw in full
        assert saw not in plain


def test_what_the_lab_answers_is_read_from_what_was_recorded() -> None:
    answers: dict[str, str] = {}
    for stem in STEMS:
        answers |= recorded_answers(NOTEBOOKS / f"{stem}.ipynb")
    assert answers.keys() == {one.id for one in predictions()}
    assert all(answers[one.id] in one.options for one in predictions())
    assert (answers["start-rita-reads"], answers["enc-after-disable-61"]) == ("accepted", "refused")
    # Two that one cell reveals, one after the other.
    assert (answers["svc-region-token"], answers["mon-in-log"]) == ("accepted", "3")


def test_a_notebook_that_was_not_recorded_is_told(tmp_path: Path) -> None:
    text = (NOTEBOOKS / f"{STEMS[0]}.ipynb").read_text("utf-8").replace("The lab answered", "It said")
    (tmp_path / "00.ipynb").write_text(text, "utf-8")
    with pytest.raises(BadInput, match="0 answers to bet"):
        recorded_answers(tmp_path / "00.ipynb")


def test_a_bar_in_a_cell_does_not_end_it() -> None:
    assert module._table(("a", "b"), [("x|y", "one\ntwo")]).splitlines()[-1] == "| x\\|y | one two |"


# ---- core and optional


def test_core_is_what_the_schedule_has_and_all_else_is_optional() -> None:
    parts = [part for session in schedule(NOTEBOOKS).sessions for part in session.parts]
    assert {one.lesson.notebook: (one.sections, one.exercises) for one in parts} == dict(core())
    for each in lessons(NOTEBOOKS):
        sections, tasks = core()[each.notebook]
        for name in section_minutes(NOTEBOOKS, each):
            assert standing(each.notebook, name) == ("core" if name in sections else "optional")
        for task in (one for one in exercises() if one.notebook == each.notebook):
            assert standing(each.notebook, task.id) == ("core" if task.id in tasks else "optional")
    assert standing("no-such.ipynb", "anything") == "optional"


def test_the_minutes_of_a_notebook_are_those_of_its_parts() -> None:
    for each in lessons(NOTEBOOKS):
        parts = section_minutes(NOTEBOOKS, each)
        own = sum(task.minutes for task in exercises() if task.notebook == each.notebook)
        assert abs(each.minutes - own - sum(parts.values())) <= len(parts) / 2
        assert list(parts) == headings(_read(each.notebook))


def _read(name: str) -> dict[str, object]:
    found: dict[str, object] = json.loads((NOTEBOOKS / name).read_text("utf-8"))
    return found


# ---- the command


def test_without_a_name_it_says_what_there_is(run: Run) -> None:
    code, out, err = run()
    assert (code, err) == (0, "")
    assert out.splitlines() == [f"labkit course notes {name}" for name in names()]


@pytest.mark.parametrize("name", ["01", "01-authentication-flow", "01-authentication-flow.ipynb"])
def test_a_note_is_printed(run: Run, name: str) -> None:
    code, out, err = run(name)
    assert (code, err) == (0, "")
    assert out == note("01-authentication-flow").markdown()
    assert out == repr(note("01-authentication-flow"))


def test_the_day_is_a_note_too(run: Run) -> None:
    assert run("day") == (0, WRITTEN[DAY], "")


@pytest.mark.parametrize("name", ["11", "", "nothing", "../schedule"])
def test_a_note_that_is_not_there_is_told(run: Run, name: str) -> None:
    code, out, err = run(name)
    assert (code, out) == (2, "")
    assert "There is no such note" in err
