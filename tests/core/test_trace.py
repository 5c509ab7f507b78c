"""The trace: what happened, in the order in which it began."""

from dataclasses import replace

import pytest

from labkit.core.operation import Call
from labkit.core.show import Shown
from labkit.core.trace import Hop, Trace
from tests.core.tiny import BOX, OTHER_BOX, Badge, Box, Boxes, World


def ask_twice(call: Call[Box]) -> None:
    call.ask(Boxes.look, OTHER_BOX, Badge("one"))
    call.ask(Boxes.do, OTHER_BOX, Badge("one"), lambda call: call.ask(Boxes.look, BOX, Badge("two")))


@pytest.fixture
def trace(world: World, ann: Badge) -> Trace:
    """Three calls: a refused one, one that causes three more, and one an hour later."""
    world.refusal(Boxes.get, BOX, ann, "thing")
    world.ask(Boxes.do, BOX, ann, ask_twice)
    world.clock.advance("1h")
    world.ask(Boxes.look, "https://one.example", ann)
    return world.trace


def numbers(trace: Trace) -> list[int]:
    return [hop.number for hop in trace]


def test_hops_are_numbered_from_one_in_the_order_in_which_they_began(trace: Trace) -> None:
    assert numbers(trace) == [1, 2, 3, 4, 5, 6]
    assert [hop.parent for hop in trace] == [0, 0, 2, 2, 4, 0]
    assert [trace.depth(hop) for hop in trace] == [0, 0, 1, 1, 2, 0]


def test_a_trace_is_a_sequence_and_its_slices_are_traces(trace: Trace) -> None:
    assert len(trace) == 6
    assert trace[0].number == 1
    assert trace[-1].number == 6
    assert isinstance(trace[2:4], Trace)
    assert numbers(trace[2:4]) == [3, 4]
    with pytest.raises(IndexError):
        trace[6]


def test_depth_within_a_slice_counts_the_hops_of_the_slice(trace: Trace) -> None:
    inner = trace[3:5]
    assert [inner.depth(hop) for hop in inner] == [0, 1]


@pytest.mark.parametrize(("calls", "first"), [(0, 7), (1, 6), (2, 2), (3, 1), (9, 1)])
def test_the_last_calls_come_with_what_they_caused(trace: Trace, calls: int, first: int) -> None:
    assert numbers(trace.last(calls)) == list(range(first, 7))


def test_the_last_call_of_nothing_is_nothing() -> None:
    assert numbers(Trace().last()) == []


def test_after_forgetting_numbers_begin_again(world: World, ann: Badge, trace: Trace) -> None:
    trace.clear()
    assert len(trace) == 0
    world.ask(Boxes.do, BOX, ann, ask_twice)
    assert [(hop.number, hop.parent) for hop in trace] == [(1, 0), (2, 1), (3, 1), (4, 3)]


def test_a_call_that_has_not_ended_is_not_shown(world: World, ann: Badge) -> None:
    seen: list[str] = []
    world.ask(Boxes.do, BOX, ann, lambda call: seen.append(repr(world.trace)))
    assert "pending" not in seen[0]
    assert len(list(world.trace)) == 1


def test_the_text_is_complete_by_itself(trace: Trace) -> None:
    assert repr(trace).splitlines() == [
        "1970-01-01 00:16:40Z",
        "  1. ann -> Box [one]: Get thing, with badge as ann (person): REFUSED at operation: 410 ThingGone",
        "  2. ann -> Box [one]: Do, with badge as ann (person): ok",
        "  3.    one -> Box [two]: Look, with badge as one (person): ok",
        "  4.    one -> Box [two]: Do, with badge as one (person): ok",
        "  5.       two -> Box [one]: Look, with badge as two (person): ok",
        "1970-01-01 01:16:40Z",
        "  6. ann -> Box [one]: Look, with badge as ann (person): ok",
    ]


def test_an_empty_trace_says_so() -> None:
    assert repr(Trace()) == "no hops"


def test_a_hop_that_was_not_encrypted_says_so(trace: Trace) -> None:
    assert "(NOT ENCRYPTED)" in str(replace(trace[0], encrypted=False))
    assert "(NOT ENCRYPTED)" not in str(trace[0])


def test_a_notebook_gets_the_same_text_and_what_the_renderer_draws(
    trace: Trace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Shown, "renderer", None)
    assert trace._repr_mimebundle_() == {"text/plain": repr(trace)}
    monkeypatch.setattr(Shown, "renderer", staticmethod(lambda shown: {"text/html": f"{len(shown)} hops"}))
    assert trace._repr_mimebundle_() == {"text/plain": repr(trace), "text/html": "6 hops"}


def test_hops_do_not_change(trace: Trace) -> None:
    hop: Hop = trace[0]
    with pytest.raises(AttributeError):
        hop.outcome = "ok"  # type: ignore[misc]
