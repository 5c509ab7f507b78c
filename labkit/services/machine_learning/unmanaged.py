"""How Azure ML carries out a run on a machine of the customer's own, over SSH."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from labkit.authenticators.run_token import RunToken
from labkit.authenticators.ssh import SshKey
from labkit.core.errors import BadRequest, Conflict, brief
from labkit.core.operation import Call, Service, operation
from labkit.core.secret import Secret
from labkit.services.machine_learning.clusters import Clusters
from labkit.services.machine_learning.compute import ComputeCluster, Job, check_job
from labkit.services.machine_learning.mount import Line
from labkit.services.machine_learning.node import complete_context, pull
from labkit.services.machine_learning.provider import DEFAULT_STORE
from labkit.services.machine_learning.run_context import MachineContext, environment_of_run
from labkit.services.machine_learning.scripts import outcome, run_file
from labkit.services.machine_learning.snapshots import Snapshots
from labkit.services.machine_learning.workspace import Workspace
from labkit.services.virtual_machine import RunFolder, VirtualMachine, VirtualMachines


class AttachedContext(MachineContext):
    """On a machine of the customer's own. The workspace's storage key is not sent there: what opens the
    storage the run asks Azure ML for."""

    def _storage(self) -> Secret:
        if "storage" not in self.credentials:
            self.credentials["storage"] = self.data_store(DEFAULT_STORE)
        return self.credentials["storage"]


def _check_prepared(job: Job, password: Secret | None) -> None:
    check_job(job)
    if type(password) not in (Secret, type(None)):
        raise BadRequest(
            "That is no password.", presented=type(password).__name__, required="a Secret, or nothing"
        )


class ManagementCode(Service):
    """What Azure ML has its management code do on a machine that it has signed in to, one step after the
    other. Each step is asked for over SSH. Statement flow-training-unmanaged."""

    name = VirtualMachines.name
    resource = VirtualMachine
    dialect = VirtualMachines.dialect

    def __init__(self, clusters: Clusters) -> None:
        self._clusters = clusters

    @operation("Open SSH session", accepts=(SshKey,))
    def sign_in(self, call: Call[VirtualMachine]) -> str:
        """Signs in. Returns the account. Raises Unauthenticated."""
        return call.identity.name

    @operation("Prepare environment", accepts=(SshKey,), parse=_check_prepared)
    def prepare(self, call: Call[VirtualMachine], job: Job, password: Secret | None = None) -> None:
        """Makes a directory for the run, and there an environment of its packages. With Docker the image of
        the environment is pulled instead, with a password of the workspace's registry."""
        workspace = self._workspace(call, job)
        if job.image and password is not None:
            registry = workspace.depends_on["registry"]
            pull(call.ask, registry, password, job.image)
            prepared = f"docker: {job.image}"
        else:
            prepared = f"conda: {', '.join(job.environment.dependencies) or 'no packages'}"
        self._keep(call, job, RunFolder(prepared))

    @operation("Download code", accepts=(SshKey,), parse=check_job)
    def download(self, call: Call[VirtualMachine], job: Job) -> None:
        """Fetches the snapshot from Azure ML with the run's own token. Raises NotFound."""
        folder = self._folder(call, job)
        token, workspace = RunToken(job.token.reveal()), self._workspace(call, job)
        files = call.ask(Snapshots.get, workspace.id, token, job.snapshot)
        self._keep(call, job, replace(folder, code=files))

    @operation("Set environment variables", accepts=(SshKey,), parse=check_job)
    def configure(self, call: Call[VirtualMachine], job: Job) -> None:
        """Those that were submitted, and what Azure ML adds."""
        folder, workspace = self._folder(call, job), self._workspace(call, job)
        variables: Mapping[str, str] = dict(environment_of_run(job, workspace.name, job.variables))
        self._keep(call, job, replace(folder, variables=variables))

    @operation("Run script", accepts=(SshKey,), parse=check_job)
    def run(self, call: Call[VirtualMachine], job: Job) -> str:
        """Runs the user's script. Returns how it failed, or ""."""
        folder, target, machine = self._folder(call, job), self._target(call, job), call.target
        with Line(call.ask, self._clusters.resources, self._clusters.now).during_a_run() as line:
            context = AttachedContext(line, target, job, machine, machine.temporary_disk)
            complete_context(context, job, self._clusters.workspace(target))
            context.environment = folder.variables or {}
            if isinstance(job.script, str):
                return run_file(folder.code or {}, job.script, context)
            return outcome(job.script, context)

    def _target(self, call: Call[VirtualMachine], job: Job) -> ComputeCluster:
        target = self._clusters.resources.get(job.target)
        # Whoever has signed in to this machine has signed in to no other one.
        if not isinstance(target, ComputeCluster) or target.machine.lower() != call.target.id.lower():
            raise BadRequest(
                "That is no job for this machine.",
                presented=brief(job.target, 200),
                required=f"a compute target that {call.target.name} is attached as",
            )
        return target

    def _workspace(self, call: Call[VirtualMachine], job: Job) -> Workspace:
        return self._clusters.workspace(self._target(call, job))

    def _name(self, call: Call[VirtualMachine], job: Job) -> str:
        # Other workspaces that have attached the machine call runs the same.
        return self._workspace(call, job).own(job.run_id)

    def _folder(self, call: Call[VirtualMachine], job: Job) -> RunFolder:
        found = call.target.folders.get(self._name(call, job))
        if found is None:
            raise Conflict("No environment was prepared for this run.", presented=job.run_id)
        return found

    def _keep(self, call: Call[VirtualMachine], job: Job, folder: RunFolder) -> None:
        folders, name = call.target.folders, self._name(call, job)
        call.undo(partial(_put_back, folders, name, folders.get(name)))
        folders[name] = folder


def _put_back(folders: dict[str, RunFolder], run_id: str, before: RunFolder | None) -> None:
    if before is None:
        folders.pop(run_id, None)
    else:
        folders[run_id] = before
