"""Notebooks that are kept in the workspace."""

from __future__ import annotations

from labkit.core.errors import BadRequest
from labkit.core.operation import Call, operation
from labkit.services.machine_learning.workspace import TYPE, MachineLearning, Workspace, check_name

_STORAGE = f"{TYPE}/notebooks/storage"


def _check_notebook(name: str, text: str = "") -> None:
    check_name("notebook", name)
    try:
        text.encode()
    except UnicodeEncodeError:
        raise BadRequest("A notebook is a text.", presented="half a character") from None


def _blob(call: Call[Workspace], name: str) -> str:
    return f"azureml/{call.target.own(f'notebooks/{name}')}"


class Notebooks(MachineLearning):
    """Texts in the workspace's storage account, written and read as its managed identity."""

    @operation("Save notebook", action=f"{_STORAGE}/write", parse=_check_notebook)
    def save(self, call: Call[Workspace], name: str, text: str) -> None:
        """Stores a notebook, replacing what was under this name."""
        self.to_storage(call, _blob(call, name), text.encode())

    @operation("Open notebook", action=f"{_STORAGE}/read", parse=_check_notebook)
    def open(self, call: Call[Workspace], name: str) -> str:
        """The text. Raises NotFound, in the words of Azure Storage."""
        return self.from_storage(call, _blob(call, name)).decode()
