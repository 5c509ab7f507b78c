"""Compute targets, and what a training script sees of the run it belongs to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, ClassVar, Protocol

from labkit.authenticators.platform import Platform
from labkit.authenticators.ssh import SshKey, SshPassword
from labkit.core.errors import BadRequest, brief
from labkit.core.operation import Call, operation
from labkit.core.resource import Resource, Resources
from labkit.core.secret import Secret
from labkit.identity.token import Token
from labkit.network.places import AZURE_ML
from labkit.services import kubernetes, virtual_machine
from labkit.services.encryption import Disk
from labkit.services.machine_learning.environments import Environment, environment_of
from labkit.services.machine_learning.high_business_impact import Passed
from labkit.services.machine_learning.kubernetes_support import check_supported
from labkit.services.machine_learning.mount import Mount
from labkit.services.machine_learning.nodes import Node, Scale
from labkit.services.machine_learning.ssh_keys import SshKeys
from labkit.services.machine_learning.tls import Tls, ssl_configuration, tls_of
from labkit.services.machine_learning.tls import shown as shown_tls
from labkit.services.machine_learning.workspace import TYPE, MachineLearning, Workspace
from labkit.services.resource_id import resource_type
from labkit.services.resource_manager import ResourceManager

MANAGED = "AmlCompute"
# A workstation that Azure ML manages for one person (preview).
INSTANCE = "ComputeInstance"
# What can be attached, and the resource type of the machine.
ATTACHABLE = {
    "AKS": kubernetes.TYPE,
    "VirtualMachine": virtual_machine.TYPE,
    "HDInsight": virtual_machine.HDINSIGHT,
}
# Those that Azure ML signs in to over SSH, and carries out runs on. Statement flow-training-unmanaged.
UNMANAGED = ("VirtualMachine", "HDInsight")
# Where somebody names the account of a machine that is attached, with its password or key: for Azure ML's
# eyes alone, so that Resource Manager never shows it.
MORE = "properties"
_ACCOUNT = "administratorAccount"
# And where whoever attaches a cluster says how its web services are called.
_SSL = "sslConfiguration"
_OF_A_CLUSTER = {_SSL}
_BALANCER, _INTERNAL = "loadBalancerType", "InternalLoadBalancer"


class RunContext(Protocol):
    """What a training script is given."""

    @property
    def environment(self) -> Mapping[str, str]:
        """The environment variables of the run."""

    def log(self, name: str, value: float) -> None:
        """Writes a metric to the run's history."""

    def secret(self, name: str) -> Secret:
        """A secret of the run, through Azure ML."""

    def data_store(self, name: str) -> Secret:
        """The credential of a data store, through Azure ML."""

    def as_mount(self, data_store: str, path: str = "") -> Mount:
        """A data store, or a part of it, as a remote file system."""

    def as_download(self, data_store: str, path: str = "") -> list[str]:
        """Copies it to the node's temporary disk, and says under which names."""

    def stage(self, name: str, data: bytes) -> None:
        """Writes a file to the node's temporary disk."""

    def staged(self, name: str) -> bytes:
        """Reads one from there."""

    def list_staged(self) -> list[str]:
        """What lies there."""

    def upload_file(self, name: str, data: bytes) -> str:
        """Writes an output or a log to the workspace's Blob storage. Returns the blob's name."""


Script = Callable[[RunContext], object]


@dataclass(frozen=True)
class Job:
    """A run that waits on a compute target, with the ML service token that came with it, and the credentials
    that the node needs (statement enc-hbi-effects), by what they are for: storage, registry, ssh.

    script       a function or, with a snapshot, the name of a file in it
    target       the id of the compute target
    management   where on the workspace's file share its management code is; "" for none
    image        of its environment, in the workspace's registry; "" where it runs in no container
    variables    its environment variables
    environment  what has to be prepared on a machine that was attached
    """

    run_id: str
    token: Token = field(repr=False)
    script: Script | str
    credentials: Mapping[str, Passed] = field(default_factory=dict)
    target: str = ""
    snapshot: str = ""
    management: str = ""
    image: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)
    environment: Environment = field(default_factory=Environment)


