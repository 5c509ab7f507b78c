"""The activity log of Azure: who changed what through Resource Manager, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from labkit.core.clock import iso
from labkit.core.entropy import Entropy
from labkit.core.identity import Identity, within
from labkit.core.operation import Call
from labkit.core.query import Log
from labkit.core.trace import Hop

# Seconds. https://learn.microsoft.com/azure/azure-monitor/essentials/activity-log
RETENTION = 90 * 24 * 3600
_CHANGES = ("/write", "/delete", "/action")


@dataclass(frozen=True)
class Event:
    """One operation as Azure's activity log has it; `documented` has its fields by Azure's names
    (https://learn.microsoft.com/azure/azure-monitor/essentials/activity-log-schema).

    timestamp       seconds on the lab's clock
    operation_name  the action, for instance Microsoft.MachineLearningServices/workspaces/write
    caller          the event initiator: a user's principal name, or the object id of anything else
    status          "Succeeded" or "Failed"; `sub_status` is the HTTP status with the code
    resource_id     what the call was about
    correlation_id  the same for all that one call has caused
    """

    timestamp: int
    operation_name: str
    caller: str
    status: str
    sub_status: str
    resource_id: str
    correlation_id: str

    @property
    def documented(self) -> Mapping[str, str]:
        """By Azure's names (statement mon-activity-log)."""
        return {
            "eventTimestamp": iso(self.timestamp),
            "operationName": self.operation_name,
            "caller": self.caller,
            "status": self.status,
            "subStatus": self.sub_status,
            "resourceId": self.resource_id,
            "correlationId": self.correlation_id,
        }


class Events(Log[Event]):
    """Entries of an activity log."""

    what: ClassVar[tuple[str, str]] = ("event", "events")
    fields: ClassVar[tuple[str, ...]] = (
        *("eventTimestamp", "operationName", "caller", "status", "subStatus", "resourceId"),
        "correlationId",
    )
    columns: ClassVar[tuple[str, ...]] = ("status", "subStatus", "caller", "operationName", "resourceId")


class ActivityLog:
    """The activity logs of all subscriptions. Nobody but Azure writes them, and nobody clears them."""

    def __init__(self, draw: Entropy) -> None:
        self._entropy = draw
        self._events: list[Event] = []
        self._causes = 0
        self._flow = 0
        self._correlation_id = ""

    def write(self, call: Call[Any], hop: Hop) -> None:
        """Keeps what changes something, or tried to, in a subscription. Reads are not kept, nor are calls
        that proved nobody, of which nothing was asked yet. What is taken back with the call around it was not
        done, and is not kept."""
        if not hop.action.lower().endswith(_CHANGES) or not within(hop.scope, "/subscriptions"):
            return
        if call.flow != self._flow:
            self._flow, self._causes = call.flow, self._causes + 1
            self._correlation_id = self._entropy.uuid(f"activity log/{self._causes}")
        event = Event(
            timestamp=hop.at,
            operation_name=hop.action,
            caller=_initiator(call.identity),
            status="Succeeded" if hop.ok else "Failed",
            sub_status="200 OK" if hop.ok else hop.outcome,
            resource_id=hop.scope,
            correlation_id=self._correlation_id,
        )
        self._events.append(event)
        if hop.ok:
            # assumption: activity-log-undone
            call.undo(self._taking_back(event))

    def _taking_back(self, event: Event) -> Callable[[], None]:
        def take_back() -> None:
            # By identity: what was done twice is there twice.
            self._events = [one for one in self._events if one is not event]

        return take_back

    def at(self, scope: str, now: int) -> tuple[Event, ...]:
        """The events at a scope and below, as far as they are kept, oldest first."""
        kept = (one for one in self._events if one.timestamp > now - RETENTION)
        return tuple(one for one in kept if within(one.resource_id, scope))

    def begin(self) -> None:
        """Forgets what was before everybody's time."""
        self._events, self._causes = [], 0


def _initiator(who: Identity) -> str:
    return who.name if who.kind == "user" else who.object_id
