"""One JupyterLab for all of these tests."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.server import Server
from tests.chromium import missing

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.browser.page import NotebookPage

Open = Callable[..., "NotebookPage"]

_servers: list[Server] = []
_pages: list[NotebookPage] = []
_kept: list[Path] = []


@pytest.fixture(scope="session")
def axe() -> None:
    """What looks for barriers."""
    from tests.browser.axe import SCRIPT

    if not SCRIPT.is_file():
        missing("no axe-core: install npm (the packages nodejs and npm) and run `make browser`")


@pytest.fixture(scope="session")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Server]]:
    """Starts a JupyterLab with nothing done in it."""

    def started() -> Server:
        _servers.append(Server(tmp_path_factory.mktemp("lab")))
        _servers[-1].start()
        return _servers[-1]

    yield started
    while _servers:
        _servers.pop().stop()


@pytest.fixture(scope="session")
def server(browser: Browser, start: Callable[[], Server]) -> Server:
    """The one that the notebooks run in. Not started where there is no browser."""
    return start()


@pytest.fixture(scope="session")
def open_notebook(browser: Browser) -> Iterator[Open]:
    """Opens a notebook of a server in a window of its own. `close_notebook` closes it."""
    from tests.browser.page import NotebookPage

    def opened(server: Server, name: str, way: str = "doc") -> NotebookPage:
        _pages.append(NotebookPage(browser, server, name, way))
        return _pages[-1]

    yield opened
    while _pages:
        _pages.pop().close()


def close_notebook(page: NotebookPage) -> None:
    """Before the end of all tests."""
    _pages.remove(page)
    page.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keeps what there was to see when a test failed."""
    report = yield
    if report.failed and (_pages or _servers):
        report.sections.append(("what there was to see", str(keep(item.name))))
    return report


def keep(name: str) -> Path:
    """A folder with a picture of every open window and the log of every server."""
    if not _kept:
        _kept.append(Path(tempfile.mkdtemp(prefix="labkit-browser-")))
    folder = _kept[0] / re.sub(r"[^\w-]+", "-", name)
    folder.mkdir(exist_ok=True)
    for number, page in enumerate(_pages):
        with suppress(Exception):
            page.page.screenshot(path=folder / f"{number}-{page.notebook}.png", timeout=5_000)
    for number, server in enumerate(_servers):
        with suppress(OSError):
            shutil.copy(server.log, folder / f"{number}-server.log")
    return folder
