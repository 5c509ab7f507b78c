"""Which host is answered by what."""

from __future__ import annotations

from collections.abc import Callable
from threading import RLock

from labkit.services.machine_learning.scoring import FrontEnd, ScoringEndpoint
from labkit.services.storage import StorageAccount
from labkit.wire import blobs, login, manager, scoring
from labkit.wire.message import HOST_OF_ARM, Answer, AnyLab, Request

Route = Callable[[AnyLab, Request], Answer]

ROUTES: dict[str, Route] = {
    **dict.fromkeys(login.HOSTS, login.answer),
    HOST_OF_ARM: manager.answer,
}

# Clients have threads, and a lab is asked by one at a time.
_one_at_a_time = RLock()


def route(lab: AnyLab, host: str) -> Route | None:
    """What answers under a host name in this lab, or None."""
    if host in ROUTES:
        return ROUTES[host]
    found = lab.resources.at_host(host)
    if isinstance(found, StorageAccount):
        return blobs.answer
    return scoring.answer if isinstance(found, ScoringEndpoint | FrontEnd) else None


def answer(lab: AnyLab, request: Request) -> Answer | None:
    """The answer of the lab, refusals included; None where nothing has this host name."""
    found = route(lab, request.host)
    if found is None:
        return None
    with _one_at_a_time:
        return found(lab, request)
