"""How Resource Manager creates a vault, changes, deletes and recovers it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar

from labkit.access.vault_policy import VaultPolicies
from labkit.core.clock import iso
from labkit.core.errors import BadRequest, Conflict, brief
from labkit.core.operation import Call
from labkit.core.resource import Resource, Resources
from labkit.providers.firewalls import Firewall, present, shown
from labkit.providers.stores import Lives
from labkit.services.azure_ad import KEY_VAULT
from labkit.services.key_vault import Vault
from labkit.services.key_vault.vault import DAY, RETENTION_DAYS
from labkit.services.resource_id import name_of
from labkit.services.resource_manager import Provider, may_change

SOFT_DELETE, PURGE_PROTECTION = "enableSoftDelete", "enablePurgeProtection"
# Whoever may write the vault chooses, in every release.  # assumption: vault-roles
DAYS, BY_ROLES, MODE = "softDeleteRetentionInDays", "enableRbacAuthorization", "createMode"
_SHORTEST = 7


class VaultAlreadyExists(Conflict):
    """A deleted vault still has the name."""

    fixed_code: ClassVar[str] = "ConflictError"


@dataclass(frozen=True)
class _DeletedVault:
    """A vault that can be recovered until a moment (seconds), its policy, and the subnets that its rules let
    in."""

    vault: Vault
    policy: dict[str, tuple[str, ...]]
    until: int
    subnets: dict[str, Resource | None]


class Vaults:
    """Keeps what was deleted, by name: names of vaults are unique in all of Azure."""

    def __init__(
        self, tenant_id: str, policies: VaultPolicies, firewall: Firewall, resources: Resources
    ) -> None:
        self._resources = resources
        self._tenant_id = tenant_id
        self._firewall = firewall
        self._policies = policies
        self._lives = Lives()
        self._deleted: dict[str, _DeletedVault] = {}

    @property
    def provider(self) -> Provider:
        """What Resource Manager calls."""
        return Provider(self._make, self._created, self._gone, changed=self._changed)

    def _make(self, id: str, region: str) -> Resource:
        host = f"{name_of(id)}.vault.azure.net"
        return Vault(id, name_of(id), host, region, tenant_id=self._tenant_id, audience=KEY_VAULT)

    def _created(self, call: Call[Vault], properties: Mapping[str, Any]) -> dict[str, Any]:
        vault, mode = call.target, properties.get(MODE, "default")
        kept = self._deleted.get(vault.name.lower())
        kept = kept if kept is not None and call.now < kept.until else None
        if mode == "recover":
            return self._recovered(call, kept) | {MODE: mode}
        if mode != "default":
            raise _refuse(MODE, mode, '"default" or "recover"')
        if kept is not None:
            raise VaultAlreadyExists(
                "A vault with the same name already exists in deleted state.",
                presented=vault.name,
                advice=f'createMode "recover" brings it back; its name is free at {iso(kept.until)}',
            )
        vault.life = self._lives.next(call)
        _check(properties)
        self._open(call, {})
        self._set(vault, properties)
        return _shown(vault) | self._firewall.apply(call, properties)

    def _recovered(self, call: Call[Vault], kept: _DeletedVault | None) -> dict[str, Any]:
        vault = call.target
        if kept is None or kept.vault.id.lower() != vault.id.lower() or kept.vault.region != vault.region:
            raise BadRequest(
                "There is no deleted vault to recover here.",
                presented=f"{vault.id} in {vault.region}",
                required="the id and region that it had, within its days",
            )
        old = kept.vault
        vault.life, vault.keys, vault.secrets = old.life, old.keys, old.secrets
        vault.soft_delete, vault.purge_protection = old.soft_delete, old.purge_protection
        vault.retention_days, vault.by_roles = old.retention_days, old.by_roles
        name = vault.name.lower()
        call.undo(lambda: self._deleted.update({name: kept}))
        del self._deleted[name]
        self._open(call, kept.policy)
        self._policies.follow_roles(vault.id, vault.by_roles)
        # Private endpoints led to the one that was deleted, and of its subnets some may be gone, or be others
        # of that name.  # assumption: recovered-firewall
        there = frozenset(id for id, one in kept.subnets.items() if self._resources.get(id) is one)
        vault.firewall = rules = replace(present(old), endpoints=frozenset(), subnets=there)
        return _shown(vault) | ({self._firewall.name: shown(rules)} if old.firewall else {})

    def _open(self, call: Call[Vault], policy: dict[str, tuple[str, ...]]) -> None:
        id = call.target.id
        self._policies.restore(id, policy)
        call.undo(lambda: self._policies.close(id))

    def _set(self, vault: Vault, properties: Mapping[str, Any]) -> None:
        vault.soft_delete = properties.get(SOFT_DELETE, vault.soft_delete)
        vault.purge_protection = properties.get(PURGE_PROTECTION, vault.purge_protection)
        vault.retention_days = properties.get(DAYS, vault.retention_days)
        vault.by_roles = properties.get(BY_ROLES, vault.by_roles)
        self._policies.follow_roles(vault.id, vault.by_roles)

    def _changed(self, call: Call[Vault], changes: Mapping[str, Any]) -> dict[str, Any]:
        vault = call.target
        may_change(SOFT_DELETE, PURGE_PROTECTION, BY_ROLES, *self._firewall.names)(call, changes)
        for name in (SOFT_DELETE, PURGE_PROTECTION):
            # It is a change: so the vault has it.
            if changes.get(name) is False:
                raise BadRequest(
                    f'The property "{name}" cannot be set to false.',
                    presented=f"{name}: False",
                    required="true: enabling it is irreversible",
                )
        _check({**_shown(vault), **changes})
        call.undo(partial(self._set, vault, _shown(vault)))
        self._set(vault, changes)
        return self._firewall.apply(call, changes)

    def _gone(self, call: Call[Vault]) -> None:
        vault, name = call.target, call.target.name.lower()
        before = self._deleted.get(name)
        policy = self._policies.close(vault.id)
        call.undo(lambda: self._policies.follow_roles(vault.id, vault.by_roles))
        call.undo(lambda: self._policies.restore(vault.id, policy))
        if vault.soft_delete:
            call.undo(_put_back(self._deleted, name, before))
            subnets = {id: self._resources.get(id) for id in present(vault).subnets}
            until = call.now + vault.retention_days * DAY
            self._deleted[name] = _DeletedVault(vault, policy, until, subnets)


def _put_back(
    table: dict[str, _DeletedVault], name: str, before: _DeletedVault | None
) -> Callable[[], object]:
    return lambda: table.pop(name) if before is None else table.update({name: before})


def _shown(vault: Vault) -> dict[str, Any]:
    return {
        BY_ROLES: vault.by_roles,
        SOFT_DELETE: vault.soft_delete,
        PURGE_PROTECTION: vault.purge_protection,
        DAYS: vault.retention_days,
    }


def _check(properties: Mapping[str, Any]) -> None:
    """Raises BadRequest for values that a vault cannot have."""
    for name in (SOFT_DELETE, PURGE_PROTECTION, BY_ROLES):
        if type(value := properties.get(name, False)) is not bool:
            raise _refuse(name, value, "true or false")
    days = properties.get(DAYS, RETENTION_DAYS)
    if type(days) is not int or not _SHORTEST <= days <= RETENTION_DAYS:
        raise _refuse(DAYS, days, f"{_SHORTEST} to {RETENTION_DAYS} days")
    if properties.get(PURGE_PROTECTION) and not properties.get(SOFT_DELETE):
        raise _refuse(PURGE_PROTECTION, True, f"{SOFT_DELETE} as well: there is nothing else to protect")


def _refuse(name: str, value: object, required: str) -> BadRequest:
    return BadRequest(
        "A vault cannot be had like this.", presented=f"{brief(name)}: {brief(value)}", required=required
    )
