"""What the documents say of two data flows, performed in a lab of each release. What is drawn are the
recorded hops; that no step of a diagram is written by hand is a law of tests/course/test_data_flows.py."""

from collections.abc import Callable
from pathlib import Path

import pytest

from labkit.azure import AppInsights, Images, ResourceManager, ScoringScript, ServiceKey, WebServices
from labkit.core.trace import Hop, Trace
from labkit.course.data_flows import DataFlow, data_flow
from labkit.course.flow_scenes import Scene, attach_cluster
from labkit.display.diagram import html
from labkit.display.flow import flow
from labkit.lab import Lab
from labkit.sdk.az_session import session_of
from labkit.services.machine_learning.models import Models
from labkit.services.machine_learning.scoring import Scoring, ScoringEndpoint
from labkit.services.machine_learning.workspace import TYPE, Workspace
from labkit.services.registry import Registry
from labkit.services.storage import StorageAccount
from tests.statements.conftest import BODY, sdk

NAME = "fresh"
CUSTOMER, MICROSOFT = "Customer subscription", "Microsoft subscription"
CREATED = {
    "Key Vault": "Microsoft.KeyVault/vaults",
    "Azure Storage": "Microsoft.Storage/storageAccounts",
    "Container Registry": "Microsoft.ContainerRegistry/registries",
    "Application Insights": "Microsoft.Insights/components",
}


def from_the_portal(lab: Lab) -> None:
    """A person in front of a browser."""
    token = lab.sign_in("carl").bearer
    id = f"{lab.resource_group}/providers/{TYPE}/{NAME}"
    lab.ask("carl", ResourceManager.put, id, token, "eastus")


def from_the_sdk(lab: Lab) -> None:
    group = lab.resource_group.rpartition("/")[2]
    with lab.activate("carl"):
        place = {"subscription_id": "your-sub-id", "resource_group": group, "location": "eastus"}
        sdk("core", "Workspace").create(name=NAME, **place)


def from_the_cli(lab: Lab) -> None:
    """The session of az signs in and calls."""
    session = session_of(lab)
    session.ask(ResourceManager.put, f"{lab.resource_group}/providers/{TYPE}/{NAME}", "eastus")


CLIENTS: dict[str, Callable[[Lab], None]] = {
    "portal": from_the_portal,
    "SDK": from_the_sdk,
    "CLI": from_the_cli,
}


def provisioning(trace: Trace) -> list[Hop]:
    """From the call that creates the workspace on."""
    hops = list(trace)
    first = next(place for place, hop in enumerate(hops) if hop.operation == "PUT")
    return hops[first:]


@pytest.mark.proves("flow-create-workspace")
@pytest.mark.parametrize("client", CLIENTS)
def test_a_workspace_is_created_after_a_sign_in_through_resource_manager(
    stating: Lab, folder: Path, client: str
) -> None:
    CLIENTS[client](stating)
    hops = list(stating.trace)
    signed_in = next(hop for hop in hops if hop.operation == "Get token" and hop.ok)
    created = provisioning(stating.trace)
    # From the client to Azure AD first, then with a bearer token to Resource Manager, then to Azure ML.
    assert (signed_in.origin, signed_in.boundary) == ("Client", "Azure AD")
    assert hops.index(signed_in) < hops.index(created[0])
    assert (created[0].origin, created[0].service) == ("Client", "Azure Resource Manager")
    assert created[0].credential == "bearer token"
    assert (created[1].caller, created[1].service) == ("Azure Resource Manager", "Azure Machine Learning")
    assert (created[1].operation, created[1].resource, created[1].parent) == (
        *("Provision", NAME),
        created[0].number,
    )
    made = {hop.service: hop.boundary for hop in created[2:] if hop.operation == "Provision"}
    assert made == dict.fromkeys(CREATED, CUSTOMER)
    assert all(hop.ok for hop in created)


@pytest.mark.proves("flow-create-workspace")
def test_afterwards_the_user_s_subscription_has_the_four_and_they_hold_what_they_are_for(
    stating: Lab,
) -> None:
    from_the_portal(stating)
    found = stating.resources.find(f"{stating.resource_group}/providers/{TYPE}/{NAME}")
    assert isinstance(found, Workspace)
    there = {type_of(id): stating.resources.find(id) for id in found.depends_on.values()}
    assert there.keys() == set(CREATED.values())
    assert all(one.id.startswith(stating.subscription) for one in there.values())
    storage, registry = there[CREATED["Azure Storage"]], there[CREATED["Container Registry"]]
    assert isinstance(storage, StorageAccount)
    assert isinstance(registry, Registry)
    # Blobs and files; images; secrets, which creation itself has put there; telemetry.
    assert (storage.blobs.names(), storage.files.names(), registry.images.names()) == ([], [], [])
    secrets = [hop for hop in stating.trace if hop.operation == "Set secret"]
    assert {hop.boundary for hop in secrets} == {CUSTOMER}


