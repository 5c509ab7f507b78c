"""What the documents' samples use and do not define: a cell above them calls `prelude(ws)` and shows it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TypeVar

from labkit.core.errors import NotFound, brief
from labkit.sdk.azureml.compute import AksCompute
from labkit.sdk.azureml.exceptions import AzureMLException, ComputeTargetException, UserErrorException
from labkit.sdk.azureml.inference import Environment
from labkit.sdk.azureml.model import Model
from labkit.sdk.azureml.webservice import AksWebservice, Webservice
from labkit.sdk.azureml.workspace import Workspace, check_workspace
from labkit.services import kubernetes
from labkit.services.machine_learning.models import Models
from labkit.services.resource_id import group_of
from labkit.services.resource_manager import ResourceManager

_MODEL, _CLUSTER, _SERVICE = "sample-model", "aks-cluster", "aks-service-sample"
_WEIGHTS = b"0.5 1.5 -2.0"
_SCRIPT = """\
import json


def init():
    global weights
    weights = [0.5, 1.5, -2.0]


def run(raw_data):
    rows = json.loads(raw_data)["data"]
    return [sum(weight * value for weight, value in zip(weights, row)) for row in rows]
"""

F = TypeVar("F")


class Prelude(NamedTuple):
    """`myenv`, an environment; `model`, a registered model; `service`, which runs it on Kubernetes and takes
    tokens."""

    myenv: Environment
    model: Model
    service: Webservice


def prelude(ws: Workspace, folder: str | os.PathLike[str] | None = None) -> Prelude:
    """Registers a small model in a workspace, attaches a Kubernetes cluster and deploys the model to it, as
    whoever is signed in to `ws`; what is there already is taken as it is. With a `folder`, score.py is
    written there unless there is one. Raises what the SDK raises."""
    check_workspace(ws)
    if folder is not None:
        _write_script(folder)
    model = _found_or_made(lambda: Model(ws, _MODEL), lambda: _register(ws))
    cluster = _found_or_made(lambda: AksCompute(ws, _CLUSTER), lambda: _attach(ws))
    services = [one for one in Webservice.list(ws) if one.name == _SERVICE]
    service = services[0] if services else _deploy(ws, model, cluster)
    return Prelude(Environment("myenv"), model, service)


def _found_or_made(find: Callable[[], F], make: Callable[[], F]) -> F:
    try:
        return find()
    except AzureMLException as error:
        if not isinstance(error.inner_exception, NotFound):
            raise
    return make()


def _write_script(folder: str | os.PathLike[str]) -> None:
    try:
        with (Path(folder) / "score.py").open("x", encoding="utf-8") as file:
            file.write(_SCRIPT)
    except FileExistsError:
        return
    except (OSError, TypeError, ValueError) as error:
        raise UserErrorException("score.py cannot be written there.", presented=brief(folder, 80)) from error


def _register(ws: Workspace) -> Model:
    return Model.of(ws, ws.ask(Models.register, _MODEL, _WEIGHTS))


def _attach(ws: Workspace) -> AksCompute:
    # A cluster of the workspace's own: services on one that two workspaces share need names of their own.
    machine = f"{group_of(ws.id)}/providers/{kubernetes.TYPE}/{ws.name}-aks"
    ws.ask(ResourceManager.put, ws.location, at=machine, kind=ComputeTargetException)
    attached = {"computeType": "AKS", "resourceId": machine}
    target = f"{ws.id}/computes/{_CLUSTER}"
    ws.ask(ResourceManager.put, ws.location, attached, at=target, kind=ComputeTargetException)
    return AksCompute(ws, _CLUSTER)


def _deploy(ws: Workspace, model: Model, cluster: AksCompute) -> Webservice:
    tokens = AksWebservice.deploy_configuration(token_auth_enabled=True)
    return Model.deploy(ws, _SERVICE, [model], deployment_config=tokens, deployment_target=cluster)
