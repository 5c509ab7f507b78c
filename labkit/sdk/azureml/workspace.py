"""`azureml.core.Workspace`: a workspace as the SDK shows it."""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any

from labkit.core.operation import Op, R
from labkit.sdk.azureml import config
from labkit.sdk.azureml.authentication import AbstractAuthentication, signed_in
from labkit.sdk.azureml.creation import check_no_clusters, make, properties_of
from labkit.sdk.azureml.exceptions import (
    AzureMLException,
    ComputeTargetException,
    ProjectSystemException,
    UserErrorException,
    WebserviceException,
    WorkspaceException,
    check_text,
    refused_as,
)
from labkit.sdk.azureml.handle import Handle
from labkit.services.machine_learning.compute import RESOURCE_TYPE
from labkit.services.machine_learning.workspace import TYPE
from labkit.services.resource_id import group_of, name_of
from labkit.services.resource_manager import ResourceManager

# What get_details calls the properties that Resource Manager shows.
_DETAILS = {
    "keyVault": "vault",
    "storageAccount": "storage",
    "containerRegistry": "registry",
    "applicationInsights": "insights",
    "identityPrincipalId": "identity",
    "sku": "edition",
    "hbiWorkspace": "hbiWorkspace",
}


class Workspace(Handle):
    """An existing workspace. Without `auth` the person at the keyboard signs in. Raises
    ProjectSystemException for one that is not there, or that this identity may not read. Statements
    authn-interactive, authn-sp-sdk."""

    def __init__(
        self,
        subscription_id: str,
        resource_group: str,
        workspace_name: str,
        auth: AbstractAuthentication | None = None,
    ) -> None:
        self.subscription_id = check_text("subscription_id", subscription_id)
        self.resource_group = check_text("resource_group", resource_group)
        self.name = check_text("workspace_name", workspace_name)
        self.auth = signed_in(auth)
        group = f"/subscriptions/{subscription_id}/resourceGroups/{resource_group}"
        self.id = f"{group}/providers/{TYPE}/{workspace_name}"
        self.location: str = self._document()["location"]

    @classmethod
    def create(
        cls,
        name: str,
        auth: AbstractAuthentication | None = None,
        subscription_id: str | None = None,
        resource_group: str | None = None,
        location: str | None = None,
        create_resource_group: bool = True,
        sku: str = "basic",
        friendly_name: str | None = None,
        storage_account: str | None = None,
        key_vault: str | None = None,
        app_insights: str | None = None,
        container_registry: str | None = None,
        cmk_keyvault: str | None = None,
        resource_cmk_uri: str | None = None,
        hbi_workspace: bool = False,
        default_cpu_compute_target: object = None,
        default_gpu_compute_target: object = None,
        exist_ok: bool = False,
        show_output: bool = True,
    ) -> Workspace:
        """A new workspace; in a resource group that is made for it if there is none. `cmk_keyvault` and
        `resource_cmk_uri` give run history an account of its own under the customer's key. Raises
        WorkspaceException. Statements enc-cosmos-cmk-steps, enc-hbi-recommended."""
        cpu, gpu = default_cpu_compute_target, default_gpu_compute_target
        check_no_clusters(default_cpu_compute_target=cpu, default_gpu_compute_target=gpu)
        ids = {"key_vault": key_vault, "storage_account": storage_account, "app_insights": app_insights}
        keys = {"cmk_keyvault": cmk_keyvault, "resource_cmk_uri": resource_cmk_uri}
        more = {"container_registry": container_registry, "friendly_name": friendly_name}
        properties = properties_of(sku, hbi_workspace, **ids, **more, **keys)
        auth, place = signed_in(auth), (subscription_id, resource_group, name)
        make(auth, place, location, properties, create_resource_group, exist_ok)
        return cls(str(subscription_id), str(resource_group), name, auth)

    @classmethod
    def from_config(
        cls,
        path: str | os.PathLike[str] | None = None,
        auth: AbstractAuthentication | None = None,
        _logger: Any = None,
        _file_name: str | None = None,
    ) -> Workspace:
        """The workspace that config.json names, which is looked for in this folder, in .azureml, and in the
        folders above. Raises UserErrorException."""
        subscription, group, name = config.read(config.find(path, _file_name))
        return cls(subscription, group, name, auth)

    def write_config(self, path: str | os.PathLike[str] | None = None, file_name: str | None = None) -> None:
        """Writes .azureml/config.json, for `from_config`. Raises UserErrorException."""
        config.write((self.subscription_id, self.resource_group, self.name), path, file_name)

    @classmethod
    def get(
        cls,
        name: str,
        auth: AbstractAuthentication | None = None,
        subscription_id: str | None = None,
        resource_group: str | None = None,
    ) -> Workspace:
        """The workspace of this name, wherever it is. Raises WorkspaceException where there is none, or more
        than one."""
        auth = signed_in(auth)
        if subscription_id is not None and resource_group is not None:
            return cls(subscription_id, resource_group, name, auth)
        check_text("name", name)
        readable = _readable(auth, subscription_id, resource_group)
        same = [id for id in readable if name_of(id).lower() == name.lower()]
        if len(same) == 1:
            return _at(same[0], auth)
        if same:
            raise WorkspaceException(
                f"Several workspaces are called {name}.",
                found_multiple=True,
                presented=f"in resource groups {', '.join(name_of(group_of(id)) for id in same)}",
                required="resource_group, to say which",
            )
        raise WorkspaceException(
            "No workspace of this name that this identity may read.",
            presented=f"{name[:60]} in subscription {subscription_id}",
            required=", ".join(sorted({name_of(id) for id in readable})) or "a role on one: it may read none",
        )

    @classmethod
    def list(
        cls,
        subscription_id: str | None = None,
        auth: AbstractAuthentication | None = None,
        resource_group: str | None = None,
    ) -> Workspaces:
        """All workspaces that this identity may read, by name."""
        auth, found = signed_in(auth), Workspaces()
        for id in _readable(auth, subscription_id, resource_group):
            found.setdefault(name_of(id), []).append(_at(id, auth))
        return found

    def get_details(self) -> dict[str, Any]:
        """What Resource Manager shows of it, under the names that the SDK uses."""
        document = self._document()
        shown = {name: document[name] for name in ("id", "name", "location", "type")}
        properties = document["properties"]
        return shown | {name: properties[ours] for name, ours in _DETAILS.items() if ours in properties}

    @property
    def compute_targets(self) -> dict[str, Any]:
        """Its compute targets by name. Raises ComputeTargetException."""
        documents = self.ask(ResourceManager.collection, RESOURCE_TYPE, kind=ComputeTargetException)
        return {one["name"]: _named("compute", "ComputeTarget")(self, one["name"]) for one in documents}

    @property
    def models(self) -> dict[str, Any]:
        """The newest version of each of its models, by name. Raises WebserviceException."""
        return {one.name: one for one in _named("model", "Model").list(self)}

    @property
    def webservices(self) -> dict[str, Any]:
        """Its web services by name. Raises WebserviceException."""
        return {one.name: one for one in _named("webservice", "Webservice").list(self)}

    def _document(self) -> dict[str, Any]:
        return self.ask(ResourceManager.get, kind=ProjectSystemException)

    def ask(
        self, op: Op[..., R], *args: object, kind: type[AzureMLException] = WebserviceException, at: str = ""
    ) -> R:
        """Asks the lab for an operation on this workspace, or on `at`, as whoever has signed in. What is
        refused is raised as `kind`."""
        with refused_as(kind):
            return self.auth.ask(op, at or self.id, *args)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Workspace):
            return NotImplemented
        same_lab = self.auth.session.lab is other.auth.session.lab
        return same_lab and self.id.lower() == other.id.lower()

    def __hash__(self) -> int:
        return hash(self.id.lower())

    def __repr__(self) -> str:
        return (
            f"Workspace(name={self.name!r}, subscription_id={self.subscription_id!r}, "
            f"resource_group={self.resource_group!r})"
        )


