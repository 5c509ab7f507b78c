"""How kernels are reached when nobody looks at them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from labkit.course.progress_place import VARIABLE

# What the address of a Unix socket may be long, on the strictest of systems.
_LONGEST = 100


def connection(folder: Path, name: str) -> Any:
    """Configuration for a kernel manager: sockets and connection file lie in `folder`, under `name`.

    Sockets of the file system, since over TCP a kernel warns on stderr that it is not encrypted. The path is
    written out, since otherwise manager and kernel each look for them in their own working folder. Where
    there are none, or the path is too long for them, it is TCP after all.
    """
    import zmq
    from traitlets.config import Config

    file = folder.resolve() / f"{name}.json"
    ipc = zmq.has("ipc") and len(os.fspath(file)) < _LONGEST
    return Config(
        ConnectionFileMixin={"transport": "ipc" if ipc else "tcp", "connection_file": os.fspath(file)}
    )


def environment(data: Path | None = None) -> dict[str, str]:
    """The environment for a kernel: this process's own, with sets in the same order every time. With `data`,
    a folder that need not be there, progress is read and kept there and nowhere else."""
    kept = {} if data is None else {VARIABLE: os.fspath(data.resolve())}
    return {**os.environ, "PYTHONHASHSEED": "0", **kept}
