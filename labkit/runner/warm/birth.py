"""From a fork to a kernel: nothing of the server is left that a notebook could see."""

from __future__ import annotations

import asyncio
import atexit
import ctypes
import os
import random
import signal
import socket
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import NoReturn

_DEATH_SIGNAL, _SUBREAPER = 1, 36


@dataclass(frozen=True)
class Wish:
    """What kernel somebody wants: its working folder, its environment (all of it), and its arguments."""

    folder: str
    environment: Mapping[str, str]
    arguments: Sequence[str] = ("--HistoryManager.hist_file=:memory:",)


def fork(child: Callable[[], object], close: Sequence[socket.socket] = ()) -> int:
    """Forks; the child closes these, does its work, and is gone. Returns the child's process id."""
    parent = os.getpid()
    sys.stdout.flush()
    sys.stderr.flush()
    if pid := os.fork():
        return pid
    status = 1
    try:
        die_with(parent)
        for one in close:
            one.close()
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD):
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
        child()
        status = 0
    except BaseException:
        traceback.print_exc(file=sys.__stderr__)
    finally:
        os._exit(status)


def die_with(parent: int) -> None:
    """This process is killed when its parent ends, however that ends."""
    prctl(_DEATH_SIGNAL, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def adopt_orphans() -> None:
    """What children leave behind becomes a child of this process."""
    prctl(_SUBREAPER, 1)


def prctl(option: int, value: int) -> None:
    """The system call of Linux."""
    ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def become_kernel(wish: Wish, ours: socket.socket) -> NoReturn:
    """In a fork: answers requests until the other side hangs up, then ends as a kernel does."""
    from labkit.runner.warm.kernel_process import WarmApp

    os.setsid()
    os.chdir(wish.folder)
    os.environ.clear()
    os.environ.update(wish.environment)
    _empty_stdin()
    _forget()
    import ipykernel_launcher  # type: ignore[import-untyped]

    sys.argv = [ipykernel_launcher.__file__, "-f", "kernel.json", *wish.arguments]
    app = WarmApp.instance()
    app.attach(ours)
    app.initialize(sys.argv[1:])  # type: ignore[no-untyped-call]
    app.start()  # type: ignore[no-untyped-call]
    # As at the end of Python, but that nobody takes the modules apart.
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    app.iopub_thread.stop()
    os._exit(0)


def _empty_stdin() -> None:
    """A kernel's stdin is a pipe whose other end is closed."""
    reading, writing = os.pipe()
    os.close(writing)
    os.dup2(reading, 0)
    os.close(reading)
    sys.stdin = sys.__stdin__ = os.fdopen(0, encoding="utf-8", closefd=False)  # type: ignore[misc]


def _forget() -> None:
    """What the server has found out or drawn at random, and what is another thing in each process."""
    asyncio.set_event_loop_policy(None)
    random.seed()
    tempfile.tempdir = None
    numpy: ModuleType | None = sys.modules.get("numpy.random")
    if numpy is not None:
        numpy.seed()
