"""The attack gallery: every forged token, shown to the lab."""

from __future__ import annotations

from dataclasses import dataclass

from labkit.core.credential import Bearer
from labkit.core.errors import LabError
from labkit.core.table import Table, Tabular
from labkit.course.inspector import forger
from labkit.identity.forgery import ATTACKS
from labkit.lab import Lab
from labkit.services.resource_manager import ResourceManager


@dataclass(frozen=True)
class Exhibit:
    """An attack and what came of it. `reason` is the type of the refusal, "" for an attack that worked."""

    attack: str
    hope: str
    reason: str
    code: str


@dataclass(frozen=True, repr=False)
class Gallery(Tabular):
    """All exhibits. `worked` lists the attacks that were not refused: none, as long as the lab is sound."""

    exhibits: tuple[Exhibit, ...]

    @property
    def worked(self) -> tuple[str, ...]:
        """The attacks that got through."""
        return tuple(one.attack for one in self.exhibits if not one.reason)

    def as_table(self) -> Table:
        """One row for each attack."""
        rows = [(one.attack, one.hope, one.reason or "IT WORKED", one.code) for one in self.exhibits]
        headers = ("attack", "counts on", "refused as", "Azure's code")
        return Table(headers, rows, caption=self._summary)

    @property
    def _summary(self) -> str:
        return f"{len(self.worked)} of {len(self.exhibits)} forged tokens were accepted"


def gallery(lab: Lab, who: str = "carl") -> Gallery:
    """Forges a token of `who` in every way the gallery knows and reads the workspace with each. Raises what
    `Lab.sign_in` raises."""
    by = forger(lab, who)
    exhibits = []
    for attack in ATTACKS.values():
        verdict = lab.attempt("mallory", ResourceManager.get, lab.workspace, Bearer(attack.forge(by)))
        reason = type(verdict.refusal).__name__ if isinstance(verdict.refusal, LabError) else ""
        exhibits.append(Exhibit(attack.name, attack.hope, reason, verdict.code))
    return Gallery(tuple(exhibits))
