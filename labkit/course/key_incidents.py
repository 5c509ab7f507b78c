"""Scenes: something has happened to the key that encrypts two stores, and olivia does one thing about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from labkit.core.errors import LabError
from labkit.core.verdict import Verdict
from labkit.course.key_scene import ENOUGH, KEY, OWNER, at_vault, enable, let_in, new_version, put
from labkit.course.store_trials import TRIALS, InUse, Wish, account
from labkit.lab import Lab
from labkit.services.azure_ad import KEY_VAULT
from labkit.services.encryption import HOLD, RSA_OAEP
from labkit.services.key_vault import KeyVault, Vault
from labkit.services.vault_access import VaultAccess
from labkit.stores import BLOBS, IMAGES, kinds

_LATER, _DAY = HOLD + 60, 24 * 3600
FORMER = "fred"


@dataclass
class Scene:
    """A lab in which Blob storage and the registry are under olivia's key.

    stores  both of them, by name
    first   the version of the key that wrapped the storage account's key at first
    named   the object id that "remove from access policy" is about
    copied  the wrapped account key as fred has copied it, and the version that wrapped it
    backup  a backup of the key, where there is one
    """

    lab: Lab
    stores: Mapping[str, InUse] = field(default_factory=dict)
    first: str = ""
    named: str = ""
    copied: tuple[str, bytes] = ("", b"")
    backup: bytes = b""

    def readable(self) -> list[str]:
        """The names of the stores that can be read now."""
        return [name for name, one in self.stores.items() if one.read and Verdict.of(one.read)]

    def rotated(self) -> bool:
        """Whether another version of the key wraps the storage account's key by now."""
        return account(self.lab).account_key.wrapped.version != self.first

    def opens_for_fred(self) -> bool:
        """Whether fred unwraps what he has copied."""
        if not self.copied[0]:
            return False
        token, (version, data) = self.lab.sign_in(FORMER, resource=KEY_VAULT).bearer, self.copied
        asked = (KeyVault.unwrap_key, self.lab.vault, token, KEY, version, RSA_OAEP, data)
        return bool(self.lab.attempt(FORMER, *asked))


def _scene(lab: Lab, *, soft_delete: bool = True) -> Scene:
    if soft_delete:
        put(lab, lab.vault, {"enableSoftDelete": True})
    key, names, scene = new_version(lab), kinds(lab.release.name), Scene(lab)
    scene.stores = {names[what].name: TRIALS[what](lab, Wish(key, lab.vault)) for what in (BLOBS, IMAGES)}
    scene.first, scene.named = key.version, account(lab).identity_id
    return scene


def usual(lab: Lab) -> Scene:
    """Nothing has happened to the key."""
    return _scene(lab)


def former_employee(lab: Lab) -> Scene:
    """fred may use the key, and has a copy of the wrapped account key."""
    scene = _scene(lab)
    scene.named = lab.hire(FORMER).object_id
    let_in(lab, scene.named, *ENOUGH)
    wrapped = account(lab).account_key.wrapped
    scene.copied = wrapped.version, wrapped.data
    return scene


def deleted(lab: Lab) -> Scene:
    """Somebody has deleted the key, from a vault with soft delete. There is a backup."""
    scene = _scene(lab)
    scene.backup = at_vault(lab, KeyVault.backup_key, lab.vault, KEY)
    at_vault(lab, KeyVault.delete_key, lab.vault, KEY)
    lab.clock.advance(_DAY)
    return scene


def gone(lab: Lab) -> Scene:
    """Somebody has deleted the key, from a vault without soft delete. There is a backup."""
    scene = _scene(lab, soft_delete=False)
    scene.backup = at_vault(lab, KeyVault.backup_key, lab.vault, KEY)
    at_vault(lab, KeyVault.delete_key, lab.vault, KEY)
    lab.clock.advance(_DAY)
    return scene


def _remove(scene: Scene) -> None:
    owner = scene.lab.sign_in(OWNER).bearer
    scene.lab.ask(OWNER, VaultAccess.remove_policy, scene.lab.vault, owner, scene.named)


def _purge(scene: Scene) -> None:
    lab = scene.lab
    Verdict.of(partial(at_vault, lab, KeyVault.delete_key, lab.vault, KEY))
    vault = lab.resources.find(lab.vault)
    if isinstance(vault, Vault) and vault.soft_delete:
        at_vault(lab, KeyVault.purge_deleted_key, lab.vault, KEY)


# What olivia can do. Each raises what the door raises.
ACTIONS: Mapping[str, Callable[[Scene], object]] = {
    "rotate": lambda scene: new_version(scene.lab),
    "disable": lambda scene: enable(scene.lab, False),
    "remove from access policy": _remove,
    "recover": lambda scene: at_vault(scene.lab, KeyVault.recover_deleted_key, scene.lab.vault, KEY),
    "restore backup": lambda scene: at_vault(scene.lab, KeyVault.restore_key, scene.lab.vault, scene.backup),
    "purge": _purge,
}


@dataclass(frozen=True)
class Outcome:
    """What it is like an hour and a minute later.

    refused   what the lab said to the action itself; None where it was done
    readable  the stores that can be read
    rotated   whether another version of the key wraps the storage account's key
    fred      whether fred unwraps what he has copied
    restored  the stores that can be read once the key is enabled again, and everybody back in the policy
    """

    refused: LabError | None
    readable: tuple[str, ...]
    rotated: bool
    fred: bool
    restored: tuple[str, ...]


def after(scene: Scene, action: str) -> Outcome:
    """Has olivia do it, and looks an hour and a minute later. Raises what the door raises."""
    lab = scene.lab
    refused = Verdict.of(partial(ACTIONS[action], scene)).refusal
    lab.clock.advance(_LATER)
    readable = tuple(scene.readable())
    rotated, fred = scene.rotated(), scene.opens_for_fred()
    Verdict.of(partial(enable, lab, True))
    let_in(lab, account(lab).identity_id)
    return Outcome(refused, readable, rotated, fred, tuple(scene.readable()))
