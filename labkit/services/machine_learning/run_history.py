"""Run history: documents in Cosmos DB, which Azure ML writes and reads with the account's key."""

from __future__ import annotations

import json
from typing import Any

from labkit.authenticators.platform import Platform
from labkit.authenticators.shared_key import SharedKey
from labkit.core.entropy import Entropy
from labkit.core.errors import BadRequest, NotFound, brief
from labkit.core.operation import Call, Op, P, R
from labkit.core.resource import Resources
from labkit.services import cosmos
from labkit.services.cosmos import Cosmos, CosmosAccount
from labkit.services.encryption import AccountKey, disk
from labkit.services.machine_learning.workspace import Run, Workspace
from labkit.services.resource_id import name_of
from labkit.stores import MICROSOFT, MICROSOFT_SUBSCRIPTION, StoreKind

# assumption: run-history-account
_GROUP = f"{MICROSOFT_SUBSCRIPTION}/resourceGroups/run-history"
# What is part of a run's document where somebody has submitted it, and only there.
_SUBMITTED = ("snapshot_id", "script", "image", "environment_variables", "data_stores")


class RunHistory:
    """Keeps the history of each workspace in the account that it was told (`Workspace.history`): the one of
    its region that all customers share, in Microsoft's subscription, unless it has one of its own. Statement
    enc-cosmos-mmk."""

    def __init__(
        self, resources: Resources, platform: Platform, entropy: Entropy, kind: StoreKind, tenant_id: str
    ) -> None:
        self._resources = resources
        self._platform = platform
        self._entropy = entropy
        self._kind = kind
        self._tenant_id = tenant_id
        self._keys: dict[str, bytes] = {}

    def shared(self, call: Call[Any], region: str) -> str:
        """The id of a region's shared account, which comes with the first workspace there."""
        name = f"azureml-{region}"
        id = f"{_GROUP}/providers/{cosmos.TYPE}/{name}"
        if self._resources.get(id) is None:
            account = self._account(id, name, region)
            call.undo(lambda: self._resources.remove(account))
            self._resources.add(account)
            self.adopt(id, account.access_keys["primary"])
        return id

    def _account(self, id: str, name: str, region: str) -> CosmosAccount:
        key = AccountKey(self._kind, self._platform)
        key.begin(id.lower(), self._entropy)
        return CosmosAccount(
            *(id, name, f"{name}.{cosmos.HOST}", region, MICROSOFT),
            tenant_id=self._tenant_id,
            access_keys={"primary": self._entropy(f"{id.lower()}/primary", 64)},
            account_key=key,
            documents=disk(self._kind, f"{name}, documents", key),
        )

    def adopt(self, account_id: str, key: bytes) -> None:
        """From now on Azure ML opens this account with this access key."""
        self._keys[account_id.lower()] = key

    def _ask(self, call: Call[Workspace], op: Op[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        account = call.target.history
        request = op.request(account, args, kwargs)
        signed = SharedKey.sign(name_of(account), self._keys[account.lower()], request, call.now)
        return call.ask(op, account, signed, *args, **kwargs)

    def names(self, call: Call[Workspace]) -> list[str]:
        """The ids of all runs of the workspace."""
        prefix = _document(call, "")
        return [name.removeprefix(prefix) for name in self._ask(call, Cosmos.query, prefix)]

    def read(self, call: Call[Workspace], run_id: str) -> tuple[Run, str]:
        """A run, and the entity tag with which it can be written again. Raises NotFound."""
        try:
            found = self._ask(call, Cosmos.read, _document(call, run_id))
        except (NotFound, BadRequest) as refusal:
            raise NotFound("The workspace has no such run.", presented=brief(run_id)) from refusal
        kept = json.loads(found.body)
        return Run(**kept | {"metrics": [(name, value) for name, value in kept["metrics"]]}), found.etag

    def write(self, call: Call[Workspace], run: Run, etag: str = "") -> None:
        """Keeps a run; with an entity tag only over the run that it came with. Raises PreconditionFailed."""
        kept = {name: value for name, value in vars(run).items() if value or name not in _SUBMITTED}
        body = json.dumps(kept).encode()
        self._ask(call, Cosmos.upsert, _document(call, run.run_id), body, etag)


def _document(call: Call[Workspace], run_id: str) -> str:
    return call.target.own(f"runs/{run_id}")
