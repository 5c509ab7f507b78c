"""Storage as a node sees it: opened with a connection string, read as if it were a directory."""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from labkit.authenticators.shared_key import SharedKey
from labkit.core.door import Door
from labkit.core.errors import BadInput
from labkit.core.operation import Op, P, R
from labkit.core.resource import Component, Resources
from labkit.core.secret import Secret
from labkit.services.storage import BlobStorage, FileStorage


@dataclass(frozen=True)
class Line:
    """How a program on a machine reaches what is not on it.

    ask        makes a call as the machine: an operation, its target, a credential, and the arguments
    resources  where hosts are looked up; `now` is the present moment
    """

    ask: Callable[..., Any]
    resources: Resources
    now: Callable[[], int]

    @classmethod
    def outermost(cls, door: Door, caller: Component) -> Line:
        """That of a program which starts on its own."""
        return cls(partial(door.ask, caller), door.resources, lambda: door.clock.now)

    @contextmanager
    def during_a_run(self) -> Iterator[Line]:
        """This line, for a script. Whoever has kept something of the run for longer reaches nothing with it:
        after the run its machine answers with a BadInput."""
        ended = False

        def while_it_lasts(use: Callable[..., Any]) -> Callable[..., Any]:
            def used(*args: Any, **kwargs: Any) -> Any:
                if ended:
                    raise BadInput(
                        "The run has ended, and what it had on its machine with it.",
                        required="a call from inside of the script, while it runs",
                    )
                return use(*args, **kwargs)

            return used

        try:
            yield replace(self, ask=while_it_lasts(self.ask), now=while_it_lasts(self.now))
        finally:
            ended = True


class StorageClient:
    """Whoever has a connection string, in front of the account that it opens. Raises BadInput for another
    text."""

    def __init__(self, line: Line, connection: Secret) -> None:
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
        self._suffix = parts.get("EndpointSuffix", "core.windows.net")
        self._line = line

    def ask(self, op: Op[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Asks the account, and signs what is asked. Raises a Refusal."""
        kind = "file" if op.service is FileStorage else "blob"
        address = f"https://{self._account}.{kind}.{self._suffix}"
        account = self._line.resources.at_host(f"{self._account}.blob.{self._suffix}")
        request = op.request(account.id if account else address, args, kwargs)
        signed = SharedKey.sign(self._account, self._key, request, self._line.now())
        answer: R = self._line.ask(op, address, signed, *args, **kwargs)
        return answer


class BlobClient(StorageClient):
    """The same for somebody who starts on their own."""

    def __init__(self, door: Door, caller: Component, connection: Secret) -> None:
        super().__init__(Line.outermost(door, caller), connection)


class Mount:
    """A part of a data store as a remote file system: nothing is copied until it is read. Statement
    enc-blob-training-data."""

    def __init__(self, client: StorageClient, path: str) -> None:
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
