"""What an operation says of how long it took, and a service that is told of its calls."""

from typing import Any, ClassVar

import pytest

from labkit.core.errors import NotFound, Refusal
from labkit.core.operation import Call, operation
from labkit.core.resource import Component
from labkit.core.trace import Hop
from tests.core.tiny import BOX, OTHER_BOX, Badge, Box, Boxes, World


class Watched(Boxes):
    """Writes its calls down, in its own list and in the other box."""

    name = "Watched"
    keeps_log: ClassVar[bool] = True

    def __init__(self) -> None:
        self.seen: list[tuple[str, str]] = []

    @operation("Wait", action="Box/things/read", accepts=(Badge,))
    def wait(self, call: Call[Box], milliseconds: int, fails: bool = False) -> None:
        call.took(milliseconds)
        if fails:
            raise NotFound("Waited in vain.")

    def ended(self, call: Call[Any], hop: Hop) -> None:
        self.seen.append((call.target.name, hop.outcome))
        if call.target.id == BOX:
            call.ask(Boxes.put, OTHER_BOX, Badge("ann"), f"log {len(self.seen)}", hop.outcome)


@pytest.fixture
def watched(world: World) -> Watched:
    service = Watched()
    world.door.install(service)
    return service


def ask(world: World, *args: Any, cred: Badge | None = None, target: str = BOX) -> None:
    world.door.ask(Component("ann"), Watched.wait, target, cred or Badge("ann"), *args)


def test_the_hop_has_what_the_operation_says_and_the_clock_stands_still(
    world: World, watched: Watched
) -> None:
    before = world.clock.now
    ask(world, 250)
    with pytest.raises(NotFound):
        ask(world, 70, True)
    assert [hop.milliseconds for hop in world.trace if hop.parent == 0] == [250, 70]
    assert world.clock.now == before


def test_it_is_told_of_every_call_that_reached_a_resource_refused_ones_too(
    world: World, watched: Watched
) -> None:
    ask(world, 1)
    for args, changed in (
        ((1, True), {}),
        ((), {}),
        ((1,), {"cred": Badge("nobody")}),
        ((1,), {"target": "/x"}),
    ):
        with pytest.raises(Refusal):
            ask(world, *args, **changed)
    assert [name for name, _ in watched.seen] == ["one"] * 4
    assert [outcome.partition(" ")[0] for _, outcome in watched.seen] == ["ok", "410", "400", "401"]


def test_what_it_asks_then_lies_below_the_call_and_stays_though_that_was_refused(
    world: World, watched: Watched
) -> None:
    with pytest.raises(NotFound):
        ask(world, 1, True)
    refused, below = world.trace
    assert (below.parent, below.caller, below.initiator, below.ok) == (refused.number, "one", "ann", True)
    other = world.resources.find(OTHER_BOX)
    assert isinstance(other, Box)
    assert other.things == {"log 1": "410 ThingGone"}
