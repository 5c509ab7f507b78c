"""What a compute node does on its own: takes up a job, runs the user's script, calls back."""

from __future__ import annotations

from labkit.authenticators.run_token import RunToken
from labkit.core.door import Door
from labkit.core.errors import LabError, brief
from labkit.core.secret import Secret
from labkit.services.machine_learning.compute import ComputeCluster, Job
from labkit.services.machine_learning.data_stores import DataStores
from labkit.services.machine_learning.run_secrets import RunSecrets
from labkit.services.machine_learning.runs import Runs


class NodeContext:
    """The RunContext of a job. Each method is a call back into Azure ML with the run's own token."""

    def __init__(self, door: Door, cluster: ComputeCluster, job: Job) -> None:
        self._door = door
        self._caller = cluster.component
        self._workspace = cluster.workspace_id
        self._token = RunToken(job.token.reveal())
        self.run_id = job.run_id

    def log(self, name: str, value: float) -> None:
        """Writes a metric to the run's history."""
        self._door.ask(self._caller, Runs.log_metric, self._workspace, self._token, self.run_id, name, value)

    def secret(self, name: str) -> Secret:
        """A secret of the run, through Azure ML."""
        return self._door.ask(self._caller, RunSecrets.get, self._workspace, self._token, name)

    def data_store(self, name: str) -> Secret:
        """The credential of a data store, through Azure ML."""
        return self._door.ask(self._caller, DataStores.credential, self._workspace, self._token, name)

    def complete(self, error: str) -> None:
        """Reports the end of the script."""
        self._door.ask(self._caller, Runs.complete, self._workspace, self._token, self.run_id, error)


def work(door: Door, cluster: ComputeCluster) -> list[str]:
    """Carries out the jobs that wait on a cluster and returns their run ids. A script that raises makes
    its run Failed; a token that has expired meanwhile leaves the run as it is."""
    done = []
    while cluster.jobs:
        job = cluster.jobs.pop(0)
        context = NodeContext(door, cluster, job)
        try:
            error = _carry_out(job, context)
        except BaseException:
            # Whoever interrupts the kernel finds the job waiting again.
            cluster.jobs.insert(0, job)
            raise
        try:
            context.complete(error)
        except LabError:
            continue
        done.append(job.run_id)
    return done


def _carry_out(job: Job, context: NodeContext) -> str:
    """Runs the script. Returns how it failed, or ""."""
    try:
        job.script(context)
    except LabError as refusal:
        return refusal.heading or type(refusal).__name__
    except SystemExit as end:
        return "" if end.code in (None, 0) else brief(end, 500)
    except Exception as failure:
        # The user's script is foreign code: whatever it raises is the run's error and not the lab's.
        return brief(failure, 500)
    return ""
