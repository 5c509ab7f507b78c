"""The nodes of a cluster: virtual machines that are made for a run, and that go when no run waits."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from labkit.core.errors import BadRequest, brief
from labkit.core.identity import ANONYMOUS
from labkit.core.operation import Call
from labkit.core.resource import Resource
from labkit.services.encryption import Disk

# How long (seconds) a node may be idle before it goes, unless the cluster says otherwise.
# https://learn.microsoft.com/python/api/azureml-core/azureml.core.compute.amlcompute.amlcomputeprovisioningconfiguration
IDLE = 1800
SCALE = "scaleSettings"
_LEAST, _MOST, _IDLE = "minNodeCount", "maxNodeCount", "nodeIdleTimeBeforeScaleDown"
_DURATION = re.compile(r"PT(\d{1,7})([SMH])")
_SECONDS = {"S": 1, "M": 60, "H": 3600}


@dataclass(frozen=True)
class Scale:
    """How a cluster scales: how many nodes stay in any case, and how long (seconds) others may be idle."""

    least: int = 0
    idle: int = IDLE


def scale_of(properties: Mapping[str, Any]) -> Scale:
    """The `scaleSettings` of a cluster. Raises BadRequest."""
    given = properties.get(SCALE, {})
    settings = given if type(given) is dict else {SCALE: given}
    least, most, idle = settings.get(_LEAST, 0), settings.get(_MOST, 1), settings.get(_IDLE, f"PT{IDLE}S")
    duration = _DURATION.fullmatch(idle) if type(idle) is str else None
    counts = type(least) is int and type(most) is int and 0 <= least <= most and most >= 1
    if not settings.keys() <= {_LEAST, _MOST, _IDLE} or not counts or duration is None:
        raise BadRequest(
            "A cluster does not scale like this.",
            presented=brief(given, 120),
            required=f"{_LEAST} and {_MOST} as whole numbers, {_IDLE} as PT1800S or PT30M",
        )
    return Scale(least, int(duration[1]) * _SECONDS[duration[2]])


@dataclass
class Node:
    """A virtual machine in the Microsoft subscription, with the disk of its operating system and a local
    temporary one, on which training data may be staged.

    running     how many runs it carries out at this moment
    idle_since  since when (seconds) no run has waited for it; None while one does
    """

    name: str
    os_disk: Disk
    temporary_disk: Disk
    running: int = 0
    idle_since: int | None = field(default=None)

    def there(self, now: int, scale: Scale) -> bool:
        """Whether it is still there. When it goes, both of its disks go. Statement
        enc-amlcompute-ephemeral."""
        return self.idle_since is None or scale.least > 0 or now < self.idle_since + scale.idle


def in_place(resource: Resource, now: int) -> Call[Any]:
    """What a disk sees of a program that runs on the machine itself: no service is asked, so there is no door
    and no hop, and what has been written stays."""

    def nothing(*_: object) -> None:
        """Nothing is taken back, nobody is asked, and no duration is kept."""

    return Call(resource, resource.id, ANONYMOUS, now, resource.name, nothing, nothing, nothing)
