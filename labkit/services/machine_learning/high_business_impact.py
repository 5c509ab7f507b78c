"""Workspaces of high business impact (hbi): what the flag is, and what it does to clusters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from labkit.core.errors import BadRequest, NotFound, brief
from labkit.core.operation import Call, operation
from labkit.core.resource import Resources
from labkit.core.secret import Secret
from labkit.services.management_plane import ManagementPlane, ResourceManagerEndpoint

# https://learn.microsoft.com/rest/api/azureml/workspaces/create-or-update
FLAG = "hbiWorkspace"
SCRATCH_DISKS = "encryption of the scratch disk of compute clusters"


def wanted(known: bool, properties: Mapping[str, Any]) -> bool:
    """Whether a new workspace is to be one. `known` is whether the release of the documents has the flag.
    Raises BadRequest. Statement enc-hbi-recommended."""
    if FLAG not in properties:
        return False
    if not known:
        raise BadRequest(
            "There are no workspaces of high business impact in this release.",
            presented=f"{FLAG}: {brief(properties[FLAG])}",
            required="a lab of 2020-01 or 2020-03",
        )
    if type(properties[FLAG]) is not bool:
        raise BadRequest(f"{FLAG} is true or false.", presented=brief(properties[FLAG]))
    return bool(properties[FLAG])


@dataclass(frozen=True)
class Passed:
    """A credential on its way from the execution layer to a cluster: as a value in the job or, in a workspace
    of high business impact, as the name of a secret in the workspace's vault (`value` is then None).
    Statement enc-hbi-effects."""

    secret: str
    value: Secret | None = field(repr=False)


class ScratchEncryption:
    """Whether the scratch disks (the temporary disks) of a subscription's nodes can be encrypted: from its
    first cluster on, if that one was in a workspace of high business impact. Otherwise it takes a support
    ticket. Statement enc-hbi-effects.  # assumption: hbi-earlier-cluster"""

    def __init__(self) -> None:
        self._on: dict[str, bool] = {}

    def cluster_made(self, call: Call[Any], hbi: bool) -> None:
        """To be told of each new cluster. Those that are deleted were there all the same."""
        subscription = _subscription(call.target.id)
        if subscription not in self._on:
            call.undo(lambda: self._on.pop(subscription))
            self._on[subscription] = hbi

    def turn_on(self, call: Call[Any], subscription: str) -> None:
        """What a support ticket brings about: nodes made from now on have it."""
        key, before = _subscription(subscription), self._on.get(_subscription(subscription))
        call.undo(lambda: self._on.pop(key) if before is None else self._on.update({key: before}))
        self._on[key] = True

    def on(self, id: str) -> bool:
        """Whether it can be had in the subscription of this resource."""
        return self._on.get(_subscription(id), False)


def _subscription(id: str) -> str:
    return "/".join(id.lower().split("/")[:3])


def _check_ticket(problem: str) -> None:
    if problem != SCRATCH_DISKS:
        raise BadRequest(
            "The lab's support engineers do one thing.", presented=brief(problem), required=SCRATCH_DISKS
        )


class Support(ManagementPlane):
    """Azure support, as far as the documents send somebody there. The target is a subscription."""

    def __init__(self, endpoint: ResourceManagerEndpoint, scratch: ScratchEncryption) -> None:
        super().__init__(endpoint)
        self._scratch = scratch

    def targets(self, resources: Resources) -> Iterator[str]:
        return (id for id in super().targets(resources) if id.count("/") == 2)

    @operation("Create support ticket", action="Microsoft.Support/supportTickets/write", parse=_check_ticket)
    def create_ticket(self, call: Call[ResourceManagerEndpoint], problem: str) -> None:
        """Asks for `SCRATCH_DISKS`, which is done at once (assumption: support-ticket). Nodes that are there
        keep the disks that they have. Raises NotFound for what is no subscription."""
        if call.scope.count("/") != 2 or call.scope.lower() not in self._endpoint.documents:
            raise NotFound("There is no such subscription.", presented=brief(call.scope, 120))
        self._scratch.turn_on(call, call.scope)
