"""Private endpoints: the address that a resource has inside of a virtual network."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from labkit.core.resource import Resource

TYPE = "Microsoft.Network/privateEndpoints"


@dataclass(eq=False)
class PrivateEndpoint(Resource):
    """An endpoint in a subnet. `connects` is the id of the resource that it leads to."""

    service: ClassVar[str] = "Private Endpoint"
    subnet: str = field(default="", kw_only=True)
    connects: str = field(default="", kw_only=True)
