"""A learner at work: wrong and right answers, hints, a restarted kernel, a restarted server."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from labkit.checkout import FIRST_NOTEBOOK
from labkit.course.registry import pick
from labkit.course.worksheet import exercises
from tests.browser.conftest import Open, close_notebook
from tests.browser.server import Server

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.browser.page import NotebookPage

SECOND = "02-service-principals.ipynb"
SCOPE = pick("exercise", exercises(), "start-scope")
# Cells of the two notebooks.
PROGRESS, ANSWER, TASK = "progress", "exercise-answer", "exercise"
SECOND_ANSWER = "ex-1-answer"


@pytest.fixture
def learner(browser: Browser, start: Callable[[], Server]) -> Iterator[Server]:
    """A JupyterLab of somebody who has done nothing yet."""
    own = start()
    yield own
    own.stop()


def passed(page: NotebookPage, notebook: str = FIRST_NOTEBOOK) -> str:
    """How many exercises of a notebook the panel of progress says to be passed, read again."""
    page.run(PROGRESS)
    row = re.search(rf"{notebook.removesuffix('.ipynb')}\s+(\d+ of \d+)", page.shown(PROGRESS))
    assert row, page.shown(PROGRESS)
    return row[1]


def test_what_is_done_stays_when_kernel_and_server_are_restarted(
    learner: Server, open_notebook: Open
) -> None:
    page = open_notebook(learner, FIRST_NOTEBOOK).ready()
    page.run_until(TASK)
    page.run(ANSWER)
    assert passed(page) == "0 of 1"
    wrong = SCOPE.wrong[0]
    page.type_into(ANSWER, f"{wrong.source}\ntask.check(answer)")
    assert page.shown(ANSWER).startswith("Not yet. ")
    assert wrong.says in page.shown(ANSWER)
    hint = page.new_cell_below(ANSWER)
    page.type_into(hint, "task.hint()")
    assert page.shown(hint) == f"Hint 1 of {len(SCOPE.hints)}: {SCOPE.hints[0]}"
    page.type_into(ANSWER, f"{SCOPE.solution}\ntask.check(answer)")
    assert page.shown(ANSWER) == f"Passed.\n{SCOPE.explanation}"
    assert passed(page) == "1 of 1"
    page.restart_kernel()
    page.type_into(hint, "task")
    assert "NameError" in page.shown(hint)
    assert passed(page) == "1 of 1"
    close_notebook(page)
    learner.stop()
    learner.start()
    page = open_notebook(learner, FIRST_NOTEBOOK).ready()
    assert passed(page) == "1 of 1"
    close_notebook(page)


def test_two_notebooks_are_open_at_once(learner: Server, open_notebook: Open) -> None:
    from tests.browser.faults import faults

    page = open_notebook(learner, FIRST_NOTEBOOK, "lab").ready()
    page.begin().begun()
    page.bring(SECOND).ready()
    page.begin().begun()
    cells = {
        SECOND: page.ended().code_cells(),
        FIRST_NOTEBOOK: page.bring(FIRST_NOTEBOOK).ended().code_cells(),
    }
    assert {name: faults(found) for name, found in cells.items()} == {FIRST_NOTEBOOK: [], SECOND: []}
    assert passed(page) == "0 of 1"
    page.type_into(ANSWER, f"{SCOPE.solution}\ntask.check(answer)")
    page.bring(SECOND)
    answer = next(cell for cell in cells[SECOND] if cell["id"] == SECOND_ANSWER)
    assert page.shown(answer["id"]).startswith("Not yet. ")
    page.run(answer["id"])
    page.bring(FIRST_NOTEBOOK)
    assert passed(page) == "1 of 1"
    close_notebook(page)
