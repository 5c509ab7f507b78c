"""The kernels that a worker of a Dask cluster has for a sweep; without the cluster."""

from pathlib import Path
from typing import Any

import psutil
import pytest

from labkit.runner import dask_worker
from labkit.runner.dask_worker import Kernels
from labkit.runner.execute import Result, Task
from labkit.runner.scenarios import Scenario
from labkit.runner.warm.server import why_not

from .test_pool import wait_for

pytestmark = pytest.mark.usefixtures("temporary")


def task(folder: Path) -> Task:
    return Task(Scenario("a", folder / "a.ipynb", "A test.", {}, {}), folder / "kept", folder, "run")


@pytest.mark.skipif(bool(why_not()), reason=why_not() or "never")
def test_kernels_that_nobody_asks_for_any_more_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask_worker, "IDLE", 0.2)
    before = psutil.Process().children()
    kernels = Kernels(plain=False)
    work: Any = repr
    assert "A test." in str(kernels.run(work, task(tmp_path)))
    assert wait_for(lambda: psutil.Process().children() == before)
    # Whoever asks later finds new ones.
    assert "A test." in str(kernels.run(work, task(tmp_path)))
    kernels.close()
    assert psutil.Process().children() == before
    with pytest.raises(RuntimeError, match="this sweep is over"):
        kernels.run(work, task(tmp_path))


@pytest.mark.skipif(bool(why_not()), reason=why_not() or "never")
def test_a_server_that_is_killed_is_started_anew(tmp_path: Path) -> None:
    before = set(psutil.Process().children())
    kernels = Kernels(plain=False)
    work: Any = repr
    assert "A test." in str(kernels.run(work, task(tmp_path)))
    [server] = set(psutil.Process().children()) - before
    family = [server, *server.children(recursive=True)]
    server.kill()
    psutil.wait_procs(family, timeout=60)
    assert "A test." in str(kernels.run(work, task(tmp_path)))
    kernels.close()
    assert set(psutil.Process().children()) == before


def test_where_no_kernel_starts_warm_the_plain_way_is_taken_and_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dask_worker, "why_not", lambda: "no fork")
    kernels = Kernels(plain=False)
    came = Result("a", 1, None)
    assert kernels.run(lambda task: came, task(tmp_path)) is came
    assert kernels.cold == "no fork"
    kernels.close()
