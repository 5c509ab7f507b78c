"""A relay on the machine's own loopback: it passes on what comes, in both directions, and keeps a copy."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Thread
from typing import Any, cast

from labkit.wire.capture import Capture

LOOPBACK = "127.0.0.1"
_AT_ONCE = 65536
_SECONDS_OF_SILENCE = 30


class _Handler(BaseRequestHandler):
    """One connection."""

    def handle(self) -> None:
        relay = cast(_Relay, self.server)
        conversation = relay.capture.begin()
        try:
            with closing(socket.create_connection((LOOPBACK, relay.port), _SECONDS_OF_SILENCE)) as behind:
                self.request.settimeout(_SECONDS_OF_SILENCE)
                back = Thread(
                    target=_pass_on, args=(behind, self.request, conversation.received), daemon=True
                )
                back.start()
                _pass_on(self.request, behind, conversation.sent)
                back.join()
        finally:
            relay.open.remove(self.request)
            relay.capture.end(conversation)


def _pass_on(source: socket.socket, to: socket.socket, kept: bytearray) -> None:
    """Until the source ends. A side that takes no more is still listened to: what a client says to a service
    that has hung up has passed on the wire all the same."""
    with suppress(OSError):
        while data := source.recv(_AT_ONCE):
            kept += data
            with suppress(OSError):
                to.sendall(data)
    with suppress(OSError):
        to.shutdown(socket.SHUT_WR)


class _Relay(ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, port: int, capture: Capture) -> None:
        self.port, self.capture = port, capture
        self.open: list[socket.socket] = []
        super().__init__((LOOPBACK, 0), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Noted before the thread of its own begins, so that whoever closes all misses none."""
        self.open.append(request)
        super().process_request(request, client_address)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that breaks off is nothing to print about."""


@contextmanager
def relaying(port: int, capture: Capture) -> Iterator[int]:
    """Passes everything on to a port of this machine while the `with` lasts. Gives the port to call."""
    with _Relay(port, capture) as relay:
        thread = Thread(target=relay.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield relay.server_address[1]
        finally:
            relay.shutdown()
            thread.join()
            for one in list(relay.open):
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