def type_of(id: str) -> str:
    provider, kind, _ = id.rpartition("/providers/")[2].split("/")
    return f"{provider}/{kind}"


@pytest.mark.proves("flow-create-workspace", "flow-web-service")
@pytest.mark.parametrize("name", ["create workspace", "web service", "web service on ACI"])
def test_the_diagram_is_drawn_from_the_hops_and_has_every_step(stating: Lab, name: str) -> None:
    performed = data_flow(name, release=stating.release.name)
    assert performed.steps.complete
    assert html(performed.trace) in performed._repr_mimebundle_()["text/html"]
    drawn = sorted(place for edge in flow(performed.trace).edges for place in edge.numbers)
    assert drawn == list(range(1, len(performed.trace) + 1))


@pytest.mark.proves("flow-web-service")
@pytest.mark.parametrize("where", ["web service", "web service on ACI"])
def test_model_image_registry_service_and_scores_come_in_this_order(stating: Lab, where: str) -> None:
    performed = data_flow(where, release=stating.release.name)
    operations = [hop.operation for hop in performed.trace]
    deploy = "Deploy web service (AKS)" if where == "web service" else "Deploy web service (ACI)"
    order = ("Register model", "Create image", "Push image", deploy, "Pull image", "Score", "Track request")
    places = [operations.index(one) for one in order]
    assert places == sorted(places)
    by = {hop.operation: hop for hop in performed.trace}
    assert {by[one].origin for one in ("Register model", "Create image", deploy)} == {"Client"}
    assert {by[one].boundary for one in ("Push image", "Pull image", "Track request")} == {CUSTOMER}
    assert by["Collect diagnostics"].boundary == MICROSOFT


@pytest.mark.proves("flow-web-service")
@pytest.mark.parametrize("kind", ["aks", "aci"])
def test_the_service_runs_what_is_in_the_image(stating: Lab, kind: str) -> None:
    lab, token = stating, stating.sign_in("carl").bearer

    def ask(op: object, *args: object) -> object:
        return lab.ask("carl", op, lab.workspace, token, *args)  # type: ignore[arg-type]

    script = ScoringScript(lambda body: ["from the image"])
    ask(Models.register, "churn", b"weights")
    ask(Images.create, "scorer", "churn", script, ["scikit-learn"])
    workspace = lab.resources.find(lab.workspace)
    assert isinstance(workspace, Workspace)
    registry = lab.resources.find(workspace.depends_on["registry"])
    assert isinstance(registry, Registry)
    [kept] = registry.images.names()
    assert kept.endswith("scorer:1")
    if kind == "aks":
        attach_cluster(Scene(lab))
        service = ask(WebServices.deploy_aks, "served", "churn", "aks")
    else:
        service = ask(WebServices.deploy_aci, "served", "churn", True)
    endpoint = lab.resources.find(service.endpoint)  # type: ignore[attr-defined]
    assert isinstance(endpoint, ScoringEndpoint)
    key = ServiceKey(endpoint.keys["primary"])
    assert lab.ask("app", Scoring.score, endpoint.address, key, BODY) == ["from the image"]
    [image] = workspace.images["scorer"]
    assert (image.model, image.dependencies, image.script) == ("churn", ("scikit-learn",), script)
    assert [hop.operation for hop in lab.trace].count("Push image") == 1


@pytest.mark.proves("flow-web-service")
def test_details_of_scoring_are_in_the_user_s_insights_and_telemetry_is_at_microsoft(stating: Lab) -> None:
    performed: DataFlow = data_flow("web service", release=stating.release.name)
    lab = performed.watch.lab
    workspace = lab.resources.find(lab.workspace)
    assert isinstance(workspace, Workspace)
    token = lab.sign_in("carl").bearer
    [request] = lab.ask("carl", AppInsights.query, workspace.depends_on["insights"], token).found
    assert (request.result_code, request.compute_type) == ("200", "AKS")
    assert workspace.depends_on["insights"].startswith(lab.subscription)
    assert "on-aks-1" in repr(lab.diagnostics)
