"""A world with one tiny service, small enough to break at each stage of the door by itself."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pytest

from labkit.core.clock import Clock
from labkit.core.credential import Credential
from labkit.core.door import Door
from labkit.core.errors import BadRequest, Forbidden, NotFound, Refusal, Unauthenticated
from labkit.core.identity import Capability, Identity
from labkit.core.operation import Call, Op, Service, operation
from labkit.core.resource import Component, Resource, Resources
from labkit.core.trace import Trace

BOX, OTHER_BOX = "/boxes/one", "/boxes/two"


@dataclass(frozen=True, repr=False)
class Badge(Credential):
    """Says a name, and is believed unless the name is `nobody`. Whoever is called `guest` is one."""

    name: str
    kind: ClassVar[str] = "badge"


@dataclass(frozen=True, repr=False)
class MasterKey(Credential):
    """Opens what it names."""

    scope: str
    actions: tuple[str, ...] = ("*",)
    kind: ClassVar[str] = "master key"


@dataclass(eq=False)
class Box(Resource):
    service: ClassVar[str] = "Box"
    refuses_guests: ClassVar[bool] = True
    things: dict[str, str] = field(default_factory=dict, kw_only=True)
    takes: tuple[type[Credential], ...] = field(default=(Badge, MasterKey), kw_only=True)


@dataclass(frozen=True)
class From:
    """A firewall that lets one network in."""

    network: str

    def admits(self, network: str) -> bool:
        return network == self.network

    @property
    def required(self) -> str:
        return f"the {self.network}"

    def advice(self, network: str) -> str:
        return f"go from the {network} to the {self.network}"


@dataclass(frozen=True)
class LookedUp:
    """The answer of this world's authorization."""

    allowed: bool
    why: str
    advice: str
    refusal: type[Forbidden] = Forbidden


def _check_thing(name: str, thing: str = "") -> None:
    if not name:
        raise BadRequest("A thing has a name.")


class Boxes(Service):
    name = "Box service"
    resource = Box
    dialect = {NotFound: (410, "ThingGone")}

    @operation("Put thing", action="Box/things/write", accepts=(Badge, MasterKey), parse=_check_thing)
    def put(self, call: Call[Box], name: str, thing: str) -> None:
        before = dict(call.target.things)

        def take_back() -> None:
            call.target.things.clear()
            call.target.things.update(before)

        call.undo(take_back)
        call.target.things[name] = thing

    @operation("Get thing", action="Box/things/read", accepts=lambda box: box.takes, parse=_check_thing)
    def get(self, call: Call[Box], name: str) -> str:
        if name not in call.target.things:
            raise NotFound("There is no such thing.", presented=name)
        return call.target.things[name]

    @operation("Look", accepts=(Badge,))
    def look(self, call: Call[Box]) -> Identity:
        return call.identity

    @operation("Do", accepts=(Badge,))
    def do(self, call: Call[Box], script: Callable[[Call[Box]], Any]) -> Any:
        """Whatever the test wants an operation to do."""
        return script(call)

    @operation("Tag", action=lambda scope, tag="none": f"Box{scope}/tags/{tag}", accepts=(Badge,))
    def tag(self, call: Call[Box], tag: str = "none") -> str:
        return tag


def _read_badge(cred: Badge, target: Resource, now: int) -> Identity:
    if cred.name == "nobody":
        raise Unauthenticated("Nobody knows this badge.")
    return Identity("person", cred.name, object_id=cred.name, guest=cred.name == "guest")


def _read_key(cred: MasterKey, target: Resource, now: int) -> Identity:
    return Identity("key", "the key", capability=Capability(cred.scope, cred.actions))


class World:
    """Two boxes in a region, a door, and a list of those who may do nothing."""

    def __init__(self) -> None:
        self.clock, self.trace, self.resources = Clock(1000), Trace(), Resources()
        self.down: set[str] = set()
        self.powerless: set[str] = set()
        self.asked: list[tuple[str, bool, str]] = []
        self.box = Box(BOX, "one", "one.example", "here")
        self.other = Box(OTHER_BOX, "two", "two.example", "here")
        self.door = Door(
            self.clock,
            self.trace,
            self.resources,
            lambda region: region not in self.down,
            {Badge: _read_badge, MasterKey: _read_key},
            self._decide,
        )
        for box in (self.box, self.other):
            self.resources.add(box)
        self.door.install(Boxes())

    def _decide(self, who: Identity, action: str, data: bool, scope: str, now: int) -> LookedUp:
        self.asked.append((action, data, scope))
        return LookedUp(who.name not in self.powerless, f"{who.name} was looked up", "ask for a role")

    def ask(
        self,
        op: Op[..., Any],
        target: str,
        cred: Credential,
        *args: Any,
        network: str = "internet",
        **kwargs: Any,
    ) -> Any:
        return self.door.ask(Component("ann", network=network), op, target, cred, *args, **kwargs)

    def refusal(self, op: Op[..., Any], target: str, cred: Credential, *args: Any, **kwargs: Any) -> Refusal:
        """The refusal of a call that has to be refused."""
        with pytest.raises(Refusal) as caught:
            self.ask(op, target, cred, *args, **kwargs)
        return caught.value
