"""`az ml computetarget` and `az ml service`: what a workspace has, and how its web services let in."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from labkit.core.errors import brief
from labkit.sdk.az_commands import ML_EXTENSION, command, needed, option
from labkit.sdk.az_errors import AzError
from labkit.sdk.az_ml import GROUP, WORKSPACE, workspace_id
from labkit.sdk.az_session import Session
from labkit.services.machine_learning.compute import RESOURCE_TYPE
from labkit.services.machine_learning.deployment import WebService
from labkit.services.machine_learning.web_services import WebServices
from labkit.services.resource_manager import ResourceManager

_NAME = needed("--name", "-n")
_VERBOSE = option("-v", kind="flag")


@command("ml computetarget list", WORKSPACE, GROUP, _VERBOSE, extension=ML_EXTENSION)
def list_targets(session: Session, given: Namespace) -> Any:
    """The compute targets of a workspace."""
    # assumption: az-ml-computetarget
    found = session.ask(ResourceManager.collection, workspace_id(session, given), RESOURCE_TYPE)
    return [_target(one) for one in found]


@command("ml computetarget show", WORKSPACE, GROUP, _NAME, _VERBOSE, extension=ML_EXTENSION)
def show_target(session: Session, given: Namespace) -> Any:
    """A compute target: which kind, and the machine behind one that was attached."""
    return _target(session.ask(ResourceManager.get, f"{workspace_id(session, given)}/computes/{given.name}"))


def _target(document: dict[str, Any]) -> dict[str, Any]:
    own = document["properties"]
    properties = {**own, "isAttachedCompute": "resourceId" in own, "computeLocation": document["location"]}
    return {**document, "properties": properties}


@command("ml service list", WORKSPACE, GROUP, _VERBOSE, extension=ML_EXTENSION)
def list_services(session: Session, given: Namespace) -> Any:
    """The web services of a workspace: how callers prove themselves, and at which address. No key."""
    return [_service(given, one) for one in _services(session, given)]


@command("ml service show", WORKSPACE, GROUP, _NAME, _VERBOSE, extension=ML_EXTENSION)
def show_service(session: Session, given: Namespace) -> Any:
    """A web service."""
    for one in (services := _services(session, given)):
        if one.name == given.name:
            return _service(given, one)
    raise AzError(
        f"WebserviceNotFound: Webservice with name {brief(given.name)} not found in provided workspace",
        required=", ".join(one.name for one in services) or "one that was deployed: none was",
    )


def _services(session: Session, given: Namespace) -> list[WebService]:
    return session.ask(WebServices.list_services, workspace_id(session, given))


def _service(given: Namespace, one: WebService) -> dict[str, Any]:
    """As the SDK of 2020 wrote one down, which the extension prints; the two kinds do not have the same."""
    kind: dict[str, Any] = {"location": one.region, "sslEnabled": one.address.startswith("https:")}
    if one.kind == "aks":
        kind = {"aadAuthEnabled": one.token_auth_enabled}
    return {
        "authEnabled": one.auth_enabled,
        "computeType": one.kind.upper(),
        "name": one.name,
        "scoringUri": one.address,
        "state": one.state,
        "workspaceName": given.workspace_name,
        **kind,
    }
