"""A Cosmos DB account of a workspace's own, in the customer's subscription and under the customer's key."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar

from labkit.access.deny import EVERYONE, DenyAssignment
from labkit.access.rbac import RoleAssignments
from labkit.authenticators.platform import Platform
from labkit.core.credential import Bearer
from labkit.core.entropy import Entropy
from labkit.core.errors import BadRequest, Forbidden, brief
from labkit.core.identity import within
from labkit.core.operation import Call
from labkit.releases import CUSTOMER_KEY
from labkit.services import cosmos
from labkit.services.key_address import FORM, check_vault, key_at
from labkit.services.machine_learning.edition import check_edition
from labkit.services.machine_learning.permissions import PROVIDER_APP, Permissions
from labkit.services.machine_learning.run_history import RunHistory
from labkit.services.machine_learning.workspace import Workspace
from labkit.services.resource_id import group_of
from labkit.services.resource_manager import ResourceManager
from labkit.stores import StoreKind

# As the documents spell them. Statement enc-cosmos-cmk-steps.
KEY, VAULT = "resource_cmk_uri", "cmk_keyvault"
REQUEST_UNITS = 8000


class NotContributor(Forbidden):
    """Azure ML's own application may not make an account in the subscription."""

    fixed_code: ClassVar[str] = "AuthorizationFailed"


class DedicatedCosmos:
    """Makes it, and the resource group that it is in, as Azure ML's own application. Statements
    enc-cosmos-cmk, enc-cosmos-cmk-steps, enc-cosmos-ru, enc-cosmos-cmk-delete."""

    def __init__(
        self,
        platform: Platform,
        permissions: Permissions,
        history: RunHistory,
        roles: RoleAssignments,
        kind: StoreKind,
        draw: Entropy,
    ) -> None:
        self._platform = platform
        self._permissions = permissions
        self._history = history
        self._roles = roles
        self._kind = kind
        self._entropy = draw

    def wanted(self, properties: Mapping[str, Any]) -> bool:
        """Whether a workspace is to have one. Raises BadRequest where only half of it is said, or where the
        release of the documents does not have it."""
        given = [name for name in (KEY, VAULT) if properties.get(name) is not None]
        if given and not self._kind.customer_key:
            raise BadRequest(
                "In this release run history is in no account of the customer's own.",
                presented=" and ".join(given),
                required="a lab of 2020-01 or 2020-03",
            )
        if len(given) == 1:
            [missing] = {KEY, VAULT} - {*given}
            raise BadRequest(
                f"{missing} is missing: {KEY} and {VAULT} are given both, or neither.",
                presented=f"{given[0]}: {brief(properties[given[0]], 160)}",
                required=f"{KEY}: {FORM}; {VAULT}: the id of the key vault",
            )
        return bool(given)

    def create(self, call: Call[Workspace], properties: Mapping[str, Any]) -> str:
        """Makes the account. Returns its id. Raises BadRequest and NotFound for a key or a vault that will
        not do, NotContributor, MissingSubscriptionRegistration, SubscriptionNotRegisteredForFeature, and
        KeyUnavailable where Azure Cosmos DB cannot use the key."""
        workspace = call.target
        self._check(call, properties)
        provider = self._permissions.as_provider(call, workspace.tenant_id)
        group = self._group(call, provider)
        name = "".join(one for one in workspace.name.lower() if one.isalnum())[:20]
        id = f"{group}/providers/{cosmos.TYPE}/{name}{self._draw(workspace, 'account', 6).hex()}"
        account = {
            "throughput": REQUEST_UNITS,
            "managedBy": workspace.id,
            "keyVaultKeyUri": properties[KEY],
        }
        call.ask(ResourceManager.put, id, provider, workspace.region, account)
        keys = call.ask(ResourceManager.post, id, provider, "listKeys")
        self._history.adopt(id, b64decode(keys["primaryMasterKey"].reveal()))
        return id

    def _check(self, call: Call[Workspace], properties: Mapping[str, Any]) -> None:
        workspace, only_in = call.target, self._kind.only_in
        check_edition(workspace, CUSTOMER_KEY)
        if only_in and workspace.region not in only_in:
            raise BadRequest(
                "In this region run history cannot be under a customer's key yet.",
                presented=workspace.region,
                required=" or ".join(only_in),
            )
        key = key_at(KEY, properties[KEY], "", version=True)
        as_caller = self._platform.forward(call.identity)
        check_vault(call, as_caller, VAULT, properties[VAULT], key, above=workspace.id)

    def _group(self, call: Call[Workspace], provider: Bearer) -> str:
        """The resource group that Microsoft manages. Nobody deletes it, or anything in it, but Azure ML."""
        workspace = call.target
        name = f"{workspace.name[:50]}_{self._entropy.uuid(self._label(workspace, 'resource group'))}"
        id = f"{'/'.join(workspace.id.split('/')[:3])}/resourceGroups/{name}"
        try:
            managed = {"managedBy": workspace.id}
            call.ask(ResourceManager.put, id, provider, workspace.region, managed)
        except Forbidden as refusal:
            raise NotContributor(
                "Azure ML's own application may not make a resource group in the subscription.",
                presented=refusal.presented,
                required=f"Contributor of the subscription for the application {PROVIDER_APP}",
                advice="an Owner assigns the role; it is known by the name Azure Machine Learning",
            ) from refusal
        # assumption: managed-group-lock
        deny = DenyAssignment(
            self._entropy.uuid(self._label(workspace, "lock")),
            f"Managed by {workspace.name}",
            id,
            (EVERYONE,),
            (self._permissions.provider_id(),),
            ("*/delete",),
        )
        call.undo(partial(self._roles.allow_again, deny))
        self._roles.deny(deny)
        return id

    def _label(self, workspace: Workspace, what: str) -> str:
        return f"{workspace.id.lower()}/dedicated/{what}"

    def _draw(self, workspace: Workspace, what: str, size: int) -> bytes:
        return self._entropy(self._label(workspace, what), size)

    def delete(self, call: Call[Workspace]) -> None:
        """Takes the resource group away, and what is in it, if the workspace has an account of its own."""
        workspace = call.target
        if within(workspace.history, "/".join(workspace.id.split("/")[:3])):
            provider = self._permissions.as_provider(call, workspace.tenant_id)
            call.ask(ResourceManager.delete, group_of(workspace.history), provider)
