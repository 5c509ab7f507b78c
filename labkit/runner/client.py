"""Executes the cells of a notebook as papermill does, in a kernel that is warm or in one that is not."""

from __future__ import annotations

import asyncio
import logging
import os
import queue
import signal
from contextlib import suppress
from pathlib import Path
from typing import Any

from jupyter_core.utils import ensure_async
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from papermill.clientwrap import PapermillNotebookClient

from labkit.runner.kernel import connection
from labkit.runner.warm.manager import Manager
from labkit.runner.warm.server import Lane

# How long a cell that has taken too long may take to show where it was (seconds).
_TO_BE_INTERRUPTED = 2.0

# What goes wrong is reported with its cell; the libraries would say it once more on stderr.
_silent = logging.getLogger("labkit.runner.silent")
_silent.setLevel(logging.CRITICAL + 1)


class Client(PapermillNotebookClient):  # type: ignore[misc]
    """Papermill's client, which keeps what went wrong, and with which cell. A cell that takes too long is
    interrupted before it is given up, so that the notebook shows where it was."""

    cell: Any = None
    error: Any = None

    def papermill_execute_cells(self) -> None:
        """As papermill's; but what nbclient raises does not get past it."""
        for index, cell in enumerate(self.nb.cells):
            self.nb_man.cell_start(cell, index)
            try:
                self.cell = cell
                self.execute_cell(cell, index)
            except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
                self.error = error
                self.nb_man.cell_exception(cell, cell_index=index, exception=error)
                break
            finally:
                self.nb_man.cell_complete(cell, cell_index=index)

    def execute(self, **options: Any) -> Any:
        """The notebook, as far as it came."""
        self.reset_execution_trackers()
        with self.setup_kernel(cleanup_kc=True, **options):
            self.papermill_execute_cells()
            if not isinstance(self.error, CellTimeoutError | DeadKernelError):
                told = self.wait_for_reply(self.kc.kernel_info())
                self.nb.metadata["language_info"] = told["content"]["language_info"]
            self.set_widgets_metadata()
        return self.nb

    async def _async_poll_kernel_alive(self) -> None:
        # Nbclient forgets it when a cell takes too long, and it then finds no kernel.
        with suppress(AssertionError):
            await super()._async_poll_kernel_alive()

    async def _async_handle_timeout(self, timeout: int, cell: Any = None) -> None:
        # It has had its time, and is not waited for again.
        self.shutdown_kernel = "immediate"
        await ensure_async(self.km.interrupt_kernel())
        with suppress(queue.Empty, DeadKernelError):
            await ensure_async(self.kc.shell_channel.get_msg(timeout=_TO_BE_INTERRUPTED))
            # Over ZeroMQ the traceback may come in later than the answer.
            await asyncio.sleep(0.1)
        raise CellTimeoutError.error_from_timeout_and_cell("Cell execution timed out", timeout, cell)


def warm_client(manager: Any, lane: Lane, timeout: int) -> Client:
    """A client of a kernel that a lane forks. `manager` is papermill's, of the notebook's execution."""
    return Client(manager, km=Manager(lane), kernel_name="python3", timeout=timeout, log=_silent)


def plain_client(manager: Any, timeout: int, folder: Path, name: str) -> Client:
    """A client of a kernel of its own process, whose sockets lie in `folder` under `name`."""
    return Client(
        manager,
        kernel_name="python3",
        timeout=timeout,
        log=_silent,
        # Asked nicely, a kernel now and then takes seconds.
        shutdown_kernel="immediate",
        config=connection(folder, name),
    )


def how_it_died(manager: Any) -> str:
    """What is known of the end of a manager's kernel."""
    code = getattr(manager, "code", None)
    if code is None:
        return "the kernel died"
    if code < 0:
        with suppress(ValueError):
            return f"the kernel died of {signal.Signals(-code).name}"
    return f"the kernel died (exit code {code})"


def own_temporary_folder(environment: dict[str, str], folder: Path) -> dict[str, str]:
    """The environment, with `folder` for temporary files: what a killed notebook leaves goes with it."""
    folder.mkdir(parents=True, exist_ok=True)
    return {**environment, **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), os.fspath(folder.resolve()))}
