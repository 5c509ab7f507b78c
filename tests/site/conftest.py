"""The site, built once for all tests here, whichever process they run in; a second time at the same moment,
to compare."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
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


def build_both(shared: Path) -> list[tuple[str, int, str, float]]:
    """What makes a `Built` of each."""
    folders = [shared / name / "site" for name in ("one", "another-one")]
    for folder in folders:
        folder.parent.mkdir()
    before = worked()
    running = [start(folder, str(number)) for number, folder in enumerate(folders, 1)]
    try:
        said = [process.communicate(timeout=600)[0] for process in running]
    finally:
        for process in running:
            process.kill()
    took = (worked() - before) / len(running)
    return [(str(f), p.returncode, s, took) for f, p, s in zip(folders, running, said, strict=True)]


@contextmanager
def alone(shared: Path) -> Iterator[None]:
    """Whoever comes second waits until the first one has left."""
    import fcntl

    with (shared / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[Built, Built]:
    if find_spec("myst_nb") is None or find_spec("pydata_sphinx_theme") is None:
        pytest.skip(MISSING)
    own = tmp_path_factory.getbasetemp()
    # The folders of the processes of one run lie in one of that run.
    shared = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "sites"
    shared.mkdir(exist_ok=True)
    told = shared / "told.json"
    with alone(shared):
        if not told.exists():
            told.write_text(json.dumps(build_both(shared)), "utf-8")
    one, other = (
        Built(Path(folder), code, said, seconds)
        for folder, code, said, seconds in json.loads(told.read_text("utf-8"))
    )
    return one, other


@pytest.fixture(scope="session")
def site(both: tuple[Built, Built]) -> Built:
    if both[0].code:
        pytest.fail(f"the site cannot be built:\n{both[0].said}")
    return both[0]
