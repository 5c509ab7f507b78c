"""What a compute node does: runs the user's script of a job that it takes up, and calls back."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from labkit.authenticators.platform import Platform
from labkit.authenticators.registry_password import RegistryPassword
from labkit.authenticators.run_token import RunToken
from labkit.core.errors import BadRequest, Conflict, brief
from labkit.core.operation import Call, operation
from labkit.core.secret import Secret
from labkit.services.azure_ad import KEY_VAULT, AzureAD
from labkit.services.key_vault import KeyVault
from labkit.services.machine_learning.clusters import Clusters
from labkit.services.machine_learning.compute import ComputeCluster, Job, check_job
from labkit.services.machine_learning.mount import Line, StorageClient
from labkit.services.machine_learning.nodes import Node
from labkit.services.machine_learning.run_context import MachineContext, environment_of_run
from labkit.services.machine_learning.scripts import outcome, run_file
from labkit.services.machine_learning.snapshots import Snapshots
from labkit.services.machine_learning.submission import check_variables, management_code
from labkit.services.machine_learning.workspace import TYPE, MachineLearning, Workspace
from labkit.services.registry import ContainerRegistry
from labkit.services.resource_id import name_of
from labkit.services.storage import FileStorage


def context_on(line: Line, cluster: ComputeCluster, job: Job, node: Node) -> MachineContext:
    """The context of a job on a node, before anything is known of its workspace."""
    return MachineContext(line, cluster, job, cluster, lambda: node.temporary_disk)


def in_node(
    line: Line, clusters: Clusters, cluster: ComputeCluster, job: Job, context: MachineContext
) -> str:
    """Runs a function as the script. Returns how it failed, or ""."""

    def begin() -> object:
        workspace = clusters.workspace(cluster)
        complete_context(context, job, workspace)
        context.environment = environment_of_run(job, workspace.name, job.variables)
        context.credentials = credentials(line, clusters, cluster, job)
        assert callable(job.script)
        return job.script(context)

    return outcome(begin)


def complete_context(context: MachineContext, job: Job, workspace: Workspace) -> None:
    """Where what the run gives out goes."""
    context.outputs = f"azureml/{workspace.own(f'ExperimentRun/dcid.{job.run_id}')}"


def credentials(line: Line, clusters: Clusters, cluster: ComputeCluster, job: Job) -> dict[str, Secret]:
    """What the node needs: out of the job or, where the job has names alone, out of the workspace's vault.
    Statement enc-hbi-effects."""
    workspace = clusters.workspace(cluster)
    found = {what: one.value for what, one in job.credentials.items() if one.value is not None}
    # As the workspace calls them: a job could name any secret of the vault.
    named = {**workspace.credentials, **({"ssh": cluster.ssh} if cluster.ssh else {})}
    missing = [what for what in named if what in job.credentials and what not in found]
    if missing:
        certificate = clusters.certificate(workspace)
        issued = line.ask(AzureAD.token, workspace.tenant_id, certificate, KEY_VAULT)
        for what in missing:
            vault, bearer = workspace.depends_on["vault"], issued.access_token.bearer
            found[what] = line.ask(KeyVault.get_secret, vault, bearer, named[what].secret)
    return found


def pull(ask: Callable[..., Any], registry: str, password: Secret, image: str) -> bytes:
    """Fetches an image as the registry's admin account."""
    account = RegistryPassword(name_of(registry), password.reveal())
    pulled: bytes = ask(ContainerRegistry.pull, registry, account, image)
    return pulled


class Containers(MachineLearning):
    """How Azure ML has a managed node start the container of a run that has a code snapshot."""

    name = "Machine Learning Compute"
    resource = ComputeCluster

    def __init__(self, platform: Platform, clusters: Clusters) -> None:
        super().__init__(platform)
        self._clusters = clusters

    @operation("Start container", action=f"{TYPE}/experiments/runs/submit/action", parse=check_job)
    def start(self, call: Call[ComputeCluster], job: Job) -> str:
        """Pulls the image of the run's environment and starts a container of it. Its initial command is the
        management code, which is read from the workspace's file share, and which downloads the snapshot, sets
        the environment variables and runs the script. Returns how that failed, or "". Raises NotFound,
        Unauthenticated and Conflict for what comes before the script. Statement flow-training-managed."""
        cluster, clusters = call.target, self._clusters
        if cluster.machine or not job.management:
            raise BadRequest("This job has no management code.", presented=brief(job), required="a snapshot")
        workspace = clusters.workspace(cluster)
        if job.target.lower() != cluster.id.lower() or job.management != management_code(
            workspace, job.run_id
        ):
            raise BadRequest(
                "This job is for another compute target.",
                presented=brief(job.target, 200),
                required=cluster.id,
            )
        with (
            clusters.taken_up(cluster, job) as node,
            Line(call.ask, clusters.resources, clusters.now).during_a_run() as line,
        ):
            context = context_on(line, cluster, job, node)
            return self._in_container(line, cluster, job, context)

    def _in_container(self, line: Line, cluster: ComputeCluster, job: Job, context: MachineContext) -> str:
        workspace = self._clusters.workspace(cluster)
        complete_context(context, job, workspace)
        context.credentials = credentials(line, self._clusters, cluster, job)
        if not {"registry", "storage"} <= context.credentials.keys():
            raise BadRequest("This job does not bring what the node needs.", required="registry and storage")
        pull(line.ask, workspace.depends_on["registry"], context.credentials["registry"], job.image)
        share = StorageClient(line, context.credentials["storage"])
        command = _command(share.ask(FileStorage.get, job.management))
        token = RunToken(job.token.reveal())
        files = line.ask(Snapshots.get, workspace.id, token, command["snapshot"])
        variables = command["environment_variables"]
        context.environment = environment_of_run(job, workspace.name, variables)
        return run_file(files, command["script"], context)


def _command(code: bytes) -> dict[str, Any]:
    """The management code: what the container does is what lies on the share, whoever wrote it there.
    Raises Conflict for what is none."""
    try:
        found = json.loads(code)
        texts = (found["snapshot"], found["script"])
        if any(type(one) is not str for one in texts):
            raise BadRequest("The snapshot and the script are named.")
        check_variables(found["environment_variables"])
    except (ValueError, TypeError, KeyError, RecursionError, BadRequest) as broken:
        raise Conflict(
            "What lies on the file share is no management code.",
            presented=type(broken).__name__,
            required="what Azure ML wrote there",
            advice="whoever has the key of the storage account can write there",
        ) from None
    return dict(found)
