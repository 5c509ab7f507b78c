"""What happened in an incident, from its beginning to the end of what came after it: drawn and as a table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from labkit.core.clock import iso
from labkit.core.table import Table, Tabular
from labkit.course.drills.incident import ATTACKER, HOUR, Reading
from labkit.display.strip_chart import Band, Kind, strip_chart

_HONEST = {True: Kind("answered", "o", True), False: Kind("refused", "x", False)}
# Whoever should be kept out is kept out by a refusal.
_ATTACKER = {True: Kind("attacker let in", "v", False), False: Kind("attacker refused", "^", True)}
# How many marks have room beside each other, with some air.
_BREADTHS = 40


@dataclass(frozen=True, repr=False)
class History(Tabular):
    """All readings, the moments (seconds) of the call and of the end of the response, and of which drill."""

    name: str
    readings: tuple[Reading, ...]
    called_at: int
    done_at: int

    @property
    def caption(self) -> str:
        """What it shows, in a line."""
        return f"{self.name}: called at {iso(self.called_at)[:16]}"

    @property
    def _begin(self) -> int:
        return self.readings[0].at

    @property
    def who(self) -> tuple[str, ...]:
        """Everybody, the attacker first."""
        return tuple(dict.fromkeys((ATTACKER, *(one.who for one in self.readings))))

    def of(self, who: str) -> Iterator[Reading]:
        """The readings of one of them."""
        return (one for one in self.readings if one.who == who)

    def as_table(self) -> Table:
        """One row for each stretch of equal answers."""
        rows = []
        for who in self.who:
            for answer, stretch in groupby(self.of(who), key=lambda one: one.answer):
                found = list(stretch)
                rows.append((who, iso(found[0].at)[:16], iso(found[-1].at)[:16], len(found), answer))
        return Table(("who", "from", "to", "tries", "answer"), rows, caption=self.caption)

    def picture(self) -> str:
        """A strip for each of them (SVG). Of equal answers that would touch each other some are drawn."""
        strips = {
            who: [
                (self._hours(one.at), (_ATTACKER if who == ATTACKER else _HONEST)[one.ok])
                for one in self._apart(list(self.of(who)))
            ]
            for who in self.who
        }
        done = max(self.done_at, self.called_at + 60)
        band = Band(
            self._hours(self.called_at), self._hours(done), "from the call to the end of the response"
        )
        return strip_chart(self.caption, "hours on the lab's clock", strips, band)

    def _apart(self, found: list[Reading]) -> Iterator[Reading]:
        """The first and the last of each stretch, and of what is between them one in each mark's breadth."""
        least, drawn = (self.readings[-1].at - self._begin) / _BREADTHS, -1.0
        for place, one in enumerate(found):
            around = [each.ok for each in found[max(place - 1, 0) : place + 2]]
            at_an_end = place in (0, len(found) - 1) or len(set(around)) > 1
            if at_an_end or one.at - drawn >= least:
                drawn = one.at
                yield one

    def _hours(self, at: int) -> float:
        return (at - self._begin) / HOUR
