"""Azure Databricks, as far as its own file system (DBFS) goes: the root of it, which every workspace has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from labkit.core.errors import BadRequest, Forbidden, NotFound, brief
from labkit.core.operation import Call, Service, operation
from labkit.core.resource import Resource
from labkit.crypto.errors import Damaged
from labkit.services.encryption import AccountKey, Disk, KeyUnavailable

TYPE = "Microsoft.Databricks/workspaces"
# Whoever may do this is an administrator there, and nobody else is let in.  # assumption: databricks-admins
_ADMIN = f"{TYPE}/assignWorkspaceAdmin/action"


@dataclass(eq=False)
class DatabricksWorkspace(Resource):
    """A workspace, and the storage account that its DBFS root is in. `identity_id` is the object id of that
    account's managed identity, "" until it is prepared for a customer's key."""

    service: ClassVar[str] = "Azure Databricks"
    identity_id: str = field(default="", kw_only=True)
    account_key: AccountKey = field(repr=False, kw_only=True)
    root: Disk = field(repr=False, kw_only=True)

    def disks(self) -> Iterator[Disk]:
        """The root."""
        yield self.root


def _check_path(path: str) -> None:
    if not path.startswith("/") or path.startswith("/mnt/") or not 1 < len(path) <= 1000:
        raise BadRequest(
            "That is no path in the root.",
            presented=brief(path),
            required="/ and a name; what is mounted below /mnt lies elsewhere",
        )


class Databricks(Service):
    """The DBFS API. Statement enc-databricks."""

    name = "Azure Databricks"
    resource = DatabricksWorkspace
    # https://docs.databricks.com/api/azure/workspace/dbfs
    dialect = {
        NotFound: (404, "RESOURCE_DOES_NOT_EXIST"),
        BadRequest: (400, "INVALID_PARAMETER_VALUE"),
        Forbidden: (403, "PERMISSION_DENIED"),
        KeyUnavailable: (403, "PERMISSION_DENIED"),
        Damaged: (500, "INTERNAL_ERROR"),
    }

    @operation("Put file", action=_ADMIN, parse=_check_path)
    def put(self, call: Call[DatabricksWorkspace], path: str, contents: bytes) -> None:
        """Writes a file to the root, in place of what was there. Raises BadRequest, and KeyUnavailable while
        a customer's key cannot be used."""
        call.target.root.write(call, path, contents)

    @operation("Read file", action=_ADMIN, parse=_check_path)
    def read(self, call: Call[DatabricksWorkspace], path: str) -> bytes:
        """A file. Raises NotFound, KeyUnavailable, and Damaged for what was changed on the disk."""
        return call.target.root.read(call, path)

    @operation("List files", action=_ADMIN)
    def list_files(self, call: Call[DatabricksWorkspace]) -> list[str]:
        """The paths of all files in the root."""
        return call.target.root.names()
