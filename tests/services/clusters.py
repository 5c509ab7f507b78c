"""What the tests of clusters ask of a lab: subscriptions and workspaces of their own, runs, and disks."""

from __future__ import annotations

from typing import Any

from labkit.azure import ResourceManager, Runs
from labkit.crypto.medium import Medium
from labkit.lab import Lab
from labkit.services.encryption import Disk
from labkit.services.machine_learning.compute import ComputeCluster, Script
from labkit.services.machine_learning.workspace import TYPE, Workspace
from tests.services.stores import put

SECRET = b"patient 4711, diagnosis"


def new_group(lab: Lab, subscription: str = "fresh") -> str:
    """A resource group in a subscription in which there never was a cluster."""
    group = f"{lab.open_subscription(subscription)}/resourceGroups/data"
    put(lab, group)
    return group


def new_workspace(lab: Lab, hbi: bool | None = True, name: str = "clinic", group: str = "") -> str:
    """A workspace, with the flag or without it (None). Returns its id."""
    id = f"{group or new_group(lab)}/providers/{TYPE}/{name}"
    put(lab, id, None if hbi is None else {"hbiWorkspace": hbi})
    return id


def new_cluster(lab: Lab, workspace: str, name: str = "gpu", **properties: Any) -> str:
    """A managed cluster. Returns its id."""
    id = f"{workspace}/computes/{name}"
    put(lab, id, properties)
    return id


def at_work(lab: Lab, hbi: bool | None = True, **properties: Any) -> str:
    """A workspace in a subscription of its own, with a cluster. Returns the cluster's id."""
    return new_cluster(lab, new_workspace(lab, hbi), **properties)


def cluster(lab: Lab, id: str) -> ComputeCluster:
    found = lab.resources.find(id)
    assert isinstance(found, ComputeCluster)
    return found


def workspace_of(lab: Lab, id: str) -> Workspace:
    found = lab.resources.find(cluster(lab, id).workspace_id)
    assert isinstance(found, Workspace)
    return found


def submit(lab: Lab, id: str, script: Script) -> str:
    """The owner submits a run to a cluster. Returns its run id."""
    workspace, _, name = id.rpartition("/computes/")
    token = lab.sign_in("olivia").bearer
    return lab.ask("olivia", Runs.submit, workspace, token, "train", name, script).run_id


def carry_out(lab: Lab, id: str, script: Script) -> str:
    """Submits a run and lets the cluster carry it out. Returns how it failed, or ""."""
    run_id, workspace = submit(lab, id, script), id.rpartition("/computes/")[0]
    assert lab.work(id) == [run_id]
    return lab.ask("olivia", Runs.get, workspace, lab.sign_in("olivia").bearer, run_id).error


def stage_secret(lab: Lab, id: str) -> None:
    """A run puts something on the temporary disk that somebody might look for there."""
    assert carry_out(lab, id, lambda run: run.stage("patients.csv", SECRET)) == ""


def nodes(lab: Lab, id: str) -> list[dict[str, Any]]:
    """The cluster's nodes, as Resource Manager shows them to the owner."""
    shown = lab.ask("olivia", ResourceManager.post, id, lab.sign_in("olivia").bearer, "listNodes")
    return list(shown["nodes"])


def disks(lab: Lab, what: str) -> list[Disk]:
    """All disks of nodes that are called like this, as `lab.media` finds them."""
    return [one for one in lab.media.disks if one.medium.name.endswith(f", {what}")]


def temporary(lab: Lab) -> Medium:
    [found] = disks(lab, "temporary disk")
    return found.medium
