"""Submitting a run: what becomes of it before a compute target takes it up."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from labkit.authenticators.run_token import ISSUER
from labkit.core.clock import Clock
from labkit.core.errors import BadRequest, Conflict, NotFound, brief
from labkit.core.operation import Call
from labkit.core.resource import Resources
from labkit.identity.issuer import SigningKeys
from labkit.identity.token import Token
from labkit.services.machine_learning.compute import UNMANAGED, Compute, ComputeCluster, Job, Script
from labkit.services.machine_learning.data_stores import kept_as
from labkit.services.machine_learning.diagnostics import Collection, Fields
from labkit.services.machine_learning.environments import Environment, ensure_image
from labkit.services.machine_learning.mount import Line, StorageClient
from labkit.services.machine_learning.provider import DEFAULT_STORE
from labkit.services.machine_learning.run_history import RunHistory
from labkit.services.machine_learning.snapshots import known_snapshot
from labkit.services.machine_learning.workspace import MachineLearning, Run, Workspace
from labkit.services.storage import FileStorage

# A run may last for days, and so does its token.  # assumption: run-token-lifetime
TOKEN_LIFETIME = 7 * 24 * 3600
# At most 256 characters: https://learn.microsoft.com/azure/machine-learning/resource-limits-capacity
# Which characters no page says.  # assumption: run-id-form
_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,255}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True)
class Wanted:
    """What somebody submits. `script` is a function or, with a snapshot, the name of a file in it."""

    experiment: str
    compute: str
    script: Script | str
    snapshot: str = ""
    run_id: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)
    environment: Environment = field(default_factory=Environment)
    data_stores: tuple[str, ...] = ()


def check_variables(given: object) -> None:
    """Raises BadRequest for what are no environment variables. Values are not shown."""
    pairs = given.items() if type(given) is dict else [(given, None)]
    for name, value in pairs:
        if type(name) is not str or not _VARIABLE.fullmatch(name) or type(value) is not str:
            raise BadRequest(
                "Environment variables are texts by name.",
                presented=brief(name),
                required="a dict; names of letters, digits and _, values of text",
            )
        if "\0" in value:
            raise BadRequest("An environment variable holds no null character.", presented=name)


def check_run_id(run_id: str) -> None:
    """Raises BadRequest."""
    if run_id and not _RUN_ID.fullmatch(run_id):
        raise BadRequest(
            "That is no run id.", presented=brief(run_id), required="1 to 256 letters, digits, _ and -"
        )


def management_code(workspace: Workspace, run_id: str) -> str:
    """Where a run's management code lies on the file share."""
    return f"azureml-filestore/{workspace.own(f'azureml-setup/{run_id}/management.json')}"


