"""What the documents say of each flow, step by step, in their order where they give one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from labkit.course.flow_steps import Documented
from labkit.stores import CUSTOMER, MICROSOFT

_ARM, _CLIENT, _COMPUTE = "Azure Resource Manager", "Client", "Machine Learning Compute"
_TELEMETRY = "telemetry goes to the Microsoft subscription too"


def _created() -> Iterator[Documented]:
    sign_in = "the client signs in to Azure AD for a token, unless it has one"
    yield Documented(1, sign_in, "Get token", "Azure AD", origin=_CLIENT, optional=True)
    yield Documented(2, "it calls Resource Manager to create the workspace", "PUT", _ARM, origin=_CLIENT)
    to_azure_ml = "Resource Manager turns to the resource provider of Azure ML"
    yield Documented(3, to_azure_ml, "Provision", "Azure Machine Learning")
    for what, service in (
        ("a key vault, for secrets", "Key Vault"),
        ("storage, for blobs and files", "Azure Storage"),
        ("a registry, for Docker images", "Container Registry"),
        ("Application Insights, for telemetry", "Application Insights"),
    ):
        yield Documented(4, f"the user's subscription: {what}", "Provision", service, CUSTOMER)


def _other_compute() -> Iterator[Documented]:
    for what, service in (("a cluster", "Azure Kubernetes Service"), ("a machine", "Virtual Machine")):
        yield Documented(5, f"if needed: {what} of the user's own", "Provision", service, CUSTOMER)
    yield Documented(6, "and it is attached to the workspace", "Link", _ARM)


def _served(deploy: str) -> Iterator[Documented]:
    registry, insights = "Container Registry", "Application Insights"
    yield Documented(1, "the user registers a model", "Register model", origin=_CLIENT)
    image = "the user makes an image: model, score file, dependencies"
    yield Documented(2, image, "Create image", origin=_CLIENT)
    yield Documented(3, "the image is kept in the container registry", "Push image", registry, CUSTOMER)
    yield Documented(4, "the web service is deployed", deploy, origin=_CLIENT)
    yield Documented(5, "from the image in the registry", "Pull image", registry, CUSTOMER)
    details = "details of scoring go to the user's Application Insights"
    yield Documented(6, details, "Track request", insights, CUSTOMER)
    yield Documented(4, _TELEMETRY, "Collect diagnostics", boundary=MICROSOFT)


def _snapshot() -> Iterator[Documented]:
    leaves = "the experiment's directory goes from the client to Azure ML"
    yield Documented(1, leaves, "Create snapshot", origin=_CLIENT)
    kept = "it is kept in Blob storage of the user's subscription"
    yield Documented(2, kept, "Put Blob", "Azure Storage", CUSTOMER)
    yield Documented(3, "later it serves to look at the history", "Get snapshot", origin=_CLIENT)
    yield Documented(4, "and comes out of that Blob storage", "Get Blob", "Azure Storage", CUSTOMER)


def _started(last: int) -> Iterator[Documented]:
    yield Documented(1, "Azure ML is called with the id of the snapshot", "Submit run", origin=_CLIENT)
    made = "with its ML service token the target calls back"
    yield Documented(last, made, "Complete run", credential="ML service token")


def _managed() -> Iterator[Documented]:
    start, *back = _started(6)
    yield start
    build = "if needed, a Docker build is started remotely"
    yield Documented(2, build, "Build image", "Container Registry", optional=True)
    share = "management code is written to the user's Azure Files share"
    yield Documented(3, share, "Create File", "Azure Storage", CUSTOMER)
    reached = "the cluster is reached as the workspace's identity"
    yield Documented(4, reached, "Start job", _COMPUTE, MICROSOFT, credential="bearer token")
    yield Documented(5, "the container starts", "Start container", _COMPUTE, MICROSOFT)
    yield Documented(6, "with that management code as its first command", "Get File", "Azure Storage")
    yield from back


def _unmanaged() -> Iterator[Documented]:
    start, *back = _started(8)
    yield start
    vault = "the SSH key comes from the vault of Microsoft's"
    yield Documented(2, vault, "Get secret", "Key Vault", MICROSOFT)
    for rank, says, operation in (
        (3, "the machine is entered over SSH", "Open SSH session"),
        (4, "management code prepares the environment", "Prepare environment"),
        (5, "it downloads the code", "Download code"),
        (6, "it sets environment variables", "Set environment variables"),
        (7, "it runs the user's script", "Run script"),
    ):
        yield Documented(rank, says, operation, boundary=CUSTOMER, credential="SSH key")
    yield from back


def _metrics() -> Iterator[Documented]:
    cosmos = "Cosmos DB"
    yield Documented(1, "the compute writes metrics to Azure ML", "Log metric", credential="ML service token")
    yield Documented(2, "Azure ML stores them in Cosmos DB", "Upsert document", cosmos, origin=MICROSOFT)
    yield Documented(3, "a client asks Azure ML", "Get run", "Azure Machine Learning", origin=_CLIENT)
    yield Documented(4, "which pulls them from Cosmos DB", "Read document", cosmos, origin=MICROSOFT)


# By the names of the flows.
STEPS: Mapping[str, tuple[Documented, ...]] = {
    "create workspace": tuple(_created()),
    "create workspace, with other compute": (*_created(), *_other_compute()),
    "code snapshot": tuple(_snapshot()),
    "training on managed compute": tuple(_managed()),
    "training on unmanaged compute": tuple(_unmanaged()),
    "metrics": tuple(_metrics()),
    "web service": tuple(_served("Deploy web service (AKS)")),
    "web service on ACI": tuple(_served("Deploy web service (ACI)")),
}
