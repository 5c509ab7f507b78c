"""Resources as REST writes them. The lab's own documents are near to that, but not the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labkit.core.errors import brief
from labkit.services.machine_learning import workspace
from labkit.wire.message import MalformedBody

Json = dict[str, Any]

# What REST calls the resources that a workspace depends on.
_DEPENDENCIES = {
    "vault": "keyVault",
    "storage": "storageAccount",
    "registry": "containerRegistry",
    "insights": "applicationInsights",
}
_READ_ONLY = ("id", "name", "type")
_OUT_ALONE = ("provisioningState",)


def given(body: Mapping[str, Any], new: bool, keeps_identity: bool = False) -> tuple[str, Json]:
    """Location and properties of the body of a PUT, where it `keeps_identity` the identity among them. Raises
    MalformedBody, also for parts that the lab would have to forget."""
    if keeps_identity and "identity" in body and type(body.get("properties", {})) is dict:
        among = {**body.get("properties", {}), "identity": body["identity"]}
        body = {name: value for name, value in body.items() if name != "identity"} | {"properties": among}
    location, properties = body.get("location"), body.get("properties", {})
    if type(location) is not str:
        raise MalformedBody(
            "A resource has a location.", presented=brief(location), required='"location": "eastus"'
        )
    if type(properties) is not dict:
        raise MalformedBody("Properties are an object.", presented=brief(properties))
    for name, value in body.items():
        if name not in ("location", "properties", *_READ_ONLY) and not _is_known(name, value):
            raise MalformedBody(
                "The lab keeps nothing of this kind.",
                presented=f"{brief(name)}: {brief(value)}",
                required="location and properties",
            )
    kept = {name: value for name, value in properties.items() if name not in _OUT_ALONE}
    if not new:
        # What was shown under REST's names comes back under them.
        own = {theirs: ours for ours, theirs in _DEPENDENCIES.items()}
        kept = {own.get(name, name): value for name, value in kept.items()}
    return location, kept


def _is_known(name: str, value: object) -> bool:
    """A system-assigned identity is what the lab gives to every workspace; of empty parts nothing is lost."""
    if name == "identity" and isinstance(value, dict):
        return str(value.get("type", "")).lower() == "systemassigned"
    return not value


def shown(document: Mapping[str, Any]) -> Json:
    """A document of the lab as REST shows it."""
    if "type" not in document:
        # A subscription.
        told = {"subscriptionId": document["name"], "displayName": document["name"], "state": "Enabled"}
        return {"id": document["id"], **told}
    told = {name: value for name, value in document.items() if name != "properties"}
    properties = dict(document["properties"])
    if type(properties.get("identity")) is dict:
        told["identity"] = properties.pop("identity")
    if document["type"].lower() == workspace.TYPE.lower():
        told["identity"] = {"type": "SystemAssigned", "principalId": properties.pop("identity")}
        properties = {_DEPENDENCIES.get(name, name): value for name, value in properties.items()}
    return {**told, "properties": {**properties, "provisioningState": "Succeeded"}}
