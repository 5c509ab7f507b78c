"""Which labs are attached to this process. The last one answers."""

from __future__ import annotations

from threading import Lock

from labkit.wire.message import AnyLab

_lock = Lock()
# Replaced and never changed: whoever reads it sees one state or the other.
_labs: tuple[AnyLab, ...] = ()


def add(lab: AnyLab) -> None:
    """Makes a lab the one that answers."""
    global _labs
    with _lock:
        _labs = (*(one for one in _labs if one is not lab), lab)


def remove(lab: AnyLab) -> None:
    """Takes it out; the one before it answers again."""
    global _labs
    with _lock:
        _labs = tuple(one for one in _labs if one is not lab)


def current() -> AnyLab | None:
    """The lab that answers, or None."""
    labs = _labs
    return labs[-1] if labs else None
