"""The site, built once for all tests here; a second time at the same moment, to compare."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

from labkit.checkout import checkout
from tests.site.page import Page, read

MISSING = "the site is not built: `make site` installs Sphinx, myst-nb and the theme"


@dataclass(frozen=True)
class Built:
    """A site. `said` is what its builder wrote, `seconds` what it took of a processor's time."""

    folder: Path
    code: int
    said: str
    seconds: float

    def page(self, name: str) -> Page:
        """A page by its path in the site."""
        return read(self.folder / name)

    def pages(self) -> dict[str, Page]:
        """All of them by path. What lies in _static is the theme's."""
        found = [path for path in sorted(self.folder.rglob("*.html")) if "_static" not in path.parts]
        return {path.relative_to(self.folder).as_posix(): read(path) for path in found}


def start(folder: Path, seed: str) -> subprocess.Popen[str]:
    command = [sys.executable, os.fspath(checkout() / "site" / "build.py"), os.fspath(folder)]
    # What must not matter: where it goes, the order of sets, the clock's zone, from where it is called.
    environment = {**os.environ, "PYTHONHASHSEED": seed, "TZ": f"UTC-{seed}"}
    return subprocess.Popen(
        command,
        cwd=folder.parent,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def worked() -> float:
    """Seconds that processors have spent on what this process started: what else they do does not count."""
    spent = os.times()
    return spent.children_user + spent.children_system


@pytest.fixture(scope="session")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[Built, Built]:
    if find_spec("myst_nb") is None or find_spec("pydata_sphinx_theme") is None:
        pytest.skip(MISSING)
    folders = [tmp_path_factory.mktemp(name) / "site" for name in ("one", "another-one")]
    before = worked()
    running = [start(folder, str(number)) for number, folder in enumerate(folders, 1)]
    try:
        said = [process.communicate(timeout=600)[0] for process in running]
    finally:
        for process in running:
            process.kill()
    took = (worked() - before) / len(running)
    one, other = (Built(f, p.returncode, s, took) for f, p, s in zip(folders, running, said, strict=True))
    return one, other


@pytest.fixture(scope="session")
def site(both: tuple[Built, Built]) -> Built:
    if both[0].code:
        pytest.fail(f"the site cannot be built:\n{both[0].said}")
    return both[0]
