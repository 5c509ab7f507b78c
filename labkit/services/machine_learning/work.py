"""Carrying out the jobs that wait on a compute target."""

from __future__ import annotations

from collections.abc import Callable

from labkit.authenticators.run_token import RunToken
from labkit.authenticators.ssh import SshKey
from labkit.core.door import Door
from labkit.core.errors import LabError
from labkit.core.resource import Component
from labkit.services.azure_ad import ARM, KEY_VAULT, AzureAD
from labkit.services.key_vault import KeyVault
from labkit.services.machine_learning.clusters import Clusters, waiting_again
from labkit.services.machine_learning.compute import ComputeCluster, Job
from labkit.services.machine_learning.mount import Line
from labkit.services.machine_learning.node import Containers, context_on, credentials, in_node
from labkit.services.machine_learning.runs import Runs
from labkit.services.machine_learning.scripts import outcome
from labkit.services.machine_learning.unmanaged import ManagementCode
from labkit.services.machine_learning.workspace import Workspace

# Who reports the end of a run, and how it failed ("" where it did not).
Ended = tuple[Component, str]


def work(door: Door, clusters: Clusters, cluster: ComputeCluster) -> list[str]:
    """Carries out the jobs that wait on a compute target and returns their run ids. A script that raises
    makes its run Failed; a token that has expired meanwhile leaves the run as it is."""
    done = []
    while cluster.jobs:
        job = cluster.jobs.pop(0)
        who, error = _way(cluster, job)(door, clusters, cluster, job)
        token = RunToken(job.token.reveal())
        try:
            door.ask(who, Runs.complete, cluster.workspace_id, token, job.run_id, error)
        except LabError:
            continue
        done.append(job.run_id)
    return done


def _way(cluster: ComputeCluster, job: Job) -> Callable[[Door, Clusters, ComputeCluster, Job], Ended]:
    if cluster.machine:
        return _over_ssh
    return _in_a_container if job.snapshot else _on_the_node


def _on_the_node(door: Door, clusters: Clusters, cluster: ComputeCluster, job: Job) -> Ended:
    """The node takes up a job whose script is a function."""
    with (
        clusters.taken_up(cluster, job) as node,
        Line.outermost(door, cluster.component).during_a_run() as line,
    ):
        context = context_on(line, cluster, job, node)
        return cluster.component, in_node(line, clusters, cluster, job, context)


def _in_a_container(door: Door, clusters: Clusters, cluster: ComputeCluster, job: Job) -> Ended:
    """Azure ML, as the workspace's managed identity, has the node start the container. Statement
    flow-training-managed."""
    error = ""

    def begin() -> None:
        nonlocal error
        workspace = clusters.workspace(cluster)
        ask, certificate = Line.outermost(door, workspace.component).ask, clusters.certificate(workspace)
        token = ask(AzureAD.token, workspace.tenant_id, certificate, ARM).access_token.bearer
        error = ask(Containers.start, cluster.id, token, job)

    return cluster.component, outcome(begin) or error


def _over_ssh(door: Door, clusters: Clusters, cluster: ComputeCluster, job: Job) -> Ended:
    """Azure ML signs in with its own key, and its management code goes through its steps. A machine that it
    cannot sign in to reports nothing: then Azure ML does. Statement flow-training-unmanaged."""
    error, who = "", cluster.component

    def begin() -> None:
        nonlocal error, who
        workspace = clusters.workspace(cluster)
        who, machine, line = workspace.component, cluster.machine, Line.outermost(door, workspace.component)
        key, ask = _own_key(line, clusters, cluster, workspace), line.ask
        ask(ManagementCode.sign_in, machine, key)
        who = clusters.resources.find(machine).component
        password = credentials(line, clusters, cluster, job)
        ask(ManagementCode.prepare, machine, key, job, password.get("registry"))
        if job.snapshot:
            ask(ManagementCode.download, machine, key, job)
        ask(ManagementCode.configure, machine, key, job)
        error = ask(ManagementCode.run, machine, key, job)

    with waiting_again(cluster, job):
        failed = outcome(begin)
    return who, failed or error


def _own_key(line: Line, clusters: Clusters, cluster: ComputeCluster, workspace: Workspace) -> SshKey:
    """Azure ML's own, out of the vault in the Microsoft subscription."""
    ask, vaults = line.ask, clusters.ssh_vaults
    issued = ask(AzureAD.token, vaults.tenant_id, vaults.certificate(), KEY_VAULT)
    vault, token = vaults.id_of(workspace), issued.access_token.bearer
    kept = ask(KeyVault.get_secret, vault, token, workspace.own(cluster.name))
    return SshKey(cluster.username, kept.reveal())
