"""A sweep on the workers of a Dask cluster. No more is handed over than they can run at once, so that what
dies with a worker was running there; what was not over when a worker was lost is carried out by another."""

from __future__ import annotations

import asyncio
import json
import pickle
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Self
from uuid import uuid4

from labkit.core.errors import BadInput, LabError
from labkit.runner.dask_cluster import dask, full_address, left, reached, there, threads, within
from labkit.runner.dask_worker import Answer, Parcel, Work, fingerprint
from labkit.runner.execute import Result, Task
from labkit.runner.pool import as_interrupt
from labkit.runner.warm.workers import WorkerDied

# How often the cluster is looked at, and how long it may be without a worker (seconds).
EVERY = 1.0
WITHOUT = 30.0
# What a notebook and the files beside it may be together (bytes). Dask wants messages to be no larger.
MOST = 10_000_000


class ClusterLost(LabError):
    """There is nobody left who could carry out the rest."""


class DaskWorkers:
    """A context manager around the workers of the cluster at this address. `notebooks` are what it will be
    asked for; so many threads of the cluster are used (None: all of them). When it is left, however that
    happens, nothing of the sweep runs there any more. Raises BadInput where no sweep can run there."""

    def __init__(
        self, address: str, notebooks: Iterable[Path], jobs: int | None = None, plain: bool = False
    ) -> None:
        self._address, self._most, self._plain = full_address(address), jobs or sys.maxsize, plain
        self._killed, self._cancelled = dask().KilledWorker, dask().CancelledError
        self._sweep = uuid4().hex
        self._files = {notebook: _packed(notebook) for notebook in set(notebooks)}
        self._threads, self._look_at, self._lost_at = 0, 0.0, 0.0
        self._said: set[str] = set()
        self._terminable = as_interrupt("SIGTERM")
        self._runner = asyncio.Runner()
        # What an interrupted sweep still waited for has nothing more to say.
        self._runner.get_loop().set_exception_handler(lambda *_: None)
        try:
            self._client = self._runner.run(reached(self._address))
        except BaseException:
            self._runner.close()
            raise

    def __enter__(self) -> Self:
        self._terminable.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._runner.run(self._leave())
        finally:
            self._runner.close()
            self._terminable.__exit__(None, None, None)

    async def _leave(self) -> None:
        # What runs for this sweep ends there, and what comes late is not begun; then Dask forgets it.
        with suppress(Exception):
            await within(self._client.run(there("end"), self._sweep, on_error="ignore"), 5)
        await left(self._client)

    def results(self, work: Work, tasks: list[Task]) -> Iterator[tuple[Task, Result | Exception]]:
        """Each task with what `work` returns for it or with what it raises, as soon as it is there; then the
        executed notebook is where the task says. Raises ClusterLost when nobody is left who could go on."""
        waiting, suspects = deque(tasks), deque[Task]()
        running: dict[asyncio.Task[Answer], Task] = {}
        again: set[str] = set()
        while waiting or suspects or running:
            for task in self._next(waiting, suspects, running):
                sending = self._carried_out(pickle.dumps(self._parcel(work, task)), task.scenario.name)
                running[self._runner.get_loop().create_task(sending)] = task
            for over in self._runner.run(self._some(running)):
                task = running.pop(over)
                outcome = self._outcome(over, task)
                if isinstance(outcome, self._killed) and task.name not in again:
                    # Who else was there may have killed the workers. Alone, it is known.
                    again.add(task.name)
                    suspects.append(task)
                else:
                    yield task, _told(outcome) if isinstance(outcome, self._killed) else outcome

    def _next(
        self, waiting: deque[Task], suspects: deque[Task], running: dict[asyncio.Task[Answer], Task]
    ) -> Iterator[Task]:
        while waiting and len(running) < min(self._threads, self._most):
            yield waiting.popleft()
        if suspects and not waiting and not running:
            yield suspects.popleft()

    def _parcel(self, work: Work, task: Task) -> Parcel:
        return Parcel(
            self._sweep, fingerprint(), work, task, self._files[task.scenario.notebook], self._plain
        )

    async def _carried_out(self, parcel: bytes, name: str) -> Answer:
        key = f"labkit-sweep-{name}-{uuid4().hex}"
        answer: Answer = await self._client.submit(there("carry_out"), parcel, key=key, pure=False)
        return answer

    async def _some(self, running: Iterable[asyncio.Task[Answer]]) -> set[asyncio.Task[Answer]]:
        """Those that are over, as soon as there is one, or none after a while."""
        await self._look()
        found = list(running)
        if not found:
            await asyncio.sleep(EVERY / 10)
            return set()
        over, _ = await asyncio.wait(found, timeout=EVERY, return_when=asyncio.FIRST_COMPLETED)
        return over

    async def _look(self) -> None:
        """Looks whether anybody is there, and how many. Raises ClusterLost."""
        now = monotonic()
        if now < self._look_at:
            return
        self._look_at = now + EVERY
        try:
            self._threads = sum((await threads(self._client)).values())
        except (OSError, TimeoutError):
            self._threads = 0
        if self._threads:
            self._lost_at = 0
        elif not self._lost_at:
            self._lost_at = now
            self._say(f"no worker of the Dask cluster is left; waiting {WITHOUT:g} s for one")
        elif now - self._lost_at > WITHOUT:
            raise _lost("It has had no worker for too long.", f"none in {WITHOUT:g} seconds")

    def _outcome(self, over: asyncio.Task[Answer], task: Task) -> Result | Exception:
        """What came of it; the notebook is kept."""
        error = None if over.cancelled() else over.exception()
        if over.cancelled() or isinstance(error, self._cancelled):
            raise _lost("It has dropped the tasks of this sweep.", str(error or "") or "cancelled there")
        if error is not None:
            return error if isinstance(error, Exception) else RuntimeError(repr(error))
        answer = over.result()
        if answer.cold:
            self._say(f"kernels do not start warm there, so this takes longer: {answer.cold}")
        if answer.notebook:
            task.kept.write_bytes(_as_here(answer.notebook, task))
        return answer.outcome

    def _say(self, what: str) -> None:
        """Once."""
        if what not in self._said:
            self._said.add(what)
            print(f"labkit: {what}", file=sys.stderr, flush=True)


