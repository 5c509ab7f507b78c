"""Every notebook, run from top to bottom in a real JupyterLab: what a learner sees, does and can reach."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from labkit.checkout import FIRST_NOTEBOOK, checkout
from labkit.course.outcome import MIME
from labkit.course.progress_place import VARIABLE
from tests.browser.conftest import Open
from tests.browser.server import Server

if TYPE_CHECKING:
    from tests.browser.page import NotebookPage

FOLDER = checkout() / "notebooks"
NAMES = sorted(path.name for path in FOLDER.glob("*.ipynb"))


class Ahead:
    """Runs the next notebook while the tests look at this one."""

    def __init__(self, open_notebook: Open, server: Server, names: list[str]) -> None:
        self._open = lambda name: open_notebook(server, name)
        self._names = names
        self._running: dict[str, NotebookPage] = {}
        self._free: list[NotebookPage] = []

    def settle(self) -> None:
        """Waits until nothing runs any more."""
        for page in self._running.values():
            page.ended()

    def take(self, name: str) -> NotebookPage:
        """Waits until it has run."""
        after = self._names[self._names.index(name) + 1 :]
        for each in (name, *after[:1]):
            if each not in self._running:
                # JupyterLab takes longer to load than most notebooks take to run.
                page = self._free.pop().turn_to(each) if self._free else self._open(each)
                self._running[each] = page.begin()
        return self._running.pop(name).ended()

    def give_back(self, page: NotebookPage) -> None:
        """Its window is for the next notebook."""
        self._free.append(page)


@pytest.fixture(scope="module")
def ahead(request: pytest.FixtureRequest, open_notebook: Open, server: Server) -> Ahead:
    """Knows the order in which pytest asks for the notebooks."""
    chosen = [
        item.callspec.params["notebook"]
        for item in request.session.items
        if isinstance(item, pytest.Function) and hasattr(item, "callspec") and item.module is request.module
    ]
    return Ahead(open_notebook, server, list(dict.fromkeys(chosen)))


@pytest.fixture(scope="module", params=NAMES, ids=lambda name: name.removesuffix(".ipynb"))
def notebook(request: pytest.FixtureRequest, ahead: Ahead) -> Iterator[NotebookPage]:
    """One that has run, in its window."""
    page = ahead.take(request.param)
    yield page
    ahead.give_back(page)


def test_every_cell_runs_and_none_complains(notebook: NotebookPage) -> None:
    from tests.browser.faults import faults

    assert faults(notebook.code_cells()) == []
    assert notebook.complaints == []


def test_the_last_cell_shows_what_came_out(notebook: NotebookPage) -> None:
    recorded = json.loads((FOLDER / notebook.notebook).read_text("utf-8"))["cells"]
    outcomes = {
        cell["id"]: "".join(output["data"]["text/plain"])
        for cell in recorded
        for output in cell.get("outputs", ())
        if MIME in output.get("data", {})
    }
    assert outcomes or notebook.notebook == FIRST_NOTEBOOK
    assert {cell: notebook.shown(cell) for cell in outcomes} == outcomes


def test_nothing_on_the_page_asks_for_another_host(notebook: NotebookPage) -> None:
    assert len(notebook.asked) > 10, "the requests were not noted"
    assert notebook.elsewhere() == []


def test_its_widgets_work_with_the_keyboard_alone(
    notebook: NotebookPage, ahead: Ahead, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.browser.faults import widgets
    from tests.browser.keyboard import operate
    from tests.browser.widget_cases import CASES

    # What has been done is the same here and in the kernel.
    monkeypatch.setenv(VARIABLE, str(server.data))
    cells = notebook.code_cells()
    code = "\n".join(cell["source"] for cell in cells)
    wanted = [case for case in CASES if re.search(rf"\b{case.call.__name__}\(", code)]
    if any(case.passing for case in wanted):
        ahead.settle()
    assert [operate(notebook, cell) for cell in widgets(cells)] == wanted


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
@pytest.mark.usefixtures("axe")
def test_nothing_of_it_is_a_barrier(notebook: NotebookPage, theme: str) -> None:
    from tests.browser.axe import barriers

    assert barriers(notebook, theme) == []


def test_at_200_percent_nothing_is_cut_or_lies_on_something_else(notebook: NotebookPage) -> None:
    from tests.browser.page import NARROW, WINDOW

    notebook.resize(NARROW)
    assert notebook.page.evaluate("labLayout.pieces().length") > 50, "nothing was looked at"
    assert notebook.page.evaluate("labLayout.cut()") == []
    assert notebook.page.evaluate("labLayout.overlapping()") == []
    notebook.resize(WINDOW)
