"""Messages of the Jupyter protocol over a pair of connected sockets: a channel and some frames of bytes."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator, Sequence

SHELL, IOPUB = b"s", b"i"
Frames = tuple[bytes, list[bytes]]

# Channel, number of frames; then the length of each.
_HEAD = struct.Struct("!cI")
_LENGTH = struct.Struct("!Q")
# So many bytes are read at a time.
_MOST = 1 << 18


def packed(channel: bytes, frames: Sequence[bytes]) -> bytes:
    """One message as it travels."""
    lengths = b"".join(_LENGTH.pack(len(frame)) for frame in frames)
    return b"".join([_HEAD.pack(channel, len(frames)), lengths, *map(bytes, frames)])


def arrived(ours: socket.socket) -> bytes | None:
    """What has come by now: None where nothing has, b"" where nothing will any more."""
    try:
        return ours.recv(_MOST, socket.MSG_DONTWAIT)
    except BlockingIOError:
        return None
    except OSError:
        return b""


class Unpacker:
    """Takes in bytes as they arrive and gives back the messages that are whole."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, data: bytes) -> Iterator[Frames]:
        """The messages that these bytes complete."""
        self._rest += data
        while (message := self._next()) is not None:
            yield message

    def _next(self) -> Frames | None:
        if len(self._rest) < _HEAD.size:
            return None
        channel, count = _HEAD.unpack_from(self._rest)
        start = _HEAD.size + count * _LENGTH.size
        if len(self._rest) < start:
            return None
        lengths = [_LENGTH.unpack_from(self._rest, _HEAD.size + n * _LENGTH.size)[0] for n in range(count)]
        if len(self._rest) < start + sum(lengths):
            return None
        frames = []
        for length in lengths:
            frames.append(bytes(self._rest[start : start + length]))
            start += length
        del self._rest[:start]
        return channel, frames
