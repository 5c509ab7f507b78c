"""Azure's regions, as far as the documents name them, and the switchboard that takes them down."""

from __future__ import annotations

from labkit.core.errors import BadInput, brief

REGIONS = ("eastus", "westus2", "southcentralus", "northeurope", "westeurope")

# https://azure.microsoft.com/explore/global-infrastructure/geographies
_GEOGRAPHIES = {"northeurope": "Europe", "westeurope": "Europe"}


def geography(region: str) -> str:
    """The market that a region belongs to, within which Azure copies data: "United States" or "Europe"."""
    return _GEOGRAPHIES.get(region, "United States")


def check_region(region: object) -> str:
    """The region's name. Raises BadInput for one that the lab does not have."""
    if type(region) is not str or region not in REGIONS:
        raise BadInput("The lab has no such region.", presented=brief(region), required=", ".join(REGIONS))
    return region


class Switchboard:
    """Which regions are up. A region that is down answers nothing; what it stores is not lost."""

    def __init__(self) -> None:
        self._down: set[str] = set()

    def down(self, region: str) -> Switchboard:
        """Takes a region down. Raises BadInput for an unknown one."""
        self._down.add(check_region(region))
        return self

    def up(self, region: str) -> Switchboard:
        """Brings it back."""
        self._down.discard(check_region(region))
        return self

    def is_up(self, region: str) -> bool:
        """Whether resources in this region answer."""
        return region not in self._down

    def __repr__(self) -> str:
        return "\n".join(f"{region:<16} {'up' if self.is_up(region) else 'DOWN'}" for region in REGIONS)
