"""Calls that services make of one another: who asks, how deep, and what is taken back."""

from collections.abc import Callable
from typing import Any

import pytest

from labkit.core.door import DEEPEST
from labkit.core.errors import CallTooDeep, NotFound, Refusal, Unauthenticated
from labkit.core.operation import Call
from tests.core.tiny import BOX, OTHER_BOX, Badge, Box, Boxes, From, World

Script = Callable[[Call[Box]], Any]


def relay(depth: int) -> Script:
    """Asks the other box, `depth` times there and back."""

    def script(call: Call[Box]) -> int:
        if depth == 0:
            return 0
        there = OTHER_BOX if call.target.id == BOX else BOX
        return 1 + call.ask(Boxes.do, there, Badge(f"badge of {call.target.name}"), relay(depth - 1))

    return script


def steps(log: list[str], *names: str, then: Script | None = None, fail: bool = False) -> Script:
    """Registers steps to take back, does something else in between, and fails if so told."""

    def script(call: Call[Box]) -> None:
        for name in names[:-1]:
            call.undo(lambda name=name: log.append(name))
        if then is not None:
            then(call)
        call.undo(lambda: log.append(names[-1]))
        if fail:
            raise NotFound("Something is missing.")

    return script


def nested(script: Script) -> Script:
    return lambda call: call.ask(Boxes.do, OTHER_BOX, Badge("inner"), script)


def test_nested_hops_name_caller_subject_initiator_and_parent(world: World, ann: Badge) -> None:
    assert world.ask(Boxes.do, BOX, ann, relay(2)) == 2
    rows = [(h.number, h.parent, h.caller, h.resource, h.subject, h.initiator) for h in world.trace]
    assert rows == [
        (1, 0, "ann", "one", "ann (person)", "ann"),
        (2, 1, "one", "two", "badge of one (person)", "ann"),
        (3, 2, "two", "one", "badge of two (person)", "ann"),
    ]


def test_two_calls_of_one_operation_have_the_same_parent(world: World, ann: Badge) -> None:
    def script(call: Call[Box]) -> None:
        call.ask(Boxes.look, OTHER_BOX, Badge("first"))
        call.ask(Boxes.look, OTHER_BOX, Badge("second"))

    world.ask(Boxes.do, BOX, ann, script)
    assert [hop.parent for hop in world.trace] == [0, 1, 1]


def test_a_nested_call_comes_from_the_network_of_its_caller(world: World, ann: Badge) -> None:
    world.box.network = "private"
    world.other.firewall = From("private")
    assert world.ask(Boxes.do, BOX, ann, relay(1)) == 1
    world.box.network = "internet"
    with pytest.raises(Refusal):
        world.ask(Boxes.do, BOX, ann, relay(1))


def test_a_call_sees_who_began(world: World, ann: Badge) -> None:
    seen: list[tuple[str, str, int]] = []

    def script(call: Call[Box]) -> None:
        seen.append((call.initiator, call.identity.name, call.now))

    world.ask(Boxes.do, BOX, ann, nested(script))
    assert seen == [("ann", "inner", 1000)]


def test_sixteen_calls_deep_are_allowed(world: World, ann: Badge) -> None:
    assert world.ask(Boxes.do, BOX, ann, relay(DEEPEST - 1)) == DEEPEST - 1
    assert len(world.trace) == DEEPEST == 16


def test_the_seventeenth_is_refused(world: World, ann: Badge) -> None:
    refusal = world.refusal(Boxes.do, BOX, ann, relay(DEEPEST))
    assert isinstance(refusal, CallTooDeep)
    assert len(world.trace) == DEEPEST + 1
    assert {hop.outcome for hop in world.trace} == {"508 LoopDetected"}
    assert world.trace[-1].stage == "reach"
    assert {hop.stage for hop in world.trace[:-1]} == {"operation"}


def test_a_circle_ends(world: World, ann: Badge) -> None:
    def script(call: Call[Box]) -> None:
        call.ask(Boxes.do, BOX, Badge("again"), script)

    assert isinstance(world.refusal(Boxes.do, BOX, ann, script), CallTooDeep)


def test_an_inner_refusal_keeps_the_words_and_the_stage_of_the_inner_service(
    world: World, ann: Badge
) -> None:
    refusal = world.refusal(Boxes.do, BOX, ann, lambda call: call.ask(Boxes.look, OTHER_BOX, Badge("nobody")))
    assert isinstance(refusal, Unauthenticated)
    assert refusal.stage == "authentication"
    outer, inner = world.trace
    assert outer.outcome == inner.outcome == "401 Unauthorized"
    assert (outer.stage, inner.stage) == ("operation", "authentication")


def test_success_takes_nothing_back(world: World, ann: Badge) -> None:
    log: list[str] = []
    world.ask(Boxes.do, BOX, ann, steps(log, "a", "b", then=nested(steps(log, "c", "d"))))
    assert log == []


def test_failure_takes_back_in_reverse(world: World, ann: Badge) -> None:
    log: list[str] = []
    world.refusal(Boxes.do, BOX, ann, steps(log, "a", "b", "c", fail=True))
    assert log == ["c", "b", "a"]


def test_failure_takes_back_what_finished_calls_inside_had_done(world: World, ann: Badge) -> None:
    log: list[str] = []
    inner = nested(steps(log, "c", "d", then=nested(steps(log, "e", "f"))))
    world.refusal(Boxes.do, BOX, ann, steps(log, "a", "b", then=inner, fail=True))
    assert log == ["b", "d", "f", "e", "c", "a"]


def test_failure_inside_takes_back_everything_once(world: World, ann: Badge) -> None:
    log: list[str] = []
    world.refusal(Boxes.do, BOX, ann, steps(log, "a", "b", then=nested(steps(log, "c", "d", fail=True))))
    assert log == ["d", "c", "a"]


def test_a_failure_that_is_caught_takes_back_only_what_was_inside(world: World, ann: Badge) -> None:
    log: list[str] = []

    def forgiving(call: Call[Box]) -> None:
        with pytest.raises(NotFound):
            nested(steps(log, "c", "d", fail=True))(call)

    world.ask(Boxes.do, BOX, ann, steps(log, "a", "b", then=forgiving))
    assert log == ["d", "c"]


def test_an_unexpected_exception_takes_back_too(world: World, ann: Badge) -> None:
    log: list[str] = []

    def script(call: Call[Box]) -> None:
        call.undo(lambda: log.append("undone"))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        world.ask(Boxes.do, BOX, ann, script)
    assert log == ["undone"]


def test_what_one_call_registered_is_not_taken_back_by_the_next(world: World, ann: Badge) -> None:
    world.ask(Boxes.put, BOX, ann, "thing", "gold")
    world.refusal(Boxes.do, BOX, ann, steps([], "a", fail=True))
    assert world.box.things == {"thing": "gold"}
