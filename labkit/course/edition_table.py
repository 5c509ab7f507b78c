"""Which arrangements of networks and keys take which edition: the documents' table, found by trying."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import labkit
from labkit.core.choice import choice
from labkit.core.errors import BadInput
from labkit.core.table import Table, Tabular
from labkit.core.verdict import Verdict
from labkit.course.key_scene import let_in, new_version, put
from labkit.course.network_scene import link, lock, network
from labkit.course.stepping import uncounted
from labkit.course.store_trials import request_own_cosmos
from labkit.furniture import GROUPS, workspace_id
from labkit.identity.first_party import COSMOS
from labkit.lab import Lab
from labkit.releases import find_release
from labkit.services import key_vault, registry, storage
from labkit.services.machine_learning.workspace import Workspace

_WORKSPACE = workspace_id(GROUPS[0], "new")
_NAMES = {"storage": "storageAccount", "vault": "keyVault", "registry": "containerRegistry"}
_TYPES = {"storage": storage.TYPE, "vault": key_vault.TYPE, "registry": registry.TYPE}


@dataclass(frozen=True)
class Arrangement:
    """What somebody wants to have. Of what a workspace depends on (storage, vault, registry) which are in a
    virtual network, and which have private link; whether the workspace itself has it; and whether it has a
    key of the customer's."""

    inside: tuple[str, ...] = ()
    linked: tuple[str, ...] = ()
    workspace_linked: bool = False
    own_key: bool = False


# In the order of the documents' table.
ROWS: Mapping[str, Arrangement] = {
    "no virtual network, no private link": Arrangement(),
    "others (not ACR) in a virtual network": Arrangement(inside=("storage", "vault")),
    "others with private link": Arrangement(linked=("storage",)),
    "workspace with private link, others (not ACR) in a network": Arrangement(
        inside=("storage", "vault"), workspace_linked=True
    ),
    "workspace and another resource with private link": Arrangement(
        linked=("storage",), workspace_linked=True
    ),
    "workspace with private link, others with neither": Arrangement(workspace_linked=True),
    "ACR in a virtual network": Arrangement(inside=("registry",)),
    "customer-managed keys for the workspace": Arrangement(own_key=True),
}


@dataclass(frozen=True, repr=False)
class EditionTable(Tabular):
    """What came of each attempt, by (row, edition)."""

    release: str
    editions: tuple[str, ...]
    verdicts: Mapping[tuple[str, str], Verdict[None]]

    def verdict(self, row: str, edition: str) -> Verdict[None]:
        """One attempt, which explains itself when it is shown. Raises BadInput."""
        return self.verdicts[choice("row", row, ROWS), choice("edition", edition, self.editions)]

    def as_table(self) -> Table:
        """One row for each arrangement, one column for each edition: the higher one first."""
        editions = self.editions[::-1]
        rows = [(row, *(_said(self.verdicts[row, one]) for one in editions)) for row in ROWS]
        caption = f"What can be had in which edition, found by trying, {self.release}"
        return Table(("arrangement", *editions), rows, caption=caption)


def _said(verdict: Verdict[None]) -> str:
    return "✓ yes" if verdict else f"✗ no, {getattr(verdict.refusal, 'status', '')} {verdict.code}"


def edition_table(
    release: str = "2020-03", seed: int | None = 2020, *, resources_first: bool = False
) -> EditionTable:
    """Tries to have each arrangement in each edition, each in a lab of its own: the workspace first and then
    the rest or, with `resources_first`, the other way round, as far as that goes. Raises BadInput, also for a
    release that knows no editions. Statement net-edition-table."""
    if resources_first is not True and resources_first is not False:
        raise BadInput("Which comes first?", required="resources_first=True, or False")
    editions = find_release(release).editions
    if not editions:
        raise BadInput(
            "This release of the documents knows no editions.",
            presented=release,
            required="2020-01 or 2020-03",
        )

    def found() -> EditionTable:
        return EditionTable(
            release,
            editions,
            {
                (row, edition): attempt(labkit.start(release, seed), wanted, edition, resources_first)
                for row, wanted in ROWS.items()
                for edition in editions
            },
        )

    return uncounted(found)


def attempt(lab: Lab, wanted: Arrangement, edition: str, resources_first: bool = False) -> Verdict[None]:
    """Tries to have an arrangement in a new workspace of a lab."""
    return Verdict.of(
        partial(_resources_first if resources_first else _workspace_first, lab, wanted, edition)
    )


def _workspace_first(lab: Lab, wanted: Arrangement, edition: str) -> None:
    put(lab, _WORKSPACE, {"edition": edition} | _key(lab, wanted))
    made = lab.resources.find(_WORKSPACE)
    assert isinstance(made, Workspace)
    _arrange(lab, wanted, lambda role: made.depends_on[role])


def _resources_first(lab: Lab, wanted: Arrangement, edition: str) -> None:
    ids = {role: f"{lab.resource_group}/providers/{type_}/old{role}" for role, type_ in _TYPES.items()}
    for id in ids.values():
        put(lab, id)
    subnet = _arrange(lab, replace(wanted, workspace_linked=False), lambda role: ids[role])
    given = {_NAMES[role]: id for role, id in ids.items()}
    put(lab, _WORKSPACE, {"edition": edition} | given | _key(lab, wanted))
    if wanted.workspace_linked:
        link(lab, _WORKSPACE, subnet)


def _arrange(lab: Lab, wanted: Arrangement, id: Callable[[str], str]) -> str:
    """Returns the id of the subnet that it is all about."""
    subnet = network(lab)
    for role in wanted.inside:
        lock(lab, id(role), subnet)
    if wanted.workspace_linked:
        link(lab, _WORKSPACE, subnet)
    for role in wanted.linked:
        link(lab, id(role), subnet)
    return subnet


def _key(lab: Lab, wanted: Arrangement) -> dict[str, Any]:
    if not wanted.own_key:
        return {}
    request_own_cosmos(lab)
    cosmos = COSMOS.principal(lab.directory)
    assert cosmos is not None
    let_in(lab, cosmos.object_id)
    return {"resource_cmk_uri": new_version(lab).key_id, "cmk_keyvault": lab.vault}