def _told(error: Exception) -> Exception:
    times = getattr(error, "allowed_failures", 0) + 1
    return WorkerDied(f"the Dask workers that ran it died, {times} one after the other")


def _lost(message: str, presented: str) -> ClusterLost:
    return ClusterLost(
        f"The Dask cluster is lost. {message}",
        presented=presented,
        advice="`labkit sweep --failed` with the same --out runs the rest",
    )


def _packed(notebook: Path) -> dict[str, bytes]:
    """The notebook and the files beside it, by name. Other notebooks, hidden files and folders stay here."""
    found = {notebook.name: notebook.read_bytes()}
    for path in notebook.parent.iterdir():
        if path.suffix != ".ipynb" and not path.name.startswith(".") and path.is_file():
            # What may not be read is missed by the notebook that wants it, as it would be here.
            with suppress(OSError):
                found[path.name] = path.read_bytes()
    size = sum(map(len, found.values()))
    if size > MOST:
        raise BadInput(
            "What lies beside the notebook is too much to travel to each worker.",
            presented=f"{notebook.parent}: {size / 1e6:.0f} MB",
            required=f"{MOST / 1e6:g} MB or less",
            advice="put it into a folder, which stays here, or where each worker can read it",
        )
    return found


def _as_here(notebook: bytes, task: Task) -> bytes:
    """The executed notebook, with the places that papermill writes down as they are here."""
    made = json.loads(notebook)
    made["metadata"]["papermill"] |= {
        "input_path": str(task.scenario.notebook),
        "output_path": str(task.kept),
    }
    # As nbformat writes it.
    text = json.dumps(made, ensure_ascii=False, indent=1, sort_keys=True, separators=(",", ": "))
    return text.encode()
