"""A lab that is attached while a test runs, and requests to it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

import pytest
import requests

from labkit import wire
from labkit.lab import Lab

LOGIN, ARM = "https://login.microsoftonline.com", "https://management.azure.com"


@pytest.fixture
def attached(lab: Lab) -> Iterator[Lab]:
    wire.attach(lab)
    yield lab
    wire.detach(lab)


class Arm(Protocol):
    def __call__(self, verb: str, path: str, body: Any = None, **options: Any) -> requests.Response: ...


@pytest.fixture
def arm(attached: Lab) -> Arm:
    """A request to Resource Manager, as one of the people."""

    def ask(verb: str, path: str, body: Any = None, who: str = "olivia", **options: Any) -> requests.Response:
        token = attached.sign_in(who).reveal()
        options = {"params": {"api-version": "2020-01-01"}, **options}
        options.setdefault("headers", {"Authorization": f"Bearer {token}"})
        return requests.request(verb, ARM + path, json=body, timeout=5, **options)

    return ask
