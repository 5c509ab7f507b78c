"""What a service has written down of the calls that reached it: the view of whoever runs it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from labkit.core.errors import BadInput, brief
from labkit.core.query import Log
from labkit.core.trace import Hop
from labkit.lab import Lab

# Services whose logs can be switched on in Azure, by the name that they have there.  # assumption: drill-logs
KEPT = ("Azure AD", "Azure Machine Learning", "Azure Storage", "Key Vault")
# The log that Resource Manager keeps by itself.
ACTIVITY = "activity log"


@dataclass(frozen=True)
class Entry:
    """One call. It says what was presented and whom that proved, and never at which desk somebody sat."""

    hop: Hop

    @property
    def timestamp(self) -> int:
        """Seconds on the lab's clock."""
        return self.hop.at

    @property
    def documented(self) -> Mapping[str, str]:
        """Its fields. `identity` is "" where nobody was proved; `about` is the last part of the scope."""
        hop = self.hop
        return {
            "operation": hop.operation,
            "status": "200" if hop.ok else hop.outcome,
            "credential": hop.credential,
            "identity": hop.subject,
            "about": hop.scope.rstrip("/").rpartition("/")[2] or hop.resource,
            "scope": hop.scope,
        }


class ServiceLog(Log[Entry]):
    """The calls on one service, oldest first."""

    what: ClassVar[tuple[str, str]] = ("call", "calls")
    fields: ClassVar[tuple[str, ...]] = (
        *("operation", "status", "credential", "identity"),
        *("about", "scope"),
    )
    columns: ClassVar[tuple[str, ...]] = ("status", "credential", "identity", "about", "operation")


def service_log(lab: Lab, service: str) -> ServiceLog:
    """The log of one of KEPT, as of now. Raises BadInput."""
    if type(service) is not str or service not in KEPT:
        required = ", ".join((ACTIVITY, *KEPT))
        raise BadInput("No log of that is kept.", presented=brief(service), required=required)
    found = tuple(Entry(hop) for hop in lab.trace if hop.service == service)
    return ServiceLog(found, asked_at=lab.clock.now)
