"""A kernel that starts warm shows what a real one shows, and nothing of it is left."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from labkit.runner.kernel import environment
from labkit.runner.warm.preload import COURSE, KERNEL
from labkit.runner.warm.server import Lane, Server, why_not

from .both_ways import comparable, executed
from .torture import TORTURE

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not() or "never")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server(environment(), [*KERNEL, *COURSE]) as started:
        yield started


@pytest.fixture
def lane(server: Server) -> Iterator[Lane]:
    with server.lane() as opened:
        yield opened


# Those that use different things stand in one notebook, since a kernel takes longer to start than they do.
TOGETHER = ("matplotlib", "widgets", "lab")
NOTEBOOKS = [(name,) for name in TORTURE if name not in TOGETHER]


@pytest.mark.parametrize("names", [*NOTEBOOKS, TOGETHER], ids=", ".join)
def test_a_notebook_shows_the_same_in_both_kernels(
    names: tuple[str, ...], lane: Lane, tmp_path: Path
) -> None:
    cells = [cell for name in names for cell in TORTURE[name]]
    plain = comparable(executed(cells, tmp_path / "run-plain", None))
    warm = comparable(executed(cells, tmp_path / "run-warm", lane))
    assert warm.splitlines() == plain.splitlines()
