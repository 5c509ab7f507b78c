"""What is wrong between the notebooks and the exercises and predictions that they use."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from labkit.course.exercise import Exercise
from labkit.course.exercise_faults import Fault
from labkit.course.lessons import lessons, source
from labkit.course.prediction import Prediction, predictions
from labkit.course.steps import ids_in
from labkit.course.worksheet import exercises


def code_of(notebook: Mapping[str, Any]) -> list[str]:
    """The sources of the code cells."""
    return [source(cell) for cell in notebook["cells"] if cell["cell_type"] == "code"]


def faults_of_course(folder: Path) -> list[Fault]:
    """Everything that is wrong in the notebooks of a folder, and what no notebook of it uses. Raises BadInput
    for a file that is no notebook of the course."""
    names = [lesson.notebook for lesson in lessons(folder)]
    books = {name: json.loads((folder / name).read_text("utf-8")) for name in names}
    found = [fault for name, book in books.items() for fault in faults_in(name, code_of(book))]
    tasks: list[Exercise | Prediction] = [*exercises(), *predictions()]
    homeless = (task for task in tasks if task.notebook not in books)
    return [
        *found,
        *(Fault(one.id, f"there is no notebook {one.notebook}", "correct its notebook") for one in homeless),
    ]


def faults_in(name: str, code: Sequence[str]) -> list[Fault]:
    """Everything that is wrong with what the notebook of this name asks for in its code cells."""
    return [*_exercises(name, code), *_predictions(name, code)]


def _exercises(name: str, code: Sequence[str]) -> Iterator[Fault]:
    asked = dict.fromkeys(ids_in("\n".join(code), "exercise"))
    yield from _unknown("exercise", asked, exercises())
    for task in exercises():
        if task.notebook != name:
            continue
        if task.id not in asked:
            yield Fault(task.id, f"exercise({task.id!r}) belongs here and is not used", _use_it(name))
        if not any(task.starter.strip() in text for text in code):
            said = f"the starter of {task.id} is another one in the notebook"
            yield Fault(task.id, said, "copy the starter into its cell as it stands")


def _predictions(name: str, code: Sequence[str]) -> Iterator[Fault]:
    asked = ids_in("\n".join(code), "predict")
    yield from _unknown("predict", dict.fromkeys(asked), predictions())
    shown = revealed(code)
    for one in predictions():
        if one.notebook != name:
            if one.id in asked:
                said = f"predict({one.id!r}) stands in {name} as well"
                yield Fault(one.id, said, f"use it in {one.notebook} only, once")
            continue
        if one.id not in asked:
            yield Fault(one.id, f"predict({one.id!r}) belongs here and is not used", _use_it(name))
        elif asked.count(one.id) > 1:
            yield Fault(one.id, f"predict({one.id!r}) is used {asked.count(one.id)} times", "use it once")
        if one.id in asked and one.id not in shown:
            todo = "keep what predict() returns, and call its reveal() with what the lab answered"
            yield Fault(one.id, f"predict({one.id!r}) is never revealed", todo)


def _use_it(name: str) -> str:
    return f"use it in {name}, or take it out of the course"


def _unknown(
    function: str, asked: Mapping[str, None], known: Sequence[Exercise] | Sequence[Prediction]
) -> Iterator[Fault]:
    ids = {each.id for each in known}
    for id in asked:
        if id not in ids:
            yield Fault(id, f"{function}({id!r}) does not exist", "correct the id, or write what it names")


def revealed(code: Sequence[str]) -> set[str]:
    """The ids of the predictions whose outcome these cells show: what `predict` returned is kept under a
    name, and `reveal` is called on that name, or on one that a loop gives it."""
    bets: dict[str, str] = {}
    shown: set[str] = set()
    for statement in (one for text in code for one in _statements(text)):
        match statement:
            case ast.Assign(
                targets=[ast.Name(id=name)],
                value=ast.Call(func=ast.Name(id="predict"), args=[ast.Constant(value=str(asked)), *_]),
            ):
                bets[name] = asked
            case _:
                shown |= {bets[name] for name in _told(statement) if name in bets}
    return shown


def _told(statement: ast.stmt) -> set[str]:
    """The names on which `reveal` is called; for the variable of a loop those that the loop goes through."""
    told = {
        node.func.value.id
        for node in ast.walk(statement)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "reveal"
        and isinstance(node.func.value, ast.Name)
    }
    for loop in (node for node in ast.walk(statement) if isinstance(node, ast.For)):
        if told & _names(loop.target):
            told |= _names(loop.iter)
    return told


def _names(node: ast.AST) -> set[str]:
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}


def _statements(text: str) -> list[ast.stmt]:
    # Magics are no Python.
    plain = "\n".join("" if line.startswith(("%", "!")) else line for line in text.splitlines())
    try:
        return ast.parse(plain).body
    except SyntaxError:
        return []
