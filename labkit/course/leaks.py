"""What would go wrong if the credential of an arrow leaked: found by trying that very credential on
everything in the lab, from the internet and from where it was seen. Nothing is carried out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from labkit.core.choice import choice
from labkit.core.clock import iso
from labkit.core.credential import Anonymous
from labkit.core.door import Door
from labkit.core.errors import BadInput, brief
from labkit.core.table import Table, Tabular
from labkit.course.leak_trials import tried
from labkit.course.watching import Sighting, Watch
from labkit.display.diagram import numbers
from labkit.openings import Opening


@dataclass(frozen=True, repr=False)
class Leak(Tabular):
    """What one credential opens, or several that open the same.

    places     the arrows that it travelled on, by their places in the trace (from 1)
    kind       what kind it is; `subject` whom it proved, "" for nobody
    held       the trust boundary that it came from; `shown_to` the services that it was presented to
    opens      what the credential itself opens, from the internet
    further    what is open to whoever gets access tokens from Azure AD with it
    inside     what it opens besides from the network on which it was seen
    until      the moment (seconds) at which it is worth nothing any more; None where that takes replacing it
    once       whether it is the signature of one request, so that this request is all there is
    clear      the arrows on which it was readable for everybody on the way
    """

    places: tuple[int, ...]
    kind: str
    subject: str
    held: str
    shown_to: tuple[str, ...]
    opens: tuple[Opening, ...]
    further: tuple[Opening, ...]
    inside: tuple[Opening, ...]
    until: int | None
    once: bool
    clear: tuple[int, ...]

    @property
    def all(self) -> tuple[Opening, ...]:
        """Everything that somebody who has it may do from the internet."""
        return tuple(dict.fromkeys((*self.opens, *self.further)))

    @property
    def reach(self) -> str:
        """How much that is, in words."""
        if self.once and self.opens:
            return f"that one request again: {self.opens[0].operation}"
        count = _counted(self.all)
        return f"{count}, with the tokens that it gets" if self.further else count

    def as_table(self) -> Table:
        """One row for each operation that is open from the internet."""
        targets: dict[tuple[str, str], list[str]] = {}
        for one in self.all:
            name = one.target.rstrip("/").rpartition("/")[2]
            targets.setdefault((one.service, one.operation), []).append(name)
        rows = [(*what, ", ".join(names)) for what, names in targets.items()]
        caption = f"{self.kind} of {self.subject or 'nobody'}: {self.reach}, {self.end}"
        return Table(("service", "operation", "on"), rows, caption=caption)

    @property
    def end(self) -> str:
        """Until when, in words."""
        return "until it is replaced" if self.until is None else f"until {iso(self.until)}"


@dataclass(frozen=True, repr=False)
class Leaks(Tabular):
    """All of them, in the order of their arrows. `now` is when they were tried."""

    found: tuple[Leak, ...]
    now: int

    def of(self, place: int) -> Leak:
        """What the credential of an arrow opens, by the number of the arrow. Raises BadInput."""
        for one in self.found:
            if type(place) is int and place in one.places:
                return one
        known = ", ".join(_arrows(one.places) for one in self.found)
        raise BadInput("No credential crossed a boundary there.", presented=brief(place), required=known)

    def by(self, kind: str) -> Leak:
        """The first one of a kind of credential. Raises BadInput."""
        kinds = list(dict.fromkeys(one.kind for one in self.found))
        wanted = choice("kind of credential here", kind, kinds)
        return next(one for one in self.found if one.kind == wanted)

    @property
    def caption(self) -> str:
        """The whole in a line."""
        return f"If it leaked at {iso(self.now)}: what each credential that crossed a boundary opens"

    def as_table(self) -> Table:
        """One row for each credential, or for several that open the same."""
        rows = [
            (
                _arrows(one.places),
                f"{one.kind} of {one.subject or 'nobody'}",
                f"{one.held} -> {', '.join(one.shown_to)}",
                _from_where(one),
                one.end if one.all or one.inside else "",
                f"readable in {_arrows(one.clear)}" if one.clear else "encrypted",
            )
            for one in self.found
        ]
        headers = (
            "arrow",
            "credential",
            "from -> to",
            "opens, from the internet",
            "for how long",
            "on the way",
        )
        return Table(headers, rows, caption=self.caption)


def _arrows(places: tuple[int, ...]) -> str:
    return numbers(places).rstrip(".")


def _counted(found: Iterable[Opening]) -> str:
    """ "14 operations on 5 resources" """
    operations = {(one.service, one.operation) for one in found}
    resources = {one.target.lower() for one in found}
    if not operations:
        return "nothing"
    return f"{_many(len(operations), 'operation')} on {_many(len(resources), 'resource')}"


def _many(number: int, one: str) -> str:
    return f"{number} {one}" if number == 1 else f"{number} {one}s"


def _from_where(leak: Leak) -> str:
    inside = f"; {_counted(leak.inside)} more from where it was seen" if leak.inside else ""
    return f"{leak.reach}{inside}"


def leaks(watch: Watch) -> Leaks:
    """For each arrow of a watched stretch that crosses a trust boundary and reached something: what its
    credential opens, until when, and whether from the internet as well. The trace, the clock and everything
    else stay as they are. Raises BadInput for what is no Watch."""
    if not issubclass(type(watch), Watch):
        raise BadInput("That was not watched.", presented=brief(watch), required="what watching(lab) gives")
    door, ordered = watch.lab.parts.door, watch.ordered
    found = []
    for places in watch.credentials:
        together = [(place, ordered[place - 1]) for place in places]
        crossing = [(place, one) for place, one in together if _concerns(one)]
        if crossing:
            found.append(_leak(door, crossing))
    return Leaks(_merged(found), door.clock.now)


def _concerns(one: Sighting) -> bool:
    """Whether a credential went over a boundary, and to something."""
    nothing = one.asked.resource is None or isinstance(one.asked.cred, Anonymous)
    return one.hop.origin != one.hop.boundary and not nothing


def _leak(door: Door, together: list[tuple[int, Sighting]]) -> Leak:
    """One credential, and all the arrows on which it was seen."""
    first, found = together[0][1], tried(door, [one.asked for _, one in together])
    return Leak(
        places=tuple(place for place, _ in together),
        kind=first.hop.credential,
        subject=next((one.hop.subject for _, one in together if one.hop.subject), ""),
        held=first.hop.origin,
        shown_to=tuple(dict.fromkeys(one.hop.service for _, one in together)),
        opens=found.opens,
        further=found.further,
        inside=found.inside,
        until=found.until,
        once=first.asked.cred.covers is not None,
        clear=tuple(place for place, one in together if not one.hop.encrypted),
    )


def _merged(found: list[Leak]) -> tuple[Leak, ...]:
    """Credentials of a kind that open the same for as long are one row."""

    def alike(leak: Leak) -> object:
        what = (leak.kind, leak.subject, leak.held, leak.until, leak.once)
        return (*what, leak.opens, leak.further, leak.inside)

    groups: dict[object, list[Leak]] = {}
    for one in found:
        groups.setdefault(alike(one), []).append(one)
    return tuple(
        replace(
            group[0],
            places=tuple(sorted(place for one in group for place in one.places)),
            shown_to=tuple(dict.fromkeys(service for one in group for service in one.shown_to)),
            clear=tuple(sorted(place for one in group for place in one.clear)),
        )
        for group in groups.values()
    )
