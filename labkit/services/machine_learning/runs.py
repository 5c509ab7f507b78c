"""Runs: submitted by a user, carried out by a compute target that calls back with a token of its own."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence

from labkit.authenticators.platform import Platform
from labkit.authenticators.run_token import RunToken
from labkit.core.credential import Bearer
from labkit.core.errors import BadRequest, Conflict, brief
from labkit.core.operation import Call, operation
from labkit.services.machine_learning.compute import Script
from labkit.services.machine_learning.environments import Environment, environment_of
from labkit.services.machine_learning.run_history import RunHistory
from labkit.services.machine_learning.submission import (
    TOKEN_LIFETIME,
    Submission,
    Wanted,
    check_run_id,
    check_variables,
)
from labkit.services.machine_learning.workspace import TYPE, MachineLearning, Run, Workspace
from labkit.services.metrics import COMPLETED, FAILED

__all__ = ["TOKEN_LIFETIME", "Runs", "check_experiment"]

_RUNS = f"{TYPE}/experiments/runs"
# A run id has at most 256 characters.
_LONGEST_NAME = 240


def check_experiment(experiment: str) -> None:
    """Raises BadRequest."""
    # Run ids begin with it, and a number follows.
    if len(experiment) > _LONGEST_NAME or not experiment.replace("-", "").replace("_", "").isalnum():
        raise BadRequest(
            "An experiment needs a name.",
            presented=brief(experiment),
            required=f"letters, digits, - and _, at most {_LONGEST_NAME}",
        )


def _check_submission(
    experiment: str,
    script: Script | str,
    snapshot: str,
    run_id: str,
    environment_variables: Mapping[str, str] | None,
    image: str,
    dependencies: Sequence[str],
    docker: bool,
    data_stores: Sequence[str],
) -> None:
    check_experiment(experiment)
    if snapshot and (type(script) is not str or not script.endswith(".py")):
        raise BadRequest(
            "With a snapshot the script is a file in it.",
            presented=brief(script),
            required="such as train.py",
        )
    if not snapshot and not callable(script):
        raise BadRequest(
            "A run needs a script.", required="a function, or a snapshot and the name of a file in it"
        )
    check_run_id(run_id)
    if environment_variables is not None:
        check_variables(environment_variables)
    if environment_of(dependencies, image, docker) != Environment() and not snapshot:
        raise BadRequest(
            "An environment is prepared for the code of a snapshot.",
            presented="a function, which runs in the lab itself",
            required="a snapshot, or no dependencies, image and docker",
        )
    if type(data_stores) not in (list, tuple) or any(type(one) is not str for one in data_stores):
        raise BadRequest(
            "Data stores are named.", presented=brief(data_stores), required="a list of their names"
        )


def _check_metric(value: float) -> None:
    # A bool is an int to Python, and an int may be too large for a float.
    if type(value) not in (int, float) or not -sys.float_info.max <= value <= sys.float_info.max:
        raise BadRequest("A metric is a finite number.", presented=brief(value))


class Runs(MachineLearning):
    """Run history, kept in Cosmos DB. Submitting takes a user's or an application's token; writing also the
    run's own."""

    def __init__(self, platform: Platform, history: RunHistory, submission: Submission) -> None:
        super().__init__(platform)
        self._history = history
        self._submission = submission

    @operation("Submit run", action=f"{_RUNS}/submit/action", parse=_check_submission)
    def submit(
        self,
        call: Call[Workspace],
        experiment: str,
        compute: str,
        script: Script | str,
        *,
        snapshot: str = "",
        run_id: str = "",
        environment_variables: Mapping[str, str] | None = None,
        image: str = "",
        dependencies: Sequence[str] = (),
        docker: bool = False,
        data_stores: Sequence[str] = (),
    ) -> Run:
        """Makes a run id, unless one is given, and an ML service token for it, and hands the job to the
        compute target. `script` is a function or, with a `snapshot` (its id), the name of a .py file in it
        that defines `main(run)`; `image` (the base image), `dependencies` (packages) and, on a machine that
        was attached, `docker` are its environment. Raises NotFound for an unknown compute target, snapshot,
        file or data store, and Conflict for a run id that is taken. Statements authn-run-token,
        flow-training-start, flow-training-managed, flow-training-unmanaged."""
        environment = environment_of(dependencies, image, docker)
        what = (snapshot, run_id, environment_variables or {}, environment, tuple(data_stores))
        return self._submission.submit(self, call, Wanted(experiment, compute, script, *what))

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
        call.target.counted.add(call, FAILED if error else COMPLETED)
        self._history.write(call, run, etag)

    @operation("Get run", action=f"{_RUNS}/read", accepts=(Bearer, RunToken))
    def get(self, call: Call[Workspace], run_id: str) -> Run:
        """A run with its metrics, as of now."""
        return self._history.read(call, run_id)[0]
