"""How Resource Manager creates and changes a Databricks workspace."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labkit.core.errors import BadRequest, brief
from labkit.core.operation import Call
from labkit.core.resource import Resource
from labkit.providers.stores import Lives, Makings
from labkit.services.azure_ad import DATABRICKS
from labkit.services.customer_keys import customer_key
from labkit.services.databricks import DatabricksWorkspace
from labkit.services.encryption import CustomerKey, disk
from labkit.services.resource_id import name_of
from labkit.services.resource_manager import Provider, may_change
from labkit.stores import DBFS

# https://learn.microsoft.com/azure/databricks/security/keys/customer-managed-keys-dbfs
PREPARE, ENCRYPTION, IDENTITY = "prepareEncryption", "encryption", "storageAccountIdentity"
_KEY = ("KeyVaultUri", "KeyName", "keyversion")


class DatabricksWorkspaces:
    """A workspace is first prepared, which gives its storage account an identity; that one is let into the
    vault; then the root gets the key. Statement enc-databricks."""

    def __init__(self, with_: Makings) -> None:
        self._with = with_
        self._lives = Lives()

    @property
    def provider(self) -> Provider:
        """What Resource Manager calls."""
        return Provider(self._make, self._created, self._deleted, changed=self._changed)

    def _make(self, id: str, region: str) -> Resource:
        name, key = name_of(id), self._with.key(DBFS)
        return DatabricksWorkspace(
            *(id, name, f"adb-{self._with.entropy(f'{id.lower()}/host', 4).hex()}.azuredatabricks.net"),
            region,
            tenant_id=self._with.tenant_id,
            audience=DATABRICKS,
            account_key=key,
            root=disk(key.kind, f"{name}, DBFS root", key),
        )

    def _created(self, call: Call[DatabricksWorkspace], properties: Mapping[str, Any]) -> dict[str, Any]:
        call.target.account_key.begin(self._lives.next(call), self._with.entropy)
        ours = {name: properties[name] for name in (PREPARE, ENCRYPTION) if name in properties}
        return self._apply(call, ours)

    def _changed(self, call: Call[DatabricksWorkspace], changes: Mapping[str, Any]) -> dict[str, Any]:
        may_change(PREPARE, ENCRYPTION)(call, changes)
        return self._apply(call, changes)

    def _apply(self, call: Call[DatabricksWorkspace], wanted: Mapping[str, Any]) -> dict[str, Any]:
        shown = self._prepare(call, wanted[PREPARE]) if PREPARE in wanted else {}
        if ENCRYPTION in wanted:
            call.target.account_key.give(call, self._key(call, wanted[ENCRYPTION]))
        return shown

    def _prepare(self, call: Call[DatabricksWorkspace], wanted: object) -> dict[str, Any]:
        """Gives the storage account its identity. There is no way back."""
        workspace, directory, before = call.target, self._with.directory, call.target.identity_id
        if wanted is not True and (wanted is not False or before):
            raise BadRequest(
                "A workspace is prepared for a customer's key once.",
                presented=f"{PREPARE}: {brief(wanted)}",
                required="true",
            )
        if not wanted:
            return {}
        call.undo(directory.as_it_is())
        call.undo(lambda: setattr(workspace, "identity_id", before))
        principal = directory.add_managed_identity(workspace.name, workspace.id)
        workspace.identity_id = principal.object_id
        return {IDENTITY: {"principalId": principal.object_id, "tenantId": workspace.tenant_id}}

    def _key(self, call: Call[DatabricksWorkspace], wanted: object) -> CustomerKey | None:
        workspace = call.target
        if wanted == {"keySource": "Default"}:
            return None
        keys = {"keySource", *_KEY}
        if type(wanted) is not dict or set(wanted) != keys or wanted["keySource"] != "Microsoft.Keyvault":
            raise BadRequest(
                "That is no encryption of a DBFS root.",
                presented=brief(wanted, 200),
                required='{"keySource": "Default"}, or {"keySource": "Microsoft.Keyvault", '
                + ", ".join(f'"{name}": ...' for name in _KEY)
                + "}",
            )
        if not wanted["keyversion"]:
            raise BadRequest("The version of the key is missing.", required="keyversion")
        if not workspace.identity_id:
            raise BadRequest(
                "The storage account of the workspace has no identity with which to ask a key vault.",
                required=f"{PREPARE}: true, and access to the key for the identity that is then shown",
            )
        uri, name, version = (wanted[part] for part in _KEY)
        found = customer_key(uri, name, version, workspace.identity_id)
        # A vault that is not there says so itself.
        vault = self._with.resources.at_host(found.vault.removeprefix("https://"))
        if vault is not None and vault.region != workspace.region:
            raise BadRequest(
                "The key vault is in another region than the workspace.",
                presented=f"{vault.name} in {vault.region}",
                required=workspace.region,
            )
        return found

    def _deleted(self, call: Call[DatabricksWorkspace]) -> None:
        call.undo(self._with.directory.as_it_is())
        self._with.directory.remove_principal(call.target.identity_id)
