"""The flows of the documents, performed: what somebody does at a computer, and what machines do then."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from labkit.authenticators.service_key import ServiceKey
from labkit.core.credential import Anonymous, Bearer, Credential
from labkit.core.operation import Op, P, R
from labkit.furniture import REGION
from labkit.lab import Lab
from labkit.services import kubernetes, virtual_machine
from labkit.services.machine_learning import workspace
from labkit.services.machine_learning.compute import ComputeCluster
from labkit.services.machine_learning.images import Images
from labkit.services.machine_learning.models import Models
from labkit.services.machine_learning.runs import Runs
from labkit.services.machine_learning.scoring import Scoring
from labkit.services.machine_learning.serving import ScoringScript
from labkit.services.machine_learning.snapshots import Snapshots
from labkit.services.machine_learning.web_services import WebService, WebServices
from labkit.services.machine_learning.workspace import Workspace
from labkit.services.registry import Registry
from labkit.services.resource_manager import ResourceManager
from labkit.services.storage import StorageAccount

USER = "carl"
MODEL, CLUSTER, MACHINE = "churn", "aks", "box"
_BODY = '{"data": [[1, 2, 3]]}'
_CODE = {
    "train.py": b"def main(run):\n    run.log('accuracy', 0.91)\n    run.log('loss', 0.23)\n",
    "columns.txt": b"age\ntenure\n",
}
_ACCOUNT = {"username": "azureuser", "password": "lab-not-a-password"}


@dataclass
class Scene:
    """A lab, the user at the keyboard, and the access token in the user's hand, if there is one. `round`
    counts how often the flow was performed; `made` is what a step left for the next one."""

    lab: Lab
    held: Bearer | None = None
    round: int = 0
    made: dict[str, Any] = field(default_factory=dict)

    @property
    def token(self) -> Bearer:
        """The token, after a sign-in where there is none."""
        if self.held is None:
            self.held = self.lab.sign_in(USER).bearer
        return self.held

    def ask(self, op: Op[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """A call of the user's on the workspace."""
        return self.lab.ask(USER, op, self.lab.workspace, self.token, *args, **kwargs)

    def put(self, id: str, properties: Mapping[str, Any] | None = None) -> None:
        """A resource that the user creates."""
        self.lab.ask(USER, ResourceManager.put, id, self.token, REGION, dict(properties or {}))

    def state(self) -> tuple[str, ...]:
        """What is there: in the user's hand, and in the workspace with what it depends on."""
        here, resources = self.lab.workspace, self.lab.resources
        found = resources.find(here)
        assert isinstance(found, Workspace)
        storage, registry = (resources.find(found.depends_on[role]) for role in ("storage", "registry"))
        assert isinstance(storage, StorageAccount)
        assert isinstance(registry, Registry)
        cluster = resources.find(f"{here}/computes/{self.lab.cluster}")
        assert isinstance(cluster, ComputeCluster)
        return (
            f"the user has {'an access token' if self.held else 'no access token'}",
            f"{found.name} has {_many(len(storage.blobs.names()), 'blob')}, "
            f"{_many(len(storage.files.names()), 'file')} and "
            f"{_many(len(registry.images.names()), 'image')}",
            f"{cluster.name} has {'a node' if cluster.present() else 'no node'}",
        )


def _many(number: int, one: str) -> str:
    return f"{number or 'no'} {one}{'' if number == 1 else 's'}"


def create_workspace(scene: Scene) -> None:
    """A workspace, and all that it depends on. Statement flow-create-workspace."""
    scene.made["workspace"] = f"{scene.lab.resource_group}/providers/{workspace.TYPE}/flow-{scene.round}"
    scene.put(scene.made["workspace"])


def create_with_compute(scene: Scene) -> None:
    """The same, with the optional step: a Kubernetes cluster and a virtual machine are provisioned, and
    attached. Statement flow-other-compute."""
    create_workspace(scene)
    group, number = scene.lab.resource_group, scene.round
    computes = f"{scene.made['workspace']}/computes"
    _cluster(scene, f"{group}/providers/{kubernetes.TYPE}/{CLUSTER}-{number}", f"{computes}/{CLUSTER}")
    machine = f"{group}/providers/{virtual_machine.TYPE}/{MACHINE}-{number}"
    _machine(scene, machine, f"{computes}/{MACHINE}")


