"""A notebook in the browser, as the tests use it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.browser.server import Server

HERE = Path(__file__).parent
SECONDS = 1000  # in what Playwright counts
# A machine that has other things to do needs longer, and nothing here waits for longer than it has to.
OPEN, RUN, ANSWER = 90 * SECONDS, 180 * SECONDS, 30 * SECONDS
WINDOW = {"width": 1280, "height": 1000}
# The same window at 200 %: half as many CSS pixels.
NARROW = {"width": 640, "height": 500}
WIDGET = "application/vnd.jupyter.widget-view+json"

Cell = dict[str, Any]


class NotebookPage:
    """A window with a notebook, with a memory of its own. `asked` is every address that it asked for and
    `complaints` what it wrote to the browser's console as an error."""

    def __init__(self, browser: Browser, server: Server, notebook: str, way: str = "doc") -> None:
        self.notebook = notebook
        self.asked: list[str] = []
        self.complaints: list[str] = []
        self._own = urlsplit(server.url).netloc
        self._context = browser.new_context(viewport=WINDOW)
        for name in ("in_page.js", "layout.js"):
            self._context.add_init_script(path=HERE / name)
        self._context.on("request", lambda request: self.asked.append(request.url))
        self.page: Page = self._context.new_page()
        self.page.on("websocket", lambda socket: self.asked.append(socket.url))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", self._heard)
        self.page.goto(server.address(notebook, way), wait_until="commit", timeout=OPEN)

    def close(self) -> None:
        """The kernel stays until the server is stopped, as it does for a learner."""
        self._context.close()

    def ready(self) -> NotebookPage:
        """Waits until the notebook in front has a kernel that listens."""
        self.until("labPage.ready()", OPEN)
        return self

    def until(self, condition: str, within: float = ANSWER, argument: Any = None) -> None:
        """Waits for a condition in the page. Raises what Playwright raises when it does not come true."""
        self.page.wait_for_function(condition, arg=argument, timeout=within)

    def begin(self) -> NotebookPage:
        """Lets all cells run as soon as that is possible, and does not wait for them."""
        self.page.evaluate("labPage.runAllWhenReady()")
        return self

    def begun(self) -> NotebookPage:
        """Waits until they run: only then another notebook may come to the front."""
        self.until("labPage.begun()", OPEN)
        return self

    def ended(self) -> NotebookPage:
        """Waits until all cells have run."""
        self.until("labPage.ended()", RUN)
        return self

    def run(self, *cells: str) -> None:
        """Runs these cells, one after the other."""
        for cell in cells:
            self.select(cell)
            self.page.evaluate("labPage.run('notebook:run-cell')")

    def run_until(self, cell: str) -> None:
        """Runs all code cells from the first one to this one."""
        ids = [each["id"] for each in self.code_cells()]
        self.run(*ids[: ids.index(cell) + 1])

    def select(self, cell: str) -> None:
        """Makes it the one that keys are for."""
        self.page.evaluate("cell => labPage.select(cell)", cell)

    def press(self, *keys: str) -> None:
        """On the keyboard."""
        for key in keys:
            self.page.keyboard.press(key)

    def type_into(self, cell: str, text: str) -> None:
        """Replaces what is in a cell, as a person does, and runs it. Waits until it has run."""
        before = self._count(cell)
        self.select(cell)
        self.press("Enter", "ControlOrMeta+a")
        self.page.keyboard.type(text)
        self.press("ControlOrMeta+Enter")
        changed = (
            "([cell, n]) => labPage.ready() && ![n, null].includes(labPage.cell(cell).model.executionCount)"
        )
        self.until(changed, argument=[cell, before])

    def new_cell_below(self, cell: str) -> str:
        """The id of one that is made with the keyboard."""
        self.select(cell)
        self.press("b")
        self.until("cell => ![cell, null].includes(labPage.active)", argument=cell)
        return str(self.page.evaluate("labPage.active"))

    def restart_kernel(self) -> None:
        """Through the menu, as a person does. Returns when the new one listens."""
        self.page.evaluate("labPage.watchRestart()")
        self.page.get_by_role("menuitem", name="Kernel", exact=True).click()
        self.page.get_by_role("menuitem", name=re.compile("^Restart Kernel…")).click()
        self.page.get_by_role("button", name="Confirm Kernel Restart").click()
        self.until("labPage.restarted && labPage.ready()", OPEN)

    def bring(self, notebook: str) -> NotebookPage:
        """Opens another notebook in the same window, or brings it to the front."""
        self.page.evaluate("path => labPage.run('docmanager:open', { path })", notebook)
        self.until("path => labPage.panel?.context?.path === path", argument=notebook)
        return self

    def shown(self, cell: str) -> str:
        """The text that stands below a cell."""
        return str(self.page.evaluate("cell => labPage.outputText(cell)", cell))

    def code_cells(self) -> list[Cell]:
        """Of each, in order: id, count, source and outputs."""
        return list(self.page.evaluate("labPage.codeCells()"))

    def elsewhere(self) -> list[str]:
        """What it asked for that is not its own server's."""
        addresses = {address for address in self.asked if urlsplit(address).scheme not in ("data", "blob")}
        return sorted(address for address in addresses if urlsplit(address).netloc != self._own)

    def turn_to(self, notebook: str) -> NotebookPage:
        """Closes the notebook in front and opens another one in its place. What was noted is about that one
        from here on."""
        self.notebook = notebook
        self.asked.clear()
        self.complaints.clear()
        self.page.evaluate("labPage.leave()")
        return self.bring(notebook)

    def resize(self, window: Any) -> None:
        """Returns when the notebook is as wide as that."""
        self.page.set_viewport_size(window)
        self.until("wide => labPage.isAsWideAs(wide)", argument=window["width"])

    def _count(self, cell: str) -> int | None:
        return next(each["count"] for each in self.code_cells() if each["id"] == cell)

    def _heard(self, message: Any) -> None:
        if message.type == "error":
            self.complaints.append(message.text)


def words(text: str) -> str:
    """A text as it is compared: a browser breaks lines, and puts spaces that do not break, where it likes."""
    return " ".join(text.split())
