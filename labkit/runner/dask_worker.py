"""What a worker of a Dask cluster does for a sweep. Everything here runs there, and never imports Dask itself
but for where the worker keeps its files."""

from __future__ import annotations

import pickle
import socket
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import labkit
from labkit.runner.execute import Result, Task
from labkit.runner.warm.server import NotWarm, Server, why_not
from labkit.runner.warm.talk import HungUp, send
from labkit.runner.warm.workers import WorkerDied, outcome_of
from labkit.runner.workers import new_server

# How long the kernels of a sweep are kept when nothing more comes (seconds): whoever started it may be gone.
IDLE = 60.0

Work = Callable[[Task], Result]


class OtherLabkit(Exception):
    """The labkit of this worker is not that of the sweep."""


@dataclass(frozen=True)
class Parcel:
    """What travels to a worker: which sweep it is for, in which state labkit is there, the task, and the
    files that the notebook finds in its working folder, itself among them. With `plain`, its kernel does not
    start warm."""

    sweep: str
    state: str
    work: Work
    task: Task
    files: Mapping[str, bytes]
    plain: bool


@dataclass(frozen=True)
class Answer:
    """What travels back: the result or what went wrong, the executed notebook, empty where there is none, and
    why its kernel did not start warm, or ""."""

    outcome: Result | Exception
    notebook: bytes
    cold: str


def about() -> tuple[str, str, str]:
    """The version of labkit here, its fingerprint, and why kernels cannot start warm here, or ""."""
    return labkit.__version__, fingerprint(), why_not()


@cache
def fingerprint() -> str:
    """Tells apart two states of labkit that bear the same version."""
    home = Path(labkit.__file__).parent
    found = sha256()
    for path in sorted(home.rglob("*")):
        if path.suffix in (".py", ".toml", ".json") and ".ipynb_checkpoints" not in path.parts:
            # However a checkout ends its lines.
            text = path.read_bytes().replace(b"\r\n", b"\n")
            found.update(f"{path.relative_to(home).as_posix()} {len(text)} ".encode() + text)
    return found.hexdigest()


def carry_out(data: bytes) -> Answer:
    """Unpacks a parcel and does what it asks for."""
    parcel: Parcel = pickle.loads(data)
    if parcel.state != fingerprint():
        raise OtherLabkit(f"the worker {_worker().address} has another labkit than this sweep")
    kernels = _kernels(parcel.sweep, parcel.plain)
    # There Dask itself clears away what a killed worker leaves.
    where = _worker().local_directory
    with TemporaryDirectory(prefix="labkit-", dir=where, ignore_cleanup_errors=True) as name:
        folder = Path(name).resolve()
        beside, kept = folder / "notebooks", folder / "kept.ipynb"
        beside.mkdir()
        for file, content in parcel.files.items():
            (beside / file).write_bytes(content)
        scenario = replace(parcel.task.scenario, notebook=beside / parcel.task.scenario.notebook.name)
        task = replace(parcel.task, scenario=scenario, kept=kept, folder=folder)
        outcome = kernels.run(parcel.work, task)
        return Answer(outcome, kept.read_bytes() if kept.exists() else b"", kernels.cold)


def _worker() -> Any:
    return import_module("distributed").get_worker()


class Kernels:
    """The kernels of a sweep on this worker. They are forked by a server, which a first task starts, and each
    is driven by a fork of it as well, so that a thread of the worker has nothing to do but wait."""

    def __init__(self, plain: bool) -> None:
        self.cold = "" if plain else why_not()
        self._plain, self._over = plain, False
        self._guard = threading.Lock()
        self._server: Server | None = None
        self._free: list[socket.socket] = []
        self._busy: set[Path] = set()
        self._timer = threading.Timer(0, self.close)

    def run(self, work: Work, task: Task) -> Result | Exception:
        """What comes of the task, or what goes wrong. Several threads may ask at a time."""
        with self._guard:
            self._timer.cancel()
            self._busy.add(task.folder)
        try:
            while (driver := self._driver()) is not None:
                try:
                    send(driver, (work, task))
                except HungUp:
                    driver.close()
                else:
                    return self._came(driver)
            return _cold(work, task)
        finally:
            with self._guard:
                self._busy.discard(task.folder)
                if not self._busy and not self._over:
                    self._timer = threading.Timer(IDLE, self._close_if_idle)
                    self._timer.daemon = True
                    self._timer.start()

    def _driver(self) -> socket.socket | None:
        """A process that drives kernels, by its socket; None where it is not to be, or cannot be."""
        with self._guard:
            if self._over:
                raise RuntimeError("this sweep is over")
            if self._plain or self.cold:
                return None
            if self._free:
                return self._free.pop()
            try:
                return self._started().worker()
            except NotWarm:
                # A notebook may have killed the server.
                self._drop()
            try:
                return self._started().worker()
            except NotWarm as error:
                self._drop()
                self.cold = f"{error.message} {error.presented}".rstrip()
                return None

    def _started(self) -> Server:
        if self._server is None:
            self._server = new_server()
        return self._server

    def _came(self, driver: socket.socket) -> Result | Exception:
        outcome: Result | Exception = outcome_of(driver)
        with self._guard:
            # Without its lane, or its server, a driver is of no more use.
            if isinstance(outcome, WorkerDied | NotWarm) or self._server is None:
                driver.close()
            else:
                self._free.append(driver)
        return outcome

    def _close_if_idle(self) -> None:
        with self._guard:
            if not self._busy:
                self._drop()

    def close(self) -> None:
        """Ends every kernel at once, and what waits for one comes back."""
        with self._guard:
            self._over = True
            self._timer.cancel()
            self._drop()
            folders = [str(folder) for folder in self._busy]
        _kill_kernels(folders)

    def _drop(self) -> None:
        server, self._server = self._server, None
        for driver in self._free:
            driver.close()
        self._free.clear()
        if server is not None:
            server.close()


def _cold(work: Work, task: Task) -> Result | Exception:
    try:
        return work(task)
    except Exception as error:
        return error


def _kill_kernels(folders: list[str]) -> None:
    """Those that this process has started as processes of their own, which name their folder."""
    import psutil  # type: ignore[import-untyped]

    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            if any(folder in word for word in child.cmdline() for folder in folders):
                child.kill()


_guard = threading.Lock()
# None stands for a sweep that is over: what comes late for it is not begun.
_sweeps: dict[str, Kernels | None] = {}


def _kernels(sweep: str, plain: bool) -> Kernels:
    with _guard:
        found = _sweeps.setdefault(sweep, Kernels(plain))
    if found is None:
        raise RuntimeError("this sweep is over")
    return found


def end(sweep: str) -> None:
    """Ends what is left of a sweep on this worker. It returns at once, since the worker waits for it."""
    with _guard:
        kernels, _sweeps[sweep] = _sweeps.get(sweep), None
    if kernels is not None:
        threading.Thread(target=kernels.close, daemon=True).start()