def store_snapshot(scene: Scene) -> None:
    """The directory of an experiment becomes a snapshot, and somebody looks at it again. Statement
    flow-snapshot."""
    upload_code(scene)
    scene.ask(Snapshots.get, scene.made["snapshot"])


def upload_code(scene: Scene) -> None:
    """A snapshot for training."""
    scene.made["snapshot"] = scene.ask(Snapshots.create, dict(_CODE)).snapshot_id


def train_managed(scene: Scene) -> None:
    """A run on a cluster of Azure ML's. Statements flow-training-start, flow-training-managed."""
    submit(scene)
    scene.lab.work()


def submit(scene: Scene) -> None:
    """A run that waits on the cluster."""
    scene.made["run"] = _submitted(scene, scene.lab.cluster)


def train_unmanaged(scene: Scene) -> None:
    """A run on a machine of the user's own. Statements flow-training-start, flow-training-unmanaged."""
    _submitted(scene, MACHINE)
    scene.lab.work(MACHINE)


def _submitted(scene: Scene, compute: str) -> str:
    snapshot, packages = scene.made["snapshot"], ("scikit-learn",)
    asked: dict[str, Any] = {"snapshot": snapshot, "dependencies": packages}
    return scene.ask(Runs.submit, "churn", compute, "train.py", **asked).run_id


def attach_machine(scene: Scene) -> None:
    """A virtual machine in the workspace, and code to run."""
    upload_code(scene)
    machine = f"{scene.lab.resource_group}/providers/{virtual_machine.TYPE}/{MACHINE}"
    _machine(scene, machine, f"{scene.lab.workspace}/computes/{MACHINE}")


def _machine(scene: Scene, machine: str, target: str) -> None:
    profile = {"adminUsername": _ACCOUNT["username"], "adminPassword": _ACCOUNT["password"]}
    scene.put(machine, {"osProfile": profile})
    account = {"administratorAccount": _ACCOUNT}
    scene.put(target, {"computeType": "VirtualMachine", "resourceId": machine, "properties": account})


def _cluster(scene: Scene, cluster: str, target: str) -> None:
    scene.put(cluster)
    scene.put(target, {"computeType": "AKS", "resourceId": cluster})


def metrics(scene: Scene) -> None:
    """The run that waits is carried out, and its metrics are asked for. Statement flow-metrics."""
    scene.lab.work()
    scene.ask(Runs.get, scene.made["run"])


def attach_cluster(scene: Scene) -> None:
    """A Kubernetes cluster in the workspace."""
    cluster = f"{scene.lab.resource_group}/providers/{kubernetes.TYPE}/{CLUSTER}"
    _cluster(scene, cluster, f"{scene.lab.workspace}/computes/{CLUSTER}")


def deploy_on_aks(scene: Scene) -> None:
    """A model becomes a web service on a cluster, and is called. Statement flow-web-service."""
    _image(scene)
    name = f"on-aks-{scene.round}"
    service = scene.ask(WebServices.deploy_aks, name, MODEL, CLUSTER)
    primary, _ = scene.ask(WebServices.get_aks_keys, name)
    _score(scene, service, ServiceKey(primary.reveal()))


def deploy_on_aci(scene: Scene) -> None:
    """The same on Container Instances. Statement flow-web-service."""
    _image(scene)
    _score(scene, scene.ask(WebServices.deploy_aci, f"on-aci-{scene.round}", MODEL), Anonymous())


def _image(scene: Scene) -> None:
    scene.ask(Models.register, MODEL, b"weights")
    scene.ask(Images.create, f"{MODEL}-image", MODEL, ScoringScript(_risk), ("scikit-learn",))


def _risk(body: str) -> list[float]:
    return [0.5 for _ in json.loads(body)["data"]]


def _score(scene: Scene, service: WebService, cred: Credential) -> None:
    # At the address that the service has, http or https.
    scene.lab.ask("an application", Scoring.score, service.address, cred, _BODY)
