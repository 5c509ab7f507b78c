"""What the parts of a vault's data plane have in common."""

from __future__ import annotations

from typing import Any

from labkit.core.entropy import Entropy
from labkit.core.operation import Service
from labkit.identity.lab_keys import LabKeys
from labkit.services.key_vault.vault import Vault


class Plane(Service):
    """Base of the parts. Together they are one service, so an operation belongs to whatever class derives
    last."""

    resource = Vault

    def __init_subclass__(cls, **arguments: Any) -> None:
        super().__init_subclass__(**arguments)
        for op in cls.operations():
            op.service = cls

    def __init__(self, keys: LabKeys, entropy: Entropy) -> None:
        self._lab_keys = keys
        self._entropy = entropy
        self._used: set[str] = set()
