"""Application Insights: what web services report of the requests that they were sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar

from labkit.authenticators.instrumentation_key import InstrumentationKey
from labkit.core.clock import iso
from labkit.core.entropy import Entropy
from labkit.core.errors import BadRequest, brief
from labkit.core.operation import Call, Service, operation
from labkit.core.resource import Resource
from labkit.core.show import Shown
from labkit.core.table import Table
from labkit.services.management_plane import TOKEN_DIALECT

TYPE = "Microsoft.Insights/components"
# In the order in which a table is narrow first.
_FIELDS = ("HTTPMethod", "StatusCode", "Duration", "ComputeType", "UserAgent", "RequestId", "RequestUrl")


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


@dataclass(frozen=True, repr=False)
class Requests(Shown):
    """What a query found, oldest first."""

    found: tuple[Request, ...]

    @property
    def table(self) -> Table:
        """A row for each, with the documents' fields."""
        rows = [[iso(one.timestamp), *(one.documented[name] for name in _FIELDS)] for one in self.found]
        return Table(("Time", *_FIELDS), rows, caption=f"{len(rows)} requests")

    def __repr__(self) -> str:
        return repr(self.table)


@dataclass(eq=False)
class ApplicationInsights(Resource):
    """A component, and what was reported to it. Whoever has its instrumentation key may report."""

    service: ClassVar[str] = "Application Insights"
    instrumentation_key: str = field(default="", repr=False, kw_only=True)
    requests: list[Request] = field(default_factory=list, repr=False, kw_only=True)


def _check_request(request: Request) -> None:
    if type(request) is not Request:
        raise BadRequest("That is no telemetry.", presented=brief(request), required="a Request")


class AppInsights(Service):
    """Telemetry comes in by instrumentation key, and is read by those whose role lets them."""

    name = "Application Insights"
    resource = ApplicationInsights
    dialect = TOKEN_DIALECT

    def __init__(self, draw: Entropy) -> None:
        self._entropy = draw

    @operation("Track request", accepts=(InstrumentationKey,), parse=_check_request)
    def track(self, call: Call[ApplicationInsights], request: Request) -> None:
        """Keeps a request, under an id of its own. Statement mon-app-insights."""
        kept = call.target.requests
        id = self._entropy.uuid(f"{call.target.instrumentation_key}/request/{len(kept) + 1}")
        kept.append(replace(request, id=id))

    # https://learn.microsoft.com/azure/role-based-access-control/permissions/monitor
    @operation("Query requests", action=f"{TYPE}/query/read")
    def query(self, call: Call[ApplicationInsights]) -> Requests:
        """Every request that was reported, refused ones too, oldest first."""
        return Requests(tuple(call.target.requests))
