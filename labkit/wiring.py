"""Builds the parts of the small Azure and connects them; no users and no resources yet."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
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
    service_key,
    shared_key,
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
from labkit.network.regions import Switchboard
from labkit.providers import register_all
from labkit.releases import Release
from labkit.services.app_insights import AppInsights
from labkit.services.authorization import Authorization
from labkit.services.azure_ad import ARM, AUTHORITY, AzureAD
from labkit.services.blueprints import Blueprints
from labkit.services.graph import Graph, directory_endpoint
from labkit.services.key_vault import KeyVault
from labkit.services.kubernetes import Kubernetes
from labkit.services.machine_learning.compute import Compute
from labkit.services.machine_learning.data_stores import DataStores
from labkit.services.machine_learning.edition import Editions
from labkit.services.machine_learning.images import Images
from labkit.services.machine_learning.keys import WorkspaceKeys
from labkit.services.machine_learning.models import Models
from labkit.services.machine_learning.notebooks import Notebooks
from labkit.services.machine_learning.permissions import Permissions
from labkit.services.machine_learning.provider import WorkspaceProvider
from labkit.services.machine_learning.resync import Resync
from labkit.services.machine_learning.run_secrets import RunSecrets
from labkit.services.machine_learning.runs import Runs
from labkit.services.machine_learning.scoring import Scoring
from labkit.services.machine_learning.web_services import WebServices
from labkit.services.management_groups import ManagementGroups
from labkit.services.management_plane import ResourceManagerEndpoint
from labkit.services.registry import ContainerRegistry
from labkit.services.resource_manager import ResourceManager, ResourceProviders
from labkit.services.storage import BlobStorage
from labkit.services.vault_access import VaultAccess


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
    arm = _resource_manager(home_id)
    for resource in (home, partner, arm, directory_endpoint(home)):
        resources.add(resource)
    door = Door(
        clock,
        trace,
        resources,
        switchboard.is_up,
        _authenticators(azure_ad_keys, run_keys, platform),
        access,
    )
    providers = ResourceProviders(resources)
    door.install(AzureAD(entropy, clock), ResourceManager(arm, platform, providers, roles), providers)
    door.install(*_services(platform, run_keys, clock, resources, entropy, release))
    permissions = Permissions(platform, home.directory, entropy)
    door.install(Resync(platform, permissions))
    door.install(*_management(arm, resources, platform, access, home.directory.name_of, entropy))
    workspaces = WorkspaceProvider(platform, home.directory, permissions, entropy)
    register_all(providers, home_id, workspaces, resources, policies, entropy, platform, release.editions)
    return Parts(clock, entropy, trace, resources, switchboard, lab_keys, access, home, partner, arm, door)


def _management(
    arm: ResourceManagerEndpoint,
    resources: Resources,
    platform: Platform,
    access: AccessControl,
    name_of_principal: Callable[[str], str],
    entropy: Entropy,
) -> Iterator[Service]:
    roles = access.roles
    yield Authorization(arm, resources, platform, roles, name_of_principal, entropy)
    yield from (ManagementGroups(arm, platform, roles, entropy), Blueprints(arm, roles, entropy))
    yield from (VaultAccess(arm, access.policies), Graph())


def _services(
    platform: Platform,
    keys: SigningKeys,
    clock: Clock,
    resources: Resources,
    entropy: Entropy,
    release: Release,
) -> Iterator[Service]:
    yield from (KeyVault(), BlobStorage(), ContainerRegistry(), Kubernetes())
    yield from (Compute(platform), Runs(platform, keys, clock), DataStores(platform), RunSecrets(platform))
    yield from (Models(platform), Images(platform), Notebooks(platform), WorkspaceKeys(platform))
    yield from (WebServices(platform, keys, clock, resources, entropy), Scoring())
    yield from (Editions(platform, release.editions), AppInsights(entropy))


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


def _resource_manager(tenant_id: str) -> ResourceManagerEndpoint:
    return ResourceManagerEndpoint(
        "https://management.azure.com",
        "Azure Resource Manager",
        "management.azure.com",
        boundary="Azure",
        tenant_id=tenant_id,
        audience=ARM,
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
        shared_key.SharedKey: shared_key.authenticate,
        ManagedIdentity: platform.managed_identity,
        Forwarded: platform.forwarded,
    }
