"""The data flows of the documents: each performed in a lab of its own, through the door, and drawn from what
happened."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache

import labkit
from labkit.core.choice import choice
from labkit.core.show import Shown
from labkit.core.trace import Hop, Trace
from labkit.course import flow_scenes as scenes
from labkit.course.flow_documents import STEPS
from labkit.course.flow_scenes import Scene
from labkit.course.flow_steps import Followed, follow
from labkit.course.leaks import Leaks, leaks
from labkit.course.stepping import uncounted
from labkit.course.watching import Watch, watching
from labkit.display.crossings import Crossings, crossings

# What was there before: nothing that the flow itself leaves behind, or all of it, once.
CACHES = ("cold", "warm")


@dataclass(frozen=True)
class Kind:
    """A flow: what is done; and what was done before that is no part of it, once (`prepare`) or each time
    (`ready`)."""

    perform: Callable[[Scene], object]
    prepare: Callable[[Scene], object] = lambda scene: None
    ready: Callable[[Scene], object] = lambda scene: None


FLOWS: Mapping[str, Kind] = {
    "create workspace": Kind(scenes.create_workspace),
    "create workspace, with other compute": Kind(scenes.create_with_compute),
    "code snapshot": Kind(scenes.store_snapshot),
    "training on managed compute": Kind(scenes.train_managed, scenes.upload_code),
    "training on unmanaged compute": Kind(scenes.train_unmanaged, scenes.attach_machine),
    "metrics": Kind(scenes.metrics, scenes.upload_code, scenes.submit),
    "web service": Kind(scenes.deploy_on_aks, scenes.attach_cluster),
    "web service on ACI": Kind(scenes.deploy_on_aci),
}


@dataclass(frozen=True, repr=False)
class DataFlow(Shown):
    """One flow as it was performed.

    name    one of FLOWS
    caches  cold or warm; `before` says what was there, as it was found
    watch   the trace, with what travelled in it
    """

    name: str
    caches: str
    before: tuple[str, ...]
    watch: Watch = field(repr=False)

    @property
    def trace(self) -> Trace:
        """What happened."""
        return self.watch.trace

    @property
    def steps(self) -> Followed:
        """What the documents say, step by step, and in which hop it was found."""
        return follow(self.trace, STEPS[self.name])

    @property
    def crossings(self) -> Crossings:
        """What crosses each trust boundary."""
        return crossings(self.trace)

    def leaks(self) -> Leaks:
        """What would go wrong if the credential of an arrow leaked, by trying it."""
        return uncounted(lambda: leaks(self.watch))

    @property
    def caption(self) -> str:
        """What is shown, in a line."""
        return f"Data flow: {self.name}. Caches are {self.caches}: {'; '.join(self.before)}."

    def __repr__(self) -> str:
        return f"{self.caption}\n{self.trace!r}\n\n{self.steps!r}"


def data_flow(
    name: str, caches: str = "cold", *, release: str = "2020-03", seed: int | None = 2020
) -> DataFlow:
    """Performs one of FLOWS in a new lab. With caches that are "warm" it was performed once before, and the
    user is still signed in. Raises BadInput. Statements flow-create-workspace, flow-web-service."""
    kind = FLOWS[choice("data flow", name, FLOWS)]
    choice("state of the caches", caches, CACHES)
    return uncounted(lambda: _performed(kind, name, caches, Scene(labkit.start(release, seed))))


def recorded(name: str) -> Trace:
    """The trace of a flow with cold caches in the usual lab, which is performed once. Raises BadInput."""
    return Trace(_recorded(choice("data flow", name, FLOWS)))


@cache
def _recorded(name: str) -> tuple[Hop, ...]:
    return tuple(data_flow(name).trace)


def _performed(kind: Kind, name: str, caches: str, scene: Scene) -> DataFlow:
    kind.prepare(scene)
    if caches == "warm":
        _begin(kind, scene)
        kind.perform(scene)
    _begin(kind, scene)
    if caches == "cold":
        scene.held = None
    before = scene.state()
    with watching(scene.lab) as watch:
        kind.perform(scene)
    return DataFlow(name, caches, before, watch)


def _begin(kind: Kind, scene: Scene) -> None:
    scene.round += 1
    kind.ready(scene)
