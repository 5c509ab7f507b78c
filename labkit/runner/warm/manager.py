"""Warm kernels as nbclient wants to see kernels: a manager, its client, and the client's channels."""

from __future__ import annotations

import asyncio
import os
import queue
import signal
import socket
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from time import monotonic
from typing import Any

from jupyter_client.session import Session
from nbclient.exceptions import DeadKernelError

from labkit.runner.warm.birth import Wish
from labkit.runner.warm.link import SHELL, Unpacker, arrived, packed
from labkit.runner.warm.server import PATIENCE, Lane


class Channel:
    """Messages that came in on one channel. `answers` is whether somebody waits here for the answer to a
    request, and has to learn that there will be none."""

    def __init__(self, client: Client, answers: bool) -> None:
        self._client, self._answers = client, answers
        self._messages: deque[dict[str, Any]] = deque()
        self._waiting: asyncio.Future[None] | None = None

    async def get_msg(self, timeout: float | None = None) -> dict[str, Any]:
        """The next one. Raises queue.Empty when none has come in so many seconds, and DeadKernelError when
        none will ever come."""
        while not self._messages:
            if self._answers and self._client.hung_up:
                raise DeadKernelError("Kernel died")
            self._client.listen()
            self._waiting = asyncio.get_running_loop().create_future()
            try:
                await asyncio.wait_for(self._waiting, timeout)
            except TimeoutError:
                raise queue.Empty from None
            finally:
                self._waiting = None
        return self._messages.popleft()

    def put(self, *messages: dict[str, Any]) -> None:
        """Takes in messages, and wakes who waits for one."""
        self._messages.extend(messages)
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    def send(self, message: dict[str, Any]) -> None:
        """Sends one to the kernel."""
        self._client.post(message)


class Client:
    """One end of a kernel's socket."""

    allow_stdin = False

    def __init__(self, ours: socket.socket) -> None:
        self.session = Session()
        # Nobody else can write to the sockets: nothing is signed, on either side.
        self.session.auth = None
        self.shell_channel, self.iopub_channel = Channel(self, True), Channel(self, False)
        self.hung_up = False
        self._ours = ours
        self._unpacker = Unpacker()
        self._loop: asyncio.AbstractEventLoop | None = None

    def start_channels(self) -> None:
        """They are open."""

    def wait_for_ready(self, timeout: float | None = None) -> None:
        """What is asked too early waits in the socket."""

    def stop_channels(self) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.remove_reader(self._ours)
        self._ours.close()

    def is_alive(self) -> bool:
        return not self.hung_up

    def listen(self) -> None:
        """In an event loop."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop and not self.hung_up:
            self._loop = loop
            loop.add_reader(self._ours, self._readable)

    def _readable(self) -> None:
        data = arrived(self._ours)
        if data is None:
            return
        for name, frames in self._unpacker.feed(data):
            message = self.session.deserialize(self.session.feed_identities(frames)[1])
            (self.shell_channel if name == SHELL else self.iopub_channel).put(message)
        if not data:
            self.hung_up = True
            assert self._loop is not None
            self._loop.remove_reader(self._ours)
            # Outputs that came before are taken in first.
            self._loop.call_soon(self.shell_channel.put)

    def execute(self, code: str, store_history: bool = True, stop_on_error: bool = True) -> str:
        """Asks for the execution of a cell; the id of the request."""
        content = {"code": code, "silent": False, "store_history": store_history, "user_expressions": {}}
        return self._request(
            "execute_request", content | {"allow_stdin": False, "stop_on_error": stop_on_error}
        )

    def kernel_info(self) -> str:
        """Asks what kernel it is; the id of the request."""
        return self._request("kernel_info_request", {})

    def _request(self, kind: str, content: dict[str, Any]) -> str:
        message = self.session.msg(kind, content)
        self.post(message)
        return str(message["header"]["msg_id"])

    def post(self, message: dict[str, Any]) -> None:
        """A kernel that is gone is noticed when its answer is waited for."""
        with suppress(OSError):
            self._ours.sendall(packed(SHELL, self.session.serialize(message)))


class Manager:
    """Starts a kernel in a lane, and ends it."""

    # As nbclient asks: it then keeps the history of what was typed out of the user's own.
    ipykernel = True
    kernel_id = "warm"

    def __init__(self, lane: Lane) -> None:
        self._lane = lane
        self._pid = 0
        self._ours: socket.socket
        self._client: Client
        self.code: int | None = None

    @property
    def has_kernel(self) -> bool:
        return self._pid > 0

    def start_kernel(
        self,
        extra_arguments: list[str] | None = None,
        cwd: str | None = None,
        env: Mapping[str, str] | None = None,
    ) -> None:
        """Raises NotWarm."""
        environment = {**(os.environ if env is None else env), "JPY_PARENT_PID": str(os.getpid())}
        wish = Wish(cwd or os.getcwd(), environment, extra_arguments or [])
        self._pid, self._ours = self._lane.start(wish)

    def client(self) -> Client:
        self._client = Client(self._ours)
        return self._client

    def is_alive(self) -> bool:
        return self.has_kernel

    def interrupt_kernel(self) -> None:
        """As Ctrl-C does, for the kernel and for what it has started."""
        with suppress(ProcessLookupError):
            os.killpg(self._pid, signal.SIGINT)

    async def shutdown_kernel(self, now: bool = False) -> None:
        """Ends it, with all that it has started. With `now` it is not waited for; otherwise a cell that is
        still running is interrupted, and what it shows of that is taken in."""
        if not self._pid:
            return
        if not now:
            self.interrupt_kernel()
            # It may have gone by itself.
            with suppress(OSError):
                self._ours.shutdown(socket.SHUT_WR)
            self._client.listen()
            until = monotonic() + PATIENCE
            while not self._client.hung_up and monotonic() < until:
                await asyncio.sleep(0.002)
        over = not now and self._client.hung_up
        self._pid, self.code = 0, self._lane.end(PATIENCE if over else 0)

    def cleanup_resources(self) -> None:
        """There are none but the process."""
