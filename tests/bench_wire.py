"""How fast an unmodified client gets a token: msal, led to the lab in this process, beside the same msal over
TLS on the machine's own loopback, where `labkit serve` answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import msal  # type: ignore[import-untyped]
import requests
from requests.adapters import HTTPAdapter

import labkit
from labkit import wire
from labkit.furniture import CLIENT_ID, CLIENT_SECRET
from labkit.lab import Lab
from labkit.services.azure_ad import ARM, AUTHORITY
from labkit.wire.serve import serving
from tests.race import Row, Rows, race

COUNT = 20


class Served(requests.Session):
    """Takes requests for Azure's host names to where they are served, past the lab that is attached."""

    def __init__(self, told: dict[str, Any]) -> None:
        super().__init__()
        self._adapter = ServedAdapter(told)

    def get_adapter(self, url: str | bytes) -> HTTPAdapter:
        return self._adapter

    def close(self) -> None:
        self._adapter.close()
        super().close()


class ServedAdapter(HTTPAdapter):
    """Trusts the server's authority, whatever the environment says of authorities and proxies."""

    def __init__(self, told: dict[str, Any]) -> None:
        super().__init__()
        self._addresses: dict[str, str] = told["addresses"]
        self._trusted = {"verify": told["ca_file"], "proxies": None}

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        url = request.url or ""
        host = urlsplit(url).hostname or ""
        request.headers["Host"] = host
        request.url = url.replace(f"https://{host}", self._addresses[host])
        return super().send(request, *args, **{**options, **self._trusted})


def new_app(lab: Lab, session: requests.Session | None = None) -> Any:
    """The application of the lab. Without a session it has msal's own, as everybody's has."""
    authority = f"https://{AUTHORITY}/{lab.tenant}"
    return msal.ConfidentialClientApplication(
        CLIENT_ID, CLIENT_SECRET, authority=authority, http_client=session
    )


def token(app: Any) -> str:
    """A token that Azure AD issued just now."""
    answer = app.acquire_token_for_client([f"{ARM}.default"])
    assert answer.get("token_source") == "identity_provider", "msal made no request"
    return str(answer["access_token"])


def another_token(app: Any) -> str:
    """The same, of an app that may have one already."""
    app.remove_tokens_for_client()
    return token(app)


def first_token(lab: Lab) -> str:
    """Of a new app, which asks for the tenant's discovery document before."""
    return token(new_app(lab))


def first_token_served(lab: Lab, told: dict[str, Any]) -> str:
    """The same over a connection of its own."""
    with closing(Served(told)) as session:
        return token(new_app(lab, session))


def repeated(lab: Lab, work: Callable[[], str], count: int) -> list[str]:
    """As many tokens. The lab forgets the requests afterwards."""
    found = [work() for _ in range(count)]
    lab.trace.clear()
    return found


@contextmanager
def reachable(lab: Lab) -> Iterator[dict[str, Any]]:
    """Attaches the lab and serves it. Gives what clients of the server have to know."""
    wire.attach(lab)
    try:
        with serving(lab) as told:
            yield told
    finally:
        wire.detach(lab)


def tokens(rounds: int, count: int = COUNT) -> Rows:
    """Of a new app each time, and of one app, whose connection stays. None comes out of msal's own cache."""
    lab = labkit.start()

    def beside(row: Row, ours: Callable[[], str], other: Callable[[], str]) -> Row:
        mine, theirs = (partial(repeated, lab, work, count) for work in (ours, other))
        return race(row, mine, theirs, rounds, count)

    with reachable(lab) as told, closing(Served(told)) as session:
        row = Row("msal, a new app and its token", "loopback TLS")
        yield beside(row, partial(first_token, lab), partial(first_token_served, lab, told))
        row = Row("msal, another token", "loopback TLS, kept alive")
        inside, served = new_app(lab), new_app(lab, session)
        yield beside(row, partial(another_token, inside), partial(another_token, served))
