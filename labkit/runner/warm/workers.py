"""Workers of a warm server, for a sweep."""

from __future__ import annotations

import selectors
import socket
from collections.abc import Callable, Iterator
from typing import Any, Self, TypeVar

from labkit.runner.pool import as_interrupt
from labkit.runner.warm.server import Server
from labkit.runner.warm.talk import HungUp, receive, send

T = TypeVar("T")
R = TypeVar("R")


class WorkerDied(Exception):
    """The process that carried out the task is gone. The notebook may have killed it."""


class WarmWorkers:
    """A context manager around `count` workers. When it is left, however that happens, they and their
    kernels are gone. The server is closed with them."""

    def __init__(self, server: Server, count: int) -> None:
        self._server, self._count = server, count
        self._terminable = as_interrupt("SIGTERM")

    def __enter__(self) -> Self:
        self._terminable.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._server.close()
        finally:
            self._terminable.__exit__(None, None, None)

    def results(self, work: Callable[[T], R], tasks: list[T]) -> Iterator[tuple[T, R | Exception]]:
        """Each task with what `work` returns for it or with what it raises, as soon as it is there. Raises
        NotWarm before the first, where the server does not start."""
        waiting = list(reversed(tasks))
        with selectors.DefaultSelector() as busy:
            try:
                for _ in range(min(self._count, len(tasks))):
                    self._begin(self._server.worker(), work, waiting, busy)
                while busy.get_map():
                    for key, _ in busy.select():
                        worker = key.fileobj
                        assert isinstance(worker, socket.socket)
                        outcome = outcome_of(worker)
                        busy.unregister(worker)
                        self._begin(worker, work, waiting, busy)
                        yield key.data, outcome
            finally:
                for key in busy.get_map().values():
                    key.fileobj.close()  # type: ignore[union-attr]

    def _begin(
        self, worker: socket.socket, work: Callable[[T], R], waiting: list[T], busy: selectors.BaseSelector
    ) -> None:
        """Gives the worker its next task. Another one takes the place of one that is gone."""
        while waiting:
            try:
                send(worker, (work, waiting[-1]))
            except HungUp:
                worker.close()
                worker = self._server.worker()
            else:
                busy.register(worker, selectors.EVENT_READ, waiting.pop())
                return
        worker.close()


def outcome_of(worker: socket.socket) -> Any:
    """What a worker's task returns, or what goes wrong with it, when that is there."""
    try:
        return receive(worker)[0]
    except HungUp:
        return WorkerDied("the process that ran it is gone")