@dataclass(eq=False)
class ComputeCluster(Resource):
    """Machine Learning Compute: managed, so it lives in the Microsoft subscription. Or, where `machine` is
    the id of one, a machine of the customer's own that was attached; `username` is then the account in it
    that Azure ML signs in to over SSH, "" where it does not.

    life         tells a managed cluster from one that had its name before
    hbi          whether its workspace is one of high business impact
    scale, node  how it scales, and the last node that it had; `provisioned` counts them
    ssh          the password of the nodes' SSH account
    subnet       the place of a managed one that stands in a virtual network, "" for none
    tls          what the web services of an attached cluster are called over https with; None for http
    now          the present moment
    """

    service: ClassVar[str] = "Machine Learning Compute"
    refuses_guests: ClassVar[bool] = True
    provider_network: ClassVar[str] = AZURE_ML
    workspace_id: str = field(default="", kw_only=True)
    jobs: list[Job] = field(default_factory=list, kw_only=True)
    compute_type: str = field(default=MANAGED, kw_only=True)
    machine: str = field(default="", kw_only=True)
    username: str = field(default="", kw_only=True)
    life: str = field(default="", repr=False, kw_only=True)
    hbi: bool = field(default=False, kw_only=True)
    scale: Scale = field(default=Scale(), kw_only=True)
    node: Node | None = field(default=None, repr=False, kw_only=True)
    provisioned: int = field(default=0, repr=False, kw_only=True)
    ssh: Passed | None = field(default=None, repr=False, kw_only=True)
    subnet: str = field(default="", kw_only=True)
    tls: Tls | None = field(default=None, repr=False, kw_only=True)
    now: Callable[[], int] = field(default=lambda: 0, repr=False, kw_only=True)

    def present(self) -> Node | None:
        """Its node, if there is one at this moment."""
        return self.node if self.node is not None and self.node.there(self.now(), self.scale) else None

    def disks(self) -> Iterator[Disk]:
        """The temporary disk of its node. The other one lies in a storage account (`NodeStorage`)."""
        if (node := self.present()) is not None:
            yield node.temporary_disk


RESOURCE_TYPE = f"{TYPE}/computes"


def attached_to(
    resources: Resources, platform: Platform
) -> Callable[[Call[ComputeCluster], Mapping[str, Any]], dict[str, Any]]:
    """How a compute target is made known to the workspace in whose id it stands: a new managed one, or a
    machine that exists, which the caller has to be allowed to write (statement flow-other-compute). Into a
    virtual machine Azure ML signs in with what the caller gives it, once (statement kv-no-user-keys)."""

    def created(call: Call[ComputeCluster], properties: Mapping[str, Any]) -> dict[str, Any]:
        workspace, target = resources.find(call.target.workspace_id), call.target
        assert isinstance(workspace, Workspace)
        target.compute_type, target.machine = _wanted(properties)
        shown: dict[str, Any] = {"computeType": target.compute_type}
        login, as_caller = _login(target.compute_type, properties), platform.forward(call.identity)
        if target.machine:
            shown["resourceId"] = target.machine
            # As Resource Manager spells it: what runs there goes with it.
            target.machine = call.ask(ResourceManager.link, target.machine, as_caller)
            check_supported(resources.get(target.machine), call.now)
            target.boundary = "Customer subscription"
        target.tls = _secured(call, resources.get(target.machine), properties)
        if target.tls is not None:
            shown[MORE] = {_SSL: shown_tls(target.tls)}
        if login is not None:
            call.ask(SshKeys.authorize, workspace.id, as_caller, target.name, target.machine, login)
            target.username = login.username
            shown[MORE] = {_ACCOUNT: {"username": login.username}}
        computes = workspace.computes
        call.undo(lambda: computes.pop(target.name, None))
        computes[target.name] = target.id
        return shown

    return created


def _wanted(properties: Mapping[str, Any]) -> tuple[str, str]:
    """Which type of compute target, and which machine. Raises BadRequest."""
    kind, machine = properties.get("computeType", MANAGED), properties.get("resourceId", "")
    if kind not in (known := (MANAGED, INSTANCE, *ATTACHABLE)):
        raise BadRequest(
            "There is no such type of compute target.", presented=brief(kind), required=", ".join(known)
        )
    if kind in (MANAGED, INSTANCE):
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


def _login(kind: str, properties: Mapping[str, Any]) -> SshPassword | SshKey | None:
    """What somebody lets Azure ML sign in with. Raises BadRequest, which shows nothing of it."""
    given = properties.get(MORE)
    if kind not in UNMANAGED and given is None:
        return None
    if kind == "AKS" and type(given) is dict and given.keys() <= _OF_A_CLUSTER:
        return None
    account = given.get(_ACCOUNT) if type(given) is dict else None
    account = account if kind in UNMANAGED and type(account) is dict else {}
    texts = {name: text for name, text in account.items() if type(text) is str and text}
    if texts.keys() == {"username", "password"}:
        return SshPassword(texts["username"], texts["password"])
    if texts.keys() == {"username", "privateKeyData"}:
        return SshKey(texts["username"], texts["privateKeyData"])
    raise BadRequest(
        "Azure ML signs in to virtual machines and HDInsight, and to nothing else, with an account there.",
        presented=f"{kind}, {MORE} not shown",
        required=f"{' or '.join(UNMANAGED)}, {_ACCOUNT} with username, and password or privateKeyData",
    )


