"""Interception of clients that are built on requests, in this process.

adal calls functions of the requests module itself, so only a route for the whole process reaches it:
`requests.Session.get_adapter` is replaced, once, and never put back, since a thread that outlives an
activation would otherwise dial the real host.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from http import HTTPStatus
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3 import HTTPResponse

from labkit.wire import attached, client_time, guard, routes
from labkit.wire.loopback import is_loopback
from labkit.wire.message import LONGEST_BODY, Answer, AnyLab, Request

_installed: list[bool] = []
# Names under which labs have answered in this process. Nobody takes one out.
_answered = set(routes.ROUTES)


def attach(lab: AnyLab) -> None:
    """See `labkit.wire.attach`."""
    _install()
    attached.add(lab)


def detach(lab: AnyLab) -> None:
    """See `labkit.wire.detach`."""
    attached.remove(lab)


def _install() -> None:
    if not _installed:
        _installed.append(True)
        before = requests.Session.get_adapter
        requests.Session.get_adapter = _get_adapter(before)  # type: ignore[method-assign]
        client_time.install()
        guard.install()


def _get_adapter(before: Callable[..., Any]) -> Callable[..., Any]:
    """A `Session.get_adapter` that hands out the lab's adapter for everything but loopback, and after the
    last lab has gone for what a lab has answered at."""

    def get_adapter(session: requests.Session, url: str) -> Any:
        host = _host(url)
        if is_loopback(host) or (attached.current() is None and host not in _answered):
            return before(session, url)
        return LabAdapter()

    return get_adapter


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return ""


class LabAdapter(BaseAdapter):
    """Answers out of the attached lab, or refuses. Opens no socket."""

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        """Raises ConnectionError for what the lab does not have."""
        url, lab = request.url or "", attached.current()
        headers = {_text(name): _text(value) for name, value in request.headers.items()}
        asked = Request.to(request.method or "", url, headers, _body(request.body))
        answer = routes.answer(lab, asked) if lab is not None else None
        if answer is None:
            raise requests.exceptions.ConnectionError(_refusal(_host(url), lab is not None), request=request)
        _answered.add(asked.host)
        response = _BUILDER.build_response(request, _raw(request, answer))
        # Whoever sends the same once more sends it here.
        response.connection = self  # type: ignore[assignment]
        return response

    def close(self) -> None:
        """There is nothing to close."""


def _refusal(host: str, active: bool) -> str:
    if not active:
        return (
            f"No lab is attached, and {host} is an address of the lab, which is never looked for elsewhere. "
            "What to do: lab.activate() again."
        )
    return (
        f"{host} is outside of the lab, and nothing is reached there. Required: {', '.join(routes.ROUTES)}, "
        "or the address of a web service or a storage account of the lab. What to do: after lab.deactivate() "
        "it is reached."
    )


def _body(body: Any) -> bytes:
    """The bytes that would have been sent, as far as anybody would read them."""
    if body is None:
        return b""
    if isinstance(body, str):
        return body.encode()
    if isinstance(body, bytes | bytearray):
        return bytes(body)
    if hasattr(body, "read"):
        return _bytes(body.read(2 * LONGEST_BODY))
    return _joined(body)


def _joined(parts: Iterable[Any]) -> bytes:
    found = bytearray()
    for part in parts:
        found += _bytes(part)
        if len(found) > 2 * LONGEST_BODY:
            break
    return bytes(found)


def _bytes(part: str | bytes) -> bytes:
    return part.encode() if isinstance(part, str) else part


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("latin-1")


def _raw(request: requests.PreparedRequest, answer: Answer) -> HTTPResponse:
    # Clients look into the raw response too, so it is a real one.
    return HTTPResponse(
        body=BytesIO(b"" if request.method == "HEAD" else answer.body),
        # A HEAD is told the length of what it does not get.
        headers={"Content-Length": str(len(answer.body)), **answer.headers},
        status=answer.status,
        reason=HTTPStatus(answer.status).phrase,
        preload_content=False,
        request_method=request.method,
        request_url=request.url,
    )


# For its `build_response` alone: nothing is sent through it.
_BUILDER = HTTPAdapter()
