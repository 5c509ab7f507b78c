"""Looking for the steps of the documents in a trace."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from labkit.core.trace import Hop, Trace
from labkit.course.flow_steps import Documented, Followed, follow

HOP = Hop(
    number=1, parent=0, at=0, caller="carl", origin="Client", service="Key Vault", resource="safe",
    boundary="Azure", operation="A", action="", credential="key", subject="", initiator="carl",
    encrypted=True, scope="/s", stage="operation", outcome="ok", why="",
)  # fmt: skip
A, B, C = (Documented(rank, f"step {name}", name) for rank, name in ((1, "A"), (2, "B"), (3, "C")))


def trace(*operations: str) -> Trace:
    return Trace(replace(HOP, number=n, operation=name) for n, name in enumerate(operations, 1))


def found(followed: Followed) -> list[tuple[int, str]]:
    return [(one.place, one.verdict) for one in followed.steps]


def test_each_step_is_found_at_its_first_hop_after_the_step_before() -> None:
    followed = follow(trace("B", "A", "x", "B", "B", "C"), (A, B, C))
    assert found(followed) == [(2, "found"), (4, "found"), (6, "found")]
    assert followed.complete


def test_what_comes_too_early_is_out_of_order() -> None:
    followed = follow(trace("A", "C", "B"), (A, B, C))
    assert found(followed) == [(1, "found"), (3, "found"), (2, "out of order")]
    assert not followed.complete


def test_what_is_not_there_is_missing_and_what_comes_after_is_still_looked_for() -> None:
    followed = follow(trace("A", "C"), (A, B, C))
    assert found(followed) == [(1, "found"), (0, "missing"), (2, "found")]
    assert not followed.complete


def test_an_optional_step_that_is_not_there_was_not_needed() -> None:
    followed = follow(trace("A", "C"), (A, replace(B, optional=True), C))
    assert found(followed)[1] == (0, "not needed")
    assert followed.complete
    early = follow(trace("B", "A", "C"), (A, replace(B, optional=True), C))
    assert found(early)[1] == (1, "out of order")


def test_steps_of_equal_rank_come_in_any_order() -> None:
    for order in ("ABC", "ACB"):
        assert follow(trace(*order), (A, B, replace(C, rank=2))).complete


def test_a_refused_hop_is_no_step() -> None:
    refused = Trace([replace(HOP, outcome="403 Forbidden")])
    assert found(follow(refused, (A,))) == [(0, "missing")]


@pytest.mark.parametrize("name", ["service", "boundary", "origin", "credential"])
def test_a_step_is_known_by_all_that_the_documents_tell(name: str) -> None:
    as_it_is: dict[str, Any] = {name: getattr(HOP, name)}
    otherwise: dict[str, Any] = {name: f"{getattr(HOP, name)}!"}
    assert replace(A, **as_it_is).is_in(HOP)
    assert not replace(A, **otherwise).is_in(HOP)


@given(some.lists(some.sampled_from("ABCx")))
def test_what_is_found_is_the_step_and_a_complete_flow_is_in_order(operations: list[str]) -> None:
    followed = follow(trace(*operations), (A, B, C))
    for name, step in zip("ABC", followed.steps, strict=True):
        assert (step.place == 0) is (name not in operations)
        assert step.place == 0 or operations[step.place - 1] == name
    places = [one.place for one in followed.steps]
    assert followed.complete == (0 not in places and places == sorted(places))
    # Whether it could be found in order at all.
    rest = iter(operations)
    assert followed.complete == all(any(one == name for one in rest) for name in "ABC")


def test_the_table_has_a_row_for_each_step() -> None:
    assert [tuple(row) for row in follow(trace("A"), (A, B)).as_table().rows] == [
        ("step A", 1, "found"),
        ("step B", "none", "missing"),
    ]
