"""Looking over the door's shoulder: which credential travelled with which hop. A hop holds none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from labkit.core.credential import Credential
from labkit.core.door import Asked
from labkit.core.errors import BadInput, brief
from labkit.core.show import Shown
from labkit.core.trace import Hop, Trace
from labkit.lab import Lab


@dataclass(frozen=True, repr=False)
class Sighting:
    """A hop, and the call as it was made. Of its arguments only texts are kept, and those only where the
    credential is a signature of them."""

    hop: Hop
    asked: Asked


@dataclass(eq=False, repr=False)
class Watch(Shown):
    """What was seen. Credentials are in memory as long as this object is, and are never shown."""

    lab: Lab
    sightings: list[Sighting] = field(default_factory=list)

    @property
    def ordered(self) -> list[Sighting]:
        """In the order in which the calls began."""
        return sorted(self.sightings, key=lambda one: one.hop.number)

    @property
    def trace(self) -> Trace:
        """The hops alone."""
        return Trace(one.hop for one in self.ordered)

    def see(self, hop: Hop, asked: Asked) -> None:
        """The door's witness."""
        args, kwargs = (asked.args, asked.kwargs) if asked.cred.covers is not None else ((), {})
        kept = {name: value for name, value in kwargs.items() if type(value) is str}
        # No body is part of what is signed: an empty one does as well.
        texts = tuple(value if type(value) is str else b"" for value in args)
        self.sightings.append(Sighting(hop, replace(asked, args=texts, kwargs=kept)))

    @property
    def credentials(self) -> list[list[int]]:
        """The places (from 1) at which each credential was seen, in the order in which they came first."""
        places: dict[object, list[int]] = {}
        for place, one in enumerate(self.ordered, 1):
            places.setdefault(_same(one.asked.cred), []).append(place)
        return list(places.values())

    def __repr__(self) -> str:
        different = len(self.credentials)
        return f"{len(self.sightings)} calls with {different} different credentials, which are not shown"


def _same(cred: Credential) -> object:
    """What tells credentials apart; some that people invent cannot be compared."""
    try:
        hash(cred)
    except TypeError:
        return id(cred)
    return cred


@contextmanager
def watching(lab: Lab) -> Iterator[Watch]:
    """What travels through the door of a lab while the block runs. One may be inside of another. Raises
    BadInput for what is no lab."""
    if not issubclass(type(lab), Lab):
        raise BadInput("There is nothing to watch.", presented=brief(lab), required="a lab")
    door, watch = lab.parts.door, Watch(lab)
    before = door.witness

    def witness(hop: Hop, asked: Asked) -> None:
        watch.see(hop, asked)
        if before is not None:
            before(hop, asked)

    door.witness = witness
    try:
        yield watch
    finally:
        door.witness = before
