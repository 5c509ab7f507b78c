"""The Activities list of a workspace."""

from __future__ import annotations

from labkit.core.operation import Call, operation
from labkit.services.machine_learning.watching import ActivityList
from labkit.services.machine_learning.workspace import TYPE, MachineLearning, Workspace


class Activities(MachineLearning):
    """What was done in a workspace without Resource Manager, as far as anything keeps it."""

    @operation("List activities", action=f"{TYPE}/read")
    def list(self, call: Call[Workspace]) -> ActivityList:
        """Runs, registrations and deployments, with time and status and without who began them. Statement
        mon-activity-gaps."""
        return ActivityList(tuple(call.target.watched.activities), asked_at=call.now)
