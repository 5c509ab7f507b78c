"""Resource Manager ids: `/subscriptions/S/resourceGroups/G/providers/Namespace/type/name[/type/name…]`."""

from __future__ import annotations

import re

from labkit.core.errors import BadRequest

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.()-]{0,89}")


def resource_type(scope: str) -> str:
    """The type that an id or scope names, such as `Microsoft.KeyVault/vaults`. Raises BadRequest."""
    segments = scope.strip("/").split("/")
    lowered = [segment.lower() for segment in segments]
    if lowered[0] != "subscriptions" or not all(map(_NAME.fullmatch, segments)):
        raise _not_an_id(scope)
    if "providers" in lowered:
        rest = segments[len(lowered) - lowered[::-1].index("providers") :]
        if len(rest) < 3 or len(rest) % 2 == 0:
            raise _not_an_id(scope)
        return "/".join([rest[0], *rest[1::2]])
    if len(segments) == 2:
        return "Microsoft.Resources/subscriptions"
    if len(segments) == 4 and lowered[2] == "resourcegroups":
        return "Microsoft.Resources/subscriptions/resourceGroups"
    raise _not_an_id(scope)


def group_of(resource_id: str) -> str:
    """The resource group's part of an id."""
    return "/".join(resource_id.split("/")[:5])


def parent_of(resource_id: str) -> str:
    """What a resource is inside of: the resource above it in its id, its resource group, or for one of these
    the subscription."""
    segments = resource_id.split("/")
    if len(segments) <= 5:
        return "/".join(segments[:3])
    return "/".join(segments[:-2]) if len(segments) > 9 else group_of(resource_id)


def name_of(resource_id: str) -> str:
    """The last segment."""
    return resource_id.rstrip("/").rpartition("/")[2]


def _not_an_id(scope: str) -> BadRequest:
    return BadRequest(
        "That is not a resource id.",
        presented=scope[:120],
        required="/subscriptions/S/resourceGroups/G/providers/Namespace/type/name",
        advice="lab.workspace is one; lab.resources lists them all",
    )
