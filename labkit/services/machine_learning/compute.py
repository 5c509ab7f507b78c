"""Compute targets, and what a training script sees of the run it belongs to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

from labkit.authenticators.platform import Platform
from labkit.core.errors import BadRequest, brief
from labkit.core.operation import Call, operation
from labkit.core.resource import Resource, Resources
from labkit.core.secret import Secret
from labkit.identity.token import Token
from labkit.services import kubernetes
from labkit.services.machine_learning.workspace import TYPE, MachineLearning, Workspace
from labkit.services.resource_id import resource_type
from labkit.services.resource_manager import ResourceManager

MANAGED = "AmlCompute"
VIRTUAL_MACHINE = "Microsoft.Compute/virtualMachines"
# What can be attached, and the resource type of the machine.
ATTACHABLE = {"AKS": kubernetes.TYPE, "VirtualMachine": VIRTUAL_MACHINE}


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
    """Machine Learning Compute: managed, so it lives in the Microsoft subscription. Or, where `machine` is
    the id of one, a machine of the customer's own that was attached."""

    service: ClassVar[str] = "Machine Learning Compute"
    refuses_guests: ClassVar[bool] = True
    workspace_id: str = field(default="", kw_only=True)
    jobs: list[Job] = field(default_factory=list, kw_only=True)
    compute_type: str = field(default=MANAGED, kw_only=True)
    machine: str = field(default="", kw_only=True)


RESOURCE_TYPE = f"{TYPE}/computes"


def attached_to(
    resources: Resources, platform: Platform
) -> Callable[[Call[ComputeCluster], Mapping[str, Any]], dict[str, Any]]:
    """How a compute target is made known to the workspace in whose id it stands: a new managed one, or a
    machine that exists, which the caller has to be allowed to write (statement flow-other-compute)."""

    def created(call: Call[ComputeCluster], properties: Mapping[str, Any]) -> dict[str, Any]:
        workspace, target = resources.find(call.target.workspace_id), call.target
        assert isinstance(workspace, Workspace)
        target.compute_type, target.machine = _wanted(properties)
        shown = {"computeType": target.compute_type}
        if target.machine:
            shown["resourceId"] = target.machine
            # As Resource Manager spells it: what runs there goes with it.
            as_caller = platform.forward(call.identity)
            target.machine = call.ask(ResourceManager.link, target.machine, as_caller)
            target.boundary = "Customer subscription"
        computes = workspace.computes
        call.undo(lambda: computes.pop(target.name, None))
        computes[target.name] = target.id
        return shown

    return created


def _wanted(properties: Mapping[str, Any]) -> tuple[str, str]:
    """Which type of compute target, and which machine. Raises BadRequest."""
    kind, machine = properties.get("computeType", MANAGED), properties.get("resourceId", "")
    if kind not in (known := (MANAGED, *ATTACHABLE)):
        raise BadRequest(
            "There is no such type of compute target.", presented=brief(kind), required=", ".join(known)
        )
    if kind == MANAGED:
        if machine != "":
            raise BadRequest("Azure ML makes this one itself.", presented="a resourceId", required="none")
        return kind, ""
    if type(machine) is not str or resource_type(machine).lower() != ATTACHABLE[kind].lower():
        raise BadRequest(
            "That is not a machine of this type.",
            presented=brief(machine),
            required=f"resourceId: the id of one of {ATTACHABLE[kind]}",
        )
    return kind, machine


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
        """Queues a job. The node takes it up later and calls back with the token it holds. Raises BadRequest
        for a machine that was attached: the lab runs nothing there yet."""
        if call.target.machine:
            raise BadRequest(
                "The lab carries out no run on an attached machine.",
                presented=f"{call.target.name}, {call.target.compute_type}",
                required=f"a compute target of type {MANAGED}",
            )
        jobs = call.target.jobs
        call.undo(lambda: jobs.remove(job))
        jobs.append(job)
