"""ipykernel's application in a forked process, with one socket in place of ZeroMQ's."""

from __future__ import annotations

import asyncio
import fcntl
import heapq
import inspect
import itertools
import os
import queue
import select
import socket
import sys
import threading
from collections.abc import Callable, Sequence
from time import monotonic
from typing import Any

import zmq
from ipykernel.iostream import BackgroundSocket, IOPubThread, OutStream
from ipykernel.ipkernel import IPythonKernel
from ipykernel.kernelapp import IPKernelApp
from ipykernel.kernelbase import Kernel
from traitlets import Any as AnyTrait
from traitlets import DottedObjectName, Type

from labkit.runner.warm.link import IOPUB, SHELL, Unpacker, arrived, packed


class Outbox(IOPubThread):
    """Sends what the kernel says, in the order in which it was said, from a thread of its own: an interrupt
    that hits the main thread then never cuts a message in two. Stands for ipykernel's thread of that name."""

    def __init__(self, ours: socket.socket) -> None:
        # Not the parent's: it opens sockets and an event loop.
        self._ours = ours
        # Forks of a notebook write to the same socket. Locks of a file hold between processes.
        self._lock = os.memfd_create("labkit-kernel", os.MFD_CLOEXEC)
        self._tasks: queue.SimpleQueue[Callable[[], object]] = queue.SimpleQueue()
        self._later: list[tuple[float, int, Callable[[], object]]] = []
        self._numbers = itertools.count()
        # Whoever has something to do later calls `call_later` of this one.
        self.io_loop: Any = self
        self.background_socket = BackgroundSocket(self)  # type: ignore[no-untyped-call]
        self.thread = threading.Thread(target=self._work, daemon=True, name="IOPub")

    def start(self) -> None:
        self.thread.start()

    def stop(self) -> None:
        """Sends what is waiting."""
        if self.thread.is_alive():
            done = threading.Event()
            self.schedule(done.set)
            done.wait(5)

    def close(self) -> None:
        """It ends with the process."""

    def schedule(self, f: Callable[[], object]) -> None:
        # Not alive in a fork that a notebook makes.
        if self.thread.is_alive():
            self._tasks.put(f)
        else:
            f()

    def call_later(self, delay: float, f: Callable[[], object]) -> None:
        """In the thread alone."""
        heapq.heappush(self._later, (monotonic() + delay, next(self._numbers), f))

    def send_multipart(self, frames: Sequence[bytes], *_: object, **__: object) -> None:
        self.send(IOPUB, frames)

    def send(self, channel: bytes, frames: Sequence[bytes]) -> None:
        data = packed(channel, frames)
        self.schedule(lambda: self._send(data))

    def _send(self, data: bytes) -> None:
        fcntl.lockf(self._lock, fcntl.LOCK_EX)
        try:
            self._ours.sendall(data)
        except OSError:
            # Nobody listens any more; the end of this process is near.
            pass
        finally:
            fcntl.lockf(self._lock, fcntl.LOCK_UN)

    def _work(self) -> None:
        while True:
            try:
                wait = max(0, self._later[0][0] - monotonic()) if self._later else None
                self._tasks.get(timeout=wait)()
            except queue.Empty:
                heapq.heappop(self._later)[2]()


class Stream(OutStream):
    """ipykernel's stdout and stderr. What a program wrote past Python before the end of a cell belongs to the
    cell, even if nobody has read it yet."""

    def _watch_pipe_fd(self) -> None:
        self._reading = threading.Lock()
        end: Any = self._fid
        while True:
            select.select([end], [], [])
            self.drain()

    def drain(self) -> None:
        """Takes in what has been written."""
        reading = getattr(self, "_reading", None)
        if reading is None:
            return
        end: Any = self._fid
        with reading:
            while select.select([end], [], [], 0)[0]:
                data = os.read(end, 1 << 16)
                self.write(data.decode(errors="replace"))
                os.write(self._original_stdstream_copy, data)


