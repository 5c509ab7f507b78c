"""A trace as a graph: components, and the calls between them. Diagrams are drawn from this, and a figure is
checked through it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from labkit.core.text import plain
from labkit.core.trace import Hop, Trace
from labkit.display.text import IN_PICTURE


@dataclass(frozen=True)
class Node:
    """A component in its trust boundary. `service` is "" for one that is never asked, only asks."""

    boundary: str
    service: str
    name: str


@dataclass(frozen=True)
class Edge:
    """Calls that are alike. `numbers` are their places in the trace, from 1, and `hop` is the first.

    `whose` is the subject that the credential proved, given only where the same caller made the same call
    as somebody else too; "" otherwise.
    """

    source: Node
    target: Node
    numbers: tuple[int, ...]
    hop: Hop
    whose: str = ""

    @property
    def crosses(self) -> bool:
        """Whether the calls leave one trust boundary for another."""
        return self.source.boundary != self.target.boundary


@dataclass(frozen=True)
class Flow:
    """`nodes` and `edges` in the order in which the trace first has them."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]

    @property
    def boundaries(self) -> dict[str, list[Node]]:
        """The trust boundaries and what is in each."""
        found: dict[str, list[Node]] = {}
        for node in self.nodes:
            found.setdefault(node.boundary, []).append(node)
        return found

    @property
    def summary(self) -> str:
        """The picture in one sentence, for those who do not see it."""
        calls = sum(len(edge.numbers) for edge in self.edges)
        across = sum(len(edge.numbers) for edge in self.edges if edge.crosses)
        refused = sum(len(edge.numbers) for edge in self.edges if not edge.hop.ok)
        plainly = sum(len(edge.numbers) for edge in self.edges if not edge.hop.encrypted)
        names = ", ".join(plain(boundary, IN_PICTURE) for boundary in self.boundaries)
        return (
            f"{_count(calls, 'call')} between {_count(len(self.nodes), 'component')} in "
            f"{_count(len(self.boundaries), 'trust boundary', 'trust boundaries')} ({names}): "
            f"{across} across a boundary, {refused} refused"
            f"{f', {plainly} NOT ENCRYPTED' if plainly else ''}."
        )


def flow(trace: Trace) -> Flow:
    """The graph of a trace."""
    hops = list(trace)
    callers, targets = _callers(hops), [Node(hop.boundary, hop.service, hop.resource) for hop in hops]
    groups: dict[tuple[object, ...], list[int]] = {}
    for place, hop in enumerate(hops):
        alike = (callers[place], targets[place], hop.operation, hop.credential, hop.outcome, hop.encrypted)
        groups.setdefault((*alike, hop.subject), []).append(place)
    subjects = Counter(key[:-1] for key in groups)
    edges = [
        Edge(
            callers[places[0]],
            targets[places[0]],
            tuple(place + 1 for place in places),
            hops[places[0]],
            (hops[places[0]].subject or "nobody") if subjects[key[:-1]] > 1 else "",
        )
        for key, places in groups.items()
    ]
    pairs = zip(callers, targets, strict=True)
    return Flow(tuple(dict.fromkeys(node for pair in pairs for node in pair)), tuple(edges))


def _callers(hops: list[Hop]) -> list[Node]:
    """A caller is the resource that the enclosing call was made on, or one of its name that is asked
    elsewhere in the trace, or somebody who only asks."""
    by_number = {hop.number: hop for hop in hops}
    asked: dict[tuple[str, str], str] = {}
    for hop in hops:
        asked.setdefault((hop.boundary, hop.resource), hop.service)
    callers = []
    for hop in hops:
        here, parent = (hop.origin, hop.caller), by_number.get(hop.parent)
        inside = parent is not None and (parent.boundary, parent.resource) == here
        service = parent.service if parent is not None and inside else asked.get(here, "")
        callers.append(Node(hop.origin, service, hop.caller))
    return callers


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"
