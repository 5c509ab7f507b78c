"""What the documents say of a flow, step by step, and the hops in which each step is found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from labkit.core.table import Table, Tabular
from labkit.core.trace import Hop, Trace


@dataclass(frozen=True)
class Documented:
    """A step as the documents tell it, and by what its hop is known.

    rank       steps of a higher rank come later; where the documents give no order, ranks are equal
    operation  the name of the operation; `service` the one that is asked, "" for any
    boundary   the trust boundary that the call ends in, `origin` the one that it comes from, "" for any
    credential the kind that it is made with, "" for any
    optional   whether the documents have it "if needed"
    """

    rank: int
    says: str
    operation: str
    service: str = ""
    boundary: str = ""
    origin: str = ""
    credential: str = ""
    optional: bool = False

    def is_in(self, hop: Hop) -> bool:
        """Whether this hop is the step, carried out."""
        told = (
            (self.operation, hop.operation),
            (self.service, hop.service),
            (self.boundary, hop.boundary),
            (self.origin, hop.origin),
            (self.credential, hop.credential),
        )
        return hop.ok and all(wanted in ("", found) for wanted, found in told)


@dataclass(frozen=True)
class Step:
    """A step of the documents, and where it was found: the place of a hop in the trace (from 1), 0 for
    nowhere. `late` is whether that is later than all steps that are to come before it."""

    says: str
    place: int
    late: bool
    optional: bool = False

    @property
    def verdict(self) -> str:
        """found, out of order or missing; an optional one that is not there was not needed."""
        if not self.place:
            return "not needed" if self.optional else "missing"
        return "found" if self.late else "out of order"


@dataclass(frozen=True, repr=False)
class Followed(Tabular):
    """All steps of a flow, in the order of the documents."""

    steps: tuple[Step, ...]

    @property
    def complete(self) -> bool:
        """Whether each was found, in order, or was not needed."""
        return all(one.verdict in ("found", "not needed") for one in self.steps)

    def as_table(self) -> Table:
        """One row for each step."""
        rows = [(one.says, one.place or "none", one.verdict) for one in self.steps]
        return Table(("the documents say", "arrow", "which is"), rows)


def follow(trace: Trace, steps: Sequence[Documented]) -> Followed:
    """Looks for each step in a trace: the first hop after those of all lower ranks or, failing that, the
    first anywhere, which is then out of order."""
    hops = list(enumerate(trace, 1))
    found: list[tuple[int, Step]] = []
    for wanted in steps:
        before = max((step.place for rank, step in found if rank < wanted.rank), default=0)
        places = [place for place, hop in hops if wanted.is_in(hop)]
        later = [place for place in places if place > before]
        place = (later or places or [0])[0]
        found.append((wanted.rank, Step(wanted.says, place, bool(later), wanted.optional)))
    return Followed(tuple(step for _, step in found))
