"""Deleting keys and secrets, and what can be done about it."""

from __future__ import annotations

from dataclasses import dataclass

from labkit.core.clock import iso
from labkit.core.errors import brief
from labkit.core.operation import Call, operation
from labkit.services.key_vault.errors import PurgeProtected
from labkit.services.key_vault.items import LOST, deleted, lost_since, missing, shelf, versions
from labkit.services.key_vault.keys import KEYS
from labkit.services.key_vault.plane import Plane
from labkit.services.key_vault.secrets import SECRETS
from labkit.services.key_vault.vault import DAY, DELETION, Deleted, Vault


@dataclass(frozen=True, repr=False)
class DeletedItem:
    """A deleted key ("keys") or secret ("secrets"). `deleted` and `purged` are moments (seconds): `purged` is
    when it is or was lost for good; `recovery` is Azure's recovery level of the vault."""

    kind: str
    name: str
    versions: int
    deleted: int
    purged: int
    recovery: str

    @property
    def recoverable(self) -> bool:
        """Whether it can be had back at all."""
        return self.recovery != "Purgeable"

    def __repr__(self) -> str:
        noun = self.kind[:-1]
        head = f"deleted {noun} {self.name}, {self.versions} version{'s' * (self.versions != 1)}"
        if not self.recoverable:
            return f"{head}: LOST for good since {iso(self.purged)}\n  {LOST[self.kind]}"
        return "\n".join(
            [
                f"{head}: can be recovered until {iso(self.purged)}",
                f"  deletion: {DELETION[self.recovery]} ({self.recovery})",
                f"  once it is purged: {LOST[self.kind]}",
            ]
        )


def _delete(call: Call[Vault], kind: str, name: str) -> DeletedItem:
    on, vault = shelf(call.target, kind), call.target
    found = versions(call, kind, name)
    lost = lost_since(call, kind, name)
    if vault.soft_delete:
        until = call.now + vault.retention_days * DAY
        # One of this name may have been lost before, by its time alone.
        on.change(call, on.lost, name, lost)
        on.change(call, on.deleted, name, Deleted(found, call.now, until))
    else:
        until = call.now
        on.change(call, on.lost, name, until)
    on.change(call, on.live, name, None)
    return DeletedItem(kind, found[-1].shown.name, len(found), call.now, until, vault.recovery)


def _item(call: Call[Vault], kind: str, one: Deleted) -> DeletedItem:
    name, level = one.versions[-1].shown.name, call.target.recovery
    return DeletedItem(kind, name, len(one.versions), one.since, one.until, level)


def _find(call: Call[Vault], kind: str, name: str) -> Deleted:
    found = deleted(call, kind, name)
    if found is None:
        raise missing(call, kind, name)
    return found


def _list(call: Call[Vault], kind: str) -> list[DeletedItem]:
    names = sorted(shelf(call.target, kind).deleted)
    found = (deleted(call, kind, name) for name in names)
    return [_item(call, kind, one) for one in found if one is not None]


def _recover(call: Call[Vault], kind: str, name: str) -> None:
    on, found = shelf(call.target, kind), _find(call, kind, name)
    on.change(call, on.deleted, name, None)
    on.change(call, on.live, name, found.versions)


def _purge(call: Call[Vault], kind: str, name: str) -> None:
    on, found = shelf(call.target, kind), _find(call, kind, name)
    if call.target.purge_protection:
        raise PurgeProtected(
            'Operation "purge" is not allowed because purge protection is enabled for this vault.',
            presented=brief(name),
            advice=f"until {iso(found.until)} it can be recovered; then the vault purges it by itself",
        )
    on.change(call, on.deleted, name, None)
    on.change(call, on.lost, name, call.now)


class Recovery(Plane):
    """In a vault with soft delete, what is deleted can be recovered for as many days as the vault keeps it,
    unless somebody purges it before. In one without, and after that time, it is lost."""

    @operation("Delete key", data_action=f"{KEYS}/delete")
    def delete_key(self, call: Call[Vault], name: str) -> DeletedItem:
        """Deletes a key with all its versions; final without soft delete. Raises KeyNotFound."""
        return _delete(call, "keys", name)

    @operation("Get deleted key", data_action=f"{KEYS}/read")
    def get_deleted_key(self, call: Call[Vault], name: str) -> DeletedItem:
        """What is left of it. Raises KeyNotFound."""
        return _item(call, "keys", _find(call, "keys", name))

    @operation("List deleted keys", data_action=f"{KEYS}/read")
    def list_deleted_keys(self, call: Call[Vault]) -> list[DeletedItem]:
        """Those that can be recovered."""
        return _list(call, "keys")

    @operation("Recover deleted key", data_action=f"{KEYS}/recover/action")
    def recover_deleted_key(self, call: Call[Vault], name: str) -> None:
        """Brings a key back with all its versions. Raises KeyNotFound."""
        _recover(call, "keys", name)

    @operation("Purge deleted key", data_action=f"{KEYS}/purge/action")
    def purge_deleted_key(self, call: Call[Vault], name: str) -> None:
        """Loses a deleted key for good, and with it all that it has wrapped. Raises KeyNotFound or
        PurgeProtected."""
        _purge(call, "keys", name)

    @operation("Delete secret", data_action=f"{SECRETS}/delete")
    def delete_secret(self, call: Call[Vault], name: str) -> DeletedItem:
        """Deletes a secret with all its versions; final without soft delete. Raises SecretNotFound."""
        return _delete(call, "secrets", name)

    @operation("Get deleted secret", data_action=f"{SECRETS}/readMetadata/action")
    def get_deleted_secret(self, call: Call[Vault], name: str) -> DeletedItem:
        """What is left of it. Raises SecretNotFound."""
        return _item(call, "secrets", _find(call, "secrets", name))

    @operation("List deleted secrets", data_action=f"{SECRETS}/readMetadata/action")
    def list_deleted_secrets(self, call: Call[Vault]) -> list[DeletedItem]:
        """Those that can be recovered."""
        return _list(call, "secrets")

    @operation("Recover deleted secret", data_action=f"{SECRETS}/recover/action")
    def recover_deleted_secret(self, call: Call[Vault], name: str) -> None:
        """Brings a secret back with all its versions. Raises SecretNotFound."""
        _recover(call, "secrets", name)

    @operation("Purge deleted secret", data_action=f"{SECRETS}/purge/action")
    def purge_deleted_secret(self, call: Call[Vault], name: str) -> None:
        """Loses a deleted secret for good. Raises SecretNotFound or PurgeProtected."""
        _purge(call, "secrets", name)
