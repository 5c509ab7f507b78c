"""Papermill's own engine, but for where the kernel comes from."""

from __future__ import annotations

import atexit
import os
import sys
import threading
from pathlib import Path
from typing import Any

from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine
from papermill.log import logger
from papermill.utils import merge_kwargs, remove_args

from labkit.runner.warm.manager import Manager
from labkit.runner.warm.preload import COURSE, KERNEL
from labkit.runner.warm.server import Lane, NotWarm, Server, why_not

# What may be another for each notebook, since nothing that is imported before has read it.
_OF_A_RUN = {"LABKIT_DATA", "TMPDIR", "TEMP", "TMP", "PWD", "OLDPWD", "JPY_PARENT_PID", "_"}


class WarmEngine(NBClientEngine):  # type: ignore[misc]
    """Executes a notebook in a kernel that is forked. Where there is none to be had, papermill's own way is
    taken, and the log says why."""

    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **options: Any) -> Any:
        """As papermill's; `options` are the same."""
        reason = why_not() or not_our_kernel(kernel_name)
        try:
            lane = None if reason else new_lane()
        except NotWarm as error:
            lane, reason = None, f"{error.message} {error.presented}".rstrip()
        if lane is None:
            logger.warning(f"The kernel does not start warm, so this takes longer: {reason}")
            return super().execute_managed_notebook(nb_man, kernel_name, **options)
        with lane:
            return _client(nb_man, kernel_name, lane, **options).execute(cleanup_kc=True)


def _client(
    nb_man: Any,
    kernel_name: str,
    lane: Lane,
    start_timeout: int = 60,
    execution_timeout: int | None = None,
    **options: Any,
) -> Any:
    """The client that papermill makes, with a kernel from the lane."""
    kept = remove_args(["input_path", "timeout", "startup_timeout"], **options)
    return PapermillNotebookClient(
        nb_man,
        km=Manager(lane),
        **merge_kwargs(
            kept,
            timeout=execution_timeout or options.get("timeout"),
            startup_timeout=start_timeout,
            kernel_name=kernel_name,
            log=logger,
        ),
    )


def not_our_kernel(name: str) -> str:
    """Why this kernel is another than ipykernel in this very Python, or ""."""
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    try:
        spec = KernelSpecManager().get_kernel_spec(name)
    except NoSuchKernel:
        # Papermill says so in its own words.
        return f"there is no kernel {name!r}"
    program, *rest = spec.argv
    ours = ("python", "python3", f"python3.{sys.version_info.minor}")
    same = program in ours or Path(program) == Path(sys.executable)
    module = [part for part in rest if not part.startswith("-X")]
    if not same or spec.env or module != ["-m", "ipykernel_launcher", "-f", "{connection_file}"]:
        return f"the kernel {name!r} is another than the one of this Python"
    return ""


_guard = threading.Lock()
_server: tuple[dict[str, str], int, Server] | None = None


def new_lane() -> Lane:
    """From the server of this process, which starts with the first notebook and ends with the process; anew
    where the environment has changed. Raises NotWarm."""
    global _server
    environment = {name: value for name, value in os.environ.items() if name not in _OF_A_RUN}
    with _guard:
        if _server is None or _server[:2] != (environment, os.getpid()):
            close()
            _server = environment, os.getpid(), Server(os.environ, [*KERNEL, *COURSE], quiet=False)
        try:
            return _server[2].lane()
        except NotWarm:
            close()
            raise


@atexit.register
def close() -> None:
    """Ends the server of this process, if it has one."""
    global _server
    if _server is not None and _server[1] == os.getpid():
        _server[2].close()
    _server = None
