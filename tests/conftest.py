"""What the tests of all packages share."""

import gc
import signal
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from hypothesis import settings

import labkit
from labkit import lab as lab_module
from labkit.lab import Lab
from labkit.releases import RELEASES
from tests.chromium import browser as browser

# The same examples in every run, so that a red build is red on the next machine too.
settings.register_profile("labkit", derandomize=True, deadline=None, database=None)
settings.load_profile("labkit")


# What runs in the background is told to ignore Ctrl-C, and so are the programs that it starts.
signal.signal(signal.SIGINT, signal.default_int_handler)

# From here on these are copied. No test that changes what a lab is made of is what the others get copies of.
for _release in RELEASES:
    labkit.start(_release)


@pytest.fixture
def none_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    """For a test that changes what a lab is made of: every one is built."""
    monkeypatch.setattr(lab_module, "_image", lab_module._image.__wrapped__)


# Files that take long begin first: no process has to wait at the end for one that has just begun.
LONG = ("notebooks", "course/test_exercises.py", "course/test_drills.py", "access/test_oracle.py")
# Those with a browser come last: from then on an event loop runs in the process.
LAST = ("browser", "site")


@cache
def place(path: Path) -> tuple[bool, bool]:
    """When the tests of a file come: the least first."""
    here = path.relative_to(Path(__file__).parent)
    return any(map(here.is_relative_to, LAST)), not any(map(here.is_relative_to, LONG))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: place(item.path))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Thousands of tests are there to stay: what looks for garbage need not look at them again and again."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.fixture
def lab() -> Lab:
    """A new lab, as a learner gets it."""
    return labkit.start()
