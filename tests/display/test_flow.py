"""A trace as a graph."""

from dataclasses import replace
from typing import Any

import pytest

from labkit.core.credential import Anonymous, Bearer
from labkit.core.trace import Hop, Trace
from labkit.display.flow import Flow, Node, flow
from labkit.lab import Lab
from labkit.services.machine_learning.compute import RunContext
from labkit.services.machine_learning.runs import Runs
from labkit.services.resource_manager import ResourceManager
from tests.display.drawn import HOP


def graph(*hops: Hop) -> Flow:
    return flow(Trace(hops))


@pytest.fixture
def training(lab: Lab) -> Trace:
    """Carl signs in, reads the workspace and submits a run that logs twice; the cluster carries it out."""
    bearer = lab.sign_in("carl").bearer
    lab.ask("carl", ResourceManager.get, lab.workspace, bearer)

    def script(run: RunContext) -> None:
        run.log("accuracy", 0.9)
        run.log("accuracy", 0.95)

    submit = (Runs.submit, lab.workspace, bearer, "exp", "cpu-cluster")
    lab.ask("carl", *submit, script)
    lab.work()
    return lab.trace


def test_every_hop_is_on_exactly_one_edge_under_its_number_in_the_text(training: Trace) -> None:
    numbers = sorted(number for edge in flow(training).edges for number in edge.numbers)
    assert numbers == list(range(1, len(training) + 1))
    lines = repr(training).splitlines()
    for edge in flow(training).edges:
        for number in edge.numbers:
            [line] = [line for line in lines if line.strip().startswith(f"{number}.")]
            assert line.endswith(str(edge.hop))


def test_every_edge_joins_what_its_hops_name(training: Trace) -> None:
    hops = list(training)
    for edge in flow(training).edges:
        for number in edge.numbers:
            hop = hops[number - 1]
            assert (edge.source.boundary, edge.source.name) == (hop.origin, hop.caller)
            assert edge.target == Node(hop.boundary, hop.service, hop.resource)


def test_a_component_that_is_asked_and_asks_is_one_node(training: Trace) -> None:
    nodes = flow(training).nodes
    assert [node.service for node in nodes if node.name == "ml-example"] == ["Azure Machine Learning"]
    assert [node.service for node in nodes if node.name == "cpu-cluster"] == ["Machine Learning Compute"]
    assert len({(node.boundary, node.name) for node in nodes}) == len(nodes)


def test_whoever_only_asks_has_no_service(training: Trace) -> None:
    assert [node for node in flow(training).nodes if not node.service] == [Node("Client", "", "carl")]


def test_an_edge_crosses_where_the_boundaries_of_its_hop_differ(training: Trace) -> None:
    edges = flow(training).edges
    assert {edge.crosses for edge in edges} == {True, False}
    assert all(edge.crosses == (edge.hop.origin != edge.hop.boundary) for edge in edges)


def test_the_boundaries_hold_all_components_once(training: Trace) -> None:
    graph = flow(training)
    held = [node for inside in graph.boundaries.values() for node in inside]
    assert sorted(map(str, held)) == sorted(map(str, graph.nodes))
    assert all(node.boundary == name for name, inside in graph.boundaries.items() for node in inside)


def test_repeated_hops_share_an_edge() -> None:
    [edge] = graph(HOP, replace(HOP, number=2), replace(HOP, number=3)).edges
    assert edge.numbers == (1, 2, 3)


@pytest.mark.parametrize(
    "change",
    [
        {"caller": "rita"}, {"origin": "Azure"}, {"service": "Azure Storage"}, {"resource": "other"},
        {"boundary": "Azure"}, {"operation": "Set secret"}, {"credential": "account key"},
        {"subject": "rita (user)"}, {"encrypted": False}, {"outcome": "403 Forbidden"},
    ],
    ids=str,
)  # fmt: skip
def test_hops_that_differ_in_what_matters_have_edges_of_their_own(change: dict[str, Any]) -> None:
    edges = graph(HOP, replace(HOP, number=2, **change)).edges
    assert [edge.numbers for edge in edges] == [(1,), (2,)]


@pytest.mark.parametrize("change", [{"at": 99}, {"parent": 7}, {"scope": "/t"}, {"initiator": "x"}], ids=str)
def test_hops_that_differ_in_anything_else_share_an_edge(change: dict[str, Any]) -> None:
    assert len(graph(HOP, replace(HOP, number=2, **change)).edges) == 1


def test_the_subject_is_told_only_where_the_same_call_was_made_as_somebody_else_too() -> None:
    assert [edge.whose for edge in graph(HOP).edges] == [""]
    stolen = graph(HOP, replace(HOP, number=2, subject="olivia (user)"))
    assert [edge.whose for edge in stolen.edges] == ["carl (user)", "olivia (user)"]
    unproved = graph(HOP, replace(HOP, number=2, subject=""))
    assert [edge.whose for edge in unproved.edges] == ["carl (user)", "nobody"]


def test_a_caller_is_the_resource_of_the_call_around_it_where_several_have_its_name() -> None:
    outer = [
        replace(HOP, number=1, service="Key Vault", resource="twin", boundary="Azure"),
        replace(HOP, number=2, service="Azure Storage", resource="twin", boundary="Azure"),
    ]
    inner = replace(HOP, number=3, parent=2, caller="twin", origin="Azure")
    assert graph(*outer, inner).edges[-1].source.service == "Azure Storage"
    assert graph(*outer, replace(inner, parent=1)).edges[-1].source.service == "Key Vault"


def test_the_summary_counts_what_the_trace_has(lab: Lab) -> None:
    lab.attempt("carl", ResourceManager.get, lab.workspace, Bearer("no token"))
    lab.attempt("carl", ResourceManager.get, lab.workspace, Anonymous())
    assert flow(lab.trace).summary == (
        "2 calls between 2 components in 2 trust boundaries (Client, Azure): 2 across a boundary, 2 refused."
    )


def test_the_summary_says_so_where_something_was_not_encrypted() -> None:
    plainly = replace(HOP, encrypted=False)
    twice = graph(HOP, replace(plainly, number=2), replace(plainly, number=3))
    assert [(edge.numbers, edge.hop.encrypted) for edge in twice.edges] == [((1,), True), ((2, 3), False)]
    assert twice.summary.endswith("0 refused, 2 NOT ENCRYPTED.")
    assert "ENCRYPTED" not in graph(HOP).summary


def test_a_trace_without_hops_is_an_empty_graph() -> None:
    assert graph() == Flow((), ())


def test_a_call_that_has_not_ended_is_not_drawn() -> None:
    trace = Trace([HOP])
    trace.open()
    assert [edge.numbers for edge in flow(trace).edges] == [(1,)]
