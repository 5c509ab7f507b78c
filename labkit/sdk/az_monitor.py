"""`az monitor`: the activity log, and the metrics of a workspace."""

from __future__ import annotations

import re
from argparse import Namespace
from datetime import UTC, datetime, timedelta
from typing import Any

from labkit.core.errors import brief
from labkit.sdk.az_commands import command, needed, option
from labkit.sdk.az_errors import UsageError
from labkit.sdk.az_resources import GROUP, scope_of
from labkit.sdk.az_session import Session
from labkit.services.activity_log import Event
from labkit.services.monitor import Monitor

_LENGTH = re.compile(r"(?:(\d{1,4})d)?(?:(\d{1,5})h)?(?:(\d{1,5})m)?")
_DAY, _HOUR, _MINUTE = 24 * 3600, 3600, 60


def _seconds(name: str, text: str) -> int:
    """How long a text such as 1d12h is. Raises UsageError."""
    found = _LENGTH.fullmatch(text)
    days, hours, minutes = (int(part or 0) for part in found.groups()) if found else (0, 0, 0)
    length = days * _DAY + hours * _HOUR + minutes * _MINUTE
    if not length:
        raise UsageError(
            f"az: error: argument {name}: invalid value: {brief(text)}", required="for instance 6h or 1d12h"
        )
    return length


def _time(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat()


@command(
    "monitor activity-log list",
    *(GROUP, option("--resource-id"), option("--caller"), option("--status"), option("--correlation-id")),
    option("--offset", default="6h"),
    option("--max-events", kind="number", default=50),
)
def list_events(session: Session, given: Namespace) -> Any:
    """What was changed in the last hours (`--offset`), or was tried, and by whom: the newest first."""
    scope, begin = given.resource_id or scope_of(session, given), _seconds("--offset", given.offset)
    log = session.ask(Monitor.activity_log, scope)
    recent = [one for one in log.found if one.timestamp > log.asked_at - begin]
    shown = [_event(one) for one in reversed(recent) if _fits(one, given)]
    return shown[: max(given.max_events, 0)]


def _fits(one: Event, given: Namespace) -> bool:
    pairs = (given.caller, one.caller), (given.status, one.status), (given.correlation_id, one.correlation_id)
    return all(wanted is None or wanted.lower() == has.lower() for wanted, has in pairs)


def _event(one: Event) -> dict[str, Any]:
    """With the names of Azure's event schema, as far as the lab knows what stands behind them."""
    segments = one.resource_id.split("/")
    return {
        "authorization": {"action": one.operation_name, "scope": one.resource_id},
        "caller": one.caller,
        "correlationId": one.correlation_id,
        "eventTimestamp": _time(one.timestamp),
        "operationName": _named(one.operation_name),
        "resourceGroupName": segments[4] if len(segments) > 4 else "",
        "resourceId": one.resource_id,
        "status": _named(one.status),
        "subStatus": _named(one.sub_status),
    }


def _named(text: str) -> dict[str, str]:
    return {"localizedValue": text, "value": text}


@command(
    "monitor metrics list",
    *(needed("--resource"), option("--metric", "--metrics", kind="texts")),
    *(option("--interval", default="1h"), option("--offset", default="1h")),
)
def list_metrics(session: Session, given: Namespace) -> Any:
    """What was counted of a workspace in the last hour, or in the time that `--offset` says."""
    _seconds("--interval", given.interval)
    hours = -(-_seconds("--offset", given.offset) // _HOUR)
    found = session.ask(Monitor.metrics, given.resource, given.interval, f"{hours}h")
    wrong = set(given.metric or ()) - found.totals.keys()
    if wrong:
        raise UsageError(
            f"Failed to find metric configuration for {', '.join(sorted(map(brief, wrong)))}",
            required=", ".join(found.totals),
        )
    end = found.begin + max(map(len, found.totals.values()), default=0) * found.interval
    return {
        "interval": str(timedelta(seconds=found.interval)),
        "timespan": f"{_time(found.begin)}/{_time(end)}",
        "value": [
            _metric(name, row, found.begin, found.interval)
            for name, row in found.totals.items()
            if given.metric is None or name in given.metric
        ],
    }


def _metric(name: str, row: tuple[int, ...], begin: int, interval: int) -> dict[str, Any]:
    data = [{"timeStamp": _time(begin + at * interval), "total": total} for at, total in enumerate(row)]
    return {
        "name": _named(name),
        "timeseries": [{"data": data, "metadatavalues": []}],
        "type": "Microsoft.Insights/metrics",
        "unit": "Count",
    }
