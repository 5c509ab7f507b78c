"""What the tests ask of a lab to have a container group under the customer's key."""

from __future__ import annotations

from typing import Any

from labkit.azure import ProviderRegistration
from labkit.furniture import SUBSCRIPTION
from labkit.identity.first_party import CONTAINER_INSTANCES
from labkit.lab import Lab
from tests.services.own_history import owner
from tests.services.stores import ENOUGH, allow


def let_in(lab: Lab, vault: str = "") -> None:
    """Container Instances may use the keys of a vault."""
    owner(lab, ProviderRegistration.register, SUBSCRIPTION, "Microsoft.ContainerInstance")
    principal: Any = CONTAINER_INSTANCES.principal(lab.directory)
    allow(lab, principal.object_id, *ENOUGH, vault=vault)
