"""The modules that stand under the names of the SDK while a lab is active, and how Python finds them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, NoReturn

ROOT = "azureml"
# The version that the documents of 2020 name as the earliest that they apply to (statement docs-sdk-version).
VERSION = "1.0.83.1"

_HERE = "labkit.sdk.azureml"
_AUTHENTICATION = (
    "InteractiveLoginAuthentication",
    "ServicePrincipalAuthentication",
    "AbstractAuthentication",
)
_EXCEPTIONS = (
    *("AuthenticationException", "AzureMLException", "ComputeTargetException", "ProjectSystemException"),
    *("UserErrorException", "WebserviceException", "WorkspaceException"),
)
# Which names each module has, and in which of ours they are.
NAMES: Mapping[str, Mapping[str, str]] = {
    ROOT: {},
    f"{ROOT}.core": {
        "Environment": "inference",
        "Model": "model",
        "Webservice": "webservice",
        "Workspace": "workspace",
    },
    f"{ROOT}.core.authentication": dict.fromkeys(_AUTHENTICATION, "authentication"),
    f"{ROOT}.core.compute": {"AksCompute": "compute", "ComputeTarget": "compute"},
    f"{ROOT}.core.environment": {"Environment": "inference"},
    f"{ROOT}.core.model": {"InferenceConfig": "inference", "Model": "model"},
    f"{ROOT}.core.webservice": dict.fromkeys(("AciWebservice", "AksWebservice", "Webservice"), "webservice"),
    f"{ROOT}.core.workspace": {"Workspace": "workspace"},
    f"{ROOT}.exceptions": dict.fromkeys(_EXCEPTIONS, "exceptions"),
}


def ours(name: str) -> bool:
    """Whether a module of this name is one of the SDK's, covered or not."""
    return name == ROOT or name.startswith(f"{ROOT}.")


def _covers() -> str:
    return "\n".join(f"  {module}: {', '.join(sorted(names))}" for module, names in NAMES.items() if names)


def _missing(module: str, name: str) -> NoReturn:
    # Half of Python's own machinery asks for names with underscores; nobody reads what it is told.
    if name.startswith("_"):
        raise AttributeError(f"module {module!r} has no attribute {name!r}")
    raise AttributeError(f"The lab has no {module}.{name}. It covers:\n{_covers()}")


class _Loader(Loader):
    """Fills a module with its names."""

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        content: dict[str, Any] = {
            name: getattr(import_module(f"{_HERE}.{home}"), name)
            for name, home in NAMES[module.__name__].items()
        }
        module.__doc__ = f"The lab's {module.__name__}: {', '.join(content) or 'nothing by itself'}."
        module.__dict__.update(
            content, __all__=sorted(content), __getattr__=partial(_missing, module.__name__)
        )
        if module.__name__ == f"{ROOT}.core":
            module.__dict__.update(VERSION=VERSION, __version__=VERSION)


class Finder(MetaPathFinder):
    """Answers for all names of the SDK: none is taken from an SDK that is installed beside the lab."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Raises ImportError for a name of the SDK that the lab does not cover."""
        if not ours(fullname):
            return None
        if fullname not in NAMES:
            # Not a ModuleNotFoundError: `from package import name` would swallow it, and this text with it.
            raise ImportError(f"The lab has no {fullname}. It covers:\n{_covers()}", name=fullname)
        spec = ModuleSpec(fullname, _Loader(), origin="labkit", is_package=True)
        # Everything is a package, since Python asks the finder for a missing name of a package only.
        spec.submodule_search_locations = []
        return spec
