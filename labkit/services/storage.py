"""Azure Storage: an account, its two access keys, its blobs and its file shares."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from labkit.authenticators.shared_key import SharedKey
from labkit.core.credential import Bearer
from labkit.core.entropy import Entropy
from labkit.core.errors import (
    BadRequest,
    Conflict,
    CredentialMissing,
    Forbidden,
    NetworkDenied,
    NotFound,
    Unauthenticated,
    brief,
)
from labkit.core.operation import Call, Dialect, Service, operation
from labkit.core.resource import Resource, Resources, split_address
from labkit.core.secret import Secret
from labkit.identity.errors import TokenRefused
from labkit.services import encryption
from labkit.services.encryption import AccountKey, Disk

TYPE = "Microsoft.Storage/storageAccounts"
_BLOBS = f"{TYPE}/blobServices/containers/blobs"
_FILES = f"{TYPE}/fileServices/fileshares/files"
BLOB_HOST, FILE_HOST = "blob.core.windows.net", "file.core.windows.net"
KEY_NAMES = ("key1", "key2")
_ETAG = re.compile(r"\*|0x[0-9A-F]+")


class ConditionNotMet(Conflict):
    """Somebody else has written since: the entity tag is another one."""


class BlobAlreadyExists(Conflict):
    """What was to be a new blob is there."""

    fixed_code = "BlobAlreadyExists"


@dataclass(eq=False)
class StorageAccount(Resource):
    """An account. Blobs by `container/name`, files by `share/path`, both sealed under one account key.

    life         tells it from an account that had its name before
    regenerated  how often each access key has been made anew
    identity_id  object id of its managed identity; "" while it has none
    """

    service: ClassVar[str] = "Azure Storage"
    access_keys: dict[str, bytes] = field(default_factory=dict, repr=False, kw_only=True)
    life: str = field(default="", repr=False, kw_only=True)
    regenerated: dict[str, int] = field(default_factory=dict, repr=False, kw_only=True)
    identity_id: str = field(default="", kw_only=True)
    account_key: AccountKey = field(repr=False, kw_only=True)
    blobs: Disk = field(repr=False, kw_only=True)
    files: Disk = field(repr=False, kw_only=True)

    def disks(self) -> Iterator[Disk]:
        """Blobs and files lie on disks of their own."""
        yield from (self.blobs, self.files)


@dataclass(frozen=True)
class ObjectProperties:
    """What is told of a blob or a file without giving it out. `size` is in bytes; `etag` is another one after
    each write; `encrypted_by` is whose key wraps the account's."""

    name: str
    size: int
    etag: str
    encrypted_by: str


def list_keys(call: Call[StorageAccount], body: Mapping[str, Any]) -> dict[str, Secret]:
    """The POST action listKeys: both access keys, in base64."""
    return {name: Secret(b64encode(key).decode()) for name, key in call.target.access_keys.items()}


class KeyRegeneration:
    """The POST action regenerateKey."""

    def __init__(self, entropy: Entropy) -> None:
        self._entropy = entropy

    def __call__(self, call: Call[StorageAccount], body: Mapping[str, Any]) -> dict[str, Secret]:
        """Makes the key that `keyName` names anew and returns both: from now on whoever uses the old one is
        refused. Raises BadRequest. Statement enc-storage-key-regen."""
        account, name = call.target, body.get("keyName")
        if len(body) != 1 or name not in KEY_NAMES:
            raise BadRequest(
                "Which key?", presented=brief(dict(body)), required='{"keyName": "key1"}, or "key2"'
            )
        before, number = account.access_keys[name], account.regenerated.get(name, 0) + 1
        fresh = self._entropy(f"{account.life}/{name}/{number}", 64)
        call.undo(lambda: account.access_keys.update({name: before}))
        call.undo(lambda: account.regenerated.update({name: number - 1}))
        account.regenerated[name] = number
        account.access_keys[name] = fresh
        return list_keys(call, {})


def connection_string(account: str, keys: Mapping[str, Secret]) -> str:
    """What clients are configured with: an address and a key that opens everything there."""
    parts = (
        "DefaultEndpointsProtocol=https",
        f"AccountName={account}",
        f"AccountKey={keys['key1'].reveal()}",
    )
    return ";".join([*parts, "EndpointSuffix=core.windows.net"])


def _check_object(name: str, if_match: str = "", if_none_match: str = "") -> None:
    if not 0 < len(name) <= 1024:
        raise BadRequest(
            "A blob is bytes under a name.", required="a name of 1 to 1024 characters, and bytes"
        )
    if if_match and not _ETAG.fullmatch(if_match):
        raise BadRequest(
            "That is no entity tag.", presented=brief(if_match), required='what a write returned, or "*"'
        )
    if if_none_match not in ("", "*"):
        raise BadRequest(
            "A write may ask for nothing to be there.", presented=brief(if_none_match), required='"*"'
        )


# https://learn.microsoft.com/rest/api/storageservices/common-rest-api-error-codes
_DIALECT: Dialect = {
    **encryption.DIALECT,
    CredentialMissing: (401, "NoAuthenticationInformation"),
    Unauthenticated: (403, "AuthenticationFailed"),
    TokenRefused: (401, "InvalidAuthenticationInfo"),
    Forbidden: (403, "AuthorizationPermissionMismatch"),
    NetworkDenied: (403, "AuthorizationFailure"),
    ConditionNotMet: (412, "ConditionNotMet"),
}


def _there(disk: Disk, what: str, name: str) -> None:
    if name not in disk:
        raise NotFound(f"There is no such {what}.", presented=brief(name, 200))


