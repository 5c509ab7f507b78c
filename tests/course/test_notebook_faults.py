"""The notebooks use every exercise and prediction of the course, as it stands, and no others."""

from pathlib import Path

import nbformat
import pytest

from labkit.checkout import checkout
from labkit.core.errors import BadInput
from labkit.course import notebook_faults
from labkit.course.exercise_faults import Fault
from labkit.course.notebook_faults import faults_in, faults_of_course, revealed
from labkit.course.prediction import Prediction
from tests.course.samples import ABOVE, ROLES

HOME = ROLES.notebook
ASKED = (
    Prediction("sample-first", HOME, "Is it first?", ("yes", "no")),
    Prediction("sample-other", "01-other.ipynb", "Is it another?", ("yes", "no")),
)
GOOD = [
    "%az login",
    'exercise("sample-roles")',
    ROLES.starter,
    f'{ABOVE.starter}\nexercise("sample-above").check(answer)',
    'bet = predict("sample-first", None)',
    "print(bet.reveal(verdict.word))",
]


@pytest.fixture(autouse=True)
def samples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notebook_faults, "exercises", lambda: (ROLES, ABOVE))
    monkeypatch.setattr(notebook_faults, "predictions", lambda: ASKED)


def told(name: str, code: list[str]) -> list[tuple[str, str]]:
    return [(fault.id, fault.says) for fault in faults_in(name, code)]


def test_a_notebook_that_uses_what_is_its_own_has_no_faults() -> None:
    assert faults_in(HOME, GOOD) == []


SPOILT: dict[str, tuple[dict[int, str], tuple[str, str]]] = {
    "orphan": ({1: ""}, ("sample-roles", "exercise('sample-roles') belongs here and is not used")),
    "other starter": ({2: "answer = {}"}, ("sample-roles", "the starter of sample-roles is another one")),
    "changed starter": (
        {3: f'{ABOVE.starter.replace("return scope", "return 1")}\nexercise("sample-above")'},
        ("sample-above", "the starter of sample-above is another one in the notebook"),
    ),
    "no such exercise": ({0: "task = exercise(\n    'no-such'\n)"}, ("no-such", "exercise('no-such')")),
    "no such prediction": ({0: 'predict("no-such", None)'}, ("no-such", "predict('no-such') does not exist")),
    "no prediction": ({4: ""}, ("sample-first", "predict('sample-first') belongs here and is not used")),
    "twice": ({0: 'predict("sample-first")'}, ("sample-first", "predict('sample-first') is used 2 times")),
    "never revealed": ({5: "token.reveal()"}, ("sample-first", "predict('sample-first') is never revealed")),
    "revealed too early": ({5: "", 0: "bet.reveal(1)"}, ("sample-first", "never revealed")),
    "not at home": ({0: 'predict("sample-other")'}, ("sample-other", f"stands in {HOME} as well")),
}


@pytest.mark.parametrize("name", SPOILT)
def test_each_fault_is_found_and_says_what_to_do(name: str) -> None:
    cells, (id, says) = SPOILT[name]
    found = faults_in(HOME, [cells.get(number, text) for number, text in enumerate(GOOD)])
    assert [(fault.id, says in fault.says) for fault in found] == [(id, True)], found
    assert all(fault.todo for fault in found)


@pytest.mark.parametrize(
    ("after", "shown"),
    [
        ("bet.reveal(1)", True),
        ("with lab.activate():\n    print(bet.reveal(1))", True),
        ("for one, word in zip((bet, other), words):\n    one.reveal(word)", True),
        ("for one in bets:\n    one.reveal(1)", False),
        ("for one in (bet, other):\n    token.reveal()", False),
        ("bet = 1\nother.reveal(bet)", False),
        ("bet.choice", False),
        ("this is no Python", False),
    ],
)
def test_a_reveal_is_seen_wherever_it_stands(after: str, shown: bool) -> None:
    assert revealed(['bet = predict("x", None)', after]) == ({"x"} if shown else set())


def test_what_no_notebook_is_the_home_of_is_found(tmp_path: Path) -> None:
    cells = [nbformat.v4.new_code_cell(text) for text in GOOD]
    about = {"title": "T", "minutes": 1, "teaches": [], "requires": []}
    book = nbformat.v4.new_notebook(cells=cells, metadata={"labkit": about})
    nbformat.write(book, tmp_path / HOME)
    assert faults_of_course(tmp_path) == [
        Fault("sample-other", "there is no notebook 01-other.ipynb", "correct its notebook")
    ]
    (tmp_path / "02-half.ipynb").write_text("{")
    with pytest.raises(BadInput, match="02-half"):
        faults_of_course(tmp_path)


def test_the_course_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert faults_of_course(checkout() / "notebooks") == []
