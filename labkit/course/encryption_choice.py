"""Which settings a team needs for its data at rest, and what they leave uncovered; each is tried before it is
advised."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import labkit
from labkit.core.choice import choice
from labkit.core.table import Table, Tabular
from labkit.core.verdict import Verdict
from labkit.course.key_scene import new_version, put
from labkit.course.stepping import uncounted
from labkit.course.store_matrix import PLAIN, SEALED, look
from labkit.course.store_trials import TRIALS, Wish
from labkit.furniture import GROUPS, SUBSCRIPTION
from labkit.network.regions import REGIONS
from labkit.services.key_vault import TYPE
from labkit.stores import (
    BLOBS,
    CLUSTER_DATA,
    CLUSTER_OS,
    COMPUTE_OS,
    COMPUTE_TEMPORARY,
    CONTAINERS,
    DBFS,
    FILES,
    IMAGES,
    OWN_RUN_HISTORY,
    RUN_HISTORY,
    kinds,
)

if TYPE_CHECKING:
    from labkit.course.widget import Panel

# Stores that every workspace has, and those that come with what it computes on.
ALWAYS = (BLOBS, FILES, IMAGES)
COMPUTE: Mapping[str, tuple[str, ...]] = {
    "training cluster": (COMPUTE_OS, COMPUTE_TEMPORARY),
    "AKS": (CLUSTER_OS, CLUSTER_DATA),
    "ACI": (CONTAINERS,),
    "Databricks": (DBFS,),
}
SENSITIVITY = ("public", "internal", "sensitive")
NOTHING, OWN_KEY, APART = "nothing", "our own key", "our own key, and apart from other customers"
DEMANDS = (NOTHING, OWN_KEY, APART)
EDITIONS = ("Basic", "Enterprise")
HBI = (
    "hbi_workspace=True, when the workspace is created",
    "without it the temporary disk holds plain text, and more is sent to Microsoft",
)


@dataclass(frozen=True)
class _Tried:
    """What a store is like: on its disk without a key of one's own, and what is said to one ("" for yes)."""

    default: str
    refused: str


@dataclass(frozen=True, repr=False)
class EncryptionAdvice(Tabular):
    """Settings as (setting, reason), and what stays uncovered as (store, reason)."""

    settings: tuple[tuple[str, str], ...]
    uncovered: tuple[tuple[str, str], ...]

    def as_table(self) -> Table:
        """One row for each setting, and for each store that stays uncovered."""
        rows = [("set", what, why) for what, why in self.settings]
        rows += [("UNCOVERED", what, why) for what, why in self.uncovered]
        caption = f"{len(self.settings)} settings, {len(self.uncovered)} stores uncovered"
        return Table(("", "what", "why"), rows or [("", "nothing to set", "")], caption=caption)

    @property
    def summary(self) -> str:
        """The settings and the stores, without the reasons."""
        return "; ".join([self.as_table().caption, *(what for what, _ in (*self.settings, *self.uncovered))])


def encryption_for(
    sensitivity: str = "internal",
    regulator: str = NOTHING,
    region: str = "eastus",
    edition: str = "Enterprise",
    compute: str = "training cluster",
    release: str = "2020-03",
    seed: int | None = 2020,
) -> EncryptionAdvice:
    """What a team sets, given how sensitive its data is, what a regulator demands, where it is, with which
    edition, and on what it computes (one of COMPUTE, beside the stores that every workspace has). Each store
    is tried in a lab of its own. Raises BadInput. Statements enc-hbi-recommended, enc-blob-cmk,
    enc-cosmos-cmk."""
    choice("sensitivity", sensitivity, SENSITIVITY)
    choice("demand", regulator, DEMANDS)
    choice("region", region, REGIONS)
    choice("edition", edition, EDITIONS)
    choice("compute", compute, COMPUTE)
    labkit.start(release, seed)

    def tried(what: str, hbi: bool = False) -> _Tried:
        return uncounted(lambda: _try(what, hbi, region, edition, release, seed))

    hbi = sensitivity == "sensitive" and SEALED in tried(COMPUTE_TEMPORARY, True).default
    settings, uncovered = [HBI] * hbi, list[tuple[str, str]]()
    history = {NOTHING: (), OWN_KEY: (RUN_HISTORY,), APART: (OWN_RUN_HISTORY,)}[regulator]
    for what in (*ALWAYS, *COMPUTE[compute], *history):
        kind, found = kinds(release)[what], tried(what, hbi)
        if regulator != NOTHING and not found.refused:
            why = "the key is yours, and disabling it ends all reading"
            settings.append((f"{kind.name}: {kind.customer_key}", why))
        elif regulator != NOTHING:
            uncovered.append((kind.name, f"stays as it is, {found.default or 'shared'}: {found.refused}"))
        elif PLAIN in found.default and sensitivity != "public":
            uncovered.append((kind.name, found.default))
    return EncryptionAdvice(tuple(settings), tuple(uncovered))


@cache
def _try(what: str, hbi: bool, region: str, edition: str, release: str, seed: int | None) -> _Tried:
    lab = labkit.start(release, seed)
    usual = Verdict.of(lambda: TRIALS[what](lab, Wish(None, lab.vault, hbi)))
    default = look(lab, usual.value)[1] if usual.value else ""
    lab = labkit.start(release, seed)
    vault = lab.vault
    if what == OWN_RUN_HISTORY:
        vault = f"{SUBSCRIPTION}/resourceGroups/{GROUPS[0]}/providers/{TYPE}/keys-{region}"
        put(lab, vault, region=region)
    key = new_version(lab, vault)
    own = Verdict.of(lambda: TRIALS[what](lab, Wish(key, vault, hbi, edition)))
    return _Tried(default, own.refusal.message if own.refusal else "")


def encryption_chooser(release: str = "2020-03", seed: int | None = 2020) -> Panel:
    """The same as a widget: lists to pick from, and the settings below them. Raises BadInput."""
    from labkit.course.widget import chooser

    return chooser(
        {
            "Data": SENSITIVITY,
            "A regulator demands": DEMANDS,
            "Region": REGIONS,
            "Edition": EDITIONS,
            "Compute": tuple(COMPUTE),
        },
        lambda data, regulator, region, edition, compute: encryption_for(
            data, regulator, region, edition, compute, release, seed
        ),
    )
