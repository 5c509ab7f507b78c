"""No test and no notebook that is compared reads or writes what the user of this machine has done."""

import os
import shutil
import tempfile
from itertools import count
from pathlib import Path

import pytest

from labkit.course.progress_place import VARIABLE

_made: list[str] = []
_numbers = count(1)


def _fresh_folder() -> None:
    os.environ[VARIABLE] = str(Path(_made[-1]) / str(next(_numbers)))


def pytest_configure() -> None:
    """From the start, since modules of tests may run things while they are collected."""
    _made.append(tempfile.mkdtemp(prefix="labkit-data-"))
    _fresh_folder()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Each test begins with nothing done. A notebook's kernel starts at its first cell and keeps the folder
    of that cell."""
    _fresh_folder()


def pytest_unconfigure() -> None:
    """Leaves nothing behind."""
    shutil.rmtree(_made.pop(), ignore_errors=True)
