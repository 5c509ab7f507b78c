"""What thirty exports tell of a class, and what becomes of a file that is none."""

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit import cli
from labkit.course.class_commands import page
from labkit.course.class_files import HandedIn, Learner, handed_in
from labkit.course.class_report import ClassReport, class_report
from labkit.course.progress_json import LARGEST, to_json
from labkit.course.progress_place import progress_file
from labkit.course.progress_state import Change, Progress, attempted, chose, revealed
from labkit.course.steps import tasks
from labkit.display.noted_view import html
from tests.course.progress_samples import PROGRESS, played
from tests.display.test_number_grid import written

WIDER = "wider-than-asked"
TRIED = attempted("start-scope", False, WIDER)
PASSED = attempted("start-scope", True)


def bet(choice: str) -> tuple[Change, Change]:
    return chose("start-rita-reads", choice), revealed("start-rita-reads", "accepted")


CLASS = {
    "anna": played(*bet("accepted"), PASSED, attempted("auth-whose", False, "sub-tells")),
    "ben": played(*bet("refused"), TRIED, TRIED),
    "carla": played(*bet("refused"), TRIED, attempted("start-scope", False), attempted("start-scope", False)),
    "dilan": played(*bet("accepted"), TRIED, PASSED),
    "eva": Progress(),
}


def of(**people: Progress) -> ClassReport:
    return class_report(HandedIn(tuple(Learner(name, one) for name, one in people.items()), ()))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, progress in CLASS.items():
        (tmp_path / f"{name}.json").write_text(to_json(progress), "utf-8")
    return tmp_path


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def go(*argv: object) -> tuple[int, str, str]:
        code = cli.main(["class-report", *map(str, argv)])
        return (code, *capsys.readouterr())

    return go


# ---- what it says


def test_it_says_who_is_where(folder: Path, run: Run) -> None:
    code, out, err = run(folder)
    assert (code, err) == (0, "")
    first, done = out.split("\n\n")[:2]
    rows = {line.split()[0]: line for line in first.splitlines()}
    assert "01-authentication-flow: " in rows["anna"]
    assert rows["anna"].endswith("auth-whose")
    assert "00-start-here: start-scope" in rows["ben"]
    assert "not begun" in rows["eva"]
    # anna has done both steps of the first notebook, and one of two is half.
    assert [line.split()[:2] for line in done.splitlines()[3:5]] == [["anna", "100"], ["ben", "50"]]
    assert "5 learners." in out
    assert not progress_file().exists()


def test_the_exercise_where_most_are_stuck_comes_first() -> None:
    found = of(**CLASS).stuck
    assert [(one.exercise.id, one.attempts, one.passed) for one in found] == [
        ("start-scope", (("carla", 3), ("ben", 2)), 2),
        ("auth-whose", (("anna", 1),), 0),
    ]


def test_a_wrong_idea_counts_also_where_it_was_overcome() -> None:
    first, second = of(**CLASS).ideas
    assert (first.misconception, first.exercise.id, first.learners, first.times) == (
        WIDER,
        "start-scope",
        3,
        4,
    )
    assert (second.misconception, second.learners) == ("sub-tells", 1)
    assert first.exercise.says(WIDER) in repr(of(**CLASS))


def test_more_people_count_more_than_more_attempts() -> None:
    stubborn = played(*[attempted("auth-whose", False, "sub-tells")] * 9)
    report = of(one=stubborn, two=played(TRIED), three=played(TRIED))
    assert [one.misconception for one in report.ideas] == [WIDER, "sub-tells"]
    assert [one.exercise.id for one in report.stuck] == ["start-scope", "auth-whose"]


def test_a_prediction_that_nobody_got_right_comes_before_one_that_half_did() -> None:
    scored = (chose("token-at-exp", "accepted"), revealed("token-at-exp", "refused"))
    report = of(one=played(*bet("refused"), *scored), two=played(*bet("accepted")))
    assert [(one.prediction.id, one.wrong, one.made, one.choice) for one in report.surprises] == [
        ("token-at-exp", 1, 1, "accepted"),
        ("start-rita-reads", 1, 2, "refused"),
    ]
    assert of(one=played(chose("token-at-exp", "accepted"))).surprises == []


