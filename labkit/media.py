"""What physically lies on the disks of a lab: whose they are, whose key encrypts them, and every byte."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from labkit.core.errors import BadInput, brief
from labkit.core.resource import Resource, Resources
from labkit.core.table import Table
from labkit.crypto.medium import Medium
from labkit.services.encryption import Disk
from labkit.stores import NO_KEY

_HEADERS = ("medium", "store", "lies in", "whose key", "key", "version", "records")


@dataclass(frozen=True, repr=False)
class Media(Table):
    """All media as they are now, a line for each. `media["name"]` opens one: `names()`, `raw(name)`,
    `find(text)`, and `overwrite(name, raw)` for whoever wants to break something."""

    disks: tuple[Disk, ...] = field(kw_only=True)

    def __getitem__(self, name: str) -> Medium:
        """A medium by its name, or by a part of it that no other one has. Raises BadInput."""
        found = [disk.medium for disk in self.disks if type(name) is str and name in disk.medium.name]
        exact = [medium for medium in found if medium.name == name] or found
        if len(exact) != 1:
            raise BadInput(
                "There is no such medium." if not exact else "More than one medium is called like this.",
                presented=brief(name),
                required=", ".join(medium.name for medium in self if not exact or medium in exact),
            )
        return exact[0]

    def __iter__(self) -> Iterator[Medium]:
        return (disk.medium for disk in self.disks)

    def about(self, name: str) -> Table:
        """The lines of the media whose name begins like this. Raises BadInput where there is none."""
        rows = [row for row in self.rows if type(name) is str and str(row[0]).startswith(name)]
        if not rows:
            names = ", ".join(medium.name for medium in self)
            raise BadInput("No medium's name begins like this.", presented=brief(name), required=names)
        return Table(_HEADERS, rows)

    def find(self, plaintext: bytes | str) -> Table:
        """Where these bytes lie in the clear: medium and record, for all media. Raises BadInput."""
        rows = [(medium.name, record) for medium in self for record in medium.find(plaintext)]
        times = "once" if len(rows) == 1 else f"{len(rows)} times" if rows else "nowhere"
        return Table(("medium", "record"), rows, caption=f"in plain text: {times}")


def media(resources: Resources) -> Media:
    """The media of all resources that have any."""
    found = [(one, disk) for one in resources if hasattr(one, "disks") for disk in one.disks()]
    rows = [_row(resource, disk) for resource, disk in found]
    return Media(_HEADERS, rows, disks=tuple(disk for _, disk in found))


def _row(resource: Resource, disk: Disk) -> tuple[object, ...]:
    key, records = disk.key, len(disk.medium.records)
    if key is None:
        return (disk.medium.name, disk.kind.name, resource.boundary, NO_KEY, "not encrypted", "", records)
    wrapped = key.wrapped
    return (
        *(disk.medium.name, disk.kind.name, resource.boundary, key.owner),
        *(wrapped.key_id.removeprefix("https://"), wrapped.version, records),
    )
