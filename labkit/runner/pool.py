"""Worker processes that leave nothing behind, however the work ends."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any, Self, TypeVar

# As many as Windows can wait for.
MOST_WORKERS = 61

T = TypeVar("T")
R = TypeVar("R")


def processors() -> int:
    """How many this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def how_many(tasks: int, jobs: int | None = None) -> int:
    """Workers for so many tasks: `jobs` of them, or one for each processor (None), as far as they are of
    use."""
    return min(jobs or processors(), max(tasks, 1), MOST_WORKERS)


class Workers:
    """A context manager around `count` processes. When it is left early (Ctrl-C, an end by SIGTERM), the
    processes are ended together with the kernels that they started."""

    def __init__(self, count: int) -> None:
        # Spawned and not forked: a fork of a process that has threads may hang.
        context = multiprocessing.get_context("spawn")
        self._others = set(multiprocessing.active_children())
        self._pool = ProcessPoolExecutor(count, context, initializer=_begin)
        self._terminable = as_interrupt("SIGTERM")

    def __enter__(self) -> Self:
        self._terminable.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is not None:
                _end([child.pid for child in multiprocessing.active_children() if child not in self._others])
            self._pool.shutdown(cancel_futures=True)
        finally:
            self._terminable.__exit__(None, None, None)

    def results(self, work: Callable[[T], R], tasks: list[T]) -> Iterator[tuple[T, R | Exception]]:
        """Each task with what `work` returns for it or with what it raises, in the order of the tasks."""
        # A worker starts deaf to Ctrl-C: until it has left the terminal, its traceback would be the answer.
        with _signal("SIGINT", signal.SIG_IGN):
            futures = [self._pool.submit(work, task) for task in tasks]
        for task, future in zip(tasks, futures, strict=True):
            error = future.exception()
            yield task, future.result() if error is None else _plain(error)


def _plain(error: BaseException) -> Exception:
    return error if isinstance(error, Exception) else RuntimeError(repr(error))


def _begin() -> None:
    """In a worker: Ctrl-C is the parent's business, and so is the worker's life."""
    if hasattr(os, "setsid"):
        os.setsid()
    threading.Thread(target=_follow_parent, daemon=True).start()


def _follow_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _end(workers: list[int | None]) -> None:
    import psutil  # type: ignore[import-untyped]

    doomed = []
    for worker in workers:
        with suppress(psutil.NoSuchProcess):
            process = psutil.Process(worker)
            # Otherwise a worker might start a kernel anew that it sees dying.
            process.suspend()
            doomed += [*process.children(recursive=True), process]
    for process in doomed:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(doomed, timeout=10)


def as_interrupt(name: str) -> AbstractContextManager[None]:
    """Inside, the signal is a KeyboardInterrupt."""
    return _signal(name, signal.default_int_handler)


@contextmanager
def _signal(name: str, handler: Any) -> Iterator[None]:
    """Inside, the signal is handled so. Only the main thread may say how."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    former = signal.signal(getattr(signal, name), handler)
    try:
        yield
    finally:
        signal.signal(getattr(signal, name), former)
