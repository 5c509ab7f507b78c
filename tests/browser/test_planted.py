"""What the tests of the notebooks look for, they find: each fault is planted once in a page of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import Open, close_notebook
from tests.browser.server import Server

if TYPE_CHECKING:
    from tests.browser.page import NotebookPage

LOCK = Path(__file__).with_name("package-lock.json")
NAME = "planted.ipynb"
NARROW_BOX = "width: 90px; white-space: nowrap; overflow-x:"
PLANTED = {
    "grey": '<p style="color: #999; background: #aaa">grey on grey</p>',
    "dark": '<p style="color: black">black, whatever the theme</p>',
    "picture": '<img src="data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7">',
    "foreign": '<img alt="of another host" src="http://labkit.example/x.png">',
    "cut": f'<div style="{NARROW_BOX} hidden">this ends where nobody can see it</div>',
    "scrolled": f'<div style="{NARROW_BOX} auto">this one can be scrolled to its end</div>',
    "above": '<div>below</div><div style="margin-top: -1em">above</div>',
    "beside": "<p>one</p><p>after the other</p>",
    "narrow": '<label>a list <select style="width: 4em"><option>is longer than it</option></select></label>',
}


@pytest.fixture(scope="module")
def planted(server: Server, open_notebook: Open) -> Iterator[NotebookPage]:
    """A notebook with one fault in each cell. The last one is never reached."""
    cells = {
        f"cell-{name}": f"from IPython.display import HTML\n\nHTML({html!r})"
        for name, html in PLANTED.items()
    }
    cells |= {
        "cell-warns": "import sys\n\nprint('careful', file=sys.stderr)",
        # The kernel passes over what has come already when a cell fails: all of it has to have come.
        "cell-fails": "import time\n\ntime.sleep(1)\n1 / 0",
        "cell-late": "2",
    }
    server.write(NAME, cells)
    page = open_notebook(server, NAME)
    page.begin()
    yield page.ended()
    close_notebook(page)


def test_cells_that_fail_complain_or_do_not_run_are_found(planted: NotebookPage) -> None:
    from tests.browser.faults import faults

    assert faults(planted.code_cells()) == [
        "cell-warns writes to stderr: careful\n",
        "cell-fails ends with an error: ZeroDivisionError: division by zero",
        "cell-late has not run",
    ]


def test_a_request_to_another_host_is_found(planted: NotebookPage) -> None:
    assert planted.elsewhere() == ["http://labkit.example/x.png"]
    assert any("ERR_NAME_NOT_RESOLVED" in one for one in planted.complaints), "it could have left the machine"


@pytest.mark.usefixtures("axe")
@pytest.mark.parametrize(("theme", "also"), [("JupyterLab Light", set()), ("JupyterLab Dark", {"black"})])
def test_barriers_are_found_in_both_themes(planted: NotebookPage, theme: str, also: set[str]) -> None:
    from tests.browser.axe import barriers

    found = barriers(planted, theme)
    assert sum(one.startswith("a picture without words") for one in found) == 1
    low = {one for one in found if one.startswith("color-contrast:")}
    assert {word for word in ("grey", "black") for one in low if f">{word}" in one} == {"grey"} | also


def test_what_is_cut_is_found_and_what_scrolls_is_not(planted: NotebookPage) -> None:
    found = planted.page.evaluate("labLayout.cut()")
    assert found == ["this ends where nobody can see it", "the list a list is longer than it"]


def test_what_lies_on_something_else_is_found(planted: NotebookPage) -> None:
    assert planted.page.evaluate("labLayout.overlapping()") == ["below / above"]


def test_a_widget_that_has_no_case_is_told() -> None:
    from tests.browser.widget_cases import case_of

    with pytest.raises(AssertionError, match=r"a widget without a case, controls \('Colour',\)"):
        case_of(["Colour (of the sky)"])


def test_what_npm_installs_is_locked_by_what_it_has_to_be_and_by_no_address() -> None:
    packages = {
        name: entry for name, entry in json.loads(LOCK.read_text("utf-8"))["packages"].items() if name
    }
    assert packages, "nothing is locked"
    assert [name for name, entry in packages.items() if not entry["integrity"].startswith("sha512-")] == []
    assert "://" not in LOCK.read_text("utf-8")
