"""A real scheduler and real workers on this machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from .test_pool import lives, wait_for

# These notebooks are small, there too.
LITTLE = "from labkit.runner import workers\nworkers.COURSE = ()\n"
# Nobody may be left to end them.
ALONE = {"scheduler": ("--idle-timeout", "600"), "worker": ("--death-timeout", "60")}


class Cluster:
    """A scheduler and its workers of two threads each, all processes of their own on loopback."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._workers: list[subprocess.Popen[bytes]] = []
        self._little = folder / "little.py"
        self._little.write_text(LITTLE)
        told = folder / "scheduler.json"
        self._scheduler = self._started(
            "scheduler", *ALONE["scheduler"], "--port", "0", "--scheduler-file", told
        )
        assert wait_for(lambda: told.exists() and told.read_text().strip().endswith("}"))
        self.address: str = json.loads(told.read_text())["address"]

    def _started(self, kind: str, *options: str | Path) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", f"distributed.cli.dask_{kind}", *map(str, options)]
        command += ["--host", "127.0.0.1", "--no-dashboard", "--dashboard-address", "127.0.0.1:0"]
        # They live longer than the temporary folder of the test that starts them.
        around = {**os.environ, "TMPDIR": str(self.folder)}
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(command, stdout=log, stderr=log, env=around, start_new_session=True)

    def start(self, count: int = 1, preload: Path | None = None) -> list[psutil.Process]:
        """More workers, which begin with this."""
        own = ("--nthreads", "2", "--local-directory", self.folder / "w", "--no-nanny")
        own += ("--preload", preload or self._little)
        made = [self._started("worker", self.address, *ALONE["worker"], *own) for _ in range(count)]
        self._workers += made
        wanted = {process.pid for process in made}

        def there() -> bool:
            ended = any(process.poll() is not None for process in made)
            return ended or wanted <= set(client.run(os.getpid, on_error="ignore").values())

        with self._client() as client:
            assert wait_for(there)
        assert all(process.poll() is None for process in made), (self.folder / "log").read_text()[-2000:]
        return [psutil.Process(process.pid) for process in made]

    def _client(self) -> Any:
        from distributed import Client

        return Client(self.address, set_as_default=False)

    def asked(self, question: Callable[..., Any]) -> dict[str, Any]:
        """What each worker says."""
        with self._client() as client:
            return dict(client.run(question, on_error="ignore"))

    def allow(self, failures: int) -> None:
        """After so many lost workers a task is tried once more."""

        def allow(dask_scheduler: Any) -> None:
            dask_scheduler.allowed_failures = failures

        with self._client() as client:
            client.run_on_scheduler(allow)

    def have(self, count: int) -> list[psutil.Process]:
        """At least so many workers."""
        if (missing := count - len(self.alive())) > 0:
            self.start(missing)
        return self.alive()

    def alive(self) -> list[psutil.Process]:
        return [psutil.Process(process.pid) for process in self._workers if process.poll() is None]

    def idle(self) -> bool:
        """Whether no process and no file of a sweep is left."""
        family = [child for worker in self.alive() for child in worker.children(recursive=True)]
        return not any(map(lives, family)) and not list(self.folder.glob("w/*/worker-*/labkit-*"))

    def stop(self) -> None:
        """Ends the workers."""
        for process in self._workers:
            process.terminate()
        for process in self._workers:
            process.wait(60)
        self._workers.clear()

    def end(self) -> None:
        self.stop()
        self._scheduler.terminate()
        self._scheduler.wait(60)
