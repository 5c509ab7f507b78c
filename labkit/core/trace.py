"""What happened: one trace of hops, from which every diagram, log and timeline of the lab is drawn."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import overload

from labkit.core.clock import iso
from labkit.core.errors import BadInput, brief
from labkit.core.show import Shown

STAGES = ("reach", "network", "authentication", "authorization", "parse", "operation")


@dataclass(frozen=True, slots=True)
class Hop:
    """One call of one component on another. It holds no payload and no credential, only kinds and names.

    number      position in the trace, from 1; `parent` is the number of the hop during which this one was
                made, or 0
    at          seconds on the lab's clock
    caller      the component that asks, and its trust boundary (`origin`)
    service     the service asked, the `resource` in it, and that one's trust boundary (`boundary`)
    operation   as Azure's documentation calls it; `action` is what authorization asked for, or ""
    credential  the kind that was presented; `subject` who it proved, "" where nobody was proved
    initiator   the component that made the outermost call
    encrypted   whether the hop ran over TLS
    scope       what the call was about: a resource id
    stage       the last stage reached
    outcome     "ok", or the status and code of the refusal
    why         the reason of the authorization decision
    milliseconds  how long it took, as far as the service simulates that; the clock does not move by it
    """

    number: int
    parent: int
    at: int
    caller: str
    origin: str
    service: str
    resource: str
    boundary: str
    operation: str
    action: str
    credential: str
    subject: str
    initiator: str
    encrypted: bool
    scope: str
    stage: str
    outcome: str
    why: str
    milliseconds: int = 0

    @property
    def ok(self) -> bool:
        """Whether the call was carried out."""
        return self.outcome == "ok"

    def __str__(self) -> str:
        lock = "" if self.encrypted else " (NOT ENCRYPTED)"
        who = f" as {self.subject}" if self.subject else ""
        end = "ok" if self.ok else f"REFUSED at {self.stage}: {self.outcome}"
        target = self.service if self.resource == self.service else f"{self.service} [{self.resource}]"
        return f"{self.caller} -> {target}: {self.operation}, with {self.credential}{who}{lock}: {end}"


class Trace(Shown):
    """Hops in the order in which they began. Slices are traces too."""

    def __init__(self, hops: Iterable[Hop] = ()) -> None:
        self._hops = list(hops)

    def open(self) -> int:
        """Reserves the place of a hop that begins now and returns its number."""
        self._hops.append(_PENDING)
        return len(self._hops)

    def close(self, hop: Hop) -> None:
        """Puts a finished hop into its reserved place."""
        self._hops[hop.number - 1] = hop

    def clear(self) -> None:
        """Forgets all hops. Only between calls."""
        self._hops.clear()

    def last(self, calls: int = 1) -> Trace:
        """The last outermost calls, each with everything that it caused. Raises BadInput for what is no whole
        number."""
        if type(calls) is not int or calls < 0:
            raise BadInput("How many calls?", presented=brief(calls), required="a whole number, 0 or more")
        roots = [place for place, hop in enumerate(self._hops) if hop.parent == 0]
        return self[roots[-calls] :] if 0 < calls <= len(roots) else Trace(self._hops if calls else ())

    def depth(self, hop: Hop) -> int:
        """How many calls of this trace enclose the hop."""
        by_number = {each.number: each for each in self._hops}
        depth = 0
        while (parent := by_number.get(hop.parent)) is not None:
            hop, depth = parent, depth + 1
        return depth

    def __iter__(self) -> Iterator[Hop]:
        return (hop for hop in self._hops if hop is not _PENDING)

    def __len__(self) -> int:
        return len(self._hops)

    @overload
    def __getitem__(self, place: int) -> Hop: ...
    @overload
    def __getitem__(self, place: slice) -> Trace: ...
    def __getitem__(self, place: int | slice) -> Hop | Trace:
        return Trace(self._hops[place]) if isinstance(place, slice) else self._hops[place]

    def __repr__(self) -> str:
        if not self._hops:
            return "no hops"
        lines, moment = [], None
        for number, hop in enumerate(self, 1):
            if hop.at != moment:
                moment = hop.at
                lines.append(iso(moment))
            lines.append(f"{number:>3}. {'   ' * self.depth(hop)}{hop}")
        return "\n".join(lines)


_PENDING = Hop(0, 0, 0, "", "", "", "", "", "", "", "", "", "", True, "", "", "pending", "")
