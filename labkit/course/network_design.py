"""A team's wishes for its network, and arrangements that are tried against them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from labkit.core.errors import LabError
from labkit.core.verdict import Verdict
from labkit.course.network_cases import CASES
from labkit.course.network_scene import cluster, link, lock, network, training
from labkit.course.service_scene import MODEL, keys_of
from labkit.lab import Lab
from labkit.services.machine_learning.models import Models
from labkit.services.machine_learning.runs import Runs
from labkit.services.machine_learning.scoring import Scoring
from labkit.services.machine_learning.web_services import WebServices

CHOICES: Mapping[str, tuple[str, ...]] = {
    "workspace": ("open", "private link"),
    "storage account": ("open", "firewall", "private link"),
    "bypass": ("AzureServices", "None"),
    "training cluster": ("outside", "in the network"),
    "load balancer": ("public", "internal"),
}
WISHES = (
    "the Basic edition has all of it",
    "a stolen token opens the workspace to nobody on the internet",
    "a leaked access key opens the storage account to nobody on the internet",
    "a run completes, and its output arrives in the storage account",
    "a model can be registered",
    "a shop on the internet calls the web service with its key",
)
_AKS, _TRAINING = "aks", "train"


def unmet(lab: Lab, design: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The wishes that an arrangement (a choice of each of CHOICES) leaves open, each with what happened."""
    try:
        subnet = _build(lab, design)
    except LabError as refusal:
        yield WISHES[0], refusal.heading.rstrip(".")
        return
    lab.connect("carl", subnet)
    lab.connect("olivia", subnet)
    tries: tuple[Callable[[Lab], str], ...] = (_token, _key, _run, _register, _shop)
    for wish, tried in zip(WISHES[1:], tries, strict=True):
        if happened := tried(lab):
            yield wish, happened


def _build(lab: Lab, design: Mapping[str, str]) -> str:
    subnet = network(lab, "team", "people")
    if design["storage account"] != "open":
        lock(lab, lab.storage, subnet, bypass=design["bypass"])
    if design["storage account"] == "private link":
        link(lab, lab.storage, subnet)
    if design["workspace"] == "private link":
        link(lab, lab.workspace, subnet)
    training(lab, _TRAINING, subnet if design["training cluster"] == "in the network" else "")
    internal = {"loadBalancerType": "InternalLoadBalancer"} if design["load balancer"] == "internal" else {}
    cluster(lab, _AKS, subnet, **internal)
    return subnet


def _token(lab: Lab) -> str:
    return "mallory listed the models with carl's token" if CASES["mallory, carl's token"](lab) else ""


def _key(lab: Lab) -> str:
    return "mallory listed the blobs with key1" if CASES["mallory with an access key"](lab) else ""


def _run(lab: Lab) -> str:
    def script(run: Any) -> None:
        run.upload_file("outputs/model.bin", b"weights")

    token = lab.sign_in("carl").bearer
    run = lab.ask("carl", Runs.submit, lab.workspace, token, "churn", _TRAINING, script)
    lab.work(_TRAINING)
    ended = lab.ask("carl", Runs.get, lab.workspace, token, run.run_id)
    return "" if ended.status == "Completed" else f"the run is {ended.status} {ended.error}".strip()


def _register(lab: Lab) -> str:
    token = lab.sign_in("olivia").bearer
    verdict = lab.attempt("olivia", Models.register, lab.workspace, token, MODEL, b"weights")
    return "" if verdict else _refused(verdict)


def _shop(lab: Lab) -> str:
    token = lab.sign_in("olivia").bearer

    def deployed() -> Any:
        service = lab.ask("olivia", WebServices.deploy_aks, lab.workspace, token, "prices", MODEL, _AKS)
        return lab.ask("shop", Scoring.score, service.address, keys_of(lab, service)[0], "[1, 2, 3]")

    verdict = Verdict.of(deployed)
    return "" if verdict else _refused(verdict)


def _refused(verdict: Verdict[Any]) -> str:
    refusal = verdict.refusal
    return f"{getattr(refusal, 'service', '')} refused at {getattr(refusal, 'stage', '')}, {verdict.code}"
