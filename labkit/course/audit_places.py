"""What stands in a lab for the names of a reader's own."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from labkit.core.errors import LabError
from labkit.furniture import CLIENT_ID
from labkit.lab import Lab
from labkit.sdk.az import run


class Places:
    """Finds them by asking az, as a reader would; each is asked for once."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        parts = lab.workspace.split("/")
        self._group, self._workspace = parts[4], parts[-1]
        self._known: dict[str, str] = {}

    def find(self, place: str) -> str:
        """The name that the lab has for it, "" where it has none."""
        if place not in self._known:
            self._known[place] = _FINDERS[place](self)
        return self._known[place]

    def ask(self, command: str) -> Any:
        """The answer of az; None where it refuses."""
        try:
            return json.loads(run(self._lab, command))
        except LabError:
            return None

    def of_workspace(self, name: str) -> str:
        """What `az ml workspace show` has under a name, without the path before it."""
        shown = self.ask(f"ml workspace show -w {self._workspace} -g {self._group}") or {}
        return str(shown.get(name, "")).rpartition("/")[2]

    def key(self) -> str:
        """The key that the storage account is under."""
        account = self.find("<storage-account>")
        shown = self.ask(f"storage account show -n {account}") if account else None
        properties = ((shown or {}).get("encryption") or {}).get("keyVaultProperties") or {}
        return str(properties.get("keyName", ""))

    @property
    def group(self) -> str:
        """The resource group of the workspace."""
        return self._group

    @property
    def workspace(self) -> str:
        """The name of the workspace."""
        return self._workspace

    @property
    def workspace_id(self) -> str:
        """Its id."""
        return self._lab.workspace


_FINDERS: dict[str, Callable[[Places], str]] = {
    "<resource-group>": lambda places: places.group,
    "<workspace>": lambda places: places.workspace,
    "<workspace-id>": lambda places: places.workspace_id,
    "<client-id>": lambda places: CLIENT_ID,
    "<storage-account>": lambda places: places.of_workspace("storageAccount"),
    "<key-vault>": lambda places: places.of_workspace("keyVault"),
    "<container-registry>": lambda places: places.of_workspace("containerRegistry"),
    "<identity-object-id>": lambda places: places.of_workspace("identityPrincipalId"),
    "<key>": Places.key,
}
