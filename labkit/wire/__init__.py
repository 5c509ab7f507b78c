"""The wire: real clients reach the lab under Azure's real host names, in process or over loopback TLS.

`attach(lab)` and `detach(lab)` are for clients in this process; `labkit serve` is for all others.
"""

from __future__ import annotations

from importlib import import_module

from labkit.wire.message import AnyLab

__all__ = ["attach", "detach"]


def attach(lab: AnyLab) -> None:
    """From now on clients that are built on requests reach this lab, adal and msal read its clock, and no
    socket of Python's own connects to another machine (`labkit.wire.guard` says what that leaves out). Of
    several attached labs the last one answers; attaching one again makes it the last. Holds for the whole
    process."""
    # The interception needs requests, which takes a while to load.
    import_module("labkit.wire.interception").attach(lab)


def detach(lab: AnyLab) -> None:
    """Ends it. The addresses that a lab answered at stay refused to clients that are built on requests, so
    that one which is left over does not carry its credentials to the real ones. Where the lab is not
    attached, nothing happens."""
    import_module("labkit.wire.interception").detach(lab)