Workspaces = dict[str, list[Workspace]]


def _named(module: str, name: str) -> Any:
    # What a workspace has is known by modules that know workspaces.
    return getattr(import_module(f"labkit.sdk.azureml.{module}"), name)


def _readable(auth: AbstractAuthentication, subscription: str | None, group: str | None) -> list[str]:
    """The ids of the workspaces there that this identity may read."""
    scope = "/subscriptions"
    if subscription is not None:
        scope += f"/{check_text('subscription_id', subscription)}"
        scope += "" if group is None else f"/resourceGroups/{check_text('resource_group', group)}"
    with refused_as(ProjectSystemException):
        documents = auth.ask(ResourceManager.collection, scope, TYPE)
    ids = [one["id"] for one in documents]
    return [id for id in ids if group is None or name_of(group_of(id)).lower() == group.lower()]


def _at(id: str, auth: AbstractAuthentication) -> Workspace:
    return Workspace(id.split("/")[2], name_of(group_of(id)), name_of(id), auth)


def check_workspace(workspace: object) -> Workspace:
    """Raises UserErrorException for what is none."""
    if not isinstance(workspace, Workspace):
        raise UserErrorException(
            "That is no workspace.", presented=type(workspace).__name__, required="Workspace.from_config()"
        )
    return workspace
