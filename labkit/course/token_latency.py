"""How long fetching a web service's token takes, by where the cluster and the workspace are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import labkit
from labkit.core.table import Table, Tabular
from labkit.course.service_scene import OWNER, deploy, fetch
from labkit.course.stepping import uncounted
from labkit.display.number_grid import number_grid
from labkit.furniture import GROUPS, workspace_id
from labkit.network.regions import REGIONS
from labkit.services.resource_manager import ResourceManager

_TITLE = "Milliseconds (simulated) to fetch a token"
_ROW, _COLUMN = "workspace in", "cluster in"


@dataclass(frozen=True, repr=False)
class TokenLatency(Tabular):
    """Milliseconds of simulated time, by (region of the workspace, region of the cluster)."""

    milliseconds: Mapping[tuple[str, str], int]

    def as_table(self) -> Table:
        """One row for each region of the workspace, one column for each of the cluster."""
        rows = [(one, *(self.milliseconds[one, other] for other in REGIONS)) for one in REGIONS]
        return Table((f"{_ROW} \\ {_COLUMN}", *REGIONS), rows, caption=_TITLE)

    @property
    def caption(self) -> str:
        """What it shows, in a line."""
        return _TITLE

    def picture(self) -> str:
        """A field for each pair (SVG)."""
        return number_grid(_TITLE, _ROW, _COLUMN, REGIONS, self.milliseconds)


def token_latency(release: str = "2020-03", seed: int | None = 2020) -> TokenLatency:
    """Fetches a token for a service in each pair of regions, and reads in the trace how long it took. Raises
    BadInput. Statement svc-token-latency."""

    def measured() -> TokenLatency:
        lab = labkit.start(release, seed)
        found = {}
        for home in REGIONS:
            workspace = workspace_id(GROUPS[0], f"ml-{home}")
            lab.ask(OWNER, ResourceManager.put, workspace, lab.sign_in(OWNER).bearer, home)
            for region in REGIONS:
                service = deploy(lab, "token", region=region, name=f"in-{region}", workspace=workspace)
                fetch(lab, service)
                found[home, region] = lab.trace[-1].milliseconds
        return TokenLatency(found)

    return uncounted(measured)
