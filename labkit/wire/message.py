"""A request and an answer of HTTP as plain values, whatever carried them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn, Protocol
from urllib.parse import unquote, urlsplit

from labkit.core.clock import Clock
from labkit.core.credential import Credential
from labkit.core.errors import BadRequest, LabError
from labkit.core.operation import Op, P, R
from labkit.core.resource import Resources

# Azure documents it for Resource Manager.  # assumption: wire-body-limit
LONGEST_BODY = 4 * 1024 * 1024
DEEPEST_BODY = 64
# What would end a segment of a path, and does not where it is escaped.
_PART_OF_A_NAME = str.maketrans({"/": "%2F", "?": "%3F", "#": "%23"})
# Whoever asks over the wire has this name in the trace: what a request says of its sender proves nothing.
CALLER = "client"
HOST_OF_ARM = "management.azure.com"


class AnyLab(Protocol):
    """What the wire needs of a lab."""

    @property
    def clock(self) -> Clock:
        """The lab's clock."""

    @property
    def resources(self) -> Resources:
        """Everything that can be called."""

    def ask(
        self, caller: str, op: Op[P, R], target: str, cred: Credential, /, *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """A call through the door."""


class BodyTooLarge(BadRequest):
    """More bytes than the endpoint reads."""

    status = 413
    code = "RequestContentTooLarge"


class MalformedBody(BadRequest):
    """The body is not what the endpoint reads."""

    status = 400
    code = "InvalidRequestContent"


class VerbRefused(BadRequest):
    """What is there takes other HTTP verbs."""

    status = 405
    code = "MethodNotAllowed"


@dataclass(frozen=True)
class Request:
    """What came in. Names of headers are in lower case; `path` is decoded, but for what would end one of its
    segments, and its slashes do not repeat; `exact_path` is decoded only."""

    method: str
    scheme: str
    host: str
    path: str
    query: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    exact_path: str = ""

    @classmethod
    def to(cls, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Request:
        """A request to a URL."""
        parts = urlsplit(url)
        path = "/".join(["", *map(_segment, filter(None, parts.path.split("/")))])
        lowered = {name.lower(): value for name, value in headers.items()}
        host = (parts.hostname or "").rstrip(".")
        return cls(method.upper(), parts.scheme, host, path, parts.query, lowered, body, unquote(parts.path))

    @property
    def segments(self) -> list[str]:
        """The parts of the path."""
        return self.path.split("/")[1:]

    def at(self, host: str, path: str) -> str:
        """An address for the door, with this request's scheme: the door looks at that too."""
        return f"{self.scheme}://{host}/{path.lstrip('/')}"

    def json(self) -> dict[str, Any]:
        """The body, which has to be a JSON object. Raises BodyTooLarge or MalformedBody."""
        check_length(self.body)
        try:
            value = json.loads(self.body.decode(), parse_constant=_no_constant)
        except (ValueError, RecursionError):
            raise MalformedBody(
                # Its beginning may be a secret.
                "The body is not JSON.",
                presented=f"{len(self.body)} bytes",
                required="a JSON object in UTF-8",
            ) from None
        if not isinstance(value, dict):
            raise MalformedBody("The body is not a JSON object.", presented=type(value).__name__)
        if not _shallow(value):
            raise MalformedBody("The body is nested too deeply.", required=f"{DEEPEST_BODY} levels at most")
        return value


def _segment(encoded: str) -> str:
    return unquote(encoded).translate(_PART_OF_A_NAME)


def check_length(body: bytes) -> None:
    """Raises BodyTooLarge."""
    if len(body) > LONGEST_BODY:
        raise BodyTooLarge(
            "The body is too long.", presented=f"{len(body)} bytes", required=f"at most {LONGEST_BODY} bytes"
        )


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _shallow(value: Any) -> bool:
    level = [value]
    for _ in range(DEEPEST_BODY):
        if not level:
            return True
        level = [
            inner
            for one in level
            if isinstance(one, dict | list)
            for inner in (one.values() if isinstance(one, dict) else one)
        ]
    return not level


@dataclass(frozen=True)
class Answer:
    """What goes out."""

    status: int
    body: bytes = field(default=b"", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def json(cls, status: int, value: object, headers: Mapping[str, str] | None = None) -> Answer:
        """An answer in JSON, which nobody is to keep."""
        told = {
            "Content-Type": "application/json; charset=utf-8",
            "Cache-Control": "no-store",
            **(headers or {}),
        }
        return cls(status, json.dumps(value).encode(), told)


def status_of(error: LabError) -> int:
    """The HTTP status of a refusal; 400 for an input that the lab cannot use. What nothing answers at has no
    status by itself: behind a host that does answer it is a 404."""
    return getattr(error, "status", 400) or 404


def told(error: LabError) -> str:
    """A refusal as one paragraph: what was refused, presented and required, and what to do."""
    rows = (("Presented", error.presented), ("Required", error.required), ("What to do", error.advice))
    parts = [error.message, *(f"{name}: {text[:1000].rstrip('.')}." for name, text in rows if text)]
    return " ".join(parts).encode("utf-8", "backslashreplace").decode()
