"""No widget is forgotten: each has a case, and those that no notebook shows are operated here."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import labkit
from labkit.checkout import checkout
from labkit.course.progress_place import VARIABLE
from tests.browser.conftest import Open, close_notebook
from tests.browser.server import Server
from tests.browser.widget_cases import CASES, Case

PACKAGE = Path(labkit.__file__).parent
SCRATCH = "scratch.ipynb"


def modules_with_widgets() -> set[str]:
    """Those that call `chooser`."""
    found = set()
    for path in PACKAGE.rglob("*.py"):
        called = {node.func for node in ast.walk(ast.parse(path.read_bytes())) if isinstance(node, ast.Call)}
        if any(isinstance(one, ast.Name) and one.id == "chooser" for one in called):
            found.add(".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts))
    return found


def unshown() -> list[Case]:
    """Cases whose widget no notebook asks for."""
    code = "\n".join(path.read_text("utf-8") for path in sorted((checkout() / "notebooks").glob("*.ipynb")))
    return [case for case in CASES if not re.search(rf"\b{case.call.__name__}\(", code)]


def test_every_widget_of_the_course_has_a_case() -> None:
    assert modules_with_widgets() == {case.call.__module__ for case in CASES}


def test_widgets_that_no_notebook_shows_work_with_the_keyboard_alone(
    server: Server, open_notebook: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.browser.keyboard import operate

    # Here and in the kernel the same has been done.
    monkeypatch.setenv(VARIABLE, str(server.data))
    cells = {case.call.__name__.replace("_", "-"): case for case in unshown()}
    server.write(SCRATCH, {cell: asked(case) for cell, case in cells.items()})
    page = open_notebook(server, SCRATCH).ready()
    page.run(*cells)
    assert {cell: operate(page, cell) for cell in cells} == cells
    close_notebook(page)


def asked(case: Case) -> str:
    """Code that shows its widget."""
    name = case.call.__name__
    return f"from {case.call.__module__} import {name}\n\n{name}()"
