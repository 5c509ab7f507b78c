"""How a storage account and a registry are told which key encrypts them: the properties that Resource Manager
is given, and the managed identity that goes with them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from labkit.authenticators.platform import Platform
from labkit.core.errors import BadRequest, Conflict, brief
from labkit.core.operation import Call
from labkit.core.resource import Resources, split_address
from labkit.identity.directory import Directory
from labkit.services.encryption import AccountKey, CustomerKey
from labkit.services.managed_identity import UserAssignedIdentity
from labkit.services.resource_manager import ResourceManager

_NAME = re.compile(r"[A-Za-z0-9-]{1,127}")
_VERSION = re.compile(r"[0-9a-f]{32}|")


class HasKey(Protocol):
    """A store whose account key can be wrapped by a customer's."""

    id: str
    name: str
    region: str
    tenant_id: str
    identity_id: str
    account_key: AccountKey


class HasIdentities(HasKey, Protocol):
    """One that can be given identities that are resources of their own: object ids by client id."""

    given_identities: dict[str, str]


class Identities:
    """Gives a store the managed identities with which it asks a vault."""

    def __init__(self, directory: Directory, platform: Platform, resources: Resources) -> None:
        self._directory = directory
        self._platform = platform
        self._resources = resources

    def change(self, call: Call[Any], wanted: object) -> dict[str, Any]:
        """Makes the store's own identity, gives it others, or takes them away. Returns what is shown of it.
        Raises BadRequest, and Conflict while a customer's key depends on it."""
        store: HasKey = call.target
        kinds = ["SystemAssigned", *(["UserAssigned"] if hasattr(store, "given_identities") else ()), "None"]
        said = wanted.get("type") if type(wanted) is dict else None
        kind = next((one for one in kinds if type(said) is str and one.lower() == said.lower()), "")
        if type(wanted) is not dict or not kind:
            raise BadRequest(
                "That is no identity of a store.",
                presented=brief(wanted, 120),
                required=" or ".join(f'{{"type": "{one}"}}' for one in kinds),
            )
        call.undo(self._directory.as_it_is())
        before = {name: getattr(store, name) for name in _HELD if hasattr(store, name)}
        call.undo(lambda: vars(store).update(before))
        if kind == "None":
            self._take_away(call, store)
            return {"type": "None"}
        if kind == "UserAssigned":
            return {"type": kind, "userAssignedIdentities": self._given(call, wanted)}
        if "given_identities" in before:
            vars(store)["given_identities"] = {}
        if not store.identity_id:
            store.identity_id = self._directory.add_managed_identity(store.name, store.id).object_id
        return {"type": kind, "principalId": store.identity_id, "tenantId": store.tenant_id}

    def _given(self, call: Call[Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
        """Whoever gives an identity away has to be allowed to write it. Those that are not named are given
        no more: no key is asked for with one of them from now on, though the present key still is."""
        store: HasIdentities = call.target
        shown, ids = {}, wanted.get("userAssignedIdentities")
        if type(ids) is not dict or not ids:
            raise BadRequest(
                "Which identities?", presented=brief(ids), required="userAssignedIdentities: {id: {}, ...}"
            )
        store.given_identities = {}
        for id in ids:
            call.ask(ResourceManager.link, id, self._platform.forward(call.identity))
            found = self._resources.get(id)
            if not isinstance(found, UserAssignedIdentity):
                raise BadRequest("That is no managed identity.", presented=brief(id, 120))
            store.given_identities = {**store.given_identities, found.client_id: found.principal_id}
            shown[id] = {"clientId": found.client_id, "principalId": found.principal_id}
        return shown

    def _take_away(self, call: Call[Any], store: HasKey) -> None:
        if store.account_key.customer is not None:
            raise Conflict(
                "The store asks its key vault with this identity.",
                presented=store.account_key.customer.id,
                advice="go back to Microsoft's key first",
            )
        self.forget(call)
        vars(store).update({name: type(getattr(store, name))() for name in _HELD if hasattr(store, name)})

    def forget(self, call: Call[Any]) -> None:
        """The store's own identity goes with it."""
        call.undo(self._directory.as_it_is())
        self._directory.remove_principal(call.target.identity_id)


_HELD = ("identity_id", "given_identities")
Read = Callable[[Any, Mapping[str, Any]], CustomerKey | None]


class EncryptionSettings:
    """Carries out the properties `identity` and `encryption`. `read` is how a kind of store spells the
    second: it returns the customer's key, or None for Microsoft's, and raises BadRequest."""

    def __init__(self, identities: Identities, resources: Resources, read: Read) -> None:
        self._identities = identities
        self._resources = resources
        self._read = read

    def created(self, call: Call[Any], properties: Mapping[str, Any]) -> dict[str, Any]:
        """For a new store. Returns what is shown of the two."""
        return self._apply(call, {name: properties[name] for name in ENCRYPTION if name in properties})

    def changed(self, call: Call[Any], changes: Mapping[str, Any]) -> dict[str, Any]:
        """For a PUT over an existing one, which changes these two at most."""
        return self._apply(call, changes)

    def _apply(self, call: Call[Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
        shown: dict[str, Any] = {}
        leaving = type(identity := wanted.get("identity")) is dict and identity.get("type") == "None"
        # Whoever leaves the key and the identity in one step leaves the key first.
        for name in ENCRYPTION[::-1] if leaving else ENCRYPTION:
            if name in wanted and name == "identity":
                shown[name] = self._identities.change(call, wanted[name])
            elif name in wanted:
                self._encrypt(call, wanted[name])
        return shown

    def _encrypt(self, call: Call[Any], wanted: object) -> None:
        store: HasKey = call.target
        if type(wanted) is not dict:
            raise BadRequest("encryption is a mapping.", presented=brief(wanted), required="a dict")
        customer = self._read(store, wanted)
        if customer is not None:
            self._check(store, customer)
        store.account_key.give(call, customer)

    def _check(self, store: HasKey, customer: CustomerKey) -> None:
        if not customer.identity_id:
            raise BadRequest(
                f"{store.name} has no identity with which to ask a key vault.",
                required='identity: {"type": "SystemAssigned"}, and access to the key for it',
                advice="give it the identity first, then the identity access, then the store the key",
            )
        # Azure wants soft delete and purge protection too.  # assumption: vaults-without-protection
        vault = self._resources.at_host(split_address(customer.vault)[1])
        if vault is not None and vault.region != store.region:
            raise BadRequest(
                "The key vault is in another region than the store.",
                presented=f"{vault.name} in {vault.region}",
                required=store.region,
            )


ENCRYPTION = ("identity", "encryption")


def registry_key(store: HasIdentities, wanted: Mapping[str, Any]) -> CustomerKey | None:
    """What a container registry is told: `status`, and where that is enabled `keyVaultProperties` with the
    key's address as `keyIdentifier`, and as `identity` the client id of one that the registry was given, or
    "system" for its own. An address without a version follows the newest one. Raises BadRequest."""
    given = wanted.get("keyVaultProperties")
    if wanted == {"status": "disabled"}:
        if store.account_key.customer is not None:
            # https://learn.microsoft.com/azure/container-registry/tutorial-customer-managed-keys
            raise Conflict(
                "A registry that has a customer's key keeps one.",
                presented=store.account_key.customer.id,
                advice="give it another key, or make another registry",
            )
        return None
    if wanted.get("status") != "enabled" or type(given) is not dict or not set(given) <= set(_REGISTRY_KEY):
        raise BadRequest(
            "That is no encryption of a registry.",
            presented=brief(dict(wanted), 200),
            required='{"status": "disabled"}, or {"status": "enabled", "keyVaultProperties": '
            '{"keyIdentifier": "https://name.vault.azure.net/keys/name", "identity": ...}}',
        )
    address, who = (given.get(one, "") for one in _REGISTRY_KEY)
    uri, _, key = address.partition("/keys/") if type(address) is str else ("", "", "")
    name, _, version = key.partition("/")
    own = store.identity_id if who in ("", "system") else None
    return customer_key(uri, name, version, store.given_identities.get(str(who), "") if own is None else own)


_REGISTRY_KEY = ("keyIdentifier", "identity")


def storage_key(store: HasKey, wanted: Mapping[str, Any]) -> CustomerKey | None:
    """What a storage account is told: `keySource`, and with Microsoft.Keyvault `keyvaultproperties`. A
    `keyversion` that is left out or empty follows the newest one. Raises BadRequest."""
    source, given = wanted.get("keySource"), wanted.get("keyvaultproperties")
    known = set(wanted) <= {"keySource", "keyvaultproperties", "services"}
    if source == "Microsoft.Storage" and not given and known:
        return None
    if source != "Microsoft.Keyvault" or type(given) is not dict or not set(given) <= set(_KEY) or not known:
        raise BadRequest(
            "That is no encryption of a storage account.",
            presented=brief(dict(wanted), 200),
            required='{"keySource": "Microsoft.Storage"}, or {"keySource": "Microsoft.Keyvault", '
            '"keyvaultproperties": {"keyname": ..., "keyvaulturi": ..., "keyversion": ...}}',
        )
    uri, name, version = (given.get(one, "") for one in _KEY)
    return customer_key(uri, name, version or "", store.identity_id)


_KEY = ("keyvaulturi", "keyname", "keyversion")


def customer_key(uri: object, name: object, version: object, identity_id: str) -> CustomerKey:
    """A key by the address of its vault, its name and its version. Raises BadRequest."""
    scheme, host, path = split_address(uri) if type(uri) is str else ("", "", "")
    if scheme != "https" or not host or path:
        raise BadRequest(
            "That is no address of a key vault.",
            presented=brief(uri, 120),
            required="https://name.vault.azure.net",
        )
    for what, value, form in (("name", name, _NAME), ("version", version, _VERSION)):
        if type(value) is not str or not form.fullmatch(value):
            raise BadRequest(
                f"That is no {what} of a key.", presented=brief(value), required=f"the {what} of a key"
            )
    assert type(name) is str
    assert type(version) is str
    return CustomerKey(f"https://{host}", name, version, identity_id)
