"""Azure Storage: an account, its two access keys and its blobs."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from labkit.authenticators.shared_key import SharedKey
from labkit.core.credential import Bearer
from labkit.core.errors import BadRequest, CredentialMissing, Forbidden, NotFound, Unauthenticated
from labkit.core.operation import Call, Service, operation
from labkit.core.resource import Resource
from labkit.core.secret import Secret
from labkit.identity.errors import TokenRefused

TYPE = "Microsoft.Storage/storageAccounts"
_BLOBS = f"{TYPE}/blobServices/containers/blobs"


@dataclass(eq=False)
class StorageAccount(Resource):
    """An account. Blobs by `container/name`."""

    service: ClassVar[str] = "Azure Storage"
    access_keys: dict[str, bytes] = field(default_factory=dict, repr=False, kw_only=True)
    blobs: dict[str, bytes] = field(default_factory=dict, repr=False, kw_only=True)


def list_keys(call: Call[StorageAccount]) -> dict[str, Secret]:
    """The POST action listKeys: both access keys, in base64."""
    return {name: Secret(b64encode(key).decode()) for name, key in call.target.access_keys.items()}


def connection_string(account: str, keys: Mapping[str, Secret]) -> str:
    """What clients are configured with: an address and a key that opens everything there."""
    parts = (
        "DefaultEndpointsProtocol=https",
        f"AccountName={account}",
        f"AccountKey={keys['key1'].reveal()}",
    )
    return ";".join([*parts, "EndpointSuffix=core.windows.net"])


def _check_blob(name: str, data: bytes = b"") -> None:
    if not 0 < len(name) <= 1024:
        raise BadRequest(
            "A blob is bytes under a name.", required="a name of 1 to 1024 characters, and bytes"
        )


class BlobStorage(Service):
    """The data plane of an account's blobs."""

    name = "Azure Storage"
    resource = StorageAccount
    dialect = {
        # https://learn.microsoft.com/rest/api/storageservices/common-rest-api-error-codes
        CredentialMissing: (401, "NoAuthenticationInformation"),
        Unauthenticated: (403, "AuthenticationFailed"),
        TokenRefused: (401, "InvalidAuthenticationInfo"),
        Forbidden: (403, "AuthorizationPermissionMismatch"),
        NotFound: (404, "BlobNotFound"),
    }

    @operation("Put Blob", data_action=f"{_BLOBS}/write", accepts=(Bearer, SharedKey), parse=_check_blob)
    def put(self, call: Call[StorageAccount], name: str, data: bytes) -> None:
        """Stores bytes under a name, replacing what was there."""
        blobs, before = call.target.blobs, call.target.blobs.get(name)
        call.undo(lambda: blobs.pop(name) if before is None else blobs.update({name: before}))
        blobs[name] = data

    @operation("Get Blob", data_action=f"{_BLOBS}/read", accepts=(Bearer, SharedKey), parse=_check_blob)
    def get(self, call: Call[StorageAccount], name: str) -> bytes:
        """The bytes. Raises NotFound."""
        if name not in call.target.blobs:
            raise NotFound("There is no such blob.", presented=name)
        return call.target.blobs[name]
