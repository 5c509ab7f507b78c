"""Questions to a log: which entries, since when, and how many of which kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar, Generic, Protocol, Self, TypeVar

from labkit.core.clock import iso, seconds
from labkit.core.errors import BadInput, brief
from labkit.core.table import Table, Tabular

TIME = "Time"
# Python does not write larger numbers down.
_TOO_MANY_DIGITS = 10**1000


class Entry(Protocol):
    """What a log is made of."""

    @property
    def timestamp(self) -> int:
        """Seconds on the lab's clock."""

    @property
    def documented(self) -> Mapping[str, str]:
        """Its fields, by the names that Azure has for them."""


E = TypeVar("E", bound=Entry)


@dataclass(frozen=True, repr=False)
class Log(Tabular, Generic[E]):
    """What a query found, oldest first. What is asked of it gives another one; this one stays as it is.

    asked_at  the moment of the query (seconds), from which `since` counts back
    """

    found: tuple[E, ...]
    asked_at: int = field(default=0, kw_only=True)

    # One of its entries, and several.
    what: ClassVar[tuple[str, str]] = ("entry", "entries")
    # All fields, and those that a table shows, in the order in which it is narrow first.
    fields: ClassVar[tuple[str, ...]] = ()
    columns: ClassVar[tuple[str, ...]] = ()

    def where(self, **wanted: object) -> Self:
        """The entries whose fields have all of these values. Case does not count, and `*` stands for
        anything: `where(status="Failed", operationName="*/delete")`. Raises BadInput."""
        if not wanted:
            raise BadInput("Which entries?", required=f"a field and its value: {', '.join(self.fields)}")
        tests = {self._field(name): _fits(name, value) for name, value in wanted.items()}
        return self._of(
            one for one in self.found if all(fits(one.documented[name]) for name, fits in tests.items())
        )

    def since(self, duration: object) -> Self:
        """The entries of the time before the query: `since("1h")`. One that is just as old is among them.
        Raises BadInput."""
        begin = self.asked_at - seconds(duration)
        return self._of(one for one in self.found if one.timestamp >= begin)

    def newest(self, count: int) -> Self:
        """The last ones, oldest first all the same. Raises BadInput."""
        if type(count) is not int or count < 0:
            raise BadInput("How many entries?", presented=brief(count), required="a whole number, 0 or more")
        return self._of(iter(self.found[len(self.found) - min(count, len(self.found)) :]))

    def count(self, name: str) -> Table:
        """How many entries have which value of a field, the most frequent first. Raises BadInput."""
        known = self._field(name)
        counted = Counter(one.documented[known] for one in self.found)
        rows = sorted(counted.items(), key=lambda row: (-row[1], row[0]))
        return Table((known, "count"), rows, caption=self._caption)

    def _field(self, name: object) -> str:
        if type(name) is not str or name not in self.fields:
            near = [one for one in self.fields if type(name) is str and one.lower() == name.lower()]
            raise BadInput(
                "The log has no such field.",
                presented=brief(name),
                required=", ".join(self.fields),
                advice=f"did you mean {near[0]}?" if near else "",
            )
        return name

    @property
    def _caption(self) -> str:
        one, several = self.what
        return f"{len(self.found)} {one if len(self.found) == 1 else several}"

    def _of(self, found: Iterator[E]) -> Self:
        return replace(self, found=tuple(found))

    def __len__(self) -> int:
        return len(self.found)

    def __iter__(self) -> Iterator[E]:
        return iter(self.found)

    def __getitem__(self, place: int) -> E:
        if type(place) is not int or not -len(self.found) <= place < len(self.found):
            raise BadInput("The log has no such entry.", presented=brief(place), required=self._caption)
        return self.found[place]

    def as_table(self) -> Table:
        """A row for each."""
        rows = [[iso(one.timestamp), *(one.documented[name] for name in self.columns)] for one in self.found]
        return Table((TIME, *self.columns), rows, caption=self._caption)


def _fits(name: str, value: object) -> Callable[[str], bool]:
    if type(value) not in (str, int, bool) or (type(value) is int and abs(value) >= _TOO_MANY_DIGITS):
        raise BadInput(
            f"{name} is compared with a text or a number.",
            presented=brief(value),
            required="a text or a number",
        )
    first, *others = str(value).casefold().split("*")

    def fits(text: str) -> bool:
        folded = text.casefold()
        if not others:
            return folded == first
        *middle, last = others
        # Each part where it comes first: no choice among several has to be taken back later.
        at = len(first)
        for part in middle:
            at = folded.find(part, at) + len(part) if part in folded[at:] else len(folded) + 1
        return folded.startswith(first) and folded.endswith(last) and at <= len(folded) - len(last)

    return fits
