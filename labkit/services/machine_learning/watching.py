"""What is noted of the operations of a workspace as they end: for its Activities list and its metrics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar

from labkit.core.clock import iso
from labkit.core.operation import Call
from labkit.core.query import Log
from labkit.core.trace import Hop
from labkit.services.metrics import DEPLOYING, NOT_DEPLOYED, NOT_REGISTERED, REGISTERED, STARTED, Counted

DEPLOYMENTS = ("Deploy web service (ACI)", "Deploy web service (AKS)")
# The documents name the first two and say that some actions show there.  # assumption: activities-listed
LISTED = ("Submit run", "Submit automated ML run", "Register model", *DEPLOYMENTS)
# What counts when an operation has gone well, and what when it has not. How a deployment ends is counted
# where that is known. A run is started when it is submitted.  # assumption: submitted-is-started
_WELL = {"Submit run": STARTED, "Submit automated ML run": STARTED, "Register model": REGISTERED}
_BADLY = {"Register model": NOT_REGISTERED, **dict.fromkeys(DEPLOYMENTS, NOT_DEPLOYED)}


@dataclass(frozen=True)
class Activity:
    """An action in a workspace: what, when, and how it ended. Who did it is not kept (statement
    mon-activity-gaps)."""

    timestamp: int
    operation_name: str
    status: str

    @property
    def documented(self) -> Mapping[str, str]:
        """By the names that the activity log has for the same things."""
        return {
            "eventTimestamp": iso(self.timestamp),
            "operationName": self.operation_name,
            "status": self.status,
        }


class ActivityList(Log[Activity]):
    """The Activities of a workspace."""

    what: ClassVar[tuple[str, str]] = ("activity", "activities")
    fields: ClassVar[tuple[str, ...]] = ("eventTimestamp", "operationName", "status")
    columns: ClassVar[tuple[str, ...]] = ("status", "operationName")


@dataclass
class Watched:
    """What was noted of a workspace."""

    activities: list[Activity] = field(default_factory=list)
    counted: Counted = field(default_factory=Counted)

    def note(self, call: Call[Any], hop: Hop) -> None:
        """Notes an operation that the workspace began to carry out. Who was turned away before that began
        nothing (assumption: turned-away-is-no-activity)."""
        if hop.operation not in LISTED or hop.stage not in ("parse", "operation"):
            return
        status = "Succeeded" if hop.ok else "Failed"
        activity = Activity(hop.at, hop.action, status)
        self.activities.append(activity)
        if hop.ok:
            call.undo(partial(self._take_back, activity))
        if hop.operation in DEPLOYMENTS:
            self.counted.add(call, DEPLOYING)
        name = (_WELL if hop.ok else _BADLY).get(hop.operation)
        if name is not None:
            self.counted.add(call, name)

    def _take_back(self, activity: Activity) -> None:
        """What was undone with the call around it was not done."""
        # By identity: what was done twice is there twice.
        self.activities[:] = [one for one in self.activities if one is not activity]
