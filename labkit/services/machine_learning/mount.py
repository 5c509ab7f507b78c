"""Storage as a node sees it: opened with a connection string, read as if it were a directory."""

from __future__ import annotations

import binascii
from base64 import b64decode

from labkit.authenticators.shared_key import SharedKey
from labkit.core.door import Door
from labkit.core.errors import BadInput
from labkit.core.operation import Op, P, R
from labkit.core.resource import Component
from labkit.core.secret import Secret
from labkit.services.storage import BlobStorage


class BlobClient:
    """Whoever has a connection string, in front of the account that it opens. Raises BadInput for another
    text."""

    def __init__(self, door: Door, caller: Component, connection: Secret) -> None:
        parts = dict(part.partition("=")[::2] for part in connection.reveal().split(";"))
        try:
            self._account = parts["AccountName"]
            self._key = b64decode(parts["AccountKey"], validate=True)
        except (KeyError, binascii.Error):
            raise BadInput(
                "That is not a connection string of Azure Storage.",
                presented=repr(connection),
                required="AccountName=…;AccountKey=…;EndpointSuffix=core.windows.net",
            ) from None
        self._host = f"{self._account}.blob.{parts.get('EndpointSuffix', 'core.windows.net')}"
        self._door = door
        self._caller = caller

    def ask(self, op: Op[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Asks the account, and signs what is asked. Raises a Refusal."""
        address = f"https://{self._host}"
        account = self._door.resources.at_host(self._host)
        request = op.request(account.id if account else address, args, kwargs)
        signed = SharedKey.sign(self._account, self._key, request, self._door.clock.now)
        return self._door.ask(self._caller, op, address, signed, *args, **kwargs)


class Mount:
    """A part of a data store as a remote file system: nothing is copied until it is read. Statement
    enc-blob-training-data."""

    def __init__(self, client: BlobClient, path: str) -> None:
        self._client = client
        self._path = f"{path.rstrip('/')}/" if path else ""

    def names(self) -> list[str]:
        """What there is, below the path that is mounted."""
        found = self._client.ask(BlobStorage.list_blobs, self._path)
        return [name.removeprefix(self._path) for name in found]

    def read(self, name: str) -> bytes:
        """The bytes of one file, fetched now. Raises NotFound, in the words of Azure Storage."""
        return self._client.ask(BlobStorage.get, self._path + check_file(name))


def check_file(name: object) -> str:
    """Raises BadInput for what names no file."""
    if type(name) is not str or not name:
        raise BadInput("A file has a name.", presented=type(name).__name__, required="a text, not empty")
    return name
