"""What the tests of the SDK's names share."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from labkit.lab import Lab
from labkit.sdk import activation
from labkit.sdk.azureml.modules import Finder

PROMPT = "To sign in, use a web browser to open the page https://microsoft.com/devicelogin"
PLACE: dict[str, Any] = {
    "subscription_id": "your-sub-id",
    "resource_group": "your-resource-group-name",
    "workspace_name": "ml-example",
}


def loaded() -> dict[str, Any]:
    """What stands under the SDK's names in the table of loaded modules."""
    return {name: module for name, module in sys.modules.items() if name.partition(".")[0] == "azureml"}


@contextmanager
def nothing_left_active() -> Iterator[None]:
    """Whatever happens in it, no lab is active afterwards and no name of the SDK is loaded."""
    before = loaded()
    try:
        yield
        assert activation._stack == []
        assert loaded() == before
        assert not any(isinstance(one, Finder) for one in sys.meta_path)
    finally:
        for one in reversed(activation._stack[:]):
            one.close()


def hops(lab: Lab, *operations: str) -> list[tuple[str, str, str, str]]:
    """(caller, operation, credential, outcome) of the hops of these operations."""
    return [
        (hop.caller, hop.operation, hop.credential, hop.outcome)
        for hop in lab.trace
        if hop.operation in operations
    ]
