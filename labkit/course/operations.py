"""The operations of the documents' table, each as the calls that it takes (statements rbac-matrix and
rbac-upgrade). Nothing here knows who may do what."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from labkit.access.matrix import Way
from labkit.authenticators.service_key import ServiceKey
from labkit.authenticators.service_token import ServiceToken
from labkit.core.credential import Credential
from labkit.core.operation import Op
from labkit.course.trial import Trial
from labkit.furniture import REGION
from labkit.lab import Lab
from labkit.services import kubernetes, storage
from labkit.services.authorization import Authorization
from labkit.services.machine_learning.compute import RunContext
from labkit.services.machine_learning.data_stores import DataStores
from labkit.services.machine_learning.edition import Editions
from labkit.services.machine_learning.images import Images
from labkit.services.machine_learning.models import Models
from labkit.services.machine_learning.runs import Runs
from labkit.services.machine_learning.scoring import Scoring
from labkit.services.machine_learning.web_services import WebService, WebServices
from labkit.services.machine_learning.workspace import TYPE
from labkit.services.resource_id import group_of
from labkit.services.resource_manager import ResourceManager

Act = Callable[[], object]
# Has olivia make what has to be there before, and returns what the person then does.
Scene = Callable[[Trial], Act]


@dataclass(frozen=True)
class DocumentedOperation:
    """A row of the documents' table. `ways` are the scenes by name; `begins` is a call without which a lab
    does not have the operation."""

    name: str
    begins: Op[..., Any] = field(repr=False)
    ways: Mapping[str, Scene] = field(repr=False)

    def is_in(self, lab: Lab) -> bool:
        """Whether there is anything in the lab that it could be asked of."""
        service = lab.parts.door.services[self.begins.service]
        return next(iter(service.targets(lab.resources)), None) is not None

    def attempt(self, lab: Lab, who: str) -> tuple[Way, ...]:
        """A person of the lab tries it in each way: for real, and only once, since what is made is there
        afterwards. Raises what `Trial.attempt` raises."""
        trial = Trial(lab, who)
        return tuple(trial.attempt(name, scene(trial)) for name, scene in self.ways.items())


def _create_workspace(trial: Trial) -> Act:
    id = f"{group_of(trial.lab.workspace)}/providers/{TYPE}/{trial.name('workspace')}"
    return lambda: trial.ask(ResourceManager.put, id, REGION)


def _share_workspace(trial: Trial) -> Act:
    friend = trial.name("friend").replace("-", "_")
    trial.lab.hire(friend)
    user = trial.lab.directory.user(friend)
    assert user is not None
    return lambda: trial.ask(Authorization.assign, trial.lab.workspace, "Reader", user.object_id)


def _upgrade(trial: Trial) -> Act:
    return lambda: trial.ask(Editions.upgrade, trial.lab.workspace)


def _create_compute_target(trial: Trial) -> Act:
    id = f"{trial.lab.workspace}/computes/{trial.name('cluster')}"
    return lambda: trial.ask(ResourceManager.put, id, REGION)


def _machine(trial: Trial) -> dict[str, str]:
    """A Kubernetes cluster in the workspace's resource group, as attaching wants it named."""
    id = f"{group_of(trial.lab.workspace)}/providers/{kubernetes.TYPE}/{trial.name('machine')}"
    trial.prepare(ResourceManager.put, id, REGION)
    return {"computeType": "AKS", "resourceId": id}


def _attach_compute_target(trial: Trial) -> Act:
    machine, id = _machine(trial), f"{trial.lab.workspace}/computes/{trial.name('attached')}"
    return lambda: trial.ask(ResourceManager.put, id, REGION, machine)


def _attach_data_store(trial: Trial) -> Act:
    name = trial.name("data").replace("-", "")
    id = f"{group_of(trial.lab.workspace)}/providers/{storage.TYPE}/{name}"
    trial.prepare(ResourceManager.put, id, REGION)
    opens = storage.connection_string(name, trial.prepare(ResourceManager.post, id, "listKeys"))
    return lambda: trial.ask(DataStores.attach, trial.lab.workspace, name, opens)


def _script(context: RunContext) -> None:
    context.log("loss", 0.25)


def _run_experiment(trial: Trial) -> Act:
    lab, name = trial.lab, trial.name("experiment")
    return lambda: trial.ask(Runs.submit, lab.workspace, name, lab.cluster, _script)


def _view_runs(trial: Trial) -> Act:
    lab = trial.lab
    run = trial.prepare(Runs.submit, lab.workspace, trial.name("lesson"), lab.cluster, _script)
    lab.work()
    return lambda: trial.ask(Runs.get, lab.workspace, run.run_id)


