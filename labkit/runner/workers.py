"""Workers for tasks that execute notebooks: their kernels start warm where that is possible."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from labkit.runner.kernel import environment
from labkit.runner.pool import Workers
from labkit.runner.warm.preload import COURSE, DRIVER, KERNEL
from labkit.runner.warm.server import NotWarm, Server, why_not
from labkit.runner.warm.workers import WarmWorkers


class Pool(Protocol):
    """Whatever carries out tasks."""

    def results(self, work: Callable[[Any], Any], tasks: list[Any]) -> Iterator[tuple[Any, Any]]:
        """Each task with what `work` returns for it, or with what went wrong, as they come."""


def new_server() -> Server:
    """One whose forks execute notebooks of the course, and drive those that do."""
    return Server(environment(), [*KERNEL, *COURSE, *DRIVER])


@contextmanager
def workers(count: int, plain: bool = False) -> Iterator[Pool]:
    """So many workers, gone when it is left. With `plain`, and where no kernel starts warm, which is said on
    stderr, they are processes of their own, and so are their kernels."""
    reason = "" if plain else why_not()
    if not plain and not reason:
        server = new_server()
        with WarmWorkers(server, count) as warm:
            try:
                server.wait_until_ready()
            except NotWarm as error:
                reason = f"{error.message} {error.presented}".rstrip()
            else:
                yield warm
                return
    if reason:
        print(f"labkit: kernels do not start warm, so this takes longer: {reason}", file=sys.stderr)
    with Workers(count) as cold:
        yield cold
