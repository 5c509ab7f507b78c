"""Steps that give a storage account a key of olivia's, and what that is worth afterwards."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from labkit.core.errors import LabError
from labkit.core.verdict import Verdict
from labkit.course.case import answer_of
from labkit.course.key_scene import KEY, OWNER, address, at_vault, let_in, new_version, put
from labkit.course.store_trials import TEXT, account, signed
from labkit.lab import Lab
from labkit.services.authorization import Authorization
from labkit.services.azure_ad import KEY_VAULT as VAULT_TOKENS
from labkit.services.azure_ad import AzureAD
from labkit.services.encryption import HOLD
from labkit.services.key_vault import KeyVault
from labkit.services.storage import BlobStorage

BLOB = "data/rows.csv"
_LATER = HOLD + 60


def read(lab: Lab) -> bytes:
    """The blob that was there before. Raises what the door raises."""
    return signed(lab, account(lab), BlobStorage.get, BLOB)


def _encrypt(lab: Lab, version: str = "") -> None:
    wanted = {"keyname": KEY, "keyvaulturi": address(lab.vault)} | (
        {"keyversion": version} if version else {}
    )
    put(lab, lab.storage, {"encryption": {"keySource": "Microsoft.Keyvault", "keyvaultproperties": wanted}})


def _encrypt_with_this_version(lab: Lab) -> None:
    _encrypt(lab, at_vault(lab, KeyVault.get_key, lab.vault, KEY).version)


def _make_contributor(lab: Lab) -> None:
    owner = lab.sign_in(OWNER).bearer
    lab.ask(OWNER, Authorization.assign, lab.vault, owner, "Contributor", account(lab).identity_id)


# Each raises what the door raises.
STEPS: Mapping[str, Callable[[Lab], object]] = {
    "encryption": _encrypt,
    "encryption, this version": _encrypt_with_this_version,
    "identity": lambda lab: put(lab, lab.storage, {"identity": {"type": "SystemAssigned"}}),
    "access policy": lambda lab: let_in(lab, account(lab).identity_id),
    "all permissions": lambda lab: let_in(lab, account(lab).identity_id, "all"),
    "contributor": _make_contributor,
    "key": new_version,
    "purge protection": lambda lab: put(lab, lab.vault, {"enablePurgeProtection": True}),
    "soft delete": lambda lab: put(lab, lab.vault, {"enableSoftDelete": True}),
    "upload again": lambda lab: signed(lab, account(lab), BlobStorage.put, BLOB, read(lab)),
}


def begin(lab: Lab) -> None:
    """What is there before the first step: a blob under Microsoft's key."""
    signed(lab, account(lab), BlobStorage.put, BLOB, TEXT.encode())


def follow(lab: Lab, steps: Sequence[str]) -> tuple[int, LabError] | None:
    """Takes the steps. Returns the number of the one that was refused, from 1, and the refusal."""
    for number, name in enumerate(steps, start=1):
        verdict = Verdict.of(partial(STEPS[name], lab))
        if verdict.refusal is not None:
            return number, verdict.refusal
    return None


def follows(lab: Lab) -> bool:
    """Whether another version of the key wraps the account's key an hour after it was made."""
    newest = new_version(lab).version
    lab.clock.advance(_LATER)
    return bool(Verdict.of(lambda: read(lab))) and account(lab).account_key.wrapped.version == newest


def survives(lab: Lab) -> dict[str, str]:
    """What is answered when somebody deletes the key and tries to purge it, when olivia tries to recover it,
    and when somebody reads the blob after that."""
    named: dict[str, Any] = {
        "delete": KeyVault.delete_key,
        "purge": KeyVault.purge_deleted_key,
        "recover": KeyVault.recover_deleted_key,
    }
    said = {}
    for name, step in named.items():
        said[name] = answer_of(Verdict.of(partial(at_vault, lab, step, lab.vault, KEY)))
        lab.clock.advance(_LATER)
    return {**said, "read": answer_of(Verdict.of(lambda: read(lab)))}


def opened(lab: Lab) -> set[str]:
    """What the account's identity could do in the vault, by trying everything."""
    at = account(lab)
    certificate = at.account_key.platform.certificate(at.identity_id)
    token = lab.ask(at.name, AzureAD.token, at.tenant_id, certificate, VAULT_TOKENS).access_token.bearer
    return {one.operation for one in lab.opens(token).on(lab.vault).opened}


def needed(lab: Lab) -> set[str]:
    """The same, once the identity has what a store needs of a key and nothing else."""
    let_in(lab, account(lab).identity_id)
    return opened(lab)