def _register_model(trial: Trial) -> Act:
    return lambda: trial.ask(Models.register, trial.lab.workspace, trial.name("model"), b"weights")


def _model(trial: Trial) -> str:
    """A model that is registered."""
    return trial.prepare(Models.register, trial.lab.workspace, trial.name("lesson"), b"weights").name


def _create_image(trial: Trial) -> Act:
    model = _model(trial)
    return lambda: trial.ask(Images.create, trial.lab.workspace, trial.name("image"), model)


def _deploy_to_aci(trial: Trial) -> Act:
    model = _model(trial)
    return lambda: trial.ask(WebServices.deploy_aci, trial.lab.workspace, trial.name("on-aci"), model)


def _cluster(trial: Trial) -> str:
    """A Kubernetes cluster that is attached to the workspace."""
    name, machine = trial.name("aks"), _machine(trial)
    trial.prepare(ResourceManager.put, f"{trial.lab.workspace}/computes/{name}", REGION, machine)
    return name


def _deploy_to_aks(trial: Trial) -> Act:
    lab, model, cluster = trial.lab, _model(trial), _cluster(trial)
    return lambda: trial.ask(WebServices.deploy_aks, lab.workspace, trial.name("on-aks"), model, cluster)


def _view_models_and_images(trial: Trial) -> Act:
    lab = trial.lab
    trial.prepare(Images.create, lab.workspace, trial.name("lesson"), _model(trial))

    def act() -> object:
        models = trial.ask(Models.list_models, lab.workspace)
        return models, trial.ask(Images.list_images, lab.workspace)

    return act


def _deployed(trial: Trial, name: str, auth: str) -> WebService:
    """A web service on AKS."""
    model, cluster = _model(trial), _cluster(trial)
    where, tokens = trial.lab.workspace, auth == "token"
    return trial.prepare(WebServices.deploy_aks, where, trial.name(name), model, cluster, not tokens, tokens)


def _score(trial: Trial, service: WebService, cred: Credential) -> dict[str, str]:
    return trial.lab.ask(trial.who, Scoring.score, service.address, cred, "[1, 2, 3]")


def _call_by_token(trial: Trial) -> Act:
    service = _deployed(trial, "by-token", "token")

    def act() -> object:
        token, _ = trial.ask(WebServices.get_token, trial.lab.workspace, service.name)
        return _score(trial, service, ServiceToken(token.reveal()))

    return act


def _call_by_fetched_key(trial: Trial) -> Act:
    service = _deployed(trial, "by-key", "key")

    def act() -> object:
        primary, _ = trial.ask(WebServices.get_aks_keys, trial.lab.workspace, service.name)
        return _score(trial, service, ServiceKey(primary.reveal()))

    return act


def _call_by_given_key(trial: Trial) -> Act:
    service = _deployed(trial, "by-given-key", "key")
    primary, _ = trial.prepare(WebServices.get_aks_keys, trial.lab.workspace, service.name)
    return lambda: _score(trial, service, ServiceKey(primary.reveal()))


OPERATIONS: Mapping[str, DocumentedOperation] = {
    one.name: one
    for one in (
        DocumentedOperation("Create workspace", ResourceManager.put, {"": _create_workspace}),
        DocumentedOperation("Share workspace", Authorization.assign, {"": _share_workspace}),
        DocumentedOperation("Upgrade to Enterprise edition", Editions.upgrade, {"": _upgrade}),
        DocumentedOperation("Create compute target", ResourceManager.put, {"": _create_compute_target}),
        DocumentedOperation("Attach compute target", ResourceManager.put, {"": _attach_compute_target}),
        DocumentedOperation("Attach data stores", DataStores.attach, {"": _attach_data_store}),
        DocumentedOperation("Run experiment", Runs.submit, {"": _run_experiment}),
        DocumentedOperation("View runs/metrics", Runs.get, {"": _view_runs}),
        DocumentedOperation("Register model", Models.register, {"": _register_model}),
        DocumentedOperation("Create image", Images.create, {"": _create_image}),
        DocumentedOperation(
            "Deploy web service",
            WebServices.deploy_aks,
            {"on ACI": _deploy_to_aci, "on AKS": _deploy_to_aks},
        ),
        DocumentedOperation("View models/images", Models.list_models, {"": _view_models_and_images}),
        DocumentedOperation(
            "Call web service",
            WebServices.get_token,
            {
                "by token": _call_by_token,
                "by a fetched key": _call_by_fetched_key,
                "by a key handed over": _call_by_given_key,
            },
        ),
    )
}
