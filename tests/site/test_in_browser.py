"""The site in a real browser: opened as files and from a server, wide and narrow, light and dark."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.axe import SCRIPT
from tests.chromium import missing
from tests.site.conftest import Built

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

# What counts, as axe names how bad it is.
WORST = ("serious", "critical")
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
# One of each kind of page, and those with the most kinds of output.
KINDS = [
    "index.html",
    "statements/05-encryption-at-rest.html",
    "glossary.html",
    "instructors/schedule.html",
    "notebooks/03-rbac-matrix.html",
    "notebooks/09-data-flows.html",
]
# What somebody types, and a page that has to be among the first.
SEARCHES = {
    "device code": "glossary.html",
    "flow-snapshot": "statements/09-data-flows.html",
    "key-overlap": "assumptions.html",
    "hdinsight": "notebooks/09-data-flows.html",
}


class Silent(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Nobody reads it."""


@contextmanager
def serving(built: Built) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Silent, directory=str(built.folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(params=["opened as files", "from a server"])
def address(request: pytest.FixtureRequest, site: Built) -> Iterator[str]:
    if request.param == "opened as files":
        yield f"{site.folder.as_uri()}/"
    else:
        with serving(site) as found:
            yield found


@contextmanager
def window(browser: Browser, address: str, size: dict[str, int], scheme: str = "light") -> Iterator[Page]:
    """A window that complains of whatever its pages ask another host for, or write as an error."""
    context = browser.new_context(viewport=size, color_scheme=scheme)  # type: ignore[arg-type]
    asked: list[str] = []
    errors: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    page = context.new_page()
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    try:
        yield page
        assert [one[:100] for one in asked if not one.startswith((address, "data:"))] == []
        assert [one for one in errors if not allowed(one, address)] == []
    finally:
        context.close()


def allowed(error: str, address: str) -> bool:
    # From files no page may read another one: the results of a search then have no excerpts.
    return address.startswith("file:") and ("CORS" in error or "ERR_FAILED" in error or "fetch" in error)


def search(page: Page, typed: str) -> None:
    page.locator("button.search-button__button:visible").click()
    field = page.locator("#pst-search-dialog input[type=search]")
    field.fill(typed)
    field.press("Enter")


@pytest.mark.parametrize("typed", SEARCHES)
def test_a_search_finds_the_page(browser: Browser, address: str, typed: str) -> None:
    with window(browser, address, WIDE) as page:
        page.goto(f"{address}index.html")
        search(page, typed)
        found = page.locator("#search-results ul.search li a")
        found.first.wait_for()
        page.wait_for_function("!document.querySelector('#search-progress')?.textContent.includes('...')")
        links = [found.nth(place).get_attribute("href") or "" for place in range(found.count())]
        assert SEARCHES[typed] in [link.partition("#")[0].partition("?")[0] for link in links[:6]]
        wanted = next(link for link in links if link.startswith(SEARCHES[typed]))
        page.locator(f'#search-results a[href="{wanted}"]').first.click()
        page.wait_for_url(f"{address}{SEARCHES[typed]}*")


def test_a_word_that_is_nowhere_is_not_found(browser: Browser, address: str) -> None:
    with window(browser, address, WIDE) as page:
        page.goto(f"{address}search.html?q=xylophone")
        page.wait_for_function(
            "document.querySelector('#search-results').textContent.includes('did not match')"
        )


def test_a_search_works_on_a_phone(browser: Browser, address: str) -> None:
    with window(browser, address, NARROW) as page:
        page.goto(f"{address}index.html")
        search(page, "subnet")
        page.locator("#search-results ul.search li a").first.wait_for()


@pytest.mark.parametrize(
    ("size", "scheme"), [(WIDE, "light"), (NARROW, "dark")], ids=["wide, light", "narrow, dark"]
)
def test_pages_have_no_barriers_and_fit(
    browser: Browser,
    site: Built,
    size: dict[str, int],
    scheme: str,
) -> None:
    if not SCRIPT.is_file():
        missing("no axe-core: install npm (the packages nodejs and npm) and run `make browser`")
    address = f"{site.folder.as_uri()}/"
    with window(browser, address, size, scheme) as page:
        for name in KINDS:
            page.goto(f"{address}{name}")
            page.wait_for_function("document.documentElement.dataset.theme")
            assert page.evaluate("document.documentElement.dataset.theme") == scheme
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} is too wide"
            page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
            page.evaluate(SCRIPT.read_text("utf-8"))
            found = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")["violations"]
            worst = [rule for rule in found if rule["impact"] in WORST]
            assert [(rule["id"], rule["nodes"][0]["html"][:200]) for rule in worst] == [], name


def test_every_diagram_is_drawn(browser: Browser, site: Built) -> None:
    address = f"{site.folder.as_uri()}/"
    drawn = 0
    with window(browser, address, WIDE) as page:
        for name in sorted(name for name in site.pages() if name.startswith("notebooks/")):
            page.goto(f"{address}{name}")
            sizes = page.evaluate("[...document.querySelectorAll('main img')].map(one => one.naturalWidth)")
            assert [size for size in sizes if size < 100] == [], name
            drawn += len(sizes)
    assert drawn > 20


def test_without_scripts_a_page_can_still_be_read(browser: Browser, site: Built) -> None:
    context = browser.new_context(java_script_enabled=False)
    try:
        page = context.new_page()
        page.goto(f"{site.folder.as_uri()}/notebooks/00-start-here.html")
        assert page.locator("main h1").inner_text().startswith("Start here")
        assert page.locator("main pre").count() > 20
    finally:
        context.close()
