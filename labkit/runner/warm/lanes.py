"""What runs in the server's process, and in its forks that are lanes and workers."""

from __future__ import annotations

import os
import select
import signal
import socket
import sys
from contextlib import suppress
from functools import partial

from labkit.runner.warm.birth import adopt_orphans, become_kernel, fork
from labkit.runner.warm.preload import preload
from labkit.runner.warm.talk import HungUp, receive, send


def main() -> None:
    """The server: `python -c ... HANDLE MODULE...`, in a session of its own."""
    # What -c puts there; a kernel puts it back, for its own folder.
    if sys.path[:1] == [""]:
        del sys.path[0]
    handle, *modules = sys.argv[1:]
    control = socket.socket(fileno=int(handle))
    control.set_inheritable(False)
    preload(modules)
    adopt_orphans()
    try:
        send(control, "ready")
        while True:
            kind, _ = receive(control)
            _bury()
            ours, theirs = socket.socketpair()
            fork(partial(serve_lane if kind == "lane" else serve_tasks, ours), [control, theirs])
            ours.close()
            send(control, kind, [theirs])
            theirs.close()
    except HungUp:
        pass
    finally:
        kill_descendants()


def serve_lane(control: socket.socket) -> None:
    """Answers `kernel` and `end`, in turn."""
    adopt_orphans()
    pid = 0
    try:
        while True:
            (kind, *more), _ = receive(control)
            if kind == "kernel":
                ours, theirs = socket.socketpair()
                pid = fork(partial(become_kernel, more[0], ours), [control, theirs])
                ours.close()
                send(control, pid, [theirs])
                theirs.close()
            else:
                send(control, _ended(pid, more[0]))
    except HungUp:
        pass
    finally:
        kill_descendants()


def _ended(pid: int, patience: float) -> int:
    """Waits so long for a kernel to end by itself, and ends it with all that it has started. Its exit code,
    or the number of the signal that killed it, negative."""
    handle = os.pidfd_open(pid)
    by_itself, _, _ = select.select([handle], [], [], patience)
    os.close(handle)
    if not by_itself:
        # So that it starts nothing more while its children are counted.
        os.kill(pid, signal.SIGSTOP)
    # A killed kernel's children are still its children here: it has not been waited for.
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    kill_descendants()
    return code


def kill_descendants() -> None:
    """Kills what descends from this process, until there is nothing more."""
    import psutil  # type: ignore[import-untyped]

    while found := psutil.Process().children(recursive=True):
        for process in found:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        # What the dead leave behind becomes a child of this process, and is found next time.
        psutil.wait_procs(found, timeout=1)
        _bury()


def _bury() -> None:
    """Children that have ended, however they did."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def serve_tasks(ours: socket.socket) -> None:
    """A worker: carries out what comes in, and sends what comes out."""
    from labkit.runner.warm.server import Lane, NotWarm, use_lane

    control, end = socket.socketpair()
    fork(partial(serve_lane, end), [control, ours])
    end.close()
    with Lane(control) as lane:
        use_lane(lane)
        with suppress(HungUp):
            while True:
                (work, task), _ = receive(ours)
                try:
                    outcome = work(task)
                except NotWarm as error:
                    # The lane is gone, and this worker with it.
                    send(ours, error)
                    return
                except Exception as error:
                    outcome = error
                send(ours, outcome)
