"""How Resource Manager creates, changes and deletes what keeps data at rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from labkit.authenticators.platform import Platform
from labkit.core.entropy import Entropy
from labkit.core.operation import Call
from labkit.core.resource import Resource, Resources
from labkit.identity.directory import Directory
from labkit.providers.firewalls import RULE_SET, Firewall
from labkit.services import registry, storage
from labkit.services.azure_ad import ARM, STORAGE
from labkit.services.customer_keys import (
    ENCRYPTION,
    EncryptionSettings,
    Identities,
    registry_key,
    storage_key,
)
from labkit.services.encryption import AccountKey, disk
from labkit.services.machine_learning.private_link import check_registry
from labkit.services.managed_identity import UserAssignedIdentity
from labkit.services.registry import Registry
from labkit.services.resource_id import group_of, name_of
from labkit.services.resource_manager import Provider, may_change
from labkit.services.storage import StorageAccount
from labkit.stores import BLOBS, FILES, IMAGES, StoreKind


@dataclass(frozen=True)
class Makings:
    """What a store is made with. `kinds` are those of the lab's release."""

    tenant_id: str
    entropy: Entropy
    platform: Platform
    directory: Directory
    resources: Resources
    kinds: Mapping[str, StoreKind]

    def key(self, what: str) -> AccountKey:
        """A new account key, not begun yet."""
        return AccountKey(self.kinds[what], self.platform)

    def identities(self) -> Identities:
        """What gives a store its managed identities."""
        return Identities(self.directory, self.platform, self.resources)


class Lives:
    """Tells a store from one that had its name before: it has other keys."""

    def __init__(self) -> None:
        self._made: Counter[str] = Counter()

    def next(self, call: Call[Any]) -> str:
        """The label of the life that begins now; drawn again if the call fails."""
        id = call.target.id.lower()
        call.undo(partial(self._made.update, {id: -1}))
        self._made[id] += 1
        return f"{id}/{self._made[id]}"


def storage_accounts(with_: Makings) -> Provider:
    """The provider of storage accounts."""
    lives, identities = Lives(), with_.identities()
    settings = EncryptionSettings(identities, with_.resources, storage_key)
    firewall = Firewall(with_.platform)

    def make(id: str, region: str) -> Resource:
        name, key = name_of(id), with_.key(BLOBS)
        return StorageAccount(
            *(id, name, f"{name}.{storage.BLOB_HOST}", region),
            tenant_id=with_.tenant_id,
            audience=STORAGE,
            account_key=key,
            blobs=disk(with_.kinds[BLOBS], f"{name}, blobs", key),
            files=disk(with_.kinds[FILES], f"{name}, files", key),
        )

    def created(call: Call[StorageAccount], properties: Mapping[str, Any]) -> dict[str, Any]:
        account = call.target
        account.life = lives.next(call)
        for key in storage.KEY_NAMES:
            account.access_keys[key] = with_.entropy(f"{account.life}/{key}", 64)
        account.account_key.begin(account.life, with_.entropy)
        return settings.created(call, properties) | firewall.apply(call, properties)

    regenerate = storage.KeyRegeneration(with_.entropy)
    return Provider(
        *(make, created, identities.forget),
        {"listKeys": storage.list_keys, "regenerateKey": regenerate},
        _settings_changed(settings, firewall),
    )


def _settings_changed(
    settings: EncryptionSettings, firewall: Firewall
) -> Callable[[Call[Any], Mapping[str, Any]], dict[str, Any]]:
    def changed(call: Call[Any], changes: Mapping[str, Any]) -> dict[str, Any]:
        may_change(*ENCRYPTION, *firewall.names)(call, changes)
        return settings.changed(call, firewall.others(changes)) | firewall.apply(call, changes)

    return changed


def registries(with_: Makings) -> Provider:
    """The provider of container registries."""
    lives, identities = Lives(), with_.identities()
    settings = EncryptionSettings(identities, with_.resources, registry_key)
    firewall = Firewall(
        with_.platform,
        RULE_SET,
        "networkRuleBypassOptions",
        lambda target, rules: check_registry(target, rules, with_.resources),
    )

    def make(id: str, region: str) -> Resource:
        name, key = name_of(id), with_.key(IMAGES)
        return Registry(
            *(id, name, f"{name}.azurecr.io", region),
            tenant_id=with_.tenant_id,
            audience=ARM,
            account_key=key,
            images=disk(with_.kinds[IMAGES], f"{name}, images", key),
        )

    def created(call: Call[Registry], properties: Mapping[str, Any]) -> dict[str, Any]:
        life = lives.next(call)
        call.target.account_key.begin(life, with_.entropy)
        for name in registry.PASSWORDS:
            call.target.passwords[name] = with_.entropy.text(f"{life}/{name}")
        return settings.created(call, properties) | firewall.apply(call, properties)

    actions = {"listCredentials": registry.list_credentials}
    return Provider(make, created, identities.forget, actions, _settings_changed(settings, firewall))


def user_assigned_identities(with_: Makings) -> Provider:
    """The provider of managed identities that are resources of their own: they are there, and can be given
    access, before what will use them."""

    def make(id: str, region: str) -> Resource:
        host = f"{name_of(id)}.{name_of(group_of(id))}.identity.azure.example"
        return UserAssignedIdentity(id, name_of(id), host, region, tenant_id=with_.tenant_id)

    def created(call: Call[UserAssignedIdentity], properties: Mapping[str, Any]) -> dict[str, Any]:
        call.undo(with_.directory.as_it_is())
        principal = with_.directory.add_managed_identity(call.target.name, call.target.id)
        call.target.principal_id, call.target.client_id = principal.object_id, principal.app_id
        return {
            "principalId": principal.object_id,
            "clientId": principal.app_id,
            "tenantId": with_.tenant_id,
        }

    def deleted(call: Call[UserAssignedIdentity]) -> None:
        call.undo(with_.directory.as_it_is())
        with_.directory.remove_principal(call.target.principal_id)

    return Provider(make, created, deleted)
