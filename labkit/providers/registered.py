"""The resource types that Resource Manager can create in the lab, and how each is made. Host names that
Azure does not document are made up (assumption: host-names)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, ClassVar

from labkit.access.vault_policy import VaultPolicies
from labkit.authenticators.platform import Platform
from labkit.core.entropy import Entropy
from labkit.core.operation import Call
from labkit.core.resource import Resource, Resources
from labkit.network.places import AZURE_ML
from labkit.providers.containers import KubernetesClusters, container_groups
from labkit.providers.databricks import DatabricksWorkspaces
from labkit.providers.disk_encryption_sets import DiskEncryptionSets
from labkit.providers.firewalls import Firewall
from labkit.providers.machines import put_machine
from labkit.providers.stores import Lives, Makings, registries, storage_accounts, user_assigned_identities
from labkit.providers.vaults import Vaults
from labkit.services import (
    app_insights,
    container_instances,
    databricks,
    disk_encryption_set,
    key_vault,
    kubernetes,
    managed_identity,
    registry,
    storage,
    virtual_machine,
)
from labkit.services.app_insights import ApplicationInsights
from labkit.services.azure_ad import ARM
from labkit.services.encryption import AccountKey, disk
from labkit.services.machine_learning import compute, workspace
from labkit.services.machine_learning.clusters import Clusters, list_nodes
from labkit.services.machine_learning.compute import ComputeCluster
from labkit.services.machine_learning.edition import begin_edition, edition_changed
from labkit.services.machine_learning.high_business_impact import FLAG, wanted
from labkit.services.machine_learning.load_balancer import KIND, SUBNET, balance
from labkit.services.machine_learning.placement import put_in_place
from labkit.services.machine_learning.provider import WorkspaceProvider
from labkit.services.machine_learning.scoring import evict_from
from labkit.services.machine_learning.workspace import Workspace
from labkit.services.resource_id import group_of, name_of, parent_of
from labkit.services.resource_manager import Provider, ResourceProviders, may_change
from labkit.services.virtual_machine import HDInsightCluster, VirtualMachine
from labkit.stores import TELEMETRY

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
    makings: Makings,
    clusters: Clusters,
    hbi: bool,
) -> None:
    """Registers every type. `makings` are those of the stores; `hbi` is whether a workspace can be one of
    high business impact."""
    providers.register("Microsoft.Resources/subscriptions/resourceGroups", Provider(ResourceGroup.make))
    providers.register(key_vault.TYPE, Vaults(tenant_id, policies, Firewall(platform), resources).provider)
    providers.register(storage.TYPE, storage_accounts(makings))
    providers.register(registry.TYPE, registries(makings))
    providers.register(managed_identity.TYPE, user_assigned_identities(makings))
    providers.register(app_insights.TYPE, _insights(tenant_id, entropy, platform))
    providers.register(workspace.TYPE, _workspaces(tenant_id, workspaces, resources, platform, editions, hbi))
    providers.register(compute.RESOURCE_TYPE, _clusters(tenant_id, resources, platform, clusters))
    providers.register(disk_encryption_set.TYPE, (sets := DiskEncryptionSets(makings)).provider)
    machines = KubernetesClusters(makings, sets, evict_from(resources))
    providers.register(kubernetes.TYPE, machines.provider)
    providers.register(virtual_machine.TYPE, _machines(entropy, platform))
    providers.register(virtual_machine.HDINSIGHT, _hadoop_clusters(entropy, platform))
    providers.register(container_instances.TYPE, container_groups(makings, evict_from(resources)))
    providers.register(databricks.TYPE, DatabricksWorkspaces(makings).provider)


def _insights(tenant_id: str, entropy: Entropy, platform: Platform) -> Provider:
    made: Counter[str] = Counter()

    def make(id: str, region: str) -> Resource:
        host = f"{name_of(id)}.{name_of(group_of(id))}.applicationinsights.azure.example"
        # A component that is created again is another one.
        made[id.lower()] += 1
        life, name, kept = f"{id.lower()}/{made[id.lower()]}", name_of(id), AccountKey(TELEMETRY, platform)
        kept.begin(life, entropy)
        return ApplicationInsights(
            *(id, name, host, region),
            tenant_id=tenant_id,
            audience=ARM,
            instrumentation_key=entropy.uuid(f"{life}/instrumentation key"),
            reports=disk(TELEMETRY, f"{name}, telemetry", kept),
        )

    return Provider(make)


def _workspaces(
    tenant_id: str,
    workspaces: WorkspaceProvider,
    resources: Resources,
    platform: Platform,
    editions: tuple[str, ...],
    hbi: bool,
) -> Provider:
    def make(id: str, region: str) -> Resource:
        host = f"{name_of(id)}.{name_of(group_of(id))}.experiments.azureml.net"
        # assumption: new-workspace-edition
        edition = editions[0] if editions else ""
        where = (region, MICROSOFT, tenant_id, ARM, AZURE_ML)
        return Workspace(id, name_of(id), host, *where, edition=edition)

    def created(call: Call[Any], properties: Mapping[str, Any]) -> dict[str, Any]:
        begin_edition(call, platform, editions, properties)
        call.target.hbi = wanted(hbi, properties)
        made = workspaces.created(call, properties) | ({FLAG: call.target.hbi} if hbi else {})
        return made | ({"edition": call.target.edition} if editions else {})

    def deleted(call: Call[Any]) -> None:
        evict_from(resources)(call)
        workspaces.deleted(call)

    return Provider(make, created, deleted, changed=edition_changed(editions))


def _clusters(tenant_id: str, resources: Resources, platform: Platform, clusters: Clusters) -> Provider:
    def make(id: str, region: str) -> Resource:
        parent = parent_of(id)
        host = f"{name_of(id)}.{name_of(parent)}.{name_of(group_of(id))}.compute.azureml.net"
        where = (region, MICROSOFT, tenant_id, ARM)
        return ComputeCluster(id, name_of(id), host, *where, workspace_id=parent, now=lambda: clusters.now())

    attached = compute.attached_to(resources, platform)

    def created(call: Call[ComputeCluster], properties: Mapping[str, Any]) -> dict[str, Any]:
        shown = attached(call, properties)
        put_in_place(call, properties, resources, platform)
        balance(call, properties, resources)
        clusters.created(call, properties)
        return shown

    def changed(call: Call[ComputeCluster], changes: Mapping[str, Any]) -> None:
        if call.target.compute_type == compute.MANAGED:
            clusters.check(changes)
        on_kubernetes = call.target.compute_type == "AKS"
        may_change(*((KIND, SUBNET) if on_kubernetes else ()))(call, changes)
        balance(call, changes, resources)

    return Provider(
        make,
        created,
        compute.detached_from(resources, platform),
        {"listNodes": list_nodes},
        changed,
        secret=frozenset({compute.MORE}),
    )


def _machines(entropy: Entropy, platform: Platform) -> Provider:
    lives = Lives()

    def make(id: str, region: str) -> Resource:
        host = f"{name_of(id)}.{name_of(group_of(id))}.virtualmachine.azure.example"
        return VirtualMachine(id, name_of(id), host, region)

    def created(call: Call[VirtualMachine], properties: Mapping[str, Any]) -> dict[str, Any]:
        put_machine(call, platform, properties)
        return virtual_machine.set_up(call, properties, entropy, lives.next(call))

    return Provider(make, created, secret=frozenset({virtual_machine.PROFILE}))


def _hadoop_clusters(entropy: Entropy, platform: Platform) -> Provider:
    lives = Lives()

    def make(id: str, region: str) -> Resource:
        # A name is taken in all of Azure, and the head node answers SSH under it.
        return HDInsightCluster(id, name_of(id), f"{name_of(id)}-ssh.azurehdinsight.net", region)

    def created(call: Call[VirtualMachine], properties: Mapping[str, Any]) -> dict[str, Any]:
        put_machine(call, platform, properties)
        return virtual_machine.set_up_cluster(call, properties, entropy, lives.next(call))

    return Provider(make, created, secret=frozenset({virtual_machine.NODES_PROFILE}))
