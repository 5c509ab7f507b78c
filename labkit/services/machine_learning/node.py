"""What a compute node does on its own: takes up a job, runs the user's script, calls back."""

from __future__ import annotations

from typing import Any

from labkit.authenticators.run_token import RunToken
from labkit.core.door import Door
from labkit.core.errors import BadInput, LabError, brief
from labkit.core.operation import Call
from labkit.core.secret import Secret
from labkit.services.azure_ad import KEY_VAULT, AzureAD
from labkit.services.key_vault import KeyVault
from labkit.services.machine_learning.clusters import Clusters
from labkit.services.machine_learning.compute import ComputeCluster, Job
from labkit.services.machine_learning.data_stores import DataStores
from labkit.services.machine_learning.mount import BlobClient, Mount, check_file
from labkit.services.machine_learning.nodes import Node, in_place
from labkit.services.machine_learning.run_secrets import RunSecrets
from labkit.services.machine_learning.runs import Runs
from labkit.services.storage import BlobStorage


class NodeContext:
    """The RunContext of a job. Most methods are a call back into Azure ML with the run's own token.
    `credentials` are what the node has for storage and SSH, `outputs` is where the run's blobs are."""

    def __init__(self, door: Door, cluster: ComputeCluster, job: Job, node: Node) -> None:
        self._door = door
        self._cluster = cluster
        self._caller = cluster.component
        self._workspace = cluster.workspace_id
        self._token = RunToken(job.token.reveal())
        self._node = node
        self.run_id = job.run_id
        self.credentials: dict[str, Secret] = {}
        self.outputs = ""

    def log(self, name: str, value: float) -> None:
        """Writes a metric to the run's history."""
        self._door.ask(self._caller, Runs.log_metric, self._workspace, self._token, self.run_id, name, value)

    def secret(self, name: str) -> Secret:
        """A secret of the run, through Azure ML."""
        return self._door.ask(self._caller, RunSecrets.get, self._workspace, self._token, name)

    def data_store(self, name: str) -> Secret:
        """The credential of a data store, through Azure ML."""
        return self._door.ask(self._caller, DataStores.credential, self._workspace, self._token, name)

    def as_mount(self, data_store: str, path: str = "") -> Mount:
        """A data store as a remote file system, from `path` on (container and directory). Raises
        BadInput for a data store that is no Azure Storage."""
        if type(path) is not str:
            raise BadInput("A path is a text.", presented=brief(path), required='"container/directory"')
        return Mount(BlobClient(self._door, self._caller, self.data_store(data_store)), path)

    def as_download(self, data_store: str, path: str = "") -> list[str]:
        """Copies what a mount would show to the temporary disk, and says under which names."""
        mount = self.as_mount(data_store, path)
        names = mount.names()
        for name in names:
            self.stage(name, mount.read(name))
        return names

    def stage(self, name: str, data: bytes) -> None:
        """Writes a file to the node's temporary disk. Raises BadInput."""
        if type(data) is not bytes:
            raise BadInput("A file is bytes.", presented=brief(data), required="bytes")
        self._node.temporary_disk.write(self._here(), check_file(name), data)

    def staged(self, name: str) -> bytes:
        """Reads one from there, whichever run wrote it. Raises NotFound, and Damaged for what was changed on
        an encrypted disk."""
        return self._node.temporary_disk.read(self._here(), check_file(name))

    def list_staged(self) -> list[str]:
        """The names of all files on the temporary disk."""
        return self._node.temporary_disk.names()

    def _here(self) -> Call[Any]:
        return in_place(self._cluster, self._door.clock.now)

    def upload_file(self, name: str, data: bytes) -> str:
        """Writes an output or a log of the run to the workspace's Blob storage, with the credential that came
        with the job. Returns the blob's name. Statement enc-blob-mmk."""
        blob = f"{self.outputs}/{check_file(name)}"
        client = BlobClient(self._door, self._caller, self.credentials["storage"])
        client.ask(BlobStorage.put, blob, data)
        return blob

    def complete(self, error: str) -> None:
        """Reports the end of the script."""
        self._door.ask(self._caller, Runs.complete, self._workspace, self._token, self.run_id, error)


def work(door: Door, clusters: Clusters, cluster: ComputeCluster) -> list[str]:
    """Carries out the jobs that wait on a cluster and returns their run ids. A script that raises makes
    its run Failed; a token that has expired meanwhile leaves the run as it is."""
    done = []
    while cluster.jobs:
        job = cluster.jobs.pop(0)
        node = clusters.begin(cluster, job.run_id)
        context = NodeContext(door, cluster, job, node)
        try:
            error = _carry_out(door, clusters, cluster, job, context)
        except BaseException:
            # Whoever interrupts the kernel finds the job waiting again.
            cluster.jobs.insert(0, job)
            raise
        finally:
            clusters.end(cluster, node)
        try:
            context.complete(error)
        except LabError:
            continue
        done.append(job.run_id)
    return done


def _carry_out(
    door: Door, clusters: Clusters, cluster: ComputeCluster, job: Job, context: NodeContext
) -> str:
    """Runs the script. Returns how it failed, or ""."""
    try:
        workspace = clusters.workspace(cluster)
        context.outputs = f"azureml/{workspace.own(f'ExperimentRun/dcid.{job.run_id}')}"
        context.credentials = _credentials(door, clusters, cluster, job)
        job.script(context)
    except LabError as refusal:
        return refusal.heading or type(refusal).__name__
    except SystemExit as end:
        return "" if end.code in (None, 0) else brief(end, 500)
    except Exception as failure:
        # The user's script is foreign code: whatever it raises is the run's error and not the lab's.
        return brief(failure, 500)
    return ""


def _credentials(door: Door, clusters: Clusters, cluster: ComputeCluster, job: Job) -> dict[str, Secret]:
    """What the node needs: out of the job or, where the job has names alone, out of the workspace's vault.
    Statement enc-hbi-effects."""
    workspace, caller = clusters.workspace(cluster), cluster.component
    found = {what: one.value for what, one in job.credentials.items() if one.value is not None}
    # As the workspace calls them: a job could name any secret of the vault.
    named = {**workspace.credentials, **({"ssh": cluster.ssh} if cluster.ssh else {})}
    missing = [what for what in named if what in job.credentials and what not in found]
    if missing:
        certificate = clusters.certificate(workspace)
        issued = door.ask(caller, AzureAD.token, workspace.tenant_id, certificate, KEY_VAULT)
        for what in missing:
            vault, bearer = workspace.depends_on["vault"], issued.access_token.bearer
            found[what] = door.ask(caller, KeyVault.get_secret, vault, bearer, named[what].secret)
    return found
