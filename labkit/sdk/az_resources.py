"""Resources as az shows them: what a workspace depends on, and what it computes on. Nothing here changes
any of it."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from typing import Any

from labkit.core.errors import brief
from labkit.sdk.az_commands import command, needed, option
from labkit.sdk.az_errors import AzError
from labkit.sdk.az_session import Session
from labkit.services import container_instances, cosmos, kubernetes, registry, storage
from labkit.services.resource_manager import ResourceManager

NAME = needed("--name", "-n")
GROUP = option("--resource-group", "-g")
GROUP_NEEDED = needed("--resource-group", "-g")

# az spells some properties in another way than Resource Manager.
_STORAGE = {
    "networkAcls": "networkRuleSet",
    "supportsHttpsTrafficOnly": "enableHttpsTrafficOnly",
    "keyvaultproperties": "keyVaultProperties",
    "keyname": "keyName",
    "keyversion": "keyVersion",
    "keyvaulturi": "keyVaultUri",
    "id": "virtualNetworkResourceId",
}
_REGISTRY = {"id": "virtualNetworkResourceId"}
_CLUSTER = {"diskEncryptionSetID": "diskEncryptionSetId", "vnetSubnetID": "vnetSubnetId"}
# What Azure shows of properties that nobody has set. That https alone is answered is so for every account of
# the lab (statement tls-storage).
# https://learn.microsoft.com/rest/api/storagerp/storage-accounts/get-properties
_ACCOUNT = {
    "enableHttpsTrafficOnly": True,
    "encryption": {"keySource": "Microsoft.Storage", "keyVaultProperties": None},
    "networkRuleSet": {
        "bypass": "AzureServices",
        "defaultAction": "Allow",
        "ipRules": [],
        "virtualNetworkRules": [],
    },
}
# https://learn.microsoft.com/rest/api/containerregistry/registries/get
_NOT_CHOSEN = {"encryption": {"keyVaultProperties": None, "status": "disabled"}, "networkRuleSet": None}


def scope_of(session: Session, given: Namespace) -> str:
    """The resource group that was named, or the whole subscription. Raises AzError."""
    subscription = session.subscription(given.subscription)
    return f"{subscription}/resourceGroups/{given.resource_group}" if given.resource_group else subscription


def listed(session: Session, given: Namespace, type_: str) -> list[dict[str, Any]]:
    """The resources of a type as Resource Manager shows them. Raises a Refusal or AzError."""
    return session.ask(ResourceManager.collection, scope_of(session, given), type_)


def found(session: Session, given: Namespace, type_: str, missing: str = "") -> dict[str, Any]:
    """One of them by its name; without a resource group the first of that name in the subscription. `missing`
    is what az says then if there is none. Raises a Refusal or AzError."""
    if given.resource_group:
        id = f"{scope_of(session, given)}/providers/{type_}/{given.name}"
        return session.ask(ResourceManager.get, id)
    ids = {one["name"].lower(): one["id"] for one in listed(session, given, type_)}
    if given.name.lower() not in ids:
        known = ", ".join(ids) or "one that is there: none is"
        raise AzError(missing.format(brief(given.name)), required=known)
    return session.ask(ResourceManager.get, ids[given.name.lower()])


def flat(document: Mapping[str, Any], spelling: Mapping[str, str], **unset: Any) -> dict[str, Any]:
    """A resource with its properties beside its name, as most commands print it. `unset` is what is shown of
    properties that nobody has set."""
    place = document["id"].split("/")
    properties = _spelt(document["properties"], spelling)
    top = {name: document[name] for name in ("id", "location", "name", "type")}
    return {**unset, **properties, **top, "resourceGroup": place[4]}


def _spelt(value: Any, spelling: Mapping[str, str]) -> Any:
    if isinstance(value, list):
        return [_spelt(one, spelling) for one in value]
    if isinstance(value, dict):
        return {spelling.get(name, name): _spelt(one, spelling) for name, one in value.items()}
    return value


@command("storage account list", GROUP)
def list_accounts(session: Session, given: Namespace) -> Any:
    """The storage accounts."""
    return [flat(one, _STORAGE, **_ACCOUNT) for one in listed(session, given, storage.TYPE)]


@command("storage account show", NAME, GROUP)
def show_account(session: Session, given: Namespace) -> Any:
    """A storage account: whose key encrypts it, and from where it can be reached. No access key."""
    account = found(session, given, storage.TYPE, "Storage account {} not found.")
    return flat(account, _STORAGE, **_ACCOUNT)


@command("acr list", GROUP)
def list_registries(session: Session, given: Namespace) -> Any:
    """The container registries."""
    return [_registry(one) for one in listed(session, given, registry.TYPE)]


@command("acr show", NAME, GROUP)
def show_registry(session: Session, given: Namespace) -> Any:
    """A container registry: whose key encrypts its images, and from where it can be reached."""
    id = session.subscription(given.subscription).rpartition("/")[2]
    missing = f"could not be found in subscription '{id} ({id})'."
    return _registry(
        found(
            session, given, registry.TYPE, f"The resource with name {{}} and type '{registry.TYPE}' {missing}"
        )
    )


def _registry(document: Mapping[str, Any]) -> dict[str, Any]:
    return flat(document, _REGISTRY, loginServer=f"{document['name']}.azurecr.io", **_NOT_CHOSEN)


@command("cosmosdb list", GROUP)
def list_cosmos(session: Session, given: Namespace) -> Any:
    """The accounts of Cosmos DB."""
    return [flat(one, {}, keyVaultKeyUri=None) for one in listed(session, given, cosmos.TYPE)]


@command("cosmosdb show", NAME, GROUP_NEEDED)
def show_cosmos(session: Session, given: Namespace) -> Any:
    """An account of Cosmos DB, with the address of the customer's key where it has one."""
    return flat(found(session, given, cosmos.TYPE), {}, keyVaultKeyUri=None)


@command("aks list", GROUP)
def list_clusters(session: Session, given: Namespace) -> Any:
    """The Kubernetes clusters."""
    return [flat(one, _CLUSTER, diskEncryptionSetId=None) for one in listed(session, given, kubernetes.TYPE)]


@command("aks show", NAME, GROUP_NEEDED)
def show_cluster(session: Session, given: Namespace) -> Any:
    """A Kubernetes cluster: its version, whose key encrypts its disks, who reaches its API server."""
    return flat(found(session, given, kubernetes.TYPE), _CLUSTER, diskEncryptionSetId=None)


@command("container list", GROUP)
def list_groups(session: Session, given: Namespace) -> Any:
    """The container groups."""
    groups = listed(session, given, container_instances.TYPE)
    return [flat(one, {}, encryptionProperties=None) for one in groups]


@command("container show", NAME, GROUP_NEEDED)
def show_group(session: Session, given: Namespace) -> Any:
    """A container group, with the customer's key where its disk has one."""
    return flat(found(session, given, container_instances.TYPE), {}, encryptionProperties=None)
