"""Custom roles that people really write, within the documents' limit (statement rbac-custom)."""

from __future__ import annotations

from typing import Any

from labkit.access.custom_role import WORKSPACE as _ML
from labkit.furniture import SUBSCRIPTION

Definition = dict[str, Any]


def _role(name: str, description: str, actions: list[str], not_actions: list[str]) -> Definition:
    return {
        "Name": name,
        "Description": description,
        "Actions": [f"{_ML}/{each}" for each in actions],
        "NotActions": [f"{_ML}/{each}" for each in not_actions],
        "AssignableScopes": [SUBSCRIPTION],
    }


SAMPLES: dict[str, Definition] = {
    one["Name"]: one
    for one in (
        _role(
            "Data scientist",
            "Everything in a workspace but its compute, its sharing and its keys.",
            ["*"],
            ["write", "delete", "computes/write", "computes/delete", "listKeys/action", "resynckeys/action"],
        ),
        _role(
            "AKS operator",
            "Deploys web services to AKS, where disks are encrypted, and not to ACI.",
            ["read", "*/read", "models/*", "environments/*", "services/*"],
            ["services/aci/write"],
        ),
        _role(
            "Release pipeline",
            "What a pipeline needs that puts a registered model into production.",
            [
                *("read", "models/read", "models/package/action", "environments/read"),
                *("environments/build/action", "services/read", "services/aks/write"),
            ],
            [],
        ),
    )
}