class ShellStream:
    """Requests come in, replies go out."""

    def __init__(self, ours: socket.socket, outbox: Outbox, ended: Callable[[], object]) -> None:
        self._ours, self._outbox, self._ended = ours, outbox, ended
        self._unpacker = Unpacker()
        self._callback: Callable[[list[Any]], Any]
        self._tasks: set[asyncio.Future[Any]] = set()

    def on_recv(self, callback: Callable[[list[Any]], Any], copy: bool = True) -> None:
        """As ZeroMQ's stream calls it."""
        self._callback = callback
        asyncio.get_event_loop().add_reader(self._ours, self._readable)

    def _readable(self) -> None:
        data = arrived(self._ours)
        if data is None:
            return
        if not data:
            asyncio.get_event_loop().remove_reader(self._ours)
            self._ended()
        for _, frames in self._unpacker.feed(data):
            done = self._callback([zmq.Message(frame) for frame in frames])
            if inspect.isawaitable(done):
                task = asyncio.ensure_future(done)
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    def send_multipart(self, frames: Sequence[bytes], *_: object, **__: object) -> None:
        self._outbox.send(SHELL, frames)

    def flush(self, *_: object) -> None:
        """What comes in is dispatched as soon as it is there."""


class NoSubshells:
    """Where ipykernel asks its thread for subshells whose thread it is. There is none, and so it is false."""

    parent_thread = threading.main_thread()

    def __bool__(self) -> bool:
        return False


class WarmKernel(IPythonKernel):
    """ipykernel's kernel; its request stream is ours, and there is no debugger to wait for."""

    shell_stream = AnyTrait()
    shell_channel_thread = AnyTrait(NoSubshells())
    _supports_kernel_subshells = False

    def start(self) -> None:
        """What ipykernel's does, but that it warns of the missing debugger."""
        if self.shell:
            self.shell.exit_now = False
        Kernel.start(self)  # type: ignore[no-untyped-call]

    async def do_execute(self, *arguments: Any, **options: Any) -> dict[str, Any]:
        """What ipykernel's does; then the streams take in what programs have written."""
        reply: dict[str, Any] = await super().do_execute(*arguments, **options)  # type: ignore[no-untyped-call]
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, Stream):
                stream.drain()
        return reply


class WarmApp(IPKernelApp):
    """ipykernel's application, without what it does to be found by others."""

    kernel_class = Type(WarmKernel, klass="ipykernel.kernelbase.Kernel")  # type: ignore[assignment]

    outstream_class = DottedObjectName(f"{__name__}.{Stream.__name__}")

    def attach(self, ours: socket.socket) -> None:
        """Before `initialize`: the socket to talk over."""
        self._ours = ours

    def init_poller(self) -> None:
        pass

    def init_connection_file(self) -> None:
        pass

    def init_sockets(self) -> None:
        self.session.auth = None
        self.iopub_thread = Outbox(self._ours)
        self.iopub_thread.start()
        self.iopub_socket = self.iopub_thread.background_socket
        self.configure_tornado_logger()  # type: ignore[no-untyped-call]

    def init_heartbeat(self) -> None:
        pass

    def write_connection_file(self, **_: Any) -> None:
        pass

    def log_connection_info(self) -> None:
        pass

    def init_kernel(self) -> None:
        kernel = WarmKernel.instance(
            parent=self,
            session=self.session,
            shell_stream=ShellStream(self._ours, self.iopub_thread, self._ended),
            iopub_thread=self.iopub_thread,
            iopub_socket=self.iopub_socket,
            stdin_socket=None,
            log=self.log,
            profile_dir=self.profile_dir,
            user_ns=self.user_ns,
        )
        self.kernel = kernel
        self.displayhook.get_execution_count = lambda: kernel.execution_count

    def _ended(self) -> None:
        self.io_loop.stop()
