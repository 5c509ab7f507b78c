"""A workspace of high business impact beside one that is not, and beside one whose subscription had a cluster
before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import labkit
from labkit.core.credential import Anonymous
from labkit.core.table import Table, Tabular
from labkit.core.verdict import Verdict
from labkit.course.key_scene import OWNER, put
from labkit.course.stepping import uncounted
from labkit.course.store_matrix import PLAIN, SEALED
from labkit.course.store_trials import TEXT
from labkit.lab import Lab
from labkit.services.machine_learning.compute import Compute
from labkit.services.machine_learning.runs import Runs
from labkit.services.machine_learning.workspace import TYPE

_GROUP = "resourceGroups/clinic"


@dataclass(frozen=True)
class Effects:
    """What was found in one workspace."""

    temporary_disk: str
    next_run_finds: str
    credential_in_job: str
    other_service: str
    changed_later: str


@dataclass(frozen=True, repr=False)
class HbiComparison(Tabular):
    """Without the flag, with it, and with it where the subscription had a cluster before."""

    without: Effects
    with_it: Effects
    with_earlier_cluster: Effects

    def as_table(self) -> Table:
        """One row for each effect."""
        rows = [
            (what.replace("_", " "), *(getattr(one, what) for one in self._columns))
            for what in Effects.__dataclass_fields__
        ]
        return Table(("", "hbi off", "hbi on", "hbi on, earlier cluster"), rows)

    @property
    def _columns(self) -> tuple[Effects, ...]:
        return self.without, self.with_it, self.with_earlier_cluster


def hbi_comparison(release: str = "2020-03", seed: int | None = 2020) -> HbiComparison:
    """Tries what the flag does, three times, each in a lab of its own. Raises BadInput, and what the door
    raises in a release that does not know the flag. Statements enc-hbi-recommended, enc-hbi-effects,
    enc-amlcompute-temp-hbi."""
    labkit.start(release, seed)

    def found(hbi: bool, earlier: bool) -> Effects:
        return uncounted(lambda: _found(labkit.start(release, seed), hbi, earlier))

    return HbiComparison(found(False, False), found(True, False), found(True, True))


def _found(lab: Lab, hbi: bool, earlier: bool) -> Effects:
    group = f"{lab.open_subscription('clinic')}/{_GROUP}"
    put(lab, group)
    if earlier:
        put(lab, f"{group}/providers/{TYPE}/before")
        put(lab, f"{group}/providers/{TYPE}/before/computes/gpu")
    workspace = f"{group}/providers/{TYPE}/clinic"
    put(lab, workspace, {"hbiWorkspace": hbi} if hbi else None)
    cluster = f"{workspace}/computes/gpu"
    put(lab, cluster)
    seen: list[list[str]] = []

    def stage(run: Any) -> None:
        seen.append(run.list_staged())
        run.stage("rows.csv", TEXT.encode())

    token = lab.sign_in(OWNER).bearer
    for _ in range(2):
        lab.ask(OWNER, Runs.submit, workspace, token, "train", "gpu", stage)
        [job] = lab.waiting_jobs(cluster)
        lab.work(cluster)
    asked = lab.attempt("another service", Compute.start, cluster, Anonymous(), job)
    changed = Verdict.of(lambda: put(lab, workspace, {"hbiWorkspace": not hbi}))
    return Effects(
        PLAIN if lab.media.find(TEXT).rows else SEALED,
        ", ".join(seen[1]) or "nothing",
        "no, a name of a secret" if job.credentials["storage"].value is None else "yes",
        f"refused at {getattr(asked.refusal, 'stage', '')}",
        changed.code or "accepted",
    )
