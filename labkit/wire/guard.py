"""Stops what does not go through requests: while a lab is attached, no socket of this process gets to another
machine, whichever library opens it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from labkit.wire import attached
from labkit.wire.loopback import is_own

# Where in the arguments of an audit event the address stands: a host by itself, or a pair that begins with
# one.
# https://docs.python.org/3/library/audit_events.html
_ADDRESS: Mapping[str, int] = {
    "socket.connect": 1,
    "socket.getaddrinfo": 0,
    "socket.gethostbyaddr": 0,
    "socket.gethostbyname": 0,
    "socket.sendmsg": 1,
    "socket.sendto": 1,
}
_installed: list[bool] = []


class OutsideTheLab(ConnectionRefusedError):
    """The lab has no network, and so has nobody in it."""


def install() -> None:
    """Begins to watch. Nobody can take an audit hook out again, so there is one only."""
    if not _installed:
        _installed.append(True)
        sys.addaudithook(_watch)


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    place = _ADDRESS.get(event)
    if place is None or attached.current() is None:
        return
    host = _host(arguments[place], by_itself=event.startswith("socket.get"))
    if host is not None and not is_own(host):
        raise OutsideTheLab(
            f"{host[:100]} is outside of the lab, and while a lab is attached nothing is reached there. "
            "What to do: lab.deactivate() ends that."
        )


def _host(address: Any, by_itself: bool) -> str | None:
    """The host of an address; None for one of the machine's own kinds of socket, such as a path."""
    found = address if by_itself else address[0] if isinstance(address, tuple) and address else None
    if isinstance(found, bytes | bytearray):
        return found.decode("ascii", "replace")
    return found if isinstance(found, str) else None
