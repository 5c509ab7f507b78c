"""Builds the parts of the small Azure and connects them; no users and no resources yet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from labkit.access.control import AccessControl
from labkit.access.directory_permissions import DirectoryPermissions
from labkit.access.rbac import RoleAssignments
from labkit.access.role_definitions import RoleDefinitions
from labkit.access.scope import Hierarchy
from labkit.access.vault_policy import VaultPolicies
from labkit.authenticators import (
    anonymous,
    client_secret,
    device_code,
    instrumentation_key,
    password,
    refresh_token,
    registry_password,
    service_key,
    shared_key,
    ssh,
)
from labkit.authenticators.bearer import BearerAuthenticator
from labkit.authenticators.platform import Forwarded, ManagedIdentity, Platform
from labkit.authenticators.run_token import RunToken, RunTokenAuthenticator
from labkit.authenticators.service_token import ServiceToken, ServiceTokenAuthenticator
from labkit.core.clock import Clock
from labkit.core.credential import Anonymous, Bearer, Credential
from labkit.core.door import Authenticator, Door
from labkit.core.entropy import Entropy
from labkit.core.operation import Service
from labkit.core.resource import Resources
from labkit.core.trace import Trace
from labkit.identity.directory import Directory
from labkit.identity.issuer import SigningKeys
from labkit.identity.lab_keys import LabKeys
from labkit.identity.tenant import Tenant
from labkit.network.places import RESOURCE_MANAGER
from labkit.network.regions import Switchboard
from labkit.providers.cosmos import CosmosAccounts
from labkit.providers.networks import register_networks
from labkit.providers.registered import register_all
from labkit.providers.stores import Makings
from labkit.releases import Release
from labkit.services import cosmos
from labkit.services.activity_log import ActivityLog
from labkit.services.app_insights import AppInsights
from labkit.services.authorization import Authorization
from labkit.services.azure_ad import ARM, AUTHORITY, AzureAD
from labkit.services.blueprints import Blueprints
from labkit.services.cosmos import Cosmos
from labkit.services.databricks import Databricks
from labkit.services.graph import Graph, directory_endpoint
from labkit.services.key_vault import KeyVault
from labkit.services.kubernetes import Kubernetes
from labkit.services.machine_learning.activities import Activities
from labkit.services.machine_learning.automated_ml import AutomatedML
from labkit.services.machine_learning.clusters import Clusters
from labkit.services.machine_learning.compute import Compute
from labkit.services.machine_learning.data_stores import DataStores
from labkit.services.machine_learning.dedicated_cosmos import DedicatedCosmos
from labkit.services.machine_learning.diagnostics import Collection, Diagnostics, SupportView
from labkit.services.machine_learning.edition import Editions
from labkit.services.machine_learning.high_business_impact import Support
from labkit.services.machine_learning.images import Images
from labkit.services.machine_learning.keys import WorkspaceKeys
from labkit.services.machine_learning.models import Models
from labkit.services.machine_learning.node import Containers
from labkit.services.machine_learning.notebooks import Notebooks
from labkit.services.machine_learning.permissions import PROVIDER_APP, Permissions
from labkit.services.machine_learning.provider import WorkspaceProvider
from labkit.services.machine_learning.resync import Resync
from labkit.services.machine_learning.run_history import RunHistory
from labkit.services.machine_learning.run_secrets import RunSecrets
from labkit.services.machine_learning.runs import Runs
from labkit.services.machine_learning.scoring import Scoring
from labkit.services.machine_learning.snapshots import Snapshots
from labkit.services.machine_learning.ssh_keys import SshKeys, SshVaults
from labkit.services.machine_learning.submission import Submission
from labkit.services.machine_learning.unmanaged import ManagementCode
from labkit.services.machine_learning.web_services import WebServices
from labkit.services.management_groups import ManagementGroups
from labkit.services.management_plane import ResourceManagerEndpoint
from labkit.services.monitor import Monitor
from labkit.services.provider_registration import Features, ProviderRegistration
from labkit.services.registry import ContainerRegistry
from labkit.services.resource_manager import ResourceManager, ResourceProviders
from labkit.services.storage import BlobStorage, FileStorage
from labkit.services.vault_access import VaultAccess
from labkit.services.virtual_machine import VirtualMachines
from labkit.services.virtual_network import VirtualNetworks
from labkit.stores import OWN_RUN_HISTORY, RUN_HISTORY, kinds

# https://learn.microsoft.com/azure/active-directory/develop/access-tokens shows it in its examples.
MICROSOFT_TENANT = "72f988bf-86f1-41af-91ab-2d7cd011db47"


@dataclass(frozen=True)
class Parts:
    """The connected parts. `home` is the tenant that trusts, `partner` another one."""

    clock: Clock
    entropy: Entropy
    trace: Trace
    resources: Resources
    switchboard: Switchboard
    lab_keys: LabKeys
    access: AccessControl
    home: Tenant
    partner: Tenant
    arm: ResourceManagerEndpoint
    door: Door
    clusters: Clusters
    diagnostics: SupportView


def build(release: Release, seed: int | None, home_id: str, partner_id: str) -> Parts:
    """A small Azure of two tenants as of a release of the documents."""
    entropy, clock, switchboard, resources = Entropy(seed), Clock(release.start), Switchboard(), Resources()
    lab_keys = LabKeys(entropy.seeded)
    azure_ad_keys = SigningKeys(lab_keys, "azure-ad")
    run_keys = SigningKeys(lab_keys, "machine-learning")
    platform = Platform(entropy("platform"))
    roles, policies, trace = RoleAssignments(RoleDefinitions(), Hierarchy()), VaultPolicies(), Trace()
    home = _tenant(home_id, "contoso.example", azure_ad_keys, entropy)
    access = AccessControl(roles, policies, DirectoryPermissions(home.directory))
    partner = _tenant(partner_id, "fabrikam.example", azure_ad_keys, entropy)
    arm = _resource_manager(home_id, entropy)
    for resource in (home, partner, arm, directory_endpoint(home)):
        resources.add(resource)
    authenticators = _authenticators(azure_ad_keys, run_keys, platform)
    door = Door(clock, trace, resources, switchboard.is_up, authenticators, access)
    providers = ResourceProviders(resources)
    door.install(AzureAD(entropy, clock), ResourceManager(arm, platform, providers, roles), providers)
    makings = Makings(home_id, entropy, platform, home.directory, resources, kinds(release.name))
    history = RunHistory(resources, platform, entropy, makings.kinds[RUN_HISTORY], home_id)
    collection, known = Collection(resources, platform, entropy), (clock, resources, entropy, release)
    door.install(*_services(platform, history, lab_keys, run_keys, *known, collection))
    permissions = Permissions(platform, home.directory, entropy)
    vaults = _ssh_vaults(platform, azure_ad_keys, resources, policies, entropy)
    door.install(SshKeys(platform, vaults, entropy), VirtualMachines())
    door.install(*_management(arm, resources, platform, access, home.directory, entropy))
    clusters = Clusters(resources, platform, entropy, makings.kinds, clock, vaults)
    door.install(Containers(platform, clusters), ManagementCode(clusters))
    door.install(Resync(platform, permissions), Support(arm, clusters.scratch))
    own = DedicatedCosmos(platform, permissions, history, roles, makings.kinds[OWN_RUN_HISTORY], entropy)
    workspaces = WorkspaceProvider(platform, home.directory, permissions, history, own, entropy, resources)
    providers.register(cosmos.TYPE, CosmosAccounts(makings, arm.registrations).provider)
    register_networks(providers, arm, resources, platform)
    asked = (resources, policies, entropy, platform, release.editions, makings, clusters, release.hbi)
    register_all(providers, home_id, workspaces, *asked)
    made = (clock, entropy, trace, resources, switchboard, lab_keys, access, home, partner, arm, door)
    return Parts(*made, clusters, SupportView(collection, clock))


def _management(
    arm: ResourceManagerEndpoint,
    resources: Resources,
    platform: Platform,
    access: AccessControl,
    directory: Directory,
    entropy: Entropy,
) -> Iterator[Service]:
    roles = access.roles
    yield Authorization(arm, resources, platform, roles, directory.name_of, entropy)
    yield from (ManagementGroups(arm, platform, roles, entropy), Blueprints(arm, roles, entropy))
    yield from (VaultAccess(arm, access.policies), Graph(), Monitor(arm, resources))
    yield VirtualNetworks(arm, resources)
    yield from (ProviderRegistration(arm, directory), Features(arm))


def _services(
    platform: Platform,
    history: RunHistory,
    lab_keys: LabKeys,
    keys: SigningKeys,
    clock: Clock,
    resources: Resources,
    entropy: Entropy,
    release: Release,
    collection: Collection,
) -> Iterator[Service]:
    yield from (KeyVault(lab_keys, entropy), BlobStorage(), FileStorage())
    yield from (ContainerRegistry(), Cosmos(), Kubernetes(), Databricks(), Compute(platform))
    submission = Submission(history, keys, clock, resources, collection)
    yield from (Runs(platform, history, submission), DataStores(platform), RunSecrets(platform))
    yield from (Snapshots(platform, entropy), AutomatedML(platform, submission))
    yield from (Models(platform), Images(platform), Notebooks(platform), WorkspaceKeys(platform))
    yield from (Activities(platform), Diagnostics(), Scoring())
    yield WebServices(platform, keys, clock, resources, entropy, collection)
    yield from (Editions(platform, release.editions), AppInsights(entropy))


def _ssh_vaults(
    platform: Platform, keys: SigningKeys, resources: Resources, policies: VaultPolicies, entropy: Entropy
) -> SshVaults:
    # Azure ML's own tenant is in nobody's way until a machine is attached.
    microsoft = _tenant(MICROSOFT_TENANT, "microsoft.example", keys, entropy)
    service = microsoft.directory.register("Azure Machine Learning", PROVIDER_APP)
    microsoft.directory.add_service_principal(service, entropy.uuid("Azure Machine Learning at Microsoft"))
    return SshVaults(microsoft, resources, policies, platform)


def _tenant(tenant_id: str, domain: str, keys: SigningKeys, entropy: Entropy) -> Tenant:
    return Tenant(
        tenant_id,
        f"Azure AD, {domain}",
        AUTHORITY,
        boundary="Azure AD",
        tenant_id=tenant_id,
        directory=Directory(tenant_id, domain, entropy),
        keys=keys,
    )


def _resource_manager(tenant_id: str, entropy: Entropy) -> ResourceManagerEndpoint:
    return ResourceManagerEndpoint(
        "https://management.azure.com",
        "Azure Resource Manager",
        "management.azure.com",
        boundary="Azure",
        tenant_id=tenant_id,
        audience=ARM,
        network=RESOURCE_MANAGER,
        activity_log=ActivityLog(entropy),
    )


def _authenticators(
    azure_ad: SigningKeys, runs: SigningKeys, platform: Platform
) -> Mapping[type[Credential], Authenticator]:
    return {
        Anonymous: anonymous.authenticate,
        Bearer: BearerAuthenticator(azure_ad),
        RunToken: RunTokenAuthenticator(runs),
        password.Password: password.authenticate,
        client_secret.ClientSecret: client_secret.authenticate,
        refresh_token.RefreshToken: refresh_token.authenticate,
        device_code.DeviceCode: device_code.authenticate,
        service_key.ServiceKey: service_key.authenticate,
        instrumentation_key.InstrumentationKey: instrumentation_key.authenticate,
        ServiceToken: ServiceTokenAuthenticator(runs),
        registry_password.RegistryPassword: registry_password.authenticate,
        shared_key.SharedKey: shared_key.authenticate,
        ssh.SshPassword: ssh.by_password,
        ssh.SshKey: ssh.by_key,
        ManagedIdentity: platform.managed_identity,
        Forwarded: platform.forwarded,
    }