def _check_tag(disk: Disk, name: str, if_match: str) -> None:
    present = disk.tag(name) if name in disk else ""
    if if_match and (not present or if_match not in ("*", present)):
        raise ConditionNotMet(
            "It is not the one any more that the condition names.",
            presented=f"If-Match: {if_match}",
            required=f"If-Match: {present}" if present else "no condition: there is nothing of this name",
            advice="read it again from the beginning, and write what should become of it now",
        )


def _write(disk: Disk, call: Call[StorageAccount], name: str, data: bytes, if_match: str) -> str:
    _check_tag(disk, name, if_match)
    return disk.write(call, name, data)


def _properties(disk: Disk, call: Call[StorageAccount], name: str) -> ObjectProperties:
    size = len(disk.read(call, name))
    return ObjectProperties(name, size, disk.tag(name), call.target.account_key.owner)


class BlobStorage(Service):
    """The data plane of an account's blobs."""

    name = "Azure Storage"
    resource = StorageAccount
    dialect = {**_DIALECT, NotFound: (404, "BlobNotFound")}

    @operation("Put Blob", data_action=f"{_BLOBS}/write", accepts=(Bearer, SharedKey), parse=_check_object)
    def put(
        self, call: Call[StorageAccount], name: str, data: bytes, if_match: str = "", if_none_match: str = ""
    ) -> str:
        """Stores bytes under a name, replacing what was there, and returns the entity tag. With `if_match`
        only over the blob with that tag, or over any ("*"); with `if_none_match`, which is "*", over none.
        Raises ConditionNotMet, BlobAlreadyExists, and KeyUnavailable while the customer's key cannot be used.
        Statements enc-blob-mmk, enc-blob-cmk."""
        if if_none_match and name in call.target.blobs:
            raise BlobAlreadyExists(
                "There is a blob of this name.",
                presented=f"If-None-Match: {if_none_match}",
                required="a name that is free, or no condition, to replace what is there",
            )
        return _write(call.target.blobs, call, name, data, if_match)

    @operation("Get Blob", data_action=f"{_BLOBS}/read", accepts=(Bearer, SharedKey), parse=_check_object)
    def get(self, call: Call[StorageAccount], name: str, *, if_match: str = "") -> bytes:
        """The bytes; with `if_match` only of the blob with that entity tag. Raises NotFound, ConditionNotMet,
        KeyUnavailable, and Damaged for what was changed on the disk."""
        blobs = call.target.blobs
        _there(blobs, "blob", name)
        _check_tag(blobs, name, if_match)
        return blobs.read(call, name)

    @operation(
        "Get Blob Properties", data_action=f"{_BLOBS}/read", accepts=(Bearer, SharedKey), parse=_check_object
    )
    def properties(self, call: Call[StorageAccount], name: str) -> ObjectProperties:
        """Its size and entity tag. Raises what `get` raises."""
        _there(call.target.blobs, "blob", name)
        return _properties(call.target.blobs, call, name)

    @operation(
        "Delete Blob", data_action=f"{_BLOBS}/delete", accepts=(Bearer, SharedKey), parse=_check_object
    )
    def delete(self, call: Call[StorageAccount], name: str) -> None:
        """Takes it away. Needs no account key. Raises NotFound."""
        _there(call.target.blobs, "blob", name)
        call.target.blobs.remove(call, name)

    @operation("List Blobs", data_action=f"{_BLOBS}/read", accepts=(Bearer, SharedKey))
    def list_blobs(self, call: Call[StorageAccount], prefix: str = "") -> list[str]:
        """The names that begin like this. Names are not encrypted, so no account key is needed."""
        return call.target.blobs.names(prefix)


class FileStorage(Service):
    """The data plane of an account's file shares. In those years it took the account's key alone."""

    name = "Azure Storage"
    resource = StorageAccount
    dialect = {**_DIALECT, NotFound: (404, "ResourceNotFound")}

    def locate(self, target: str, resources: Resources) -> tuple[Resource, str]:
        """An account, also by the address that its file shares have."""
        scheme, host, path = split_address(target)
        if scheme and host.endswith(f".{FILE_HOST}"):
            target = f"{scheme}://{host.removesuffix(FILE_HOST)}{BLOB_HOST}/{path}"
        return super().locate(target, resources)

    @operation("Create File", data_action=f"{_FILES}/write", accepts=(SharedKey,), parse=_check_object)
    def put(self, call: Call[StorageAccount], name: str, data: bytes, if_match: str = "") -> str:
        """Stores bytes as `share/path` and returns the entity tag. Raises what `BlobStorage.put` raises."""
        return _write(call.target.files, call, name, data, if_match)

    @operation("Get File", data_action=f"{_FILES}/read", accepts=(SharedKey,), parse=_check_object)
    def get(self, call: Call[StorageAccount], name: str) -> bytes:
        """The bytes. Raises what `BlobStorage.get` raises."""
        _there(call.target.files, "file", name)
        return call.target.files.read(call, name)

    @operation("Delete File", data_action=f"{_FILES}/delete", accepts=(SharedKey,), parse=_check_object)
    def delete(self, call: Call[StorageAccount], name: str) -> None:
        """Takes it away. Raises NotFound."""
        _there(call.target.files, "file", name)
        call.target.files.remove(call, name)

    @operation("List Files", data_action=f"{_FILES}/read", accepts=(SharedKey,))
    def list_files(self, call: Call[StorageAccount], prefix: str = "") -> list[str]:
        """The names that begin like this."""
        return call.target.files.names(prefix)
