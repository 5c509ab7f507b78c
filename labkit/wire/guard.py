"""Stops what does not go through requests: while a lab is attached, no socket of this process gets to another
machine, whichever library opens it (urllib, httpx, asyncio).

It sees what Python's socket module does. Out of its sight are libraries that bring sockets of their own
(curl, gRPC), other programs, and what a proxy on this very machine passes on. A name that is given to a
socket's `connect` or `sendto` as it is, which hardly anybody does, is looked up before it is refused.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from labkit.wire import attached
from labkit.wire.loopback import is_own

# Where in the arguments of an audit event the address stands, which begins with a host. The first argument of
# the events below is a host by itself.
# https://docs.python.org/3/library/audit_events.html
_ADDRESS: Mapping[str, int] = {
    "socket.connect": 1,
    "socket.getnameinfo": 0,
    "socket.sendmsg": 1,
    "socket.sendto": 1,
}
_LOOKED_UP = ("socket.getaddrinfo", "socket.gethostbyaddr", "socket.gethostbyname")
_installed: list[bool] = []


class OutsideTheLab(ConnectionRefusedError):
    """The lab has no network, and so has nobody in it."""


def install() -> None:
    """Begins to watch. Nobody can take an audit hook out again, so there is one only."""
    if not _installed:
        _installed.append(True)
        sys.addaudithook(_watch)


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if not event.startswith("socket.") or attached.current() is None:
        return
    host = _host(event, arguments)
    if host is not None and not is_own(host):
        raise OutsideTheLab(
            f"{host[:100]} is outside of the lab, and while a lab is attached nothing is reached there. "
            "What to do: lab.deactivate() ends that."
        )


def _host(event: str, arguments: tuple[Any, ...]) -> str | None:
    """The host that an event is about; None for one of the machine's own kinds of socket, such as a path."""
    found: object = None
    if event in _LOOKED_UP:
        found = arguments[0]
    elif event in _ADDRESS:
        address = arguments[_ADDRESS[event]]
        found = address[0] if isinstance(address, tuple) and address else None
    if isinstance(found, bytes | bytearray):
        return found.decode("ascii", "replace")
    # The text itself: a subclass may say that it is equal to another.
    return str.__str__(found) if isinstance(found, str) else None
