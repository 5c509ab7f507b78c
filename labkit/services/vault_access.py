"""A vault's access policy, as it is managed through Resource Manager."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from labkit.access.vault_policy import VaultPolicies
from labkit.authenticators.platform import Forwarded
from labkit.core.credential import Bearer
from labkit.core.errors import BadRequest, NotFound, brief
from labkit.core.operation import Call, operation
from labkit.services.key_vault import TYPE
from labkit.services.management_plane import ManagementPlane, ResourceManagerEndpoint

_WRITE = f"{TYPE}/accessPolicies/write"
# What the permissions of an access policy are called, and the data operations that each is.
# https://learn.microsoft.com/azure/key-vault/general/rbac-migration#access-policy-permissions-mapping
PERMISSIONS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "secrets": {
        "get": ("getSecret/action",),
        "list": ("readMetadata/action",),
        "set": ("setSecret/action", "update/action"),
        "delete": ("delete",),
        "recover": ("recover/action",),
        "backup": ("backup/action",),
        "restore": ("restore/action",),
        "purge": ("purge/action",),
        "all": ("*",),
    },
    "keys": {
        # Roles have one operation for both, and so has the lab.  # assumption: list-is-get
        "get": ("read",),
        "list": ("read",),
        "create": ("create/action",),
        "update": ("update/action",),
        "import": ("import/action",),
        "delete": ("delete",),
        "recover": ("recover/action",),
        "backup": ("backup/action",),
        "restore": ("restore/action",),
        "purge": ("purge/action",),
        "encrypt": ("encrypt/action",),
        "decrypt": ("decrypt/action",),
        "wrapKey": ("wrap/action",),
        "unwrapKey": ("unwrap/action",),
        "sign": ("sign/action",),
        "verify": ("verify/action",),
        "all": ("*",),
    },
    "certificates": {"get": ("read",), "create": ("create/action",), "delete": ("delete",), "all": ("*",)},
}
_OBJECT_ID = re.compile(r"[A-Za-z0-9-]{1,64}")
ALL = {kind: ["all"] for kind in PERMISSIONS}


def _data_actions(permissions: object) -> tuple[str, ...]:
    if type(permissions) is not dict or not permissions:
        raise _refuse(permissions)
    actions: list[str] = []
    for kind, names in permissions.items():
        known = PERMISSIONS.get(kind) if type(kind) is str else None
        if known is None or type(names) not in (list, tuple):
            raise _refuse({kind: names})
        for name in names:
            if type(name) is not str or name not in known:
                raise _refuse({kind: name})
            actions.extend(f"{TYPE}/{kind}/{action}" for action in known[name])
    if not actions:
        raise _refuse(permissions)
    return tuple(actions)


def _refuse(presented: object) -> BadRequest:
    return BadRequest(
        "That is no permission of an access policy.",
        presented=brief(presented),
        required="; ".join(f"{kind}: {', '.join(names)}" for kind, names in PERMISSIONS.items()),
    )


class VaultAccess(ManagementPlane):
    """Who may use a vault's keys, secrets and certificates. Whoever may write the vault may write this, and
    so give the permissions to themselves: Contributor is enough."""

    def __init__(self, endpoint: ResourceManagerEndpoint, policies: VaultPolicies) -> None:
        super().__init__(endpoint)
        self._policies = policies

    def _vault(self, call: Call[Any]) -> str:
        if not self._policies.knows(call.scope):
            raise NotFound("There is no such vault.", presented=call.scope)
        return call.scope

    def _by_policy(self, call: Call[Any]) -> str:
        if self._policies.governs(vault := self._vault(call)):
            return vault
        raise BadRequest(
            "The vault follows role assignments, so a policy would mean nothing.",
            presented="enableRbacAuthorization: true",
            required="enableRbacAuthorization: false",
            advice="assign a role instead, such as Key Vault Crypto User",
        )

    @operation("Set access policy", action=_WRITE, accepts=(Bearer, Forwarded))
    def set_policy(
        self, call: Call[ResourceManagerEndpoint], principal_id: str, permissions: Mapping[str, Sequence[str]]
    ) -> None:
        """Gives a principal (object id) these permissions, in place of what it had, for instance
        {"secrets": ["get", "list"]}. Raises NotFound or BadRequest."""
        vault, actions = self._by_policy(call), _data_actions(permissions)
        if not _OBJECT_ID.fullmatch(principal_id):
            raise BadRequest("Whose permissions?", presented=brief(principal_id), required="an object id")
        before = self._policies.revoke(vault, principal_id)
        call.undo(partial(self._restore, vault, principal_id, before))
        self._policies.grant(vault, principal_id, actions)

    @operation("Remove from access policy", action=_WRITE, accepts=(Bearer, Forwarded))
    def remove_policy(self, call: Call[ResourceManagerEndpoint], principal_id: str) -> None:
        """Takes a principal out of the policy. Raises NotFound."""
        vault = self._by_policy(call)
        before = self._policies.revoke(vault, principal_id)
        if not before:
            raise NotFound("The policy does not name this principal.", presented=brief(principal_id))
        call.undo(partial(self._restore, vault, principal_id, before))

    @operation("Get access policy", action=f"{TYPE}/read", accepts=(Bearer, Forwarded))
    def get_policy(self, call: Call[ResourceManagerEndpoint]) -> dict[str, tuple[str, ...]]:
        """The data operations (patterns) by object id. Raises NotFound."""
        return self._policies.of(self._vault(call))

    def _restore(self, vault: str, principal_id: str, actions: tuple[str, ...]) -> None:
        self._policies.revoke(vault, principal_id)
        if actions:
            self._policies.grant(vault, principal_id, actions)
