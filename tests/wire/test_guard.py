"""No socket of this process gets out while a lab is attached, whichever library opens it."""

import asyncio
import socket
import urllib.request
from collections.abc import Callable
from contextlib import closing
from urllib.error import URLError

import pytest
import urllib3

from labkit import wire
from labkit.lab import Lab
from labkit.wire.guard import OutsideTheLab
from labkit.wire.loopback import is_loopback

# Documentation addresses, which nobody has.
FAR, FAR6 = "192.0.2.1", "2001:db8::1"


def by_tcp(host: str | bytearray = FAR) -> None:
    with closing(socket.socket()) as one:
        one.settimeout(0.1)
        one.connect((host, 443))


def by_udp() -> None:
    with closing(socket.socket(type=socket.SOCK_DGRAM)) as one:
        one.sendto(b"x", (FAR, 53))


def by_message() -> None:
    with closing(socket.socket(type=socket.SOCK_DGRAM)) as one:
        one.sendmsg([b"x"], [], 0, (FAR, 53))


def by_ipv6() -> None:
    with closing(socket.socket(socket.AF_INET6)) as one:
        one.settimeout(0.1)
        one.connect((FAR6, 443, 0, 0))


async def by_asyncio() -> None:
    await asyncio.open_connection("management.azure.com", 443)


def by_urllib3() -> None:
    urllib3.PoolManager(retries=False, timeout=0.1).request("GET", f"https://{FAR}/")


class Liar(str):
    """A text that is equal to every other."""

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = str.__hash__


WAYS: list[Callable[[], object]] = [
    by_tcp,
    by_udp,
    by_message,
    by_ipv6,
    lambda: socket.create_connection((FAR, 443), timeout=0.1),
    lambda: socket.getaddrinfo("management.azure.com", 443),
    lambda: socket.getaddrinfo(b"management.azure.com", 443),
    lambda: socket.gethostbyname("management.azure.com"),
    lambda: by_tcp(bytearray(FAR.encode())),
    lambda: socket.gethostbyaddr(FAR),
    lambda: socket.getnameinfo((FAR, 443), 0),
    lambda: socket.getaddrinfo("127.0.0.1%far.example", 443),
    lambda: socket.getaddrinfo(Liar("management.azure.com"), 443),
    lambda: asyncio.run(by_asyncio()),
]


@pytest.mark.parametrize("way", WAYS)
def test_nothing_gets_out(attached: Lab, way: Callable[[], object]) -> None:
    with pytest.raises(OutsideTheLab, match="outside of the lab"):
        way()


def test_other_libraries_are_told_in_their_own_errors(attached: Lab) -> None:
    with pytest.raises(URLError, match="outside of the lab"):
        urllib.request.urlopen("http://example.com/", timeout=0.1)
    with pytest.raises(urllib3.exceptions.HTTPError, match="outside of the lab"):
        by_urllib3()


def test_loopback_and_sockets_of_the_machine_itself_are_left_alone(attached: Lab) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        with closing(socket.create_connection(server.getsockname(), timeout=5)):
            pass
        with closing(socket.create_connection(("localhost", server.getsockname()[1]), timeout=5)):
            pass
    assert socket.getaddrinfo(None, 80)
    assert socket.getaddrinfo("::1", 80)
    for one in socket.socketpair():
        one.close()


def test_without_a_lab_nothing_is_stopped(lab: Lab) -> None:
    wire.attach(lab)
    wire.detach(lab)
    # Numeric, so that nobody is asked.
    assert socket.getaddrinfo(FAR, 443, flags=socket.AI_NUMERICHOST)


@pytest.mark.parametrize(
    ("host", "answer"),
    [
        ("localhost", True),
        ("LOCALHOST.", True),
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("[::1]", True),
        ("::ffff:127.0.0.1", True),
        ("::ffff:192.0.2.1", False),
        ("0.0.0.0", False),
        ("localhost.evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("128.0.0.1", False),
        ("127.0.0.1%far.example", False),
        ("::1%lo", True),
        ("fe80::1%eth0", False),
        ("", False),
    ],
)
def test_what_loopback_is(host: str, answer: bool) -> None:
    assert is_loopback(host) is answer