def test_a_class_that_has_not_begun_has_no_troubles() -> None:
    report = of(one=Progress())
    assert (report.stuck, report.ideas, report.surprises) == ([], [], [])
    assert [table.caption for table in report.tables()] == ["Who is where", "Done, in percent"]


def test_a_long_list_says_that_it_is_cut() -> None:
    every = [task.id for task in tasks() if hasattr(task, "starter")]
    people = {f"p{number}": played(*(attempted(id, False) for id in every)) for number in range(7)}
    text = repr(of(**people))
    assert f"Who is stuck (the first 10 of {len(every)})" in text
    assert "p0 1, p1 1, p2 1, p3 1, p4 1 and 2 more" in text


# ---- the files


BAD: dict[str, tuple[bytes, str]] = {
    "half.json": (b'{"labkit-progress": 1, "exer', "left out. This is not progress of the lab"),
    "empty.json": (b"", "left out. This is not progress of the lab"),
    "grades.json": (b'{"anna": 1}', "left out. This is not progress of the lab"),
    "newer.json": (b'{"labkit-progress": 2, "stars": {}}', "left out. This was exported by a newer version"),
    "large.json": (b" " * (LARGEST + 1), "left out. It is too large. It has 5,000,001 bytes; required"),
    "deep.json": (b"[" * 100_000, "left out. This is not progress of the lab"),
    "notes.txt": (b"anna: ask her", "left out. Its name does not end with .json."),
    "anna (1).json": (to_json(CLASS["anna"]).encode(), "counted together with what else anna handed in."),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_gets_a_line_and_the_rest_goes_on(folder: Path, run: Run, name: str) -> None:
    _, before, _ = run(folder)
    (folder / name).write_bytes(BAD[name][0])
    code, after, err = run(folder)
    assert (code, err) == (0, "")
    [more] = [line for line in after.splitlines() if line not in before.splitlines()]
    assert more.startswith(f"{name}: {BAD[name][1]}")


def test_a_folder_a_dead_link_and_a_file_that_may_not_be_read_are_no_exports(folder: Path) -> None:
    (folder / "sub.json").mkdir()
    (folder / ".DS_Store").write_bytes(b"\0")
    os.symlink(folder / "nobody", folder / "link.json")
    found = handed_in(folder)
    assert len(found.learners) == 5
    assert found.remarks == (
        "link.json: left out. It is no file, or leads to none.",
        "sub.json: left out. It is a folder.",
    )


def test_where_nothing_can_be_read_it_says_why_and_what_to_do(tmp_path: Path, run: Run) -> None:
    code, out, err = run(tmp_path)
    assert (code, out) == (1, "")
    assert "labkit progress export" in err
    (tmp_path / "half.json").write_text("{")
    code, out, err = run(tmp_path)
    assert (code, out) == (1, "")
    assert "half.json: left out." in err


def test_what_is_no_folder_was_typed_wrongly(folder: Path, run: Run) -> None:
    for place in (folder / "nobody", folder / "anna.json"):
        code, out, err = run(place)
        assert (code, out) == (2, "")
        assert "There is no such folder." in err


@pytest.mark.parametrize(
    "name", ["anna (2)", "anna(3)", "anna copy", "anna - Copy", "Copy of anna", "anna copy 2"]
)
def test_two_exports_of_one_person_are_merged(folder: Path, name: str) -> None:
    (folder / f"{name}.json").write_text(to_json(played(PASSED, attempted("auth-fresh", True))), "utf-8")
    found = {one.name: one.progress for one in handed_in(folder).learners}
    assert found.keys() == CLASS.keys()
    assert found["anna"].exercises.keys() == {"start-scope", "auth-whose", "auth-fresh"}


def test_who_has_done_the_very_same_is_counted_and_pointed_out(folder: Path) -> None:
    ids = [task.id for task in tasks() if hasattr(task, "starter")][:5]
    for name, count in (("student1", 5), ("student2", 5), ("student3", 4), ("student4", 4)):
        text = to_json(played(*(attempted(id, True) for id in ids[:count])))
        (folder / f"{name}.json").write_text(text, "utf-8")
    found = handed_in(folder)
    assert len(found.learners) == 9
    assert found.remarks == ("student2: the same as student1 to the last attempt. Is it a copy? Both count.",)


def test_what_is_of_another_course_is_told_and_does_not_count(tmp_path: Path) -> None:
    odd = played(attempted("gone-since", False, "x"), chose("no-more", "a"), revealed("no-more", "b"), TRIED)
    (tmp_path / "anna.json").write_text(to_json(odd), "utf-8")
    found = handed_in(tmp_path)
    assert found.remarks == ("anna.json: 2 ids in it are of no exercise or prediction of this course.",)
    report = class_report(found)
    assert [one.exercise.id for one in report.stuck] == ["start-scope"]
    assert report.surprises == []
    assert "gone-since" not in repr(report)


@given(st.lists(PROGRESS, max_size=4))
def test_whatever_was_exported_there_is_a_report(people: list[Progress]) -> None:
    report = of(**{f"p{number}": one for number, one in enumerate(people)})
    assert [len(table.rows) for table in report.tables()[:2]] == [len(people)] * 2
    assert html(report).count("<tr>") >= len(people)


@pytest.mark.parametrize("count", [0, 1, 2])
def test_there_is_a_page_for_any_number_of_learners(count: int) -> None:
    report = of(**{f"p{number}": CLASS["anna"] for number in range(count)})
    assert page(report).count('<th scope="row"') >= 2 * count


ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32")


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_an_export_that_a_shell_has_stored_in_another_encoding_is_read(tmp_path: Path, encoding: str) -> None:
    text = to_json(CLASS["anna"]).replace("\n", "\r\n")
    (tmp_path / "anna.json").write_bytes(text.encode(encoding))
    assert handed_in(tmp_path) == HandedIn((Learner("anna", CLASS["anna"]),), ())


def test_a_letter_that_no_font_has_is_drawn_without_a_word(recwarn: pytest.WarningsRecorder) -> None:
    report = of(**{"anna \N{PARTY POPPER}": CLASS["anna"]})
    assert "\N{PARTY POPPER}" in report.picture
    assert not recwarn.list


# ---- page and picture


HOSTILE = "<script>alert(1)</script>\n\x1b[2J‮"


def test_a_name_may_hold_anything_and_does_nothing() -> None:
    report = of(**{HOSTILE: CLASS["ben"]})
    for text in (repr(report), page(report), report.picture):
        assert "\x1b" not in text
        assert "‮" not in text
    assert "<script" not in page(report)
    assert "<script" not in report.picture


def test_page_and_picture_are_written_over_those_of_last_hour(folder: Path, run: Run) -> None:
    html, plot = folder / "report.html", folder / "report.svg"
    for _ in range(2):
        code, out, _ = run(folder, "--html", html, "--plot", plot)
        assert code == 0
        assert out.endswith(f"Written: {html}\nWritten: {plot}\n")
        assert "left out" not in out
    text = html.read_text("utf-8")
    assert all(f">{name}</th>" in text for name in CLASS)
    assert not re.search(r'(src|href)="(?!data:)', text), "it loads nothing"
    assert text.count('<img alt="Done, in percent, by learner and notebook"') == 1
    assert plot.read_text("utf-8") == class_report(handed_in(folder)).picture


def test_the_picture_has_a_number_for_each_learner_and_notebook() -> None:
    from xml.etree import ElementTree

    report = of(**CLASS)
    texts = [text for text, *_ in written(ElementTree.fromstring(report.picture))]
    assert set(CLASS) | {chapter.id[:2] for chapter in report.course} <= set(texts)
    # anna has done both steps of the first notebook, ben and carla one of two.
    assert texts.count("100") == 2
    assert texts.count("50") == 2


@pytest.mark.parametrize(("option", "name"), [("--html", "anna.json"), ("--plot", "report.png")])
def test_nothing_is_written_over_an_export(folder: Path, run: Run, option: str, name: str) -> None:
    code, out, err = run(folder, option, folder / name)
    assert (code, out) == (2, "")
    assert "It cannot be written there." in err
    assert (folder / "anna.json").read_text("utf-8") == to_json(CLASS["anna"])


def test_a_page_that_cannot_be_written_is_told(folder: Path, run: Run) -> None:
    code, _, err = run(folder, "--html", folder / "nobody" / "report.html")
    assert code == 1
    assert err.startswith("labkit: ")
