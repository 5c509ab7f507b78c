"""How Resource Manager creates, changes and deletes a Cosmos DB account."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from labkit.core.errors import BadRequest, Conflict, brief
from labkit.core.operation import Call
from labkit.core.resource import Resource
from labkit.core.secret import Secret
from labkit.identity.first_party import COSMOS
from labkit.providers.stores import Lives, Makings
from labkit.services.cosmos import HOST, CosmosAccount
from labkit.services.encryption import disk
from labkit.services.key_address import key_at
from labkit.services.provider_registration import COSMOS_KEYS
from labkit.services.registrations import Registrations
from labkit.services.resource_id import name_of
from labkit.services.resource_manager import Provider
from labkit.stores import OWN_RUN_HISTORY

THROUGHPUT, KEY, MANAGED_BY = "throughput", "keyVaultKeyUri", "managedBy"
# https://learn.microsoft.com/azure/cosmos-db/request-units
_LEAST, _STEP, _MOST = 400, 100, 1_000_000


class CosmosAccounts:
    """Statements enc-cosmos-cmk, enc-cosmos-ru."""

    def __init__(self, with_: Makings, registrations: Registrations) -> None:
        self._with = with_
        self._registrations = registrations
        self._lives = Lives()

    @property
    def provider(self) -> Provider:
        """What Resource Manager calls."""
        return Provider(self._make, self._created, actions={"listKeys": _list_keys}, changed=self._changed)

    def _make(self, id: str, region: str) -> Resource:
        name, key = name_of(id), self._with.key(OWN_RUN_HISTORY)
        return CosmosAccount(
            *(id, name, f"{name}.{HOST}", region),
            tenant_id=self._with.tenant_id,
            account_key=key,
            documents=disk(key.kind, f"{name}, documents", key),
        )

    def _created(self, call: Call[CosmosAccount], properties: Mapping[str, Any]) -> dict[str, Any]:
        account, life = call.target, self._lives.next(call)
        for key in ("primary", "secondary"):
            account.access_keys[key] = self._with.entropy(f"{life}/{key}", 64)
        account.account_key.begin(life, self._with.entropy)
        account.throughput = _throughput(properties.get(THROUGHPUT, account.throughput))
        account.managed_by = _managed_by(properties.get(MANAGED_BY, ""))
        if KEY in properties:
            self._registrations.check_feature(account.id, COSMOS_KEYS)
            self._give(call, properties[KEY])
        return {THROUGHPUT: account.throughput}

    def _give(self, call: Call[CosmosAccount], address: object) -> None:
        """The key is asked for by Azure Cosmos DB itself, which is the same for all accounts. An account
        follows the newest version, whichever it began with."""
        key = call.target.account_key
        if COSMOS.principal(self._with.directory) is None:
            raise BadRequest(
                f"{COSMOS.name} has no service principal in the tenant, so no vault can let it in.",
                required=f"one for the application {COSMOS.client_id}",
                advice="register Microsoft.DocumentDB again: it comes with that",
            )
        customer = key_at(KEY, address, COSMOS.client_id, version=False)
        key.give(call, customer)
        # assumption: cosmos-follows-newest
        key.customer = replace(customer, version="")

    def _changed(self, call: Call[CosmosAccount], changes: Mapping[str, Any]) -> None:
        account = call.target
        if account.managed_by and changes:
            raise BadRequest(
                f"{account.name} is managed: it has {account.throughput} request units, and neither "
                "these nor anything else of it can be changed.",
                presented=brief(dict(changes), 200),
                required="what it has",
                advice=f"what it is for is {account.managed_by}",
            )
        for name in changes:
            if name == THROUGHPUT:
                before, wanted = account.throughput, _throughput(changes[name])
                call.undo(lambda before=before: setattr(account, "throughput", before))  # type: ignore[misc]
                account.throughput = wanted
            elif name == KEY and account.account_key.customer is not None:
                self._give(call, changes[name])
            else:
                raise Conflict(
                    f"The property {brief(name)} of {account.name} stays as the account was created.",
                    presented=brief(changes[name], 120),
                    advice="make another account",
                )


def _list_keys(call: Call[CosmosAccount], body: Mapping[str, Any]) -> dict[str, Secret]:
    """The POST action listKeys: both access keys, in base64."""
    keys = call.target.access_keys.items()
    return {f"{name}MasterKey": Secret(b64encode(key).decode()) for name, key in keys}


def _throughput(value: Any) -> int:
    if type(value) is not int or not _LEAST <= value <= _MOST or value % _STEP:
        raise BadRequest(
            "That is no number of request units.",
            presented=brief(value),
            required=f"hundreds, {_LEAST} to {_MOST:,}",
        )
    return value


def _managed_by(value: Any) -> str:
    if type(value) is not str:
        raise BadRequest(f"{MANAGED_BY} is an id.", presented=brief(value))
    return value
