"""Builds the parts of the small Azure and connects them; no users and no resources yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from labkit.access.rbac import RoleAssignments
from labkit.access.vault_policy import VaultPolicies
from labkit.authenticators import anonymous, client_secret, device_code, password, refresh_token, shared_key
from labkit.authenticators.bearer import BearerAuthenticator
from labkit.authenticators.platform import Forwarded, ManagedIdentity, Platform
from labkit.authenticators.run_token import RunToken, RunTokenAuthenticator
from labkit.core.clock import Clock
from labkit.core.credential import Anonymous, Bearer, Credential
from labkit.core.door import Authenticator, Authorizer, Decision, Door
from labkit.core.entropy import Entropy
from labkit.core.identity import Identity
from labkit.core.resource import Resources
from labkit.core.trace import Trace
from labkit.identity.directory import Directory
from labkit.identity.issuer import SigningKeys
from labkit.identity.lab_keys import LabKeys
from labkit.identity.tenant import Tenant
from labkit.network.regions import Switchboard
from labkit.providers import register_all
from labkit.services.azure_ad import ARM, AUTHORITY, AzureAD
from labkit.services.key_vault import KeyVault
from labkit.services.machine_learning.compute import Compute
from labkit.services.machine_learning.data_stores import DataStores
from labkit.services.machine_learning.provider import WorkspaceProvider
from labkit.services.machine_learning.run_secrets import RunSecrets
from labkit.services.machine_learning.runs import Runs
from labkit.services.resource_manager import (
    ResourceManager,
    ResourceManagerEndpoint,
    ResourceProviders,
)
from labkit.services.storage import BlobStorage


@dataclass(frozen=True)
class Parts:
    """The connected parts. `home` is the tenant that trusts, `partner` another one."""

    clock: Clock
    entropy: Entropy
    trace: Trace
    resources: Resources
    switchboard: Switchboard
    lab_keys: LabKeys
    roles: RoleAssignments
    home: Tenant
    partner: Tenant
    arm: ResourceManagerEndpoint
    door: Door


def build(start: int, seed: int | None, home_id: str, partner_id: str) -> Parts:
    """A small Azure of two tenants whose clock stands at `start` (seconds)."""
    entropy, clock, switchboard, resources = Entropy(seed), Clock(start), Switchboard(), Resources()
    lab_keys = LabKeys(entropy.seeded)
    azure_ad_keys = SigningKeys(lab_keys, "azure-ad")
    run_keys = SigningKeys(lab_keys, "machine-learning")
    platform = Platform(entropy("platform"))
    roles, policies, trace = RoleAssignments(), VaultPolicies(), Trace()
    home = _tenant(home_id, "contoso.example", azure_ad_keys, entropy)
    partner = _tenant(partner_id, "fabrikam.example", azure_ad_keys, entropy)
    arm = _resource_manager(home_id)
    for resource in (home, partner, arm):
        resources.add(resource)
    door = Door(
        clock,
        trace,
        resources,
        switchboard.is_up,
        _authenticators(azure_ad_keys, run_keys, platform),
        _authorizer(roles, policies),
    )
    providers = ResourceProviders(resources)
    door.install(
        AzureAD(entropy, clock),
        ResourceManager(arm, platform, providers),
        providers,
        KeyVault(),
        BlobStorage(),
    )
    door.install(
        Compute(platform), Runs(platform, run_keys, clock), DataStores(platform), RunSecrets(platform)
    )
    workspaces = WorkspaceProvider(platform, home.directory, roles, policies, entropy)
    register_all(providers, home_id, workspaces, resources, policies, entropy)
    return Parts(clock, entropy, trace, resources, switchboard, lab_keys, roles, home, partner, arm, door)


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
        shared_key.SharedKey: shared_key.authenticate,
        ManagedIdentity: platform.managed_identity,
        Forwarded: platform.forwarded,
    }


def _authorizer(roles: RoleAssignments, policies: VaultPolicies) -> Authorizer:
    def decide(who: Identity, action: str, data: bool, scope: str, now: int) -> Decision:
        if data and policies.governs(scope):
            return policies.decide(who, action, scope)
        return roles.decide(who, action, data, scope, now)

    return decide
