"""Objects, and open sockets with them, from one of our processes to another."""

from __future__ import annotations

import pickle
import socket
import struct
from collections.abc import Sequence
from typing import Any

_LENGTH = struct.Struct("!Q")


class HungUp(Exception):
    """The other side is gone."""


def send(to: socket.socket, what: object, sockets: Sequence[socket.socket] = ()) -> None:
    """Raises HungUp."""
    data = pickle.dumps(what)
    try:
        # The head alone: sockets travel with the first byte, and it is never cut.
        socket.send_fds(to, [_LENGTH.pack(len(data))], [one.fileno() for one in sockets])
        to.sendall(data)
    except OSError:
        raise HungUp from None


def receive(come_from: socket.socket) -> tuple[Any, list[socket.socket]]:
    """What was sent, and the sockets that came with it. Raises HungUp."""
    try:
        head, handles, _, _ = socket.recv_fds(come_from, _LENGTH.size, 4)
        sockets = [socket.socket(fileno=handle) for handle in handles]
        head += _exactly(come_from, _LENGTH.size - len(head)) if head else b""
        if not head:
            raise HungUp
        return pickle.loads(_exactly(come_from, _LENGTH.unpack(head)[0])), sockets
    except OSError:
        raise HungUp from None


def _exactly(come_from: socket.socket, count: int) -> bytes:
    data = bytearray()
    while len(data) < count:
        more = come_from.recv(min(count - len(data), 1 << 20))
        if not more:
            raise HungUp
        data += more
    return bytes(data)
