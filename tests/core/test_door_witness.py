"""A witness sees what a hop must not hold; and a door that takes something else for proved."""

from dataclasses import asdict
from typing import Any

import pytest

from labkit.core.credential import Credential
from labkit.core.door import Asked
from labkit.core.errors import Forbidden, NotFound, Refusal, Unauthenticated, UnknownHost
from labkit.core.identity import Identity
from labkit.core.operation import Call
from labkit.core.resource import Component, Resource
from labkit.core.trace import Hop
from tests.core.tiny import BOX, OTHER_BOX, Badge, Box, Boxes, World


@pytest.fixture
def seen(world: World) -> list[tuple[Hop, Asked]]:
    found: list[tuple[Hop, Asked]] = []
    world.door.witness = lambda hop, asked: found.append((hop, asked))
    return found


def test_nobody_watches_unless_somebody_says_so(world: World) -> None:
    assert world.door.witness is None


def test_a_witness_is_told_of_a_call_with_what_it_was_asked_with(
    world: World, seen: list[tuple[Hop, Asked]]
) -> None:
    badge = Badge("ann")
    world.ask(Boxes.put, BOX, badge, "hat", thing="red")
    [(hop, asked)] = seen
    assert hop is world.trace[0]
    assert asked.cred is badge
    assert (asked.caller.name, asked.op, asked.target, asked.resource) == ("ann", Boxes.put, BOX, world.box)
    assert (asked.args, asked.kwargs) == (("hat",), {"thing": "red"})


@pytest.mark.parametrize(
    ("target", "cred", "refusal", "resource"),
    [
        ("nowhere", Badge("ann"), UnknownHost, False),
        (BOX, Badge("nobody"), Unauthenticated, True),
        (BOX, Badge("powerless"), Forbidden, True),
        (BOX, Badge("ann"), NotFound, True),
    ],
)
def test_a_refused_call_is_told_of_as_well(
    world: World,
    seen: list[tuple[Hop, Asked]],
    target: str,
    cred: Credential,
    refusal: type[Refusal],
    resource: bool,
) -> None:
    world.powerless.add("powerless")
    assert isinstance(world.refusal(Boxes.get, target, cred, "hat"), refusal)
    [(hop, asked)] = seen
    assert not hop.ok
    assert asked.cred is cred
    assert asked.resource is (world.box if resource else None)


def test_calls_inside_of_a_call_are_told_of_each_when_it_ends(
    world: World, seen: list[tuple[Hop, Asked]]
) -> None:
    def script(call: Call[Box]) -> Any:
        return call.ask(Boxes.put, OTHER_BOX, Badge("bob"), "hat", "red")

    world.ask(Boxes.do, BOX, Badge("ann"), script)
    assert [(hop.number, hop.parent, asked.caller.name) for hop, asked in seen] == [
        (2, 1, "one"),
        (1, 0, "ann"),
    ]


def test_a_hop_holds_no_credential_watched_or_not(world: World, seen: list[tuple[Hop, Asked]]) -> None:
    world.ask(Boxes.put, BOX, Badge("ann"), "hat", "red")
    [(hop, asked)] = seen
    assert not any(isinstance(value, Credential) for value in asdict(hop).values())
    assert "ann" not in repr(asked)


def test_a_probe_is_no_call_and_has_no_witness(world: World, seen: list[tuple[Hop, Asked]]) -> None:
    world.door.probe(Component("ann"), Boxes.look, BOX, Badge("ann"))
    assert seen == []


def test_a_probe_takes_arguments_by_name(world: World) -> None:
    world.door.probe(Component("ann"), Boxes.tag, BOX, Badge("ann"), tag="x")
    assert world.asked[-1][0] == f"Box{BOX}/tags/x"


def test_another_door_takes_for_proved_what_it_is_told(world: World) -> None:
    def as_ann(cred: Badge, target: Resource, now: int) -> Identity:
        return Identity("person", "ann")

    other = world.door.proving({Badge: as_ann})
    world.powerless.add("ann")
    with pytest.raises(Unauthenticated):
        world.door.probe(Component("x"), Boxes.look, BOX, Badge("nobody"))
    assert other.probe(Component("x"), Boxes.look, BOX, Badge("nobody")) == "nothing to authorize"
    with pytest.raises(Forbidden):
        other.probe(Component("x"), Boxes.put, BOX, Badge("nobody"), "hat", "red")
    assert len(world.trace) == 0
    assert other.trace is not world.trace
