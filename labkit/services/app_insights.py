"""Application Insights: what web services report of the requests that they were sent."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import ClassVar

from labkit.authenticators.instrumentation_key import InstrumentationKey
from labkit.core.clock import iso
from labkit.core.entropy import Entropy
from labkit.core.errors import BadRequest, brief
from labkit.core.operation import Call, Service, operation
from labkit.core.query import Log
from labkit.core.resource import Resource
from labkit.core.table import Table
from labkit.crypto.errors import Damaged
from labkit.services.encryption import Disk
from labkit.services.management_plane import TOKEN_DIALECT

TYPE = "Microsoft.Insights/components"
# In the order in which a table is narrow first.
FIELDS = ("HTTPMethod", "StatusCode", "Duration", "ComputeType", "UserAgent", "RequestId", "RequestUrl")


@dataclass(frozen=True)
class Request:
    """One request as it was reported: without its body, and without what it presented. Fields are called as
    in Application Insights' table of requests, and as the documents call them in `documented`.

    timestamp     seconds on the lab's clock, at which the request came
    name          method and path; `url` is the whole address
    result_code   the HTTP status, as text
    duration      milliseconds of simulated time
    user_agent    who asked, as the lab names them (assumption: user-agent)
    compute_type  "ACI" or "AKS"
    id            "" until the component has received it
    """

    timestamp: int
    name: str
    url: str
    result_code: str
    duration: int
    user_agent: str
    compute_type: str
    method: str = "POST"
    id: str = ""

    @property
    def success(self) -> bool:
        """Whether the answer was a good one."""
        return self.result_code.startswith("2")

    @property
    def documented(self) -> Mapping[str, str]:
        """The seven fields that the documents name (statement mon-app-insights)."""
        return {
            "HTTPMethod": self.method,
            "UserAgent": self.user_agent,
            "ComputeType": self.compute_type,
            "RequestUrl": self.url,
            "StatusCode": self.result_code,
            "RequestId": self.id,
            "Duration": str(self.duration),
        }


class Requests(Log[Request]):
    """Requests, oldest first, with the documents' fields."""

    what: ClassVar[tuple[str, str]] = ("request", "requests")
    fields: ClassVar[tuple[str, ...]] = FIELDS
    columns: ClassVar[tuple[str, ...]] = FIELDS

    @property
    def table(self) -> Table:
        """A row for each."""
        return self.as_table()


@dataclass(frozen=True)
class TraceLine:
    """A line that a scoring script has printed. `documented` has it as in Application Insights' table of
    traces: the message is always STDOUT, the line is in the custom dimension Content.

    timestamp     seconds on the lab's clock
    content       what was printed
    operation_id  the id of the request that was being answered
    """

    timestamp: int
    content: str
    operation_id: str

    @property
    def documented(self) -> Mapping[str, str]:
        """By Application Insights' names."""
        return {
            "timestamp": iso(self.timestamp),
            "message": "STDOUT",
            "operation_Id": self.operation_id,
            "Content": self.content,
        }


class TraceLines(Log[TraceLine]):
    """What was printed, oldest first."""

    what: ClassVar[tuple[str, str]] = ("trace", "traces")
    fields: ClassVar[tuple[str, ...]] = ("timestamp", "message", "operation_Id", "Content")
    columns: ClassVar[tuple[str, ...]] = ("message", "operation_Id", "Content")


@dataclass(eq=False)
class ApplicationInsights(Resource):
    """A component, and what was reported to it. Whoever has its instrumentation key may report. `reports`
    is where the reports lie, one record for each request."""

    service: ClassVar[str] = "Application Insights"
    instrumentation_key: str = field(default="", repr=False, kw_only=True)
    reports: Disk = field(repr=False, kw_only=True)

    def disks(self) -> Iterator[Disk]:
        """Nothing lies anywhere before something was reported."""
        if self.reports.written:
            yield self.reports


# After the last moment that the lab's clock reaches.
_BEYOND = 10**12
_TYPES = [(one.name, int if one.type in ("int", int) else str) for one in fields(Request)]


def _check_report(request: Request, printed: tuple[str, ...]) -> None:
    # Whoever has the key reports what they like: it has to be readable all the same.
    if type(request) is not Request or any(type(vars(request)[one]) is not kind for one, kind in _TYPES):
        raise BadRequest(
            "That is no telemetry.",
            presented=brief(request),
            required="a Request, its times in whole numbers, all else in texts",
        )
    if not (0 <= request.timestamp < _BEYOND and 0 <= request.duration < _BEYOND):
        raise BadRequest(
            "That is no time of a request.",
            presented=brief((request.timestamp, request.duration)),
            required="seconds since 1970, and milliseconds",
        )
    if type(printed) is not tuple or any(type(line) is not str for line in printed):
        raise BadRequest("What was printed is lines of text.", presented=brief(printed), required="a tuple")


class AppInsights(Service):
    """Telemetry comes in by instrumentation key, and is read by those whose role lets them."""

    name = "Application Insights"
    resource = ApplicationInsights
    dialect = {**TOKEN_DIALECT, Damaged: (500, "InternalServerError")}

    def __init__(self, draw: Entropy) -> None:
        self._entropy = draw

    @operation("Track request", accepts=(InstrumentationKey,), parse=_check_report)
    def track(self, call: Call[ApplicationInsights], request: Request, printed: tuple[str, ...] = ()) -> None:
        """Keeps a request, with the lines that were printed while it was answered. It has an id of its own,
        which follows from its place. Statements mon-app-insights, data-endpoint-logs."""
        kept = call.target.reports
        # In the order of the constructor; without the id.
        report = [
            *(request.timestamp, request.name, request.url, request.result_code, request.duration),
            *(request.user_agent, request.compute_type, request.method),
        ]
        kept.write(call, f"{len(kept.written) + 1:010}", json.dumps([report, printed]).encode())

    def _reports(self, call: Call[ApplicationInsights]) -> Iterator[tuple[Request, list[str]]]:
        component = call.target
        for number, name in enumerate(component.reports.names(), 1):
            report, printed = json.loads(component.reports.read(call, name))
            id = self._entropy.uuid(f"{component.instrumentation_key}/request/{number}")
            fields = (*report, id)
            yield Request(*fields), printed

    # https://learn.microsoft.com/azure/role-based-access-control/permissions/monitor
    @operation("Query requests", action=f"{TYPE}/query/read")
    def query(self, call: Call[ApplicationInsights]) -> Requests:
        """Every request that was reported, refused ones too, oldest first."""
        return Requests(tuple(request for request, _ in self._reports(call)), asked_at=call.now)

    @operation("Query traces", action=f"{TYPE}/query/read")
    def traces(self, call: Call[ApplicationInsights]) -> TraceLines:
        """What scoring scripts have printed, in services that have Application Insights enabled, oldest
        first. Statement data-endpoint-logs."""
        found = (
            TraceLine(request.timestamp, line, request.id)
            for request, printed in self._reports(call)
            for line in printed
        )
        return TraceLines(tuple(found), asked_at=call.now)
