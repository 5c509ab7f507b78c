"""The traffic among Azure's own services: what of it is encrypted, and whether any of it might not be."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import labkit
from labkit.core.credential import Anonymous
from labkit.core.errors import Refusal
from labkit.core.operation import Op, Service
from labkit.core.resource import Component, Resource
from labkit.core.table import Table, Tabular
from labkit.core.trace import Hop, Trace
from labkit.course.service_scene import OWNER, deploy, keys_of
from labkit.course.stepping import uncounted
from labkit.display.flow import flow
from labkit.furniture import REGION
from labkit.lab import Lab
from labkit.services.machine_learning.runs import Runs
from labkit.services.machine_learning.scoring import Scoring, ScoringEndpoint
from labkit.services.machine_learning.workspace import TYPE
from labkit.services.resource_id import group_of
from labkit.services.resource_manager import ResourceManager

_CLIENT = "Client"
_BODY = "[1, 2, 3]"


@dataclass(frozen=True)
class Traffic:
    """Calls that one kind of component makes on another. `encrypted` is how many of the `calls` were, and
    `in_plain` what becomes of the same call over http://."""

    asks: str
    asked: str
    internal: bool
    calls: int
    encrypted: int
    in_plain: str


@dataclass(frozen=True, repr=False)
class InternalTraffic(Tabular):
    """All traffic of a day's work, the internal one first. `trace` is what it was counted from."""

    rows: tuple[Traffic, ...]
    trace: Trace

    @property
    def unencrypted(self) -> int:
        """How many calls among Azure's own services were not encrypted."""
        return sum(one.calls - one.encrypted for one in self.rows if one.internal)

    def as_table(self) -> Table:
        """One row for each pair of components."""
        found = [
            (
                "internal" if one.internal else "from outside",
                one.asks,
                one.asked,
                one.calls,
                f"{one.encrypted} of {one.calls}",
                one.in_plain,
            )
            for one in self.rows
        ]
        headers = ("traffic", "asks", "asked", "calls", "encrypted", "the same over http://")
        return Table(headers, found, caption="The traffic of a day's work")


def internal_traffic(release: str = "2020-03", seed: int | None = 2020) -> InternalTraffic:
    """Creates a workspace, trains, deploys to both targets and scores over http, counts what was encrypted of
    all that this caused, and tries each kind of call once more over http://. Raises BadInput. Statement
    tls-internal."""
    return uncounted(lambda: _counted(labkit.start(release, seed)))


def _counted(lab: Lab) -> InternalTraffic:
    _work(lab)
    trace = Trace(lab.trace)
    calls: Counter[tuple[str, str, bool]] = Counter()
    encrypted: Counter[tuple[str, str, bool]] = Counter()
    tried: dict[tuple[str, str, bool], str] = {}
    for edge in flow(trace).edges:
        hop = edge.hop
        asks = "people" if hop.origin == _CLIENT else edge.source.service or edge.source.name
        pair = (asks, edge.target.service, hop.origin != _CLIENT)
        calls[pair] += len(edge.numbers)
        encrypted[pair] += len(edge.numbers) if hop.encrypted else 0
        tried.setdefault(pair, in_plain(lab, hop))
    rows = [Traffic(*pair, calls[pair], encrypted[pair], tried[pair]) for pair in calls]
    return InternalTraffic(
        tuple(sorted(rows, key=lambda one: (not one.internal, one.asks, one.asked))), trace
    )


def _work(lab: Lab) -> None:
    workspace = f"{group_of(lab.workspace)}/providers/{TYPE}/in-transit"
    lab.ask(OWNER, ResourceManager.put, workspace, lab.sign_in(OWNER).bearer, REGION)
    carl = lab.sign_in("carl").bearer

    def script(run: object) -> None:
        run.log("accuracy", 0.9)  # type: ignore[attr-defined]
        run.upload_file("outputs/model.pkl", b"weights")  # type: ignore[attr-defined]

    lab.ask("carl", Runs.submit, lab.workspace, carl, "churn", lab.cluster, script)
    lab.work()
    for target in ("aci", "aks"):
        service = deploy(lab, "key", target=target, name=f"on-{target}")
        lab.ask("client", Scoring.score, service.address, keys_of(lab, service)[0], _BODY)


def in_plain(lab: Lab, hop: Hop) -> str:
    """What becomes of a call of the trace over http:// and without any credential: with which code it is
    refused on the first stage already, or that it gets further."""
    resource, op = _asked(lab, hop)
    door, somebody = lab.parts.door, Component(hop.caller, hop.origin)
    # Azure AD and Resource Manager have the scope in their address, and a web service its path.
    path = resource.path if isinstance(resource, ScoringEndpoint) else hop.scope.lstrip("/")
    try:
        door.probe(somebody, op, f"http://{resource.host}/{path}", Anonymous())
    except Refusal as refusal:
        return f"refused: {refusal.code}" if refusal.stage == "reach" else "answered"
    return "answered"


def _asked(lab: Lab, hop: Hop) -> tuple[Resource, Op[..., object]]:
    services: list[Service] = list(lab.parts.door.services.values())
    for resource in lab.resources:
        if (resource.name, resource.boundary) == (hop.resource, hop.boundary):
            for service in services:
                if (
                    isinstance(resource, service.resource)
                    and (resource.service or service.name) == hop.service
                ):
                    for op in service.operations():
                        if op.name == hop.operation:
                            return resource, op
    raise LookupError(f"{hop.service} [{hop.resource}]: {hop.operation}")
