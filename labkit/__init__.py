"""labkit: a small Azure inside the kernel, for learning how a Machine Learning workspace is kept secure.

>>> import labkit
>>> lab = labkit.start(release="2020-03", seed=2020)
"""

from __future__ import annotations

from importlib import import_module
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
    return getattr(import_module(_HOME[name]), name)
