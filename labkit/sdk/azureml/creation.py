"""How the SDK creates a workspace: what it asks Resource Manager for."""

from __future__ import annotations

from typing import Any

from labkit.core.errors import NotFound
from labkit.sdk.azureml.authentication import AbstractAuthentication
from labkit.sdk.azureml.exceptions import UserErrorException, WorkspaceException, check_text, refused_as
from labkit.services.machine_learning.workspace import TYPE
from labkit.services.resource_manager import ResourceManager

# What the SDK's arguments are called as properties; those that are left out are called the same.
_PROPERTIES = {
    "key_vault": "keyVault",
    "storage_account": "storageAccount",
    "container_registry": "containerRegistry",
    "app_insights": "applicationInsights",
    "hbi_workspace": "hbiWorkspace",
    "friendly_name": "description",
}


def properties_of(sku: object, hbi_workspace: object, **given: object) -> dict[str, Any]:
    """The properties of a new workspace: what is None is not said."""
    # A workspace is a basic one, and none of high business impact, unless somebody says so.
    edition = sku.capitalize() if isinstance(sku, str) else sku
    said = {**given, "edition": None if sku == "basic" else edition}
    said["hbi_workspace"] = None if hbi_workspace is False else hbi_workspace
    return {_PROPERTIES.get(name, name): value for name, value in said.items() if value is not None}


def make(
    auth: AbstractAuthentication,
    place: tuple[object, object, object],
    location: object,
    properties: dict[str, Any],
    create_resource_group: bool,
    exist_ok: bool,
) -> None:
    """Creates it; `place` is subscription, resource group and name. Raises WorkspaceException and
    UserErrorException."""
    parts = ("subscription_id", "resource_group", "name")
    subscription, group, name = (check_text(what, part) for what, part in zip(parts, place, strict=True))
    group_id = f"/subscriptions/{subscription}/resourceGroups/{group}"
    id = f"{group_id}/providers/{TYPE}/{name}"
    with refused_as(WorkspaceException):
        if _exists(auth, id):
            if exist_ok:
                return
            raise WorkspaceException(
                "The workspace exists already.", presented=id, advice="exist_ok=True, or Workspace.get"
            )
        region = check_text("location", location)
        if create_resource_group and not _exists(auth, group_id):
            auth.ask(ResourceManager.put, group_id, region)
        auth.ask(ResourceManager.put, id, region, properties)


def _exists(auth: AbstractAuthentication, id: str) -> bool:
    try:
        auth.ask(ResourceManager.get, id)
    except NotFound:
        return False
    return True


def check_no_clusters(**given: object) -> None:
    """Raises UserErrorException."""
    named = [name for name, value in given.items() if value is not None]
    if named:
        raise UserErrorException(
            f"The lab makes no {' and no '.join(named)} with a workspace.", required="None"
        )
