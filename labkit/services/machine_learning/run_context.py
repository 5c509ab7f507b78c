"""What a training script sees of its run, on whatever machine it runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from labkit.authenticators.run_token import RunToken
from labkit.core.errors import BadInput, brief
from labkit.core.operation import Call
from labkit.core.resource import Resource
from labkit.core.secret import Secret
from labkit.services.encryption import Disk
from labkit.services.machine_learning.compute import ComputeCluster, Job
from labkit.services.machine_learning.data_stores import DataStores
from labkit.services.machine_learning.mount import Line, Mount, StorageClient, check_file
from labkit.services.machine_learning.nodes import in_place
from labkit.services.machine_learning.run_secrets import RunSecrets
from labkit.services.machine_learning.runs import Runs
from labkit.services.storage import BlobStorage


def environment_of_run(job: Job, workspace: str, variables: Mapping[str, str]) -> Mapping[str, str]:
    """The environment variables of a run: those that were submitted, and what Azure ML adds."""
    # As in azureml-core, which finds its run by them.  # assumption: run-variables
    added = {"AZUREML_RUN_ID": job.run_id, "AZUREML_ARM_WORKSPACE_NAME": workspace}
    return MappingProxyType({**variables, **added})


class MachineContext:
    """The RunContext of a job on a machine. Most methods are a call back into Azure ML with the run's own
    token.

    line         how the machine calls
    machine      the resource that it is, for its own disk; `temporary` gives its temporary disk
    credentials  what it has for storage and SSH; `outputs` is where the run's blobs are
    environment  the environment variables
    """

    def __init__(
        self, line: Line, target: ComputeCluster, job: Job, machine: Resource, temporary: Callable[[], Disk]
    ) -> None:
        self._line = line
        self._machine = machine
        self._temporary = temporary
        self._workspace = target.workspace_id
        self._token = RunToken(job.token.reveal())
        self.run_id = job.run_id
        self.credentials: dict[str, Secret] = {}
        self.outputs = ""
        self.environment: Mapping[str, str] = MappingProxyType({})

    def log(self, name: str, value: float) -> None:
        """Writes a metric to the run's history."""
        self._line.ask(Runs.log_metric, self._workspace, self._token, self.run_id, name, value)

    def secret(self, name: str) -> Secret:
        """A secret of the run, through Azure ML."""
        found: Secret = self._line.ask(RunSecrets.get, self._workspace, self._token, name)
        return found

    def data_store(self, name: str) -> Secret:
        """The credential of a data store, through Azure ML."""
        found: Secret = self._line.ask(DataStores.credential, self._workspace, self._token, name)
        return found

    def as_mount(self, data_store: str, path: str = "") -> Mount:
        """A data store as a remote file system, from `path` on (container and directory). Raises
        BadInput for a data store that is no Azure Storage."""
        if type(path) is not str:
            raise BadInput("A path is a text.", presented=brief(path), required='"container/directory"')
        return Mount(StorageClient(self._line, self.data_store(data_store)), path)

    def as_download(self, data_store: str, path: str = "") -> list[str]:
        """Copies what a mount would show to the temporary disk, and says under which names."""
        mount = self.as_mount(data_store, path)
        names = mount.names()
        for name in names:
            self.stage(name, mount.read(name))
        return names

    def stage(self, name: str, data: bytes) -> None:
        """Writes a file to the machine's temporary disk. Raises BadInput."""
        if type(data) is not bytes:
            raise BadInput("A file is bytes.", presented=brief(data), required="bytes")
        self._disk().write(self._here(), check_file(name), data)

    def staged(self, name: str) -> bytes:
        """Reads one from there, whichever run wrote it. Raises NotFound, and Damaged for what was changed on
        an encrypted disk."""
        return self._disk().read(self._here(), check_file(name))

    def list_staged(self) -> list[str]:
        """The names of all files on the temporary disk."""
        return self._disk().names()

    def _disk(self) -> Disk:
        self._here()
        return self._temporary()

    def _here(self) -> Call[Any]:
        return in_place(self._machine, self._line.now())

    def upload_file(self, name: str, data: bytes) -> str:
        """Writes an output or a log of the run to the workspace's Blob storage, with the credential that came
        with the job. Returns the blob's name. Statement enc-blob-mmk."""
        blob = f"{self.outputs}/{check_file(name)}"
        StorageClient(self._line, self._storage()).ask(BlobStorage.put, blob, data)
        return blob

    def _storage(self) -> Secret:
        return self.credentials["storage"]
