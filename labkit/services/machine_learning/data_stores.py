"""Data stores: where a workspace's data is, and the credential that opens it."""

from __future__ import annotations

from labkit.authenticators.run_token import RunToken
from labkit.core.credential import Bearer
from labkit.core.errors import NotFound
from labkit.core.operation import Call, operation
from labkit.core.secret import Secret
from labkit.services.machine_learning.workspace import TYPE, MachineLearning, Workspace

_STORES = f"{TYPE}/datastores"


class DataStores(MachineLearning):
    """What a run needs to reach its data."""

    @operation("List data stores", action=f"{_STORES}/read", accepts=(Bearer, RunToken))
    def list_stores(self, call: Call[Workspace]) -> list[str]:
        """The names alone."""
        return sorted(call.target.data_stores)

    @operation(
        "Get data store credential", action=f"{_STORES}/listsecrets/action", accepts=(Bearer, RunToken)
    )
    def credential(self, call: Call[Workspace], name: str) -> Secret:
        """A data store's connection string. Raises NotFound."""
        if name not in call.target.data_stores:
            raise NotFound("The workspace has no such data store.", presented=str(name)[:60])
        return self.from_vault(call, call.target.data_stores[name])