def _secured(
    call: Call[ComputeCluster], cluster: Resource | None, properties: Mapping[str, Any]
) -> Tls | None:
    """With what the web services of a cluster are called over https: none unless somebody says so. Raises
    BadRequest."""
    given = properties.get(MORE) or {}
    if _SSL not in given:
        return None
    if call.target.compute_type != "AKS" or cluster is None:
        raise BadRequest(
            "Web services run on Kubernetes clusters alone.",
            presented=f"{_SSL} for {call.target.compute_type}",
            required="a compute target of type AKS",
        )
    tls = tls_of(ssl_configuration(given[_SSL]), call.now, call.target.id, cluster.region)
    public = isinstance(cluster, kubernetes.KubernetesCluster) and cluster.balancer.rules.public
    if tls is not None and tls.from_microsoft and (not public or properties.get(_BALANCER) == _INTERNAL):
        # https://learn.microsoft.com/azure/machine-learning/v1/how-to-secure-web-service
        raise BadRequest(
            "Behind an internal load balancer there is no certificate of Microsoft's.",
            presented="leafDomainLabel",
            required="cname, cert and key: a certificate of the customer's own",
        )
    return tls


def detached_from(resources: Resources, platform: Platform) -> Callable[[Call[ComputeCluster]], None]:
    """How a deleted compute target is forgotten by its workspace."""

    def deleted(call: Call[ComputeCluster]) -> None:
        workspace = resources.find(call.target.workspace_id)
        assert isinstance(workspace, Workspace)
        name, machine, username = call.target.name, call.target.machine, call.target.username
        if username:
            as_caller = platform.forward(call.identity)
            call.ask(SshKeys.withdraw, workspace.id, as_caller, name, machine, username)
        id = workspace.computes.pop(name, "")
        call.undo(lambda: workspace.computes.update({name: id}))

    return deleted


def _whole(job: Job) -> bool:
    texts = (job.run_id, job.target, job.snapshot, job.management, job.image)
    variables = job.variables.items() if type(job.variables) is dict else [(None, None)]
    return (
        all(type(one) is str for one in (*texts, *(text for pair in variables for text in pair)))
        and type(job.token) is Token
        and (type(job.script) is str if job.snapshot else callable(job.script))
        and type(job.credentials) is dict
        and all(map(_handed_on, job.credentials.values()))
        and type(job.environment) is Environment
        and _fit(job.environment)
    )


def _handed_on(one: object) -> bool:
    return type(one) is Passed and type(one.secret) is str and type(one.value) in (Secret, type(None))


def _fit(given: Environment) -> bool:
    try:
        return environment_of(given.dependencies, given.base_image, given.docker) == given
    except (BadRequest, TypeError):
        return False


def check_job(job: Job) -> None:
    """Raises BadRequest for what Azure ML has not made."""
    if type(job) is not Job or not _whole(job):
        raise BadRequest("That is not a job.", presented=brief(job), required="what Azure ML sends for a run")


class Compute(MachineLearning):
    """How Azure ML reaches a compute target: with the workspace's managed identity."""

    name = "Machine Learning Compute"
    resource = ComputeCluster

    @operation("Start job", action=f"{TYPE}/experiments/runs/submit/action", parse=check_job)
    def start(self, call: Call[ComputeCluster], job: Job) -> None:
        """Queues a job. The node takes it up later and calls back with the token it holds. Raises BadRequest
        for a machine that was attached, which is reached in another way."""
        if call.target.compute_type == INSTANCE:
            # assumption: instance-runs-nothing
            raise BadRequest(
                "The lab carries out no run on a compute instance.",
                presented=f"{call.target.name}, {INSTANCE}",
                required=f"a compute target of type {MANAGED}",
            )
        if call.target.machine:
            raise BadRequest(
                "No job is started in this way on an attached machine.",
                presented=f"{call.target.name}, {call.target.compute_type}",
                required=f"a compute target of type {MANAGED}",
            )
        cluster, node = call.target, call.target.present()
        if cluster.ssh is not None:
            job = replace(job, credentials={**job.credentials, "ssh": cluster.ssh})
        if node is not None:
            call.undo(partial(setattr, node, "idle_since", node.idle_since))
            node.idle_since = None
        call.undo(lambda: cluster.jobs.remove(job))
        cluster.jobs.append(job)
