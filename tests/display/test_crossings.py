"""What crosses each trust boundary, from a trace."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as some

from labkit.core.trace import Hop, Trace
from labkit.display.crossings import crossings

HOP = Hop(
    number=1, parent=0, at=0, caller="carl", origin="Client", service="Key Vault", resource="safe",
    boundary="Azure", operation="Get secret", action="", credential="bearer token", subject="",
    initiator="carl", encrypted=True, scope="/s", stage="operation", outcome="ok", why="",
)  # fmt: skip
PLACES = some.sampled_from(["Client", "Azure", "Microsoft subscription"])


def hops() -> some.SearchStrategy[list[Hop]]:
    operations, kinds = some.sampled_from(["Get", "Put"]), some.sampled_from(["key", "token"])
    ends = some.sampled_from(["ok", "403 Forbidden"])
    made = some.tuples(PLACES, PLACES, operations, kinds, some.booleans(), ends)
    names = ("origin", "boundary", "operation", "credential", "encrypted", "outcome")
    return some.lists(made.map(lambda values: replace(HOP, **dict(zip(names, values, strict=True)))))


def test_calls_are_grouped_by_where_they_come_from_and_where_they_go() -> None:
    back = replace(HOP, origin="Azure", boundary="Client", operation="Tell", credential="key")
    inside = replace(HOP, boundary="Client")
    found = crossings(Trace([HOP, back, inside, replace(HOP, operation="Put secret"), HOP]))
    assert [(one.origin, one.boundary, one.places) for one in found.found] == [
        ("Client", "Azure", (1, 4, 5)),
        ("Azure", "Client", (2,)),
    ]
    assert found.found[0].operations == ("Get secret", "Put secret")
    assert found.found[0].credentials == ("bearer token",)
    assert found.inside == 1
    assert found.caption == "4 calls cross a trust boundary, 1 stay inside of one"
    assert found.between("Azure", "Client") is found.found[1]
    assert found.between("Client", "Client") is None


def test_what_was_readable_and_what_was_refused_is_named_by_its_number() -> None:
    plain, refused = replace(HOP, encrypted=False), replace(HOP, outcome="403 Forbidden")
    [one] = crossings(Trace([HOP, plain, refused, plain])).found
    assert (one.clear, one.refused) == ((2, 4), (3,))
    [row] = crossings(Trace([HOP, plain, refused, plain])).as_table().rows
    assert (row[1], *row[4:]) == (4, "not in 2, 4", "3")
    [row] = crossings(Trace([HOP])).as_table().rows
    assert row == ("Client -> Azure", 1, "Get secret", "bearer token", "yes", "none")


def test_a_trace_without_hops_has_none() -> None:
    assert crossings(Trace()).found == ()
    assert repr(crossings(Trace())).startswith("0 calls cross a trust boundary, 0 stay inside of one")


@given(hops())
def test_every_call_that_crosses_is_counted_once(trace: list[Hop]) -> None:
    found = crossings(Trace(trace))
    across = [place for place, hop in enumerate(trace, 1) if hop.origin != hop.boundary]
    assert sorted(place for one in found.found for place in one.places) == across
    assert found.inside == len(trace) - len(across)
    assert len({(one.origin, one.boundary) for one in found.found}) == len(found.found)
    for one in found.found:
        mine = [trace[place - 1] for place in one.places]
        assert {hop.operation for hop in mine} == set(one.operations)
        assert {hop.credential for hop in mine} == set(one.credentials)
        assert [hop.encrypted for hop in mine].count(False) == len(one.clear)
        assert [hop.ok for hop in mine].count(False) == len(one.refused)
