"""`az ml workspace`, which an extension brings."""

from __future__ import annotations

from argparse import Namespace
from contextlib import suppress
from typing import Any

from labkit.access.errors import PrincipalNotFound
from labkit.core.errors import Refusal
from labkit.sdk.az_commands import ML_EXTENSION, command, needed, option
from labkit.sdk.az_directory import object_id_of, principals_named
from labkit.sdk.az_errors import in_words_of_az
from labkit.sdk.az_session import Session
from labkit.services.authorization import Authorization
from labkit.services.machine_learning.workspace import TYPE
from labkit.services.resource_manager import ResourceManager

WORKSPACE = needed("--workspace-name", "-w")
GROUP = needed("--resource-group", "-g")
_PROPERTIES = {
    "applicationInsights": "insights",
    "containerRegistry": "registry",
    "hbiWorkspace": "hbiWorkspace",
    "identityPrincipalId": "identity",
    "keyVault": "vault",
    "sku": "edition",
    "storageAccount": "storage",
}


def workspace_id(session: Session, given: Namespace) -> str:
    """The id of the workspace that a command names. Raises AzError."""
    group = f"{session.subscription(given.subscription)}/resourceGroups/{given.resource_group}"
    return f"{group}/providers/{TYPE}/{given.workspace_name}"


@command("ml workspace share", WORKSPACE, GROUP, needed("--user"), needed("--role"), extension=ML_EXTENSION)
def share(session: Session, given: Namespace) -> None:
    """Gives somebody a role on a workspace: a user principal name, or an object id. Prints nothing."""
    user = object_id_of(session, given.user) if "@" in given.user else given.user
    try:
        session.ask(Authorization.assign, workspace_id(session, given), given.role, user)
    except PrincipalNotFound as refusal:
        said = in_words_of_az(refusal, *session.known)
        said.advice = _about(session, user) or said.advice
        raise said from refusal


def _about(session: Session, user: str) -> str:
    """What to do where that is the name of a service principal and not its object id."""
    with suppress(Refusal):
        for one in principals_named(session, user):
            return (
                f"that is a name of the service principal {one['displayName']}, not its object id: "
                f"az ad sp show --id {user} --query objectId"
            )
    return ""


@command("ml workspace list", option("--resource-group", "-g"), extension=ML_EXTENSION)
def list_(session: Session, given: Namespace) -> Any:
    """The workspaces that whoever is logged in may read."""
    # assumption: az-ml-list
    scope = session.subscription(given.subscription)
    if given.resource_group:
        scope = f"{scope}/resourceGroups/{given.resource_group}"
    found = session.ask(ResourceManager.collection, scope, TYPE)
    return [
        {
            "resourceGroup": one["id"].split("/")[4],
            "subscriptionId": one["id"].split("/")[2],
            "workspaceName": one["name"],
        }
        for one in found
    ]


@command("ml workspace show", WORKSPACE, GROUP, extension=ML_EXTENSION)
def show(session: Session, given: Namespace) -> Any:
    """A workspace, and what it depends on."""
    document = session.ask(ResourceManager.get, workspace_id(session, given))
    properties = document["properties"]
    return {
        **{name: properties[key] for name, key in _PROPERTIES.items() if key in properties},
        "id": document["id"],
        "identityTenantId": session.account.tenant,
        "identityType": "SystemAssigned",
        "location": document["location"],
        "name": document["name"],
        "resourceGroup": document["id"].split("/")[4],
        "type": document["type"],
    }
