"""Data stores: where a workspace's data is, and the credential that opens it."""

from __future__ import annotations

import re

from labkit.authenticators.run_token import RunToken
from labkit.core.credential import Bearer
from labkit.core.errors import BadRequest, Conflict, NotFound, brief
from labkit.core.operation import Call, operation
from labkit.core.secret import Secret
from labkit.services.machine_learning.workspace import TYPE, MachineLearning, Workspace

_STORES = f"{TYPE}/datastores"
_NAME = re.compile(r"[A-Za-z0-9_]{1,100}")


def kept_as(name: str) -> str:
    """What the secret that opens a data store is called among those of its workspace."""
    return f"datastore/{name}"


def _check_store(name: str, connection_string: str) -> None:
    if not _NAME.fullmatch(name):
        raise BadRequest(
            "A data store needs a name.", presented=brief(name), required="letters, digits and _"
        )
    if not connection_string:
        raise BadRequest("A data store needs what opens it.", required="a connection string")


class DataStores(MachineLearning):
    """What a run needs to reach its data."""

    @operation("Attach data store", action=f"{_STORES}/write", parse=_check_store)
    def attach(self, call: Call[Workspace], name: str, connection_string: str) -> None:
        """Makes existing storage known to the workspace; what opens it goes to the workspace's vault. Raises
        Conflict for a name that is taken."""
        stores = call.target.data_stores
        if name in stores:
            raise Conflict("The workspace has a data store of this name.", presented=name)
        self.to_vault(call, kept_as(name), connection_string)
        call.undo(lambda: stores.pop(name))
        stores[name] = kept_as(name)

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
