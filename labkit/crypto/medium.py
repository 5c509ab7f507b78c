"""What physically lies on a disk. Whoever opens it sees bytes and nothing else, and may change them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from labkit.core.errors import BadInput, brief
from labkit.core.table import Table
from labkit.crypto.errors import Damaged

NONCE = 12
TAG = 16
_WRAP = 32 + TAG
_MARK, _COUNT = b"LAB1", 12
_BODY = len(_MARK) + _COUNT + _WRAP + NONCE


class Sealed(NamedTuple):
    """An encrypted object. Its parts stay apart: joining a megabyte costs more than encrypting it.

    write  which write of its account it is, from 1
    wrap   the data key, encrypted under the account's key
    nonce  of the body
    body   the bytes, encrypted under the data key, and their tag
    """

    write: int
    wrap: bytes
    nonce: bytes
    body: bytes

    @property
    def raw(self) -> bytes:
        """The bytes as they lie on the disk."""
        return b"".join([_MARK, self.write.to_bytes(_COUNT), self.wrap, self.nonce, self.body])


def parse(raw: bytes) -> Sealed:
    """The encrypted object in these bytes. Raises Damaged for bytes that are none."""
    if not raw.startswith(_MARK) or len(raw) < _BODY + TAG:
        raise Damaged("These bytes are no encrypted object.", presented=f"{len(raw)} bytes")
    write, wrap = raw[len(_MARK) : len(_MARK) + _COUNT], raw[len(_MARK) + _COUNT : _BODY - NONCE]
    return Sealed(int.from_bytes(write), wrap, raw[_BODY - NONCE : _BODY], raw[_BODY:])


@dataclass
class Medium:
    """A disk, under the name that people know it by. A record is an encrypted object or, on a disk that is
    not encrypted, the bytes themselves."""

    name: str
    records: dict[str, Sealed | bytes] = field(default_factory=dict, repr=False)

    def names(self) -> list[str]:
        """What the records are called. Names are not encrypted."""
        return sorted(self.records)

    def raw(self, name: str) -> bytes:
        """The bytes of a record, as they lie there. Raises BadInput."""
        record = self.records.get(name) if type(name) is str else None
        if record is None:
            raise BadInput(
                f"Nothing of that name lies on {self.name}.",
                presented=brief(name),
                required=brief(self.names(), 200),
            )
        return record.raw if isinstance(record, Sealed) else record

    def find(self, plaintext: bytes | str) -> list[str]:
        """The names of records whose raw bytes contain these: what somebody finds who carries the disk away.
        Raises BadInput."""
        wanted = plaintext.encode("utf-8", "surrogatepass") if isinstance(plaintext, str) else plaintext
        if not isinstance(wanted, bytes) or not wanted:
            raise BadInput("What is looked for?", presented=brief(plaintext), required="a text, or bytes")
        return [name for name in self.names() if wanted in self.raw(name)]

    def overwrite(self, name: str, raw: bytes) -> None:
        """Puts other bytes in the place of a record, past the service whose disk it is. Raises BadInput."""
        self.raw(name)
        if type(raw) is not bytes:
            raise BadInput("A disk holds bytes.", presented=brief(raw), required="bytes")
        self.records[name] = raw

    def __repr__(self) -> str:
        rows = [(name, len(raw := self.raw(name)), brief(raw[:16])) for name in self.names()]
        count = f"{len(rows)} record{'' if len(rows) == 1 else 's'}"
        return repr(Table(("record", "bytes", "begins with"), rows, caption=f"{self.name}: {count}"))
