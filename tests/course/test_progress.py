"""What is noted while somebody learns, and what is said of it."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from labkit.core.errors import BadInput
from labkit.course import keeper, prediction, worksheet
from labkit.course.calibration import calibrated, calibration
from labkit.course.core_part import core
from labkit.course.exercise import Exercise
from labkit.course.keeper import known
from labkit.course.lessons import Lesson
from labkit.course.overview import Detail, Overview, next_step
from labkit.course.prediction import Prediction, predict
from labkit.course.progress import begin_anew, progress, progress_explorer, resume
from labkit.course.progress_place import progress_file
from labkit.course.progress_state import Effort, Forecast, Progress, attempted, chose, hinted, revealed
from labkit.course.steps import Chapter, Step, chapters, tasks
from labkit.course.worksheet import Worksheet, exercise
from tests.course.progress_samples import played
from tests.course.samples import ABOVE, ROLES

RIGHT = {"carl": "contributor", "rita": "reader"}
BET = Prediction("bet", "00-start-here.ipynb", "What will happen?", ("accepted", "refused"))


@pytest.fixture
def restart(monkeypatch: pytest.MonkeyPatch) -> object:
    """Restarts the kernel: what it had in memory is gone."""

    def go() -> None:
        monkeypatch.setattr(worksheet, "_taken", {})
        monkeypatch.setattr(keeper, "_keeper", keeper.Keeper())

    return go


@pytest.fixture
def one_bet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prediction, "content", lambda table: (BET,))


# ---- exercises


def test_an_exercise_is_followed_from_the_first_attempt_to_the_explanation(restart: object) -> None:
    Worksheet(ROLES).check({"carl": "reader", "rita": "reader"})
    Worksheet(ROLES).check({"carl": "reader", "rita": "reader"})
    Worksheet(ROLES).hint()
    # A copied cell, a cell that was split: other objects, the same exercise.
    Worksheet(ROLES).check(17)
    restart()  # type: ignore[operator]
    Worksheet(ROLES).hint()
    assert known().exercises["sample-roles"] == Effort(3, False, 1, {"all-equal": 2}, False, 5)
    Worksheet(ROLES).check(RIGHT)
    assert known().exercises["sample-roles"] == Effort(4, True, 1, {"all-equal": 2}, True, 6)


def test_the_three_dots_are_no_attempt() -> None:
    Worksheet(ROLES).check(...)
    assert known() == Progress()
    assert not progress_file().exists()


def test_a_solution_that_was_read_is_noted() -> None:
    assert repr(Worksheet(ABOVE).reveal()) == ABOVE.solution
    assert known().exercises == {"sample-above": Effort(explained=True, last=1)}


def test_asking_for_more_hints_than_there_are_is_no_hint() -> None:
    for _ in range(5):
        Worksheet(ROLES).hint()
    assert known().exercises["sample-roles"].hints == 3


def test_an_idea_that_the_exercise_does_not_list_is_not_kept() -> None:
    from labkit.course.exercise import Result

    odd = replace(ROLES, check=lambda answer, bench: Result.wrong("No.", "not listed"))
    Worksheet(odd).check(1)
    assert known().exercises["sample-roles"].misconceptions == {}


def test_a_file_that_cannot_be_used_is_told_once_and_the_course_goes_on(one_bet: None) -> None:
    progress_file().parent.mkdir(parents=True)
    progress_file().write_text("dear diary\n" * 100)
    first = repr(Worksheet(ROLES).check(RIGHT))
    assert first.startswith(
        "Passed. Two people, two roles.\nRoles say what somebody may do.\nYour progress is not kept"
    )
    for later in (Worksheet(ROLES).check(RIGHT), Worksheet(ROLES).hint(), predict("bet", "refused")):
        assert "not kept" not in repr(later)
    assert repr(predict("bet").reveal("refused")) == "Right: you predicted refused, the lab answered refused."
    assert "not kept" in repr(Overview((), known(), keeper.trouble()))
    assert progress_file().read_text() == "dear diary\n" * 100


@pytest.mark.parametrize("ask", [progress, lambda: progress("01-authentication-flow"), resume, calibration])
def test_whoever_asks_how_far_is_told_what_is_wrong(ask: Callable[[], object]) -> None:
    progress_file().parent.mkdir(parents=True)
    progress_file().write_text("dear diary\n" * 100)
    assert "Your progress is not kept: the file is damaged" in repr(ask())
    assert keeper.GOES_ON in repr(ask())
    progress_file().unlink()
    assert "not kept" not in repr(ask())


@pytest.mark.parametrize("first", ["check", "hint", "reveal", "predict", "outcome"])
def test_whatever_comes_first_tells_it(one_bet: None, first: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABKIT_DATA", "not a full path")
    said = {
        "check": lambda: Worksheet(ROLES).check(1),
        "hint": lambda: Worksheet(ROLES).hint(),
        "reveal": lambda: Worksheet(ROLES).reveal(),
        "predict": lambda: predict("bet", "refused"),
        "outcome": lambda: predict("bet").reveal("refused"),
    }[first]()
    assert "LABKIT_DATA has to be a full path" in repr(said)
    assert keeper.GOES_ON in repr(said)


# ---- predictions


def test_a_revealed_prediction_is_not_counted_anew_by_a_restarted_kernel(
    one_bet: None, restart: object
) -> None:
    predict("bet", "accepted").reveal("refused")
    restart()  # type: ignore[operator]
    late = predict("bet", "refused")
    assert (late.choice, late.late) == ("accepted", "refused")
    assert "Your later choice, refused, does not count" in repr(late)
    assert 'labkit.course.begin_anew("bet")' in repr(late)
    assert late.reveal("refused").right is False
    assert known().predictions == {"bet": Forecast("accepted", "refused", 2)}


def test_a_choice_made_before_a_restart_counts(one_bet: None, restart: object) -> None:
    predict("bet", "refused")
    restart()  # type: ignore[operator]
    assert "Your prediction: refused" in repr(predict("bet", None))
    assert predict("bet", None).reveal("refused").right


def test_running_the_same_notebook_after_a_restart_says_the_same(one_bet: None, restart: object) -> None:
    first = repr(predict("bet", "refused").reveal("refused"))
    restart()  # type: ignore[operator]
    assert repr(predict("bet", "refused").reveal("refused")) == first


def test_a_prediction_in_the_hand_knows_what_was_chosen_since(one_bet: None) -> None:
    bet = predict("bet", "accepted")
    predict("bet", "refused")
    assert bet.reveal("refused").right


def test_what_is_asked_of_another_outcome_later_changes_nothing_that_is_kept(one_bet: None) -> None:
    bet = predict("bet", "refused")
    bet.reveal("refused")
    assert bet.reveal("accepted").right is False, "what is shown is what the lab answered now"
    assert calibration().right == 1, "what counts is the first answer"


def test_whoever_begins_anew_predicts_anew(one_bet: None) -> None:
    predict("bet", "accepted").reveal("refused")
    assert repr(begin_anew("bet")) == "Forgotten: bet. It begins anew."
    assert known() == Progress()
    assert 'To choose one: predict("bet", "accepted")' in repr(predict("bet"))
    assert predict("bet", "refused").reveal("refused").right


def test_an_exercise_that_begins_anew_begins_with_its_first_hint() -> None:
    task = next(task for task in tasks() if isinstance(task, Exercise))
    sheet = exercise(task.id)
    sheet.hint()
    begin_anew(task.id)
    assert repr(sheet.hint()).startswith("Hint 1 ")


def test_a_whole_notebook_can_begin_anew() -> None:
    of_one = [task.id for task in tasks() if task.notebook == "05-encryption-at-rest.ipynb"]
    exercise("enc-bite").hint()
    exercise("start-scope").hint()
    for name in ("05-encryption-at-rest", "05-encryption-at-rest.ipynb"):
        assert all(id in repr(begin_anew(name)) for id in of_one)
    assert known().ids == {"start-scope"}


@pytest.mark.parametrize("name", ["enc-bit", "", 7, None])
def test_what_is_no_exercise_cannot_begin_anew(name: object) -> None:
    with pytest.raises(BadInput, match="There is no such exercise, prediction or notebook"):
        begin_anew(name)  # type: ignore[arg-type]


# ---- two notebooks open at once

OTHER_NOTEBOOK = """
import json, sys
from labkit.course import exercise, predict
for line in sys.stdin:
    exercise("start-scope").hint()
    exercise("start-scope").check(7)
    print(json.dumps(repr(predict("start-rita-reads", line.strip()))), flush=True)
