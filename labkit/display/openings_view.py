"""What a credential opens: a table of what let it in and a table of what did not."""

from __future__ import annotations

import re
from collections import Counter

from labkit.display.table import table
from labkit.openings import Openings

_GROUP = re.compile(r"/resourcegroups/([^/]+)/", re.IGNORECASE)


def html(openings: Openings) -> str:
    """One row for each operation that would pass, with its targets; one for each reason of refusal."""
    opened: dict[tuple[str, str], list[str]] = {}
    for one in openings.opened:
        opened.setdefault((one.service, one.operation), []).append(one.target)
    times = Counter(map(_last, {one.target for one in openings.opened}))
    passed = [
        (service, operation, len(targets), ", ".join(_name(target, times) for target in targets))
        for (service, operation), targets in opened.items()
    ]
    refused = [(*key, count) for key, count in openings.refusals().items()]
    caption = f"{openings.kind}: {len(openings.opened)} of {len(openings.attempts)} attempts would pass"
    return "\n".join(
        [
            table(passed, ("service", "operation", "attempts", "on"), caption),
            table(refused, ("service", "stage", "code", "attempts"), "Refused"),
        ]
    )


def _last(target: str) -> str:
    return target.rstrip("/").rpartition("/")[2]


def _name(target: str, times: Counter[str]) -> str:
    """The last segment; where several targets end alike, with the resource group or as a whole."""
    name = _last(target)
    if times[name] == 1:
        return name
    group = _GROUP.search(target)
    return f"{name} in {group[1]}" if group else target
