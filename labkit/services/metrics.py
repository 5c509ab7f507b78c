"""What Azure Monitor counts of a resource, and how it shows that: totals of equal stretches of time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol, runtime_checkable

from labkit.core.clock import iso, seconds
from labkit.core.errors import BadInput, BadRequest, brief
from labkit.core.operation import Call
from labkit.core.table import Table, Tabular

# Of https://learn.microsoft.com/azure/azure-monitor/reference/supported-metrics/microsoft-machinelearningservices-workspaces-metrics
STARTED, COMPLETED, FAILED = "Started Runs", "Completed Runs", "Failed Runs"
REGISTERED, NOT_REGISTERED = "Model Register Succeeded", "Model Register Failed"
DEPLOYING, DEPLOYED, NOT_DEPLOYED = "Model Deploy Started", "Model Deploy Succeeded", "Model Deploy Failed"
NAMES = (STARTED, COMPLETED, FAILED, REGISTERED, NOT_REGISTERED, DEPLOYING, DEPLOYED, NOT_DEPLOYED)
# https://learn.microsoft.com/azure/azure-monitor/essentials/data-platform-metrics
RETENTION = 93 * 24 * 3600
# https://learn.microsoft.com/rest/api/monitor/metrics/list
INTERVALS = ("1m", "5m", "15m", "30m", "1h", "6h", "12h", "1d")
_MOST = 1440


@dataclass
class Counted:
    """What has been counted of one resource: a moment (seconds) and the name of a metric, each time."""

    times: list[tuple[int, str]] = field(default_factory=list)

    def add(self, call: Call[Any], name: str) -> None:
        """Counts once; undone with the call."""
        one = (call.now, name)
        call.undo(partial(self.times.remove, one))
        self.times.append(one)


@runtime_checkable
class Measured(Protocol):
    """A resource of which Azure Monitor counts something."""

    name: str

    @property
    def counted(self) -> Counted:
        """All that has been counted of it."""


@dataclass(frozen=True, repr=False)
class Metrics(Tabular):
    """Totals by metric and stretch of time (seconds from `begin` on, `interval` each). A plot where something
    draws it."""

    resource: str
    begin: int
    interval: int
    totals: Mapping[str, tuple[int, ...]] = field(hash=False)

    @property
    def caption(self) -> str:
        """What it shows, in a line."""
        width = next(name for name in INTERVALS if seconds(name) == self.interval)
        return f"Metrics of {self.resource} from {iso(self.begin)} on, by {width}"

    def total(self, name: str) -> int:
        """How often it was counted in all. Raises BadInput."""
        if type(name) is not str or name not in self.totals:
            raise BadInput("There is no such metric.", presented=brief(name), required=", ".join(self.totals))
        return sum(self.totals[name])

    def as_table(self) -> Table:
        """One row for each metric: its total, and the stretches in which it was counted at all."""
        rows = [(name, sum(row), self._when(row)) for name, row in self.totals.items()]
        return Table(("metric", "total", "when"), rows, caption=self.caption)

    def _when(self, row: Sequence[int]) -> str:
        found = ((self.begin + at * self.interval, number) for at, number in enumerate(row) if number)
        # The second of a stretch is always 0.
        return ", ".join(f"{iso(moment)[5:16]}: {number}" for moment, number in found)


def check_timespan(interval: str, timespan: str) -> None:
    """Raises BadRequest for what Azure Monitor does not add up."""
    if interval not in INTERVALS:
        raise BadRequest(
            "Metrics are not added up by that.", presented=brief(interval), required=", ".join(INTERVALS)
        )
    try:
        length = seconds(timespan)
    except BadInput as error:
        raise BadRequest(error.message, presented=error.presented, required=error.required) from None
    if not 0 < length <= RETENTION or length > _MOST * seconds(interval):
        raise BadRequest(
            "That timespan is not to be had by this interval.",
            presented=f"{brief(timespan)} by {interval}",
            required=f"at most {RETENTION // 86400} days, and at most {_MOST} intervals",
        )


def added_up(resource: Measured, now: int, interval: str, timespan: str) -> Metrics:
    """What was counted in the time before `now`, in stretches of the clock."""
    width = seconds(interval)
    begin = (now - seconds(timespan)) // width * width
    counted = Counter(((at - begin) // width, name) for at, name in resource.counted.times if at >= begin)
    stretches = (now - begin) // width + 1
    totals = {name: tuple(counted[at, name] for at in range(stretches)) for name in NAMES}
    return Metrics(resource.name, begin, width, totals)
