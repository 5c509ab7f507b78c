"""The resource types that Resource Manager can create in the lab, and how each is made. Host names that
Azure does not document are made up (assumption: host-names)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from labkit.access.vault_policy import VaultPolicies
from labkit.core.entropy import Entropy
from labkit.core.operation import Call
from labkit.core.resource import Resource, Resources
from labkit.services import key_vault, storage
from labkit.services.azure_ad import ARM, KEY_VAULT, STORAGE
from labkit.services.key_vault import Vault
from labkit.services.machine_learning import compute, provider, workspace
from labkit.services.machine_learning.compute import ComputeCluster
from labkit.services.machine_learning.provider import WorkspaceProvider
from labkit.services.machine_learning.workspace import Workspace
from labkit.services.resource_id import group_of, name_of, parent_of
from labkit.services.resource_manager import Provider, ResourceProviders
from labkit.services.storage import StorageAccount

MICROSOFT = "Microsoft subscription"


def register_all(
    providers: ResourceProviders,
    tenant_id: str,
    workspaces: WorkspaceProvider,
    resources: Resources,
    policies: VaultPolicies,
    entropy: Entropy,
) -> None:
    """Registers every type."""
    providers.register(key_vault.TYPE, _vaults(tenant_id, policies))
    providers.register(storage.TYPE, _storage_accounts(tenant_id, entropy))
    providers.register(provider.REGISTRY, _plain("Container Registry"))
    providers.register(provider.INSIGHTS, _plain("Application Insights"))
    providers.register(workspace.TYPE, _workspaces(tenant_id, workspaces))
    providers.register(compute.RESOURCE_TYPE, _clusters(tenant_id, resources))


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
        # An account that is created again is another one, and has other keys.
        made[id.lower()] += 1
        keys = {key: entropy(f"{id.lower()}/{made[id.lower()]}/{key}", 64) for key in ("key1", "key2")}
        return StorageAccount(id, name, host, region, tenant_id=tenant_id, audience=STORAGE, access_keys=keys)

    return Provider(make, actions={"listKeys": storage.list_keys})


def _workspaces(tenant_id: str, workspaces: WorkspaceProvider) -> Provider:
    def make(id: str, region: str) -> Resource:
        host = f"{name_of(id)}.{name_of(group_of(id))}.experiments.azureml.net"
        return Workspace(id, name_of(id), host, region, MICROSOFT, tenant_id, ARM)

    return Provider(make, workspaces.created, workspaces.deleted)


def _clusters(tenant_id: str, resources: Resources) -> Provider:
    def make(id: str, region: str) -> Resource:
        parent = parent_of(id)
        host = f"{name_of(id)}.{name_of(parent)}.{name_of(group_of(id))}.compute.azureml.net"
        return ComputeCluster(id, name_of(id), host, region, MICROSOFT, tenant_id, ARM, workspace_id=parent)

    return Provider(make, compute.attached_to(resources), compute.detached_from(resources))


def _plain(service: str) -> Provider:
    """A type that exists and does nothing yet."""
    kind = type(service.replace(" ", ""), (Resource,), {"service": service})
    return Provider(lambda id, region: kind(id, name_of(id), f"{name_of(id)}.azure.example", region))
