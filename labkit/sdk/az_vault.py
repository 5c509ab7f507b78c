"""`az keyvault`: vaults, and what may be seen of the keys and secrets in them without taking any out."""

from __future__ import annotations

from argparse import Namespace
from datetime import UTC, datetime
from typing import Any

from labkit.core.operation import Op, P, R
from labkit.sdk.az_commands import command, needed
from labkit.sdk.az_resources import GROUP, NAME, found, listed
from labkit.sdk.az_session import Session
from labkit.services.azure_ad import KEY_VAULT
from labkit.services.key_vault import TYPE, KeyVault, KeyVersion
from labkit.services.key_vault.vault import Version
from labkit.services.vault_access import PERMISSIONS, VaultAccess

_VAULT = needed("--vault-name")


def _ask(session: Session, given: Namespace, op: Op[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
    """A call on the vault itself, for which Resource Manager's token is of no use. Raises a Refusal."""
    address = f"https://{given.vault_name}.vault.azure.net"
    return session.ask_with(KEY_VAULT, op, address, *args, **kwargs)


@command("keyvault list", GROUP)
def list_(session: Session, given: Namespace) -> Any:
    """The vaults, without what is in them and who may use them."""
    vaults = listed(session, given, TYPE)
    return [{name: one[name] for name in ("id", "location", "name", "type")} | _place(one) for one in vaults]


@command("keyvault show", NAME, GROUP)
def show(session: Session, given: Namespace) -> Any:
    """A vault: who may do what with its keys, secrets and certificates, what becomes of what is deleted, and
    from where it can be reached."""
    vault = found(session, given, TYPE, "The Vault {} not found within subscription.")
    policy = session.ask(VaultAccess.get_policy, vault["id"])
    tenant = session.lab.tenant
    entries = [
        {"applicationId": None, "objectId": id, "permissions": _permissions(actions), "tenantId": tenant}
        for id, actions in sorted(policy.items())
    ]
    more = {
        "accessPolicies": entries,
        "networkAcls": vault["properties"].get("networkAcls"),
        "tenantId": tenant,
        "vaultUri": f"https://{vault['name']}.vault.azure.net/",
    }
    return {**vault, "properties": {**vault["properties"], **more}, **_place(vault)}


def _place(document: dict[str, Any]) -> dict[str, str]:
    return {"resourceGroup": document["id"].split("/")[4]}


def _permissions(actions: tuple[str, ...]) -> dict[str, list[str]]:
    """Data operations under the names that an access policy has for them."""
    given = {action.lower() for action in actions}
    shown: dict[str, list[str]] = {}
    for kind, names in PERMISSIONS.items():
        held = [name for name, parts in names.items() if {_action(kind, one) for one in parts} <= given]
        shown[kind] = ["all"] if "all" in held else held
    return shown


def _action(kind: str, part: str) -> str:
    return f"{TYPE}/{kind}/{part}".lower()


@command("keyvault key list", _VAULT)
def list_keys(session: Session, given: Namespace) -> Any:
    """The keys, each as its newest version is, and never the key itself."""
    keys = (_ask(session, given, KeyVault.get_key, name) for name in _ask(session, given, KeyVault.list_keys))
    return [_listed_key(one, one.id.rpartition("/")[0]) for one in keys]


@command("keyvault key list-versions", _VAULT, NAME)
def list_key_versions(session: Session, given: Namespace) -> Any:
    """All versions of a key, and which of them are enabled."""
    versions = _ask(session, given, KeyVault.list_key_versions, given.name)
    return [_listed_key(one, one.id) for one in versions]


@command("keyvault key show", _VAULT, NAME)
def show_key(session: Session, given: Namespace) -> Any:
    """The newest version of a key: what it may be used for, and until when."""
    one = _ask(session, given, KeyVault.get_key, given.name)
    key = {"keyOps": list(one.operations), "kid": one.id, "kty": "RSA"}
    return {"attributes": _attributes(one), "key": key, "managed": None, "tags": None}


def _listed_key(one: KeyVersion, kid: str) -> dict[str, Any]:
    return {"attributes": _attributes(one), "kid": kid, "managed": None, "name": one.name, "tags": None}


@command("keyvault secret list", _VAULT)
def list_secrets(session: Session, given: Namespace) -> Any:
    """The names of the secrets, and whether they are enabled. No value."""
    shown = []
    for name in _ask(session, given, KeyVault.list_secrets):
        newest = _ask(session, given, KeyVault.list_secret_versions, name)[-1]
        about = {"attributes": _attributes(newest), "contentType": None, "tags": None}
        shown.append({**about, "id": newest.id.rpartition("/")[0], "name": name})
    return shown


def _attributes(one: Version) -> dict[str, Any]:
    return {
        "created": _time(one.created),
        "enabled": one.enabled,
        "expires": _time(one.expires),
        "notBefore": _time(one.not_before),
        "recoveryLevel": one.recovery,
        "updated": _time(one.updated),
    }


def _time(moment: int | None) -> str | None:
    return None if moment is None else datetime.fromtimestamp(moment, UTC).isoformat()
