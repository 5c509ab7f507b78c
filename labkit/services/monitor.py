"""Azure Monitor: the activity log of a subscription, and the metrics of a workspace."""

from __future__ import annotations

from collections.abc import Iterator

from labkit.authenticators.platform import Forwarded
from labkit.core.credential import Bearer
from labkit.core.errors import BadRequest, NotFound, brief
from labkit.core.operation import Call, operation
from labkit.core.resource import Resources
from labkit.services.activity_log import Events
from labkit.services.management_plane import ManagementPlane, ResourceManagerEndpoint
from labkit.services.metrics import Measured, Metrics, added_up, check_timespan


class Monitor(ManagementPlane):
    """Reads what was logged and counted; the target is the scope that it is about."""

    def __init__(self, endpoint: ResourceManagerEndpoint, resources: Resources) -> None:
        super().__init__(endpoint)
        self._resources = resources

    def targets(self, resources: Resources) -> Iterator[str]:
        return (one.id for one in resources if isinstance(one, Measured))

    # https://learn.microsoft.com/azure/role-based-access-control/permissions/monitor
    @operation(
        "List activity log", action="Microsoft.Insights/eventtypes/values/read", accepts=(Bearer, Forwarded)
    )
    def activity_log(self, call: Call[ResourceManagerEndpoint]) -> Events:
        """What was changed at the scope and below in the last 90 days, or was tried, and by whom: whatever
        passed Resource Manager, and nothing else. What does not exist any more is in it too. Statements
        mon-activity-log, mon-activity-gaps."""
        return Events(self._endpoint.activity_log.at(call.scope, call.now), asked_at=call.now)

    @operation(
        "List metrics",
        action="Microsoft.Insights/metrics/read",
        accepts=(Bearer, Forwarded),
        parse=check_timespan,
    )
    def metrics(
        self, call: Call[ResourceManagerEndpoint], interval: str = "1h", timespan: str = "1d"
    ) -> Metrics:
        """What was counted of a workspace in the time before now: runs, registrations and deployments.
        `interval` is one of "1m", "5m", "15m", "30m", "1h", "6h", "12h", "1d". Raises NotFound, and
        BadRequest for what has no metrics. Statement mon-metrics."""
        found = self._resources.get(call.scope)
        if found is None:
            raise NotFound("There is no such resource.", presented=brief(call.scope, 120))
        if not isinstance(found, Measured):
            raise BadRequest(
                "The lab counts nothing of this.", presented=brief(call.scope, 120), required="a workspace"
            )
        return added_up(found, call.now, interval, timespan)
