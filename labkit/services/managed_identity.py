"""Managed identities that are resources of their own, and can be given to several."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from labkit.core.resource import Resource

TYPE = "Microsoft.ManagedIdentity/userAssignedIdentities"


@dataclass(eq=False)
class UserAssignedIdentity(Resource):
    """An identity: the object id that access is given to, and the client id that it is named by."""

    service: ClassVar[str] = "Managed Identity"
    principal_id: str = field(default="", kw_only=True)
    client_id: str = field(default="", kw_only=True)
