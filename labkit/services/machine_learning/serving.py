"""What serves a deployed model: the scoring script, what it is given, and what comes of it when it fails."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from labkit.core.errors import BadRequest, Refusal, brief
from labkit.core.operation import Dialect

# Of a body: more bytes, or more brackets inside one another, are refused.  # assumption: scoring-body
LONGEST_BODY = 1_500_000
DEEPEST_BODY = 100
# What a scoring script takes that says nothing about it.  # assumption: scoring-durations
USUAL_MILLISECONDS = 20
# Of milliseconds, of replicas, of requests: what goes beyond is a slip of the pen.
_MOST = 10**9
_STRINGS = re.compile(r'"(?:[^"\\]|\\.)*+"?', re.DOTALL)


class BodyTooLarge(BadRequest):
    """The body is longer than the service reads."""


class ScriptFailed(Refusal):
    """score.py raised an exception, or crashed."""


class ScriptTimedOut(Refusal):
    """score.py took longer than the service waits."""


class Unavailable(Refusal):
    """Nothing is there to take the request: all replicas are busy, or none is healthy."""


# What a status means: https://learn.microsoft.com/azure/machine-learning/v1/how-to-troubleshoot-deployment
DIALECT: Dialect = {
    BodyTooLarge: (413, "RequestEntityTooLarge"),
    ScriptFailed: (502, "BadGateway"),
    Unavailable: (503, "ServiceUnavailable"),
    ScriptTimedOut: (504, "GatewayTimeout"),
}


@dataclass(frozen=True)
class ScoringScript:
    """score.py. Raises BadRequest for what is none.

    run           gets the body as text, as `run(raw_data)` in Azure does; what it returns has to be JSON
    milliseconds  what it takes, in simulated time: a number, or a function of the body
    init          called once, when the container starts; a service whose `init` raises is unhealthy
    text          the script as it lies on a disk; "" for what Python knows of `run`
    """

    run: Callable[[str], Any]
    milliseconds: int | Callable[[str], int] = USUAL_MILLISECONDS
    init: Callable[[], object] | None = None
    text: str = field(default="", repr=False, compare=False)

    def __post_init__(self) -> None:
        fits = callable(self.run) and (self.init is None or callable(self.init))
        if not fits or not (callable(self.milliseconds) or _is_count(self.milliseconds)):
            raise BadRequest(
                "That is no scoring script.",
                presented=f"run {brief(self.run)}, milliseconds {brief(self.milliseconds)}",
                required="ScoringScript(run, milliseconds=20, init=None) with functions and a whole number",
            )

    @property
    def source(self) -> bytes:
        """What lies on the disk of whatever it runs on."""
        text = self.text
        if type(text) is not str or not text:
            try:
                text = inspect.getsource(self.run)
            except (OSError, TypeError):
                text = brief(self.run)
        return text.encode("utf-8", "surrogatepass")

    def takes(self, body: str) -> int:
        """Milliseconds for this body. Raises ScriptFailed where its own function does not tell."""
        if not callable(self.milliseconds):
            return self.milliseconds
        found = _tried(lambda: self.milliseconds(body))  # type: ignore[operator]
        if not _is_count(found):
            raise ScriptFailed("The script took no time that can be told.", presented=brief(found))
        return int(found)

    def answer(self, body: str) -> Any:
        """What `run` returns, as a copy. Raises ScriptFailed."""

        def answered() -> Any:
            return json.loads(json.dumps(self.run(body), allow_nan=False))

        return _tried(answered)

    @property
    def starts(self) -> bool:
        """Whether `init` goes through, which calls it."""
        try:
            if self.init is not None:
                self.init()
        except (Exception, SystemExit):
            return False
        return True


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value <= _MOST


def _tried(step: Callable[[], Any]) -> Any:
    try:
        return step()
    except (Exception, SystemExit) as error:
        # What the exception says may be what the client must not know, so the client learns its kind alone.
        raise ScriptFailed(
            "score.py raised an exception.",
            presented=type(error).__name__[:60],
            advice="call the script's run() with the same body to see it",
        ) from None


@dataclass(frozen=True)
class Serving:
    """How a service is run, by the names and with the defaults of the SDK's `deploy_configuration`; the
    number of replicas stays as it is (assumption: no-autoscaler). Times are in milliseconds. Raises
    BadRequest for what cannot be."""

    # https://learn.microsoft.com/azure/machine-learning/v1/reference-azure-machine-learning-cli
    num_replicas: int = 1
    replica_max_concurrent_requests: int = 1
    max_request_wait_time: int = 500
    scoring_timeout_ms: int = 60_000

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not _is_count(value) or (value == 0 and name != "max_request_wait_time"):
                raise BadRequest(f"{name} is a whole number.", presented=brief(value), required="1 or more")

    def wait(self, ahead: int, takes: int) -> int:
        """Milliseconds until a replica is free for a request that finds `ahead` others there, each of which
        takes as long as itself."""
        # assumption: simulated-load
        return ahead // (self.num_replicas * self.replica_max_concurrent_requests) * takes


def _no_constant(name: str) -> None:
    # Python reads NaN and Infinity, which JSON does not have.
    raise ValueError(name)


# Integers of any length are JSON, and Python reads long ones as nothing but floats.
_JSON = json.JSONDecoder(parse_int=float, parse_constant=_no_constant)


def check_script(script: object) -> None:
    """Raises BadRequest for what is neither None nor a scoring script."""
    if script is not None and type(script) is not ScoringScript:
        raise BadRequest(
            "That is no scoring script.", presented=brief(script), required="ScoringScript(run), or None"
        )


def check_ahead(ahead: object) -> None:
    """Raises BadRequest for what is no number of requests."""
    if not _is_count(ahead):
        raise BadRequest("How many requests are there already?", presented=brief(ahead), required="0 or more")


def body_text(body: object) -> str:
    """The body of a request as text, if it is JSON. Raises BadRequest, or BodyTooLarge."""
    if type(body) is not str and type(body) is not bytes:
        raise BadRequest("A body is text.", presented=brief(type(body).__name__), required="JSON")
    if len(body) > LONGEST_BODY:
        raise _too_large()
    try:
        raw = body.encode() if isinstance(body, str) else body
        text = raw.decode()
    except UnicodeError:
        raise BadRequest("The body is not UTF-8.", required="JSON in UTF-8") from None
    if len(raw) > LONGEST_BODY:
        raise _too_large()
    if _depth(text) > DEEPEST_BODY:
        raise BadRequest(
            "The body is nested too deeply.", required=f"at most {DEEPEST_BODY} brackets inside one another"
        )
    try:
        _JSON.decode(text)
    except (ValueError, RecursionError):
        raise BadRequest(
            "The body is not JSON.",
            presented=f"{len(raw)} bytes",
            required='for instance {"data": [[1, 2, 3]]}',
        ) from None
    return text


def _too_large() -> BodyTooLarge:
    return BodyTooLarge("The body is too long.", required=f"at most {LONGEST_BODY:,} bytes")


def _depth(text: str) -> int:
    """How deeply brackets are nested, told before anything reads them that could run out of stack."""
    if text.count("[") + text.count("{") <= DEEPEST_BODY:
        return 0
    deepest = depth = 0
    for letter in re.findall(r"[\[\]{}]", _STRINGS.sub("", text)):
        depth += 1 if letter in "[{" else -1
        deepest = max(deepest, depth)
    return deepest
