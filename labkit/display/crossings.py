"""What crosses each trust boundary of a trace: how often, to do what, with which credentials, in the clear or
not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from labkit.core.table import Table, Tabular
from labkit.core.trace import Hop, Trace
from labkit.display.diagram import numbers


@dataclass(frozen=True)
class Crossing:
    """All calls from one trust boundary into another one, by their places in the trace (from 1).

    operations  what was asked, each once and in the order of the trace
    credentials the kinds that were presented, likewise
    clear       the calls that were not encrypted; `refused` those that were turned away
    """

    origin: str
    boundary: str
    places: tuple[int, ...]
    operations: tuple[str, ...]
    credentials: tuple[str, ...]
    clear: tuple[int, ...]
    refused: tuple[int, ...]


@dataclass(frozen=True, repr=False)
class Crossings(Tabular):
    """The crossings of a trace, in the order in which each came first. `inside` counts the calls that cross
    nothing."""

    found: tuple[Crossing, ...]
    inside: int

    def between(self, origin: str, boundary: str) -> Crossing | None:
        """What goes from one boundary into another, or None."""
        return next((one for one in self.found if (one.origin, one.boundary) == (origin, boundary)), None)

    @property
    def caption(self) -> str:
        """The whole in a line."""
        across = sum(len(one.places) for one in self.found)
        return f"{across} calls cross a trust boundary, {self.inside} stay inside of one"

    def as_table(self) -> Table:
        """One row for each pair of boundaries."""
        rows = [
            (
                f"{one.origin} -> {one.boundary}",
                len(one.places),
                ", ".join(one.operations),
                ", ".join(one.credentials),
                f"not in {numbers(one.clear)}".rstrip(".") if one.clear else "yes",
                numbers(one.refused).rstrip(".") or "none",
            )
            for one in self.found
        ]
        headers = ("from -> to", "calls", "operations", "credentials", "encrypted", "refused")
        return Table(headers, rows, caption=self.caption)


def crossings(trace: Trace) -> Crossings:
    """What crosses the trust boundaries of a trace."""
    groups: dict[tuple[str, str], list[tuple[int, Hop]]] = {}
    inside = 0
    for place, hop in enumerate(trace, 1):
        if hop.origin == hop.boundary:
            inside += 1
        else:
            groups.setdefault((hop.origin, hop.boundary), []).append((place, hop))
    return Crossings(tuple(_crossing(*pair, calls) for pair, calls in groups.items()), inside)


def _crossing(origin: str, boundary: str, calls: list[tuple[int, Hop]]) -> Crossing:
    return Crossing(
        origin,
        boundary,
        tuple(place for place, _ in calls),
        _once(hop.operation for _, hop in calls),
        _once(hop.credential for _, hop in calls),
        tuple(place for place, hop in calls if not hop.encrypted),
        tuple(place for place, hop in calls if not hop.ok),
    )


def _once(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))
