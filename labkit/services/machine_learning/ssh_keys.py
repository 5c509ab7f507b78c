"""The SSH keys with which Azure ML reaches attached machines: its own, in a vault of its own."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from functools import partial
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from labkit.access.vault_policy import VaultPolicies
from labkit.authenticators.platform import Forwarded, ManagedIdentity, Platform
from labkit.authenticators.ssh import SshKey, SshPassword, public_line
from labkit.core.credential import Bearer
from labkit.core.entropy import Entropy
from labkit.core.errors import NetworkDenied, Unauthenticated, Unreachable
from labkit.core.operation import Call, operation
from labkit.core.resource import Resources
from labkit.identity.tenant import Tenant
from labkit.services import key_vault
from labkit.services.azure_ad import KEY_VAULT, AzureAD
from labkit.services.key_vault import KeyVault, Vault
from labkit.services.machine_learning.workspace import MachineLearning, Workspace
from labkit.services.resource_id import name_of
from labkit.services.virtual_machine import VirtualMachines
from labkit.stores import MICROSOFT_SUBSCRIPTION

_GROUP = f"{MICROSOFT_SUBSCRIPTION}/resourceGroups/ssh"


class SshVaults:
    """The vaults in the Microsoft subscription, one for each region that has an attached machine, made when
    the first one comes (assumption: ssh-vault). They trust Microsoft's tenant, so no token of a customer's
    opens them (statement kv-ssh-separate)."""

    def __init__(
        self, microsoft: Tenant, resources: Resources, policies: VaultPolicies, platform: Platform
    ) -> None:
        self._tenant = microsoft
        self._resources = resources
        self._policies = policies
        self._platform = platform

    def vault(self, call: Call[Workspace]) -> str:
        """The id of the vault of the workspace's region."""
        workspace, id = call.target, self.id_of(call.target)
        name = name_of(id)
        if self._resources.get(id) is None:
            host, tenant_id = f"{name}.vault.azure.net", self._tenant.tenant_id
            where = (workspace.region, workspace.boundary, tenant_id, KEY_VAULT)
            self._make(call, Vault(id, name, host, *where, life=id))
        return id

    def _make(self, call: Call[Workspace], vault: Vault) -> None:
        new = [one for one in (self._tenant, vault) if self._resources.get(one.id) is None]
        for one in new:
            call.undo(partial(self._resources.remove, one))
            self._resources.add(one)
        call.undo(partial(self._policies.close, vault.id))
        self._policies.restore(vault.id, {self._principal: (f"{key_vault.TYPE}/secrets/*",)})

    @property
    def _principal(self) -> str:
        [principal] = self._tenant.directory.service_principals()
        return principal.object_id

    def id_of(self, workspace: Workspace) -> str:
        """What the vault of the workspace's region is called, whether it is there or not."""
        return f"{_GROUP}/providers/{key_vault.TYPE}/ssh-{workspace.region}"

    @property
    def tenant_id(self) -> str:
        """The tenant that the vaults trust."""
        return self._tenant.tenant_id

    def certificate(self) -> ManagedIdentity:
        """What Azure ML itself signs in to that tenant with."""
        return self._platform.certificate(self._principal)

    def token(self, call: Call[Workspace]) -> Bearer:
        """A token of Azure ML itself, in Microsoft's own tenant."""
        return call.ask(AzureAD.token, self._tenant.id, self.certificate(), KEY_VAULT).access_token.bearer


class SshKeys(MachineLearning):
    """Azure ML keeps no password and no key that somebody gives it: it uses it once, to have a key of its own
    authorized (statement kv-no-user-keys)."""

    def __init__(self, platform: Platform, vaults: SshVaults, entropy: Entropy) -> None:
        super().__init__(platform)
        self._vaults = vaults
        self._entropy = entropy
        self._made: Counter[str] = Counter()

    @operation("Authorize own SSH key", accepts=(Forwarded,))
    def authorize(
        self, call: Call[Workspace], compute: str, machine: str, login: SshPassword | SshKey
    ) -> None:
        """Makes a key for a machine that is attached under a name, has it authorized there, and stores it.
        Raises Unauthenticated where the machine does not take the login."""
        private = self._new_key(call, compute)
        call.ask(VirtualMachines.authorize, machine, login, _line(private))
        pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        vault = self._vaults.vault(call)
        call.ask(KeyVault.set_secret, vault, self._vaults.token(call), call.target.own(compute), pem)

    def _new_key(self, call: Call[Any], compute: str) -> Ed25519PrivateKey:
        label = f"ssh key/{call.target.own(compute)}"
        call.undo(partial(self._made.update, {label: -1}))
        self._made[label] += 1
        return Ed25519PrivateKey.from_private_bytes(self._entropy(f"{label}/{self._made[label]}"))

    @operation("Withdraw own SSH key", accepts=(Forwarded,))
    def withdraw(self, call: Call[Workspace], compute: str, machine: str, username: str) -> None:
        """Takes the key of a machine that is detached out of the machine, if that still answers, and out of
        the vault (assumption: ssh-withdrawn)."""
        vault, token, name = self._vaults.vault(call), self._vaults.token(call), call.target.own(compute)
        kept = call.ask(KeyVault.get_secret, vault, token, name)
        private = load_pem_private_key(kept.reveal().encode(), None)
        assert isinstance(private, Ed25519PrivateKey)
        with suppress(Unreachable, NetworkDenied, Unauthenticated):
            call.ask(VirtualMachines.remove, machine, SshKey(username, kept.reveal()), _line(private))
        call.ask(KeyVault.delete_secret, vault, token, name)


def _line(private: Ed25519PrivateKey) -> str:
    return f"{public_line(private)} azureml"
