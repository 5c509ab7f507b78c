"""The resource types that Resource Manager can create in the lab, and how each is made. Host names that
Azure does not document are made up (assumption: host-names)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ClassVar

from labkit.access.vault_policy import VaultPolicies
from labkit.authenticators.platform import Platform
from labkit.core.entropy import Entropy
from labkit.core.operation import Call
from labkit.core.resource import Resource, Resources
from labkit.services import app_insights, key_vault, kubernetes, registry, storage
from labkit.services.app_insights import ApplicationInsights
from labkit.services.azure_ad import ARM, KEY_VAULT, STORAGE
from labkit.services.key_vault import Vault
from labkit.services.kubernetes import KubernetesCluster
from labkit.services.machine_learning import compute, web_services, workspace
from labkit.services.machine_learning.compute import ComputeCluster
from labkit.services.machine_learning.edition import check_edition, edition_changed
from labkit.services.machine_learning.provider import WorkspaceProvider
from labkit.services.machine_learning.scoring import evict_from
from labkit.services.machine_learning.workspace import Workspace
from labkit.services.registry import Registry
from labkit.services.resource_id import group_of, name_of, parent_of
from labkit.services.resource_manager import Provider, ResourceProviders
from labkit.services.storage import StorageAccount

MICROSOFT = "Microsoft subscription"


class ResourceGroup(Resource):
    """What resources are created in, and deleted with."""

    service: ClassVar[str] = "Azure Resource Manager"

    @classmethod
    def make(cls, id: str, region: str) -> Resource:
        """The region is where its data about its resources is kept; it does not go down with it."""
        return cls(id, name_of(id), id.lower())


def register_all(
    providers: ResourceProviders,
    tenant_id: str,
    workspaces: WorkspaceProvider,
    resources: Resources,
    policies: VaultPolicies,
    entropy: Entropy,
    platform: Platform,
    editions: tuple[str, ...],
) -> None:
    """Registers every type."""
    providers.register("Microsoft.Resources/subscriptions/resourceGroups", Provider(ResourceGroup.make))
    providers.register(key_vault.TYPE, _vaults(tenant_id, policies))
    providers.register(storage.TYPE, _storage_accounts(tenant_id, entropy))
    providers.register(registry.TYPE, _registries(tenant_id))
    providers.register(app_insights.TYPE, _insights(tenant_id, entropy))
    providers.register(workspace.TYPE, _workspaces(tenant_id, workspaces, resources, editions))
    providers.register(compute.RESOURCE_TYPE, _clusters(tenant_id, resources, platform))
    providers.register(kubernetes.TYPE, _kubernetes(tenant_id, resources))
    providers.register(compute.VIRTUAL_MACHINE, _plain("Virtual Machine"))
    providers.register(web_services.CONTAINER_GROUP, _plain("Container Instances", evict_from(resources)))


def _vaults(tenant_id: str, policies: VaultPolicies) -> Provider:
    def make(id: str, region: str) -> Resource:
        host = f"{name_of(id)}.vault.azure.net"
        return Vault(id, name_of(id), host, region, tenant_id=tenant_id, audience=KEY_VAULT)

    def guard(call: Call[Any], properties: Mapping[str, Any]) -> dict[str, Any]:
        policies.open(call.target.id)
        call.undo(lambda: policies.close(call.target.id))
        return {"enableRbacAuthorization": False}

    def forget(call: Call[Any]) -> None:
        policy = policies.close(call.target.id)
        call.undo(lambda: policies.restore(call.target.id, policy))

    return Provider(make, guard, forget)


def _storage_accounts(tenant_id: str, entropy: Entropy) -> Provider:
    made: Counter[str] = Counter()

    def make(id: str, region: str) -> Resource:
        name = name_of(id)
        host = f"{name}.blob.core.windows.net"
        return StorageAccount(id, name, host, region, tenant_id=tenant_id, audience=STORAGE)

    def created(call: Call[StorageAccount], properties: Mapping[str, Any]) -> dict[str, Any]:
        # An account that is created again is another one, and has other keys.
        id = call.target.id.lower()
        call.undo(partial(made.update, {id: -1}))
        made[id] += 1
        keys = {key: entropy(f"{id}/{made[id]}/{key}", 64) for key in ("key1", "key2")}
        call.target.access_keys.update(keys)
        return {}

    return Provider(make, created, actions={"listKeys": storage.list_keys})


def _registries(tenant_id: str) -> Provider:
    def make(id: str, region: str) -> Resource:
        host = f"{name_of(id)}.azurecr.io"
        return Registry(id, name_of(id), host, region, tenant_id=tenant_id, audience=ARM)

    return Provider(make)


def _insights(tenant_id: str, entropy: Entropy) -> Provider:
    made: Counter[str] = Counter()

    def make(id: str, region: str) -> Resource:
        host = f"{name_of(id)}.{name_of(group_of(id))}.applicationinsights.azure.example"
        # A component that is created again is another one.
        made[id.lower()] += 1
        key = entropy.uuid(f"{id.lower()}/{made[id.lower()]}/instrumentation key")
        return ApplicationInsights(
            id, name_of(id), host, region, tenant_id=tenant_id, audience=ARM, instrumentation_key=key
        )

    return Provider(make)


def _workspaces(
    tenant_id: str, workspaces: WorkspaceProvider, resources: Resources, editions: tuple[str, ...]
) -> Provider:
    def make(id: str, region: str) -> Resource:
        host = f"{name_of(id)}.{name_of(group_of(id))}.experiments.azureml.net"
        # assumption: new-workspace-edition
        edition = editions[0] if editions else ""
        return Workspace(id, name_of(id), host, region, MICROSOFT, tenant_id, ARM, edition=edition)

    def created(call: Call[Any], properties: Mapping[str, Any]) -> dict[str, Any]:
        check_edition(editions, properties)
        made = workspaces.created(call, properties)
        return made | ({"edition": call.target.edition} if editions else {})

    def deleted(call: Call[Any]) -> None:
        evict_from(resources)(call)
        workspaces.deleted(call)

    return Provider(make, created, deleted, changed=edition_changed(editions))


def _kubernetes(tenant_id: str, resources: Resources) -> Provider:
    def make(id: str, region: str) -> Resource:
        host = f"{name_of(id)}.{name_of(group_of(id))}.{region}.azmk8s.io"
        return KubernetesCluster(id, name_of(id), host, region, tenant_id=tenant_id, audience=ARM)

    return Provider(make, deleted=evict_from(resources))


def _clusters(tenant_id: str, resources: Resources, platform: Platform) -> Provider:
    def make(id: str, region: str) -> Resource:
        parent = parent_of(id)
        host = f"{name_of(id)}.{name_of(parent)}.{name_of(group_of(id))}.compute.azureml.net"
        return ComputeCluster(id, name_of(id), host, region, MICROSOFT, tenant_id, ARM, workspace_id=parent)

    return Provider(make, compute.attached_to(resources, platform), compute.detached_from(resources))


def _plain(service: str, deleted: Callable[[Call[Any]], None] = lambda call: None) -> Provider:
    """A type that exists and does nothing yet."""
    kind: type[Resource] = type(service.replace(" ", ""), (Resource,), {"service": service})

    def make(id: str, region: str) -> Resource:
        # Names are unique in their group, and the type tells a machine from a container of that name.
        label = f"{name_of(id)}.{name_of(group_of(id))}.{kind.__name__.lower()}"
        return kind(id, name_of(id), f"{label}.azure.example", region)

    return Provider(make, deleted=deleted)