"""


def test_two_notebooks_open_at_once_know_of_one_another() -> None:
    other = subprocess.Popen(
        [sys.executable, "-c", OTHER_NOTEBOOK],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=dict(os.environ),
    )
    assert other.stdin is not None
    assert other.stdout is not None
    other.stdin.write("refused\n")
    other.stdin.flush()
    assert "Your prediction: refused" in json.loads(other.stdout.readline())
    assert predict("start-rita-reads").reveal("accepted").right is False
    exercise("start-scope").check(8)
    other.stdin.write("accepted\n")
    other.stdin.flush()
    assert "Your later choice, accepted, does not count" in json.loads(other.stdout.readline())
    other.stdin.close()
    other.stdout.close()
    assert other.wait(60) == 0
    assert (known().exercises["start-scope"].attempts, known().exercises["start-scope"].hints) == (3, 2)


# ---- the steps of the course


def cell(kind: str, id: str, text: str) -> dict[str, object]:
    return {"cell_type": kind, "id": id, "metadata": {}, "source": text.splitlines(keepends=True)}


def test_steps_come_in_the_order_of_the_cells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loose = replace(ABOVE, id="in-no-cell")
    monkeypatch.setattr("labkit.course.steps.exercises", lambda: (loose, ABOVE, ROLES))
    monkeypatch.setattr("labkit.course.steps.predictions", lambda: (BET,))
    cells = [
        cell("markdown", "m", 'exercise("sample-above")'),
        cell("code", "c1", 'task = exercise("sample-roles")\ntask'),
        cell("code", "c2", 'bet = predict(\n    "bet", None\n)'),
        cell("code", "c3", "exercise('sample-above').check(exercise('sample-roles'))"),
    ]
    (tmp_path / "00-start-here.ipynb").write_text(json.dumps({"cells": cells}), "utf-8")
    lesson = Lesson("00-start-here.ipynb", "Start", 30, (), (), "")
    [chapter] = chapters(tmp_path, [lesson])
    found = [(step.task.id, step.cell) for step in chapter.steps]
    assert found == [("sample-roles", "c1"), ("bet", "c2"), ("sample-above", "c3"), ("in-no-cell", "")]


def test_the_steps_of_the_first_notebook_are_found_in_its_cells() -> None:
    overview = progress()
    assert isinstance(overview, Overview)
    found = {step.task.id: step.cell for step in overview.course[0].steps}
    assert found == {"start-rita-reads": "predict", "start-scope": "exercise"}


def test_no_exercise_has_the_id_of_a_prediction() -> None:
    assert len({task.id for task in tasks()}) == len(tasks())


def made_up(*steps: Exercise | Prediction, minutes: int = 30, name: str = "00-start-here.ipynb") -> Chapter:
    return Chapter(
        Lesson(name, "Start", minutes, (), (), ""), tuple(Step(task, f"at-{task.id}") for task in steps)
    )


@pytest.mark.parametrize(
    ("done", "left"),
    [
        ((), 30),
        # 25 minutes of reading over three steps, and exercises of 2 and of 3 minutes.
        ((attempted("sample-roles", False), hinted("sample-roles", 1), chose("bet", "accepted")), 30),
        ((revealed("bet", "accepted"),), 17 + 5),
        ((attempted("sample-roles", True),), 17 + 3),
        ((attempted("sample-roles", True), revealed("bet", "accepted")), 9 + 3),
        ((attempted("sample-roles", True), attempted("sample-above", True)), 9),
        ((attempted("sample-roles", True), attempted("sample-above", True), revealed("bet", "x")), 0),
    ],
)
def test_minutes_go_with_the_steps(done: tuple[object, ...], left: int) -> None:
    chapter = made_up(ROLES, BET, ABOVE)
    assert chapter.minutes_left(played(*done)) == left  # type: ignore[arg-type]


def test_minutes_are_never_fewer_than_the_exercises_that_are_open() -> None:
    assert made_up(minutes=20).minutes_left(Progress()) == 20
    assert made_up(ROLES, ABOVE, minutes=1).minutes_left(Progress()) == 5


# ---- where to go on

FIRST = made_up(BET, ROLES)
SECOND = made_up(replace(ABOVE, id="second"), ABOVE, name="01-next.ipynb")
THIRD = made_up(name="02-reading.ipynb")
COURSE = (FIRST, SECOND, THIRD)
ALL = ("sample-roles", "second", "sample-above")


@pytest.mark.parametrize(
    ("done", "said", "href"),
    [
        ((), "Begin with 00-start-here, prediction bet", "00-start-here.ipynb#cell-id=at-bet"),
        (
            (revealed("bet", "x"),),
            "Go on in 00-start-here, exercise sample-roles: Who may do what",
            "00-start-here.ipynb#cell-id=at-sample-roles",
        ),
        (
            (hinted("second", 1),),
            "Go on in 01-next, exercise second: One step up",
            "01-next.ipynb#cell-id=at-second",
        ),
        (
            (attempted("sample-roles", True), attempted("second", True)),
            "Go on in 01-next, exercise sample-above: One step up",
            "01-next.ipynb#cell-id=at-sample-above",
        ),
        (
            # The last one worked in is through; before it something is open.
            (attempted("second", True), attempted("sample-above", True)),
            "Go on in 00-start-here, prediction bet",
            "00-start-here.ipynb#cell-id=at-bet",
        ),
        (
            (*(attempted(id, True) for id in ALL), revealed("bet", "x")),
            "Every exercise is passed and every prediction revealed. Nothing is left to do.",
            "",
        ),
    ],
)
def test_where_to_go_on(done: tuple[object, ...], said: str, href: str) -> None:
    found = next_step(COURSE, played(*done))  # type: ignore[arg-type]
    assert repr(found) == said
    html = found._repr_mimebundle_()["text/html"]
    link = f'<a style="text-decoration:underline" href="{href}">{said}</a>'
    assert html == (f"<p>{link}</p>" if href else f"<p>{said}</p>")


def test_one_call_says_where_to_go_on() -> None:
    assert repr(resume()).startswith("Begin with 00-start-here, ")
    exercise("enc-bite").check(None)
    assert repr(resume()).startswith("Go on in 05-encryption-at-rest, ")
    [line] = resume().lines()
    file, _, fragment = line.href.partition("#cell-id=")
    assert resume().chapter is not None
    assert file == "05-encryption-at-rest.ipynb"
    assert fragment


# ---- the panel


def test_the_panel_counts_by_notebook_and_in_all() -> None:
    done = played(
        attempted("sample-roles", True),
        chose("bet", "accepted"),
        revealed("bet", "refused"),
        hinted("second", 1),
    )
    assert repr(Overview(COURSE, done, "Your progress is not kept: so.\n  presented: x")) == "\n".join(
        [
            "Your progress",
            "notebook       exercises passed  predictions right  wrong  minutes left",
            "-------------  ----------------  -----------------  -----  ------------",
            "00-start-here  1 of 1            0 of 1             1      0",
            "01-next        0 of 2            0 of 0             0      30",
            "02-reading     0 of 0            0 of 0             0      30",
            "all            1 of 3            0 of 1             1      60",
            "",
            "Go on in 01-next, exercise second: One step up",
            "Your progress is not kept: so.",
            "  presented: x",
        ]
    )


def test_the_panel_is_a_table_with_headings_and_a_link() -> None:
    html = progress()._repr_mimebundle_()["text/html"]
    assert html.count('<th scope="row"') == len(progress().tables()[0].rows)
    assert '<th scope="col"' in html
    assert ' href="00-start-here.ipynb#cell-id=' in html
    assert "color" not in html, "no colour carries a meaning"
    assert str(progress_file()) not in html, "a stored notebook names no folder of its user"


def test_who_has_not_begun_sees_nothing_done() -> None:
    overview = progress()
    assert isinstance(overview, Overview)
    assert overview.total.minutes_left == sum(chapter.lesson.minutes for chapter in overview.course)
    assert (overview.total.passed, overview.total.right, overview.total.wrong) == (0, 0, 0)
    assert not progress_file().exists(), "looking leaves nothing behind"


def test_one_notebook_step_by_step() -> None:
    done = played(
        *(attempted("sample-roles", True), hinted("sample-roles", 2), attempted("second", False)),
        *(chose("bet", "accepted"), revealed("bet", "refused")),
    )
    first = [tuple(map(str, row)) for row in Detail(FIRST, done).tables()[0].rows]
    assert first == [
        ("bet", "prediction", "wrong", "", ""),
        ("sample-roles", "exercise", "passed", "1", "2 of 3"),
    ]
    second = [row[2] for row in Detail(SECOND, done).tables()[0].rows]
    assert second == ["tried", "open"]
    sections, tasks = core()["05-encryption-at-rest.ipynb"]
    told = f"Core: {', '.join((*sections, *tasks))}. What is not named is optional."
    assert repr(progress("05-encryption-at-rest")).endswith(told)
    assert "Core: " not in repr(Detail(SECOND, done)), "a notebook that is in no schedule"
    states = [
        [row[2] for row in Detail(made_up(BET), played(*changes)).tables()[0].rows]
        for changes in (
            (),
            (chose("bet", "x"),),
            (revealed("bet", "x"),),
            (chose("bet", "x"), revealed("bet", "x")),
        )
    ]
    assert states == [["open"], ["made"], ["revealed without a choice"], ["right"]]


def test_a_notebook_is_found_by_its_name() -> None:
    for name in ("00-start-here", "00-start-here.ipynb"):
        assert repr(progress(name)).startswith("00-start-here: 30 minutes left")
    for odd in ("00-start", 7, None):
        with pytest.raises(BadInput, match="There is no such notebook"):
            progress(odd)  # type: ignore[arg-type]


def test_the_widget_shows_what_was_done_meanwhile() -> None:
    panel = progress_explorer()
    _, choice, _, below = panel.box.children
    assert choice.description == "Notebook"
    exercise("enc-bite").check(None)
    choice.value = "05-encryption-at-rest"
    assert "tried" in below.value
    assert repr(panel).startswith("00-start-here: ")


# ---- calibration


def test_calibration_says_how_often_and_which_not() -> None:
    other = Prediction("other", "01-next.ipynb", "?", ("a", "b", "c", "d"))
    done = played(
        *(chose("bet", "accepted"), revealed("bet", "accepted"), chose("other", "a"), revealed("other", "b")),
        *(revealed("unsaid", "x"), chose("open", "x"), attempted("sample-roles", True)),
    )
    questions = (other, BET, replace(BET, id="unsaid"), replace(BET, id="open"), replace(BET, id="untouched"))
    found = calibrated(done, questions)
    assert (found.right, [one.id for one, _ in found.wrong], found.by_guessing) == (1, ["other"], 0.75)
    assert repr(found) == "\n".join(
        [
            "Your predictions",
            "notebook       predictions  right  share  by guessing",
            "-------------  -----------  -----  -----  -----------",
            "00-start-here  1            1      100 %  50 %",
            "01-next        1            0      0 %    25 %",
            "all            2            1      50 %   38 %",
            "",
            "Not what you thought",
            "prediction  you predicted  the lab answered",
            "----------  -------------  ----------------",
            "other       a              b",
            "",
            "1 of 2 predictions came true. Guessing gets about 0.8 of them.",
            "1 answer was revealed without a prediction of yours. That does not count.",
        ]
    )
    assert found._repr_mimebundle_()["text/html"].count("<table") == 2


def test_calibration_of_somebody_who_was_always_right_lists_nothing() -> None:
    done = played(chose("bet", "accepted"), revealed("bet", "accepted"))
    assert "Not what you thought" not in repr(calibrated(done, (BET,)))


def test_without_predictions_there_is_nothing_to_say() -> None:
    assert repr(calibration()) == "None of your predictions has been revealed yet."
    unsaid = replace(BET, id="unsaid")
    done = played(revealed("bet", "accepted"), revealed("unsaid", "refused"))
    said = "2 answers were revealed without a prediction of yours. That does not count."
    assert repr(calibrated(done, (BET, unsaid))) == said


def test_the_text_of_a_choice_cannot_break_out_of_the_page() -> None:
    done = played(chose("bet", "<script>"), revealed("bet", "refused"))
    assert "<script>" not in calibrated(done, (BET,))._repr_mimebundle_()["text/html"]
