"""What the documents type: the names of the SDK, and the az commands. They ask the lab and hold no rule."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from labkit.sdk.azureml.prelude import prelude

__all__ = ["prelude"]


def __getattr__(name: str) -> Any:
    # Loaded when first asked for: the az commands do without it.
    if name != "prelude":
        raise AttributeError(f"labkit.sdk has no {name!r}; it has prelude")
    return import_module("labkit.sdk.azureml.prelude").prelude
