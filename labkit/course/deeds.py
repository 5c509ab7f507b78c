"""What people do in a workspace, each deed tried through the door: what roles are judged by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from labkit.core.credential import Bearer
from labkit.core.verdict import Verdict
from labkit.furniture import CLUSTER, REGION
from labkit.lab import Lab
from labkit.services import kubernetes
from labkit.services.machine_learning.data_stores import DataStores
from labkit.services.machine_learning.images import Images
from labkit.services.machine_learning.keys import WorkspaceKeys
from labkit.services.machine_learning.models import Models
from labkit.services.machine_learning.notebooks import Notebooks
from labkit.services.machine_learning.provider import DEFAULT_STORE
from labkit.services.machine_learning.run_secrets import RunSecrets
from labkit.services.machine_learning.runs import Runs
from labkit.services.machine_learning.web_services import WebServices
from labkit.services.resource_id import group_of
from labkit.services.resource_manager import ResourceManager

MODEL = "churn"
AKS = "aks"

# A lab, the workspace, who does it, and with which token.
Doing = Callable[[Lab, str, str, Bearer], Any]


def _script(run: object) -> None:
    """A run that does nothing."""


def _put(lab: Lab, id: str, who: str, token: Bearer, properties: Mapping[str, Any] | None = None) -> None:
    lab.ask(who, ResourceManager.put, id, token, REGION, properties)


def make_ready(lab: Lab, workspace: str) -> None:
    """Puts there, as olivia, what the deeds need: a registered model, a compute cluster, and an AKS cluster
    that is attached. Raises what the door raises."""
    token = lab.sign_in("olivia").bearer
    machine = f"{group_of(workspace)}/providers/{kubernetes.TYPE}/{workspace.rpartition('/')[2]}-aks"
    _put(lab, machine, "olivia", token)
    _put(lab, f"{workspace}/computes/{AKS}", "olivia", token, {"computeType": "AKS", "resourceId": machine})
    _put(lab, f"{workspace}/computes/{CLUSTER}", "olivia", token)
    lab.ask("olivia", Models.register, workspace, token, MODEL, b"weights")


def _change(lab: Lab, workspace: str, who: str, token: Bearer) -> None:
    _put(lab, workspace, who, token, {"description": f"changed by {who}"})


def _create_compute(lab: Lab, workspace: str, who: str, token: Bearer) -> None:
    _put(lab, f"{workspace}/computes/new-{len(lab.trace)}", who, token)


def _delete_compute(lab: Lab, workspace: str, who: str, token: Bearer) -> None:
    spare = f"{workspace}/computes/spare-{len(lab.trace)}"
    _put(lab, spare, "olivia", lab.sign_in("olivia").bearer)
    lab.ask(who, ResourceManager.delete, spare, token)


def _deploy(lab: Lab, workspace: str, who: str, token: Bearer, to: str) -> None:
    name = f"service-{len(lab.trace)}"
    if to == AKS:
        lab.ask(who, WebServices.deploy_aks, workspace, token, name, MODEL, AKS)
    else:
        lab.ask(who, WebServices.deploy_aci, workspace, token, name, MODEL)


# By what it is called in a sentence: "nina may ...". Names are new each time, so that nothing is refused for
# being there already.
DEEDS: Mapping[str, Doing] = {
    "look at the workspace": lambda lab, at, who, token: lab.ask(who, ResourceManager.get, at, token),
    "look at the compute": lambda lab, at, who, token: lab.ask(
        who, ResourceManager.get, f"{at}/computes/{CLUSTER}", token
    ),
    "change the workspace": _change,
    "create compute": _create_compute,
    "delete compute": _delete_compute,
    "submit a run": lambda lab, at, who, token: lab.ask(
        who, Runs.submit, at, token, "night", CLUSTER, _script
    ),
    "save a notebook": lambda lab, at, who, token: lab.ask(
        who, Notebooks.save, at, token, "draft.ipynb", "{}"
    ),
    "register a model": lambda lab, at, who, token: lab.ask(
        who, Models.register, at, token, f"by-{who}", b"weights"
    ),
    "save a run secret": lambda lab, at, who, token: lab.ask(
        who, RunSecrets.put, at, token, "api", "lab-value"
    ),
    "open a data store": lambda lab, at, who, token: lab.ask(
        who, DataStores.credential, at, token, DEFAULT_STORE
    ),
    "create an image": lambda lab, at, who, token: lab.ask(who, Images.create, at, token, "image", MODEL),
    "deploy to AKS": partial(_deploy, to=AKS),
    "deploy to ACI": partial(_deploy, to="aci"),
    "list the web services": lambda lab, at, who, token: lab.ask(who, WebServices.list_services, at, token),
    "list the keys": lambda lab, at, who, token: lab.ask(who, WorkspaceKeys.list_keys, at, token),
    "delete the workspace": lambda lab, at, who, token: lab.ask(who, ResourceManager.delete, at, token),
}


def tried(lab: Lab, who: str, deed: str, workspace: str = "") -> Verdict[Any]:
    """What comes of it when `who` (a person, or the application's client id) does one of the DEEDS, with a
    token of now; at `lab.workspace` unless another is named. Raises KeyError for what is no deed."""
    token = lab.sign_in(who).bearer
    return Verdict.of(lambda: DEEDS[deed](lab, workspace or lab.workspace, who, token))
