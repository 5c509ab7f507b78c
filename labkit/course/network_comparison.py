"""The same four callers with neither a virtual network nor private link, with either, and with both."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import labkit
from labkit.authenticators.shared_key import SharedKey
from labkit.core.choice import choice
from labkit.core.table import Table, Tabular
from labkit.core.verdict import Verdict
from labkit.course.network_scene import link, lock, network, training
from labkit.course.stepping import uncounted
from labkit.course.store_trials import account
from labkit.furniture import CLUSTER
from labkit.lab import Lab
from labkit.services.machine_learning.models import Models
from labkit.services.machine_learning.runs import Runs
from labkit.services.storage import BlobStorage

OUTSIDE, INSIDE = "carl, on the internet", "carl, in the virtual network"
NODE_INSIDE, NODE_OUTSIDE = "a node in the virtual network", "a node outside of it"
CALLERS = (OUTSIDE, INSIDE, NODE_INSIDE, NODE_OUTSIDE)
WORKSPACE, STORAGE = "the workspace", "its storage account"
TARGETS = (WORKSPACE, STORAGE)
_INNER = "inner-cluster"


@dataclass(frozen=True)
class Protection:
    """Whether the storage account of the workspace is in the virtual network, and whether the workspace has
    private link to it."""

    storage_inside: bool
    linked: bool


PROTECTIONS: Mapping[str, Protection] = {
    "neither": Protection(False, False),
    "virtual network": Protection(True, False),
    "private link": Protection(False, True),
    "both": Protection(True, True),
}


@dataclass(frozen=True, repr=False)
class NetworkComparison(Tabular):
    """What each caller was answered, by (protection, caller, target)."""

    verdicts: Mapping[tuple[str, str, str], Verdict[Any]]

    def verdict(self, protection: str, caller: str, target: str) -> Verdict[Any]:
        """One attempt, which explains itself when it is shown. Raises BadInput."""
        return self.verdicts[
            choice("protection", protection, PROTECTIONS),
            choice("caller", caller, CALLERS),
            choice("target", target, TARGETS),
        ]

    def as_table(self) -> Table:
        """One row for each caller and target, one column for each protection."""
        rows = [
            (caller, target, *(_said(self.verdicts[one, caller, target]) for one in PROTECTIONS))
            for caller in CALLERS
            for target in TARGETS
        ]
        caption = "What each of them is answered, by what is protected"
        return Table(("who asks", "whom", *PROTECTIONS), rows, caption=caption)


def _said(verdict: Verdict[Any]) -> str:
    return "answered" if verdict else f"refused at {getattr(verdict.refusal, 'stage', '')}"


def network_comparison(release: str = "2020-03", seed: int | None = 2020) -> NetworkComparison:
    """Four callers ask a workspace and its storage account: without protection, and with each kind and both,
    each in a lab of its own. Raises BadInput. Statement net-combine."""

    def found() -> NetworkComparison:
        return NetworkComparison(
            {
                (name, *who): verdict
                for name, wanted in PROTECTIONS.items()
                for who, verdict in _found(labkit.start(release, seed), wanted).items()
            }
        )

    return uncounted(found)


def _found(lab: Lab, wanted: Protection) -> dict[tuple[str, str], Verdict[Any]]:
    subnet = network(lab)
    training(lab, _INNER, subnet)
    # Whoever is in the virtual network works on, whatever is protected: the runs are sent from there.
    lab.connect("carl", subnet)
    if wanted.storage_inside:
        lock(lab, lab.storage, subnet)
    if wanted.linked:
        link(lab, lab.workspace, subnet)
    found = {(INSIDE, target): Verdict.of(ask) for target, ask in _person(lab).items()}
    for caller, compute in ((NODE_INSIDE, _INNER), (NODE_OUTSIDE, CLUSTER)):
        found |= {(caller, target): verdict for target, verdict in _node(lab, compute).items()}
    lab.disconnect("carl")
    return found | {(OUTSIDE, target): Verdict.of(ask) for target, ask in _person(lab).items()}


def _person(lab: Lab) -> dict[str, Callable[[], Any]]:
    """carl reads the list of models with his own token, and that of blobs with the account's key."""
    at, token = account(lab), lab.sign_in("carl").bearer
    signed = partial(SharedKey.sign, at.name, at.access_keys["key1"])
    key = signed(BlobStorage.list_blobs.request(at.id, ()), lab.clock.now)
    return {
        WORKSPACE: lambda: lab.ask("carl", Models.list_models, lab.workspace, token),
        STORAGE: lambda: lab.ask("carl", BlobStorage.list_blobs, at.id, key),
    }


def _node(lab: Lab, compute: str) -> dict[str, Verdict[Any]]:
    """A run writes a metric with its own token, and an output with the credential that came with the job."""
    found: dict[str, Verdict[Any]] = {}

    def script(run: Any) -> None:
        found[WORKSPACE] = Verdict.of(lambda: run.log("loss", 0.5))
        found[STORAGE] = Verdict.of(lambda: run.upload_file("outputs/model.bin", b"weights"))

    token = lab.sign_in("carl").bearer
    lab.ask("carl", Runs.submit, lab.workspace, token, "train", compute, script)
    lab.work(compute)
    return found