class Submission:
    """Makes run ids and ML service tokens, and hands jobs to compute targets. Statements authn-run-token,
    flow-training-start."""

    def __init__(
        self,
        history: RunHistory,
        keys: SigningKeys,
        clock: Clock,
        resources: Resources,
        collection: Collection,
    ) -> None:
        self._collection = collection
        self._history = history
        self._keys = keys
        self._clock = clock
        self._resources = resources

    def submit(self, service: MachineLearning, call: Call[Workspace], wanted: Wanted) -> Run:
        """Puts a run into the history and its job on the compute target. Raises NotFound, Conflict and
        BadRequest."""
        workspace = call.target
        target = self._target(workspace, wanted.compute)
        _check_names(workspace, wanted)
        run_id = self._run_id(call, wanted)
        token = self._token(workspace, run_id, call.now, wanted.snapshot)
        job = Job(run_id, token, wanted.script, dict(workspace.credentials), target.id)
        job = replace(job, snapshot=wanted.snapshot, variables=dict(wanted.variables))
        if target.machine:
            job = self._unmanaged(service, call, target, job, wanted)
        else:
            job = self._managed(service, call, target, job, wanted)
        script = wanted.script if type(wanted.script) is str else ""
        run = Run(
            *(run_id, wanted.experiment, str(call.identity), wanted.compute),
            snapshot_id=wanted.snapshot,
            script=script,
            image=job.image,
            environment_variables=dict(wanted.variables),
            data_stores=list(wanted.data_stores),
        )
        self._history.write(call, run)
        self._collection.report(call, "run submitted", _collected(run))
        return run

    def _target(self, workspace: Workspace, compute: str) -> ComputeCluster:
        if compute not in workspace.computes:
            known = ", ".join(workspace.computes) or "none yet"
            raise NotFound("The workspace has no such compute target.", presented=compute, required=known)
        target = self._resources.find(workspace.computes[compute])
        assert isinstance(target, ComputeCluster)
        if target.machine and target.compute_type not in UNMANAGED:
            raise BadRequest(
                "No run is carried out there: this compute target is for web services.",
                presented=f"{target.name}, {target.compute_type}",
                required="a cluster of Machine Learning Compute, a virtual machine or HDInsight",
            )
        return target

    def check_known(self, call: Call[Workspace], run_id: str) -> None:
        """Raises NotFound for a run that is none of the workspace's."""
        self._history.read(call, run_id)

    def _run_id(self, call: Call[Workspace], wanted: Wanted) -> str:
        names = self._history.names(call)
        if wanted.run_id:
            if wanted.run_id in names:
                raise Conflict("The workspace has a run of this id.", presented=wanted.run_id)
            return wanted.run_id
        number = len(names) + 1
        while f"{wanted.experiment}_{number}" in names:
            number += 1
        return f"{wanted.experiment}_{number}"

    def _token(self, workspace: Workspace, run_id: str, now: int, snapshot: str) -> Token:
        claims = {
            "aud": workspace.id.lower(),
            "iss": ISSUER,
            "iat": now,
            "nbf": now,
            "exp": now + TOKEN_LIFETIME,
            "sub": run_id,
            "tid": workspace.tenant_id,
            # A workspace that is created again under the same id is another one, with another identity.
            "wid": workspace.identity_id,
        }
        claims |= {"snapshot": snapshot} if snapshot else {}
        return Token(self._keys.sign(claims), self._clock)

    def _managed(
        self,
        service: MachineLearning,
        call: Call[Workspace],
        target: ComputeCluster,
        job: Job,
        wanted: Wanted,
    ) -> Job:
        """What the documents say comes before the container starts. Statement flow-training-managed."""
        if job.snapshot:
            image = ensure_image(service, call, wanted.environment)
            management = self._write_management_code(service, call, job, wanted)
            job = replace(job, image=image, management=management)
        call.ask(Compute.start, target.id, service.as_workspace(call, call.target), job)
        return job

    def _write_management_code(
        self, service: MachineLearning, call: Call[Workspace], job: Job, wanted: Wanted
    ) -> str:
        """Puts it on the file share of the workspace's storage account, with the account's key out of the
        vault. Returns where it is."""
        # assumption: management-code
        code = {
            "run_id": job.run_id,
            "snapshot": job.snapshot,
            "script": wanted.script,
            "environment_variables": dict(job.variables),
        }
        name = management_code(call.target, job.run_id)
        connection = service.from_vault(call, kept_as(DEFAULT_STORE))
        line = Line(call.ask, self._resources, lambda: self._clock.now)
        StorageClient(line, connection).ask(FileStorage.put, name, json.dumps(code).encode())
        return name

    def _unmanaged(
        self,
        service: MachineLearning,
        call: Call[Workspace],
        target: ComputeCluster,
        job: Job,
        wanted: Wanted,
    ) -> Job:
        """The job waits at Azure ML until that signs in to the machine. Of the workspace's credentials it
        brings none but what opens the image of its environment, if it has one."""
        image = ensure_image(service, call, wanted.environment) if wanted.environment.docker else ""
        # assumption: attached-credentials
        credentials = {what: one for what, one in job.credentials.items() if what == "registry" and image}
        job = replace(job, image=image, environment=wanted.environment, credentials=credentials)
        call.undo(partial(target.jobs.remove, job))
        target.jobs.append(job)
        return job


def _collected(run: Run) -> Fields:
    """What Microsoft may learn of a run. Statements data-collected, data-env-vars, data-run-id."""
    return {
        "experiment": run.experiment,
        "compute": run.compute,
        "run id": run.run_id,
        "data store": run.data_stores,
        "environment variable": run.environment_variables,
    }


def _check_names(workspace: Workspace, wanted: Wanted) -> None:
    for name in wanted.data_stores:
        if name not in workspace.data_stores:
            known = ", ".join(sorted(workspace.data_stores))
            raise NotFound(
                "The workspace has no such data store.", presented=brief(name), required=known[:200]
            )
    if wanted.snapshot:
        names = known_snapshot(workspace, wanted.snapshot).names
        if wanted.script not in names:
            raise NotFound(
                "The snapshot has no such file.",
                presented=brief(wanted.script),
                required=brief(list(names), 200),
            )
