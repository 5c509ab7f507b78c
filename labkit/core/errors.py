"""Errors that teach: what was refused, what was presented, what was required, what to do.

Two families. `BadInput` means that the lab itself was given something it cannot use. `Refusal` means
that a service of the lab turned a call away; the door fills in which service, at which stage, and the
code that this service uses for it.
"""

from __future__ import annotations

import re
from typing import ClassVar

_LONGEST = 1000
_ADDRESS = re.compile(r" at 0x[0-9a-f]+")


def brief(value: object, longest: int = 60) -> str:
    """A value as an error message shows it: short, and whatever its `repr` does."""
    try:
        # Where an object lies in memory differs each time, and tells nobody anything.
        text = _ADDRESS.sub("", repr(value))
    except (Exception, SystemExit):
        # Numbers of thousands of digits and objects of the learner's own may refuse to be printed.
        text = f"something of type {type(value).__name__}"
    return text if len(text) <= longest else text[: longest - 3] + "..."


class LabError(Exception):
    """Anything the lab says no to. `str()` of it is meant to be read by the learner."""

    code: str = ""

    def __init__(self, message: str, *, presented: str = "", required: str = "", advice: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.presented = presented
        self.required = required
        self.advice = advice

    @property
    def heading(self) -> str:
        """The first line: the code, where there is one, and the sentence."""
        return f"{self.code}: {self.message}" if self.code else self.message

    def __str__(self) -> str:
        rows = (("presented", self.presented), ("required", self.required), ("what to do", self.advice))
        lines = "\n".join([self.heading, *(f"  {name}: {text[:_LONGEST]}" for name, text in rows if text)])
        # What was presented may be half a character, which no notebook can store.
        return lines.encode("utf-8", "backslashreplace").decode()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self}>"

    def _render_traceback_(self) -> list[str]:
        """What IPython prints in place of a traceback: the learner's mistake is not in our code."""
        return [f"{type(self).__name__}: {self}"]


class BadInput(LabError, ValueError):
    """A value the lab cannot use: an unknown release, a negative clock step, a name that does not exist."""


class Refusal(LabError):
    """A call that was turned away at the door or by an operation.

    `status` is the HTTP status and `code` the error code, both in the words of the service that refused
    (`Service.dialect`); `service` is its name and `stage` how far the call had got.
    """

    status: int = 0
    service: str = ""
    stage: str = ""
    fixed_code: ClassVar[str] = ""

    @property
    def heading(self) -> str:
        status = f"{self.status} " if self.status else ""
        return f"{status}{super().heading}"


class Unreachable(Refusal):
    """No answer: the host is not known, its region is down, or the scheme is not spoken."""


class UnknownHost(Unreachable):
    """No resource of the lab has this address."""


class RegionDown(Unreachable):
    """The region that serves this resource has been switched off."""


class InsecureTransport(Unreachable):
    """The resource speaks https only."""


class TlsNotEnabled(Unreachable):
    """The resource speaks http only."""


class NetworkDenied(Refusal):
    """The resource's network rule does not admit the caller's network."""


class Unauthenticated(Refusal):
    """The credential proves no identity to this service."""


class CredentialMissing(Unauthenticated):
    """The operation needs a credential and got none."""


class CredentialNotAccepted(Unauthenticated):
    """The operation accepts other kinds of credential."""


class RequestNotCovered(Unauthenticated):
    """The credential is a signature of another request."""


class Forbidden(Refusal):
    """The identity is proved and may not do this."""


class OutsideCapability(Forbidden):
    """The credential opens something else: another scope, or another set of actions."""


class GuestNotSupported(Forbidden):
    """The service does not serve users of other tenants."""


class BadRequest(Refusal):
    """The body or the arguments of the call are malformed."""


class NotFound(Refusal):
    """The caller may ask, but there is no such thing."""


class Conflict(Refusal):
    """The state of the thing does not allow it."""


class CallTooDeep(Refusal):
    """Services asked one another in a circle."""
