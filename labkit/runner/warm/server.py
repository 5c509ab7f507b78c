"""The server as whoever started it sees it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, Self

from labkit.core.errors import LabError
from labkit.runner.warm.birth import Wish
from labkit.runner.warm.talk import HungUp, receive, send

# How long a kernel may take to end by itself (seconds): what it registered with atexit is run.
PATIENCE = 2.0

_PROGRAM = "from labkit.runner.warm.lanes import main; main()"


class NotWarm(LabError):
    """No kernel can be had from the server; `presented` says why."""


def why_not() -> str:
    """Why kernels cannot start warm on this system, or ""."""
    if not hasattr(os, "pidfd_open") or not hasattr(os, "fork"):
        return "it takes Linux to fork a kernel safely"
    try:
        os.close(os.pidfd_open(os.getpid()))
    except OSError as error:
        return f"this Linux cannot tell when a process ends: {error}"
    return ""


class Lane:
    """Runs one kernel at a time."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._control.close()

    def start(self, wish: Wish) -> tuple[int, socket.socket]:
        """A new kernel: its process id, and the socket to talk to it. Raises NotWarm."""
        pid, [theirs] = self._ask("kernel", wish)
        return pid, theirs

    def end(self, patience: float = PATIENCE) -> int:
        """Ends the kernel, and whatever it has started. Its exit code, or its signal, negative. Raises
        NotWarm."""
        code: int = self._ask("end", patience)[0]
        return code

    def _ask(self, *request: object) -> tuple[Any, list[socket.socket]]:
        try:
            send(self._control, request)
            return receive(self._control)
        except HungUp:
            raise NotWarm("The process that starts kernels is gone.") from None


class Server:
    """A context manager around the server's process. `environment` is what it starts with, and `modules`
    what it imports. With `quiet`, what programs of a notebook write past the notebook goes nowhere. Raises
    NotWarm where it does not start."""

    def __init__(self, environment: Mapping[str, str], modules: Iterable[str], *, quiet: bool = True) -> None:
        self._control, theirs = socket.socketpair()
        self._said = tempfile.TemporaryFile()  # noqa: SIM115
        out, err = (subprocess.DEVNULL, self._said) if quiet else (None, None)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _PROGRAM, str(theirs.fileno()), *modules],
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                pass_fds=[theirs.fileno()],
                # Ctrl-C is for who started the server.
                start_new_session=True,
            )
        self._ready = False

    @property
    def pid(self) -> int:
        """Of the server's process."""
        return self._process.pid

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def lane(self) -> Lane:
        """A new lane. Raises NotWarm."""
        return Lane(self._forked("lane"))

    def worker(self) -> socket.socket:
        """A new worker, by the socket that it takes tasks from. Raises NotWarm."""
        return self._forked("worker")

    def wait_until_ready(self) -> None:
        """Returns when everything is imported. Raises NotWarm where that does not come to pass."""
        if not self._ready:
            try:
                self._ready = bool(receive(self._control))
            except HungUp:
                raise self._gone() from None

    def _forked(self, kind: str) -> socket.socket:
        self.wait_until_ready()
        try:
            send(self._control, kind)
            _, [theirs] = receive(self._control)
        except HungUp:
            raise self._gone() from None
        return theirs

    def _gone(self) -> NotWarm:
        if self._said.closed:
            return NotWarm("The process that forks kernels has been closed.")
        self._said.seek(0)
        said = self._said.read().decode(errors="replace").strip().splitlines()
        return NotWarm("The process that forks kernels has ended.", presented="".join(said[-1:]))

    def close(self) -> None:
        """Ends it, and every kernel that is left. It may be called twice."""
        self._control.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.kill(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._said.close()


_lane: Lane | None = None


def use_lane(lane: Lane) -> None:
    """In a worker: the lane from which its kernels come."""
    global _lane
    _lane = lane


def own_lane() -> Lane | None:
    """The lane of this worker; None in any other process."""
    return _lane
