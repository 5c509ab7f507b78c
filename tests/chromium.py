"""One browser for all tests that need one. What is missing on this machine skips them; with
LABKIT_REQUIRE_BROWSER set, as .ci/run sets it, it fails them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING, NoReturn

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

NAMED = "LABKIT_CHROMIUM"
REQUIRED = "LABKIT_REQUIRE_BROWSER"
PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = [
    # Chromium's sandbox refuses root and many containers; only our own pages are opened.
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    # For each window Chromium draws pages of its own, such as the list below its line for addresses, and that
    # takes longer than many of ours. The last such option holds: what Playwright switches off, and this does
    # not, is about what is fetched from elsewhere and about what surrounds a page.
    "--disable-features=PreloadTopChromeWebUI,WebUIOmniboxPopup,WebUIOmniboxAimPopup,WebUIOmniboxFullPopup",
    # Whatever a page asks another host for is noted, and does not leave the machine.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
]


def missing(reason: str) -> NoReturn:
    """Skips the test, or fails it where everything was to be there."""
    if os.environ.get(REQUIRED):
        pytest.fail(f"{reason} ({REQUIRED} is set)")
    pytest.skip(reason)


def program() -> str:
    """The browser."""
    if named := os.environ.get(NAMED):
        assert shutil.which(named), f"{NAMED} names no program: {named}"
        return named
    found = next(filter(None, map(shutil.which, PROGRAMS)), None)
    return found or missing(f"no Chromium: install the package chromium, or name one in {NAMED}")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, without a window."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing("no Playwright: run `make`, or pip install playwright")
    path = program()
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield found
        found.close()
