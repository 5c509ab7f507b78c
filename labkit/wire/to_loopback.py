"""A session of requests whose connections all end at one port of this machine, as if DNS said so."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool

from labkit.wire.capture import Capture
from labkit.wire.relay import LOOPBACK


class _Adapter(HTTPAdapter):
    def __init__(self, port: int) -> None:
        self._port = port
        super().__init__()

    def get_connection_with_tls_context(self, request: Any, verify: Any, *_: Any, **__: Any) -> Any:
        parts = urlsplit(request.url)
        if parts.scheme != "https":
            return HTTPConnectionPool(LOOPBACK, self._port)
        # The name is the one that was called, in the greeting and in what the certificate is compared with.
        name = parts.hostname
        return HTTPSConnectionPool(LOOPBACK, self._port, server_hostname=name, assert_hostname=name)

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        """Raises what requests raises."""
        request.headers["Host"] = urlsplit(str(request.url)).netloc
        # A connection for each request, so that each is a whole in what was recorded.
        request.headers["Connection"] = "close"
        return super().send(request, *args, **options)


class _Session(requests.Session):
    def __init__(self, port: int, capture: Capture) -> None:
        super().__init__()
        self._adapter, self._capture = _Adapter(port), capture
        # No proxy, whatever the environment says.
        self.trust_env = False

    def get_adapter(self, url: str | bytes) -> HTTPAdapter:
        return self._adapter

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        """Raises what requests raises."""
        before = len(self._capture.conversations)
        try:
            return super().send(request, **options)
        finally:
            # Whoever reads the answer bit by bit has the connection open.
            if not options.get("stream"):
                self._capture.settle(before, begun=False)


def session(port: int, capture: Capture) -> requests.Session:
    """See `labkit.wire.endpoint.Exposed`."""
    return _Session(port, capture)
