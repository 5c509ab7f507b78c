"""Compute targets, and what a training script sees of the run it belongs to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

from labkit.core.errors import BadRequest, brief
from labkit.core.operation import Call, operation
from labkit.core.resource import Resource, Resources
from labkit.core.secret import Secret
from labkit.identity.token import Token
from labkit.services.machine_learning.workspace import TYPE, MachineLearning, Workspace


class RunContext(Protocol):
    """What a training script is given."""

    def log(self, name: str, value: float) -> None:
        """Writes a metric to the run's history."""

    def secret(self, name: str) -> Secret:
        """A secret of the run, through Azure ML."""

    def data_store(self, name: str) -> Secret:
        """The credential of a data store, through Azure ML."""


Script = Callable[[RunContext], object]


@dataclass(frozen=True)
class Job:
    """A run that waits on a compute target, with the ML service token that came with it."""

    run_id: str
    token: Token = field(repr=False)
    script: Script


@dataclass(eq=False)
class ComputeCluster(Resource):
    """Machine Learning Compute: managed, so it lives in the Microsoft subscription."""

    service: ClassVar[str] = "Machine Learning Compute"
    refuses_guests: ClassVar[bool] = True
    workspace_id: str = field(default="", kw_only=True)
    jobs: list[Job] = field(default_factory=list, kw_only=True)


RESOURCE_TYPE = f"{TYPE}/computes"


def attached_to(resources: Resources) -> Callable[[Call[ComputeCluster], Mapping[str, Any]], dict[str, Any]]:
    """How a compute target is made known to the workspace in whose id it stands."""

    def created(call: Call[ComputeCluster], properties: Mapping[str, Any]) -> dict[str, Any]:
        workspace = resources.find(call.target.workspace_id)
        assert isinstance(workspace, Workspace)
        computes, name = workspace.computes, call.target.name
        computes[name] = call.target.id
        call.undo(lambda: computes.pop(name, None))
        return {"computeType": "AmlCompute"}

    return created


def detached_from(resources: Resources) -> Callable[[Call[ComputeCluster]], None]:
    """How a deleted compute target is forgotten by its workspace."""

    def deleted(call: Call[ComputeCluster]) -> None:
        workspace = resources.find(call.target.workspace_id)
        assert isinstance(workspace, Workspace)
        name, id = call.target.name, workspace.computes.pop(call.target.name, "")
        call.undo(lambda: workspace.computes.update({name: id}))

    return deleted


def _check_job(job: Job) -> None:
    if type(job) is not Job or type(job.token) is not Token or not callable(job.script):
        raise BadRequest("That is not a job.", presented=brief(job), required="what Azure ML sends for a run")


class Compute(MachineLearning):
    """How Azure ML reaches a compute target: with the workspace's managed identity."""

    name = "Machine Learning Compute"
    resource = ComputeCluster

    @operation("Start job", action=f"{TYPE}/experiments/runs/submit/action", parse=_check_job)
    def start(self, call: Call[ComputeCluster], job: Job) -> None:
        """Queues a job. The node takes it up later and calls back with the token it holds."""
        jobs = call.target.jobs
        call.undo(lambda: jobs.remove(job))
        jobs.append(job)
