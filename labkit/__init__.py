"""labkit: a small Azure inside the kernel, for learning how a Machine Learning workspace is kept secure.

>>> import labkit
>>> lab = labkit.start(release="2020-03", seed=2020)
"""

from __future__ import annotations

import gc
import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from labkit.lab import Lab, start
    from labkit.ledger import statement

__version__ = "0.1.0"
__all__ = ["Lab", "start", "statement"]

_HOME = {
    "Lab": "labkit.lab",
    "start": "labkit.lab",
    "statement": "labkit.ledger",
    # What `%load_ext labkit` looks for.
    "load_ipython_extension": "labkit.sdk.magics",
}


def __getattr__(name: str) -> Any:
    # Loaded when first asked for: `import labkit` and `labkit --help` stay quick.
    if name not in _HOME:
        raise AttributeError(f"labkit has no {name!r}; it has {', '.join(__all__)}")
    return getattr(_loaded(_HOME[name]), name)


def _loaded(name: str) -> ModuleType:
    """The module. While it is imported for the first time nothing is collected as garbage, and what is there
    afterwards is never looked at for that again: it stays, and to look took a fifth of the time."""
    if name in sys.modules or not gc.isenabled():
        return import_module(name)
    gc.disable()
    try:
        return import_module(name)
    finally:
        gc.freeze()
        gc.enable()
