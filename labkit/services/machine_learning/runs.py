"""Runs: submitted by a user, carried out by a compute target that calls back with a token of its own."""

from __future__ import annotations

import sys

from labkit.authenticators.platform import Platform
from labkit.authenticators.run_token import ISSUER, RunToken
from labkit.core.clock import Clock
from labkit.core.credential import Bearer
from labkit.core.errors import BadRequest, Conflict, NotFound, brief
from labkit.core.operation import Call, operation
from labkit.identity.issuer import SigningKeys
from labkit.identity.token import Token
from labkit.services.machine_learning.compute import Compute, Job, Script
from labkit.services.machine_learning.run_history import RunHistory
from labkit.services.machine_learning.workspace import TYPE, MachineLearning, Run, Workspace

# A run may last for days, and so does its token.  # assumption: run-token-lifetime
TOKEN_LIFETIME = 7 * 24 * 3600
_RUNS = f"{TYPE}/experiments/runs"


def _check_submission(experiment: str, script: Script) -> None:
    if not experiment.replace("-", "").replace("_", "").isalnum():
        raise BadRequest("An experiment needs a name.", required="letters, digits, - and _")
    if not callable(script):
        raise BadRequest("A run needs a script.", required="a function")


def _check_metric(value: float) -> None:
    # A bool is an int to Python, and an int may be too large for a float.
    if type(value) not in (int, float) or not -sys.float_info.max <= value <= sys.float_info.max:
        raise BadRequest("A metric is a finite number.", presented=brief(value))


class Runs(MachineLearning):
    """Run history, kept in Cosmos DB. Submitting takes a user's or an application's token; writing also the
    run's own."""

    def __init__(self, platform: Platform, history: RunHistory, keys: SigningKeys, clock: Clock) -> None:
        super().__init__(platform)
        self._history = history
        self._keys = keys
        self._clock = clock

    @operation("Submit run", action=f"{_RUNS}/submit/action", parse=_check_submission)
    def submit(self, call: Call[Workspace], experiment: str, compute: str, script: Script) -> Run:
        """Makes a run id and an ML service token for it, and starts the job on the compute target, which is
        reached with the workspace's managed identity. Raises NotFound for an unknown compute target.
        Statements authn-run-token, flow-training-start."""
        workspace = call.target
        if compute not in workspace.computes:
            known = ", ".join(workspace.computes) or "none yet"
            raise NotFound("The workspace has no such compute target.", presented=compute, required=known)
        number = len(self._history.names(call)) + 1
        run = Run(f"{experiment}_{number}", experiment, str(call.identity), compute)
        token = self._token(workspace, run.run_id, call.now)
        job = Job(run.run_id, token, script, dict(workspace.credentials))
        call.ask(Compute.start, workspace.computes[compute], self.as_workspace(call, workspace), job)
        self._history.write(call, run)
        return run

    def _token(self, workspace: Workspace, run_id: str, now: int) -> Token:
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
        return Token(self._keys.sign(claims), self._clock)

    def _open_run(self, call: Call[Workspace], run_id: str) -> tuple[Run, str]:
        run, etag = self._history.read(call, run_id)
        # assumption: ended-runs
        if run.status in ("Completed", "Failed"):
            raise Conflict("The run has ended.", presented=f"{run.run_id} is {run.status}")
        return run, etag

    @operation("Log metric", action=f"{_RUNS}/write", accepts=(Bearer, RunToken), parse=_check_metric)
    def log_metric(self, call: Call[Workspace], run_id: str, name: str, value: float) -> None:
        """Adds a value to a run's history. Raises NotFound; BadRequest for what is no number; Conflict once
        the run has ended."""
        run, etag = self._open_run(call, run_id)
        run.status = "Running"
        run.metrics.append((name, float(value)))
        self._history.write(call, run, etag)

    @operation("Complete run", action=f"{_RUNS}/write", accepts=(Bearer, RunToken))
    def complete(self, call: Call[Workspace], run_id: str, error: str = "") -> None:
        """The compute target reports that the script has ended; `error` says how, if it failed. Raises
        NotFound, and Conflict once the run has ended."""
        run, etag = self._open_run(call, run_id)
        run.error = error
        run.status = "Failed" if error else "Completed"
        self._history.write(call, run, etag)

    @operation("Get run", action=f"{_RUNS}/read", accepts=(Bearer, RunToken))
    def get(self, call: Call[Workspace], run_id: str) -> Run:
        """A run with its metrics, as of now."""
        return self._history.read(call, run_id)[0]
