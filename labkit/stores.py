"""What keeps data at rest, and whose key encrypts it: one table for all releases of the documents, read where
a store is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

CUSTOMER = "Customer subscription"
MICROSOFT = "Microsoft subscription"
MICROSOFT_SUBSCRIPTION = "/subscriptions/azure-machine-learning"
# Whose key encrypts a store that nobody has said anything about.
MICROSOFT_KEY = "Microsoft"
NO_KEY = "nobody"


@dataclass(frozen=True)
class StoreKind:
    """What a store is.

    name          as people call it
    subscription  in whose subscription it lies: CUSTOMER or MICROSOFT
    key           whose key encrypts it by default: MICROSOFT_KEY, or NO_KEY where nothing is encrypted
    customer_key  how the customer's own key is given; "" where it cannot be
    hbi_key       whose key encrypts it in a workspace of high business impact; "" where that changes nothing
    absent        releases of the documents in which it cannot be either
    plain         releases in which nobody's key encrypts it by default
    regions       the only regions in which a customer's key can be had, by release; everywhere in others
    only_in       those of the release; () for everywhere
    """

    name: str
    subscription: str = CUSTOMER
    key: str = MICROSOFT_KEY
    customer_key: str = ""
    hbi_key: str = ""
    absent: tuple[str, ...] = ()
    plain: tuple[str, ...] = ()
    regions: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)
    only_in: tuple[str, ...] = ()


# What keeps logs. The documents' section on stores does not speak of these two, and nobody chooses anything
# about them, so they are in no release's table below. Statements data-endpoint-logs, data-collected.
TELEMETRY = StoreKind("Application Insights")
DIAGNOSTICS = StoreKind("Diagnostic store", subscription=MICROSOFT)

BLOBS = "blobs"
FILES = "files"
IMAGES = "images"
RUN_HISTORY = "run history"
COMPUTE_OS = "compute OS disk"
COMPUTE_TEMPORARY = "compute temporary disk"
OWN_RUN_HISTORY = "run history, dedicated"
CONTAINERS = "containers"
CLUSTER_OS = "cluster OS disks"
CLUSTER_DATA = "cluster data disks"
DBFS = "DBFS root"

_KINDS: Mapping[str, StoreKind] = {
    # Statements enc-blob-mmk, enc-blob-cmk.
    BLOBS: StoreKind("Blob storage", customer_key="encryption, a property of the storage account"),
    FILES: StoreKind("File storage", customer_key="encryption, a property of the storage account"),
    # Statements enc-acr, enc-acr-cmk. The release of 2019-08 does not speak of the customer's key.
    IMAGES: StoreKind("Container Registry", customer_key="encryption, a property of the registry"),
    # Statement enc-cosmos-mmk: the instance that all customers share.
    RUN_HISTORY: StoreKind("Cosmos DB, shared", subscription=MICROSOFT),
    # Statement enc-amlcompute-os.
    COMPUTE_OS: StoreKind("Compute OS disk", subscription=MICROSOFT),
    # Statements enc-amlcompute-temp-plain, enc-amlcompute-temp-hbi.
    COMPUTE_TEMPORARY: StoreKind(
        "Compute temporary disk",
        subscription=MICROSOFT,
        key=NO_KEY,
        hbi_key=MICROSOFT_KEY,
        absent=("2019-08",),
    ),
    # Statements enc-cosmos-cmk, enc-cosmos-cmk-regions.
    OWN_RUN_HISTORY: StoreKind(
        "Cosmos DB",
        customer_key="resource_cmk_uri and cmk_keyvault, when the workspace is created",
        absent=("2019-08",),
        regions={"2020-01": ("eastus", "westus2", "southcentralus")},
    ),
    # Statements enc-aci-none, enc-aci-cmk. The release of 2019-08 is silent. That of 2020-03 says nothing of
    # what holds without a key; Azure's own page says Microsoft's:
    # https://learn.microsoft.com/azure/container-instances/container-instances-encrypt-data
    CONTAINERS: StoreKind(
        "Container Instances",
        customer_key="cmk_vault_base_url, cmk_key_name and cmk_key_version, when it is deployed",
        absent=("2019-08", "2020-01"),
        plain=("2019-08", "2020-01"),
    ),
    # Statement enc-aks-cmk.
    CLUSTER_OS: StoreKind("Kubernetes Service, OS disks", customer_key="a disk encryption set"),
    CLUSTER_DATA: StoreKind("Kubernetes Service, data disks", customer_key="a disk encryption set"),
    # Statement enc-databricks.
    DBFS: StoreKind("Databricks, DBFS root", customer_key="encryption, of the Databricks workspace"),
}


def kinds(release: str) -> Mapping[str, StoreKind]:
    """All kinds of store as they are in a release of the documents, by what they hold."""
    return {what: _as_of(release, kind) for what, kind in _KINDS.items()}


def _as_of(release: str, kind: StoreKind) -> StoreKind:
    if release in kind.absent:
        kind = replace(kind, customer_key="", hbi_key="")
    if release in kind.plain:
        kind = replace(kind, key=NO_KEY)
    return replace(kind, only_in=kind.regions.get(release, ()))
