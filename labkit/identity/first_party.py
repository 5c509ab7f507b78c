"""Applications of Microsoft's own: the same in every tenant, under a service principal of that tenant's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from labkit.identity.directory import Directory, ServicePrincipal


@dataclass(frozen=True)
class FirstParty:
    """An application of Microsoft's: its name and its client id."""

    name: str
    client_id: str

    def principal(self, directory: Directory) -> ServicePrincipal | None:
        """Its service principal in a tenant, or None where there is none yet."""
        return directory.principal_of(self.client_id)

    def ensure(self, directory: Directory) -> ServicePrincipal:
        """The same, made where it is missing."""
        application = directory.application(self.client_id) or directory.register(self.name, self.client_id)
        return self.principal(directory) or directory.add_service_principal(application)


# https://learn.microsoft.com/azure/cosmos-db/how-to-setup-cmk
COSMOS = FirstParty("Azure Cosmos DB", "a232010e-820c-4083-83bb-3ace5fc29d0b")
# https://learn.microsoft.com/azure/container-instances/container-instances-encrypt-data
CONTAINER_INSTANCES = FirstParty("Azure Container Instance Service", "6bb8e274-af5d-4df2-98a3-4fd78b4cafd9")

# By the namespace of the resource provider with whose registration they come.
FIRST_PARTY: Mapping[str, FirstParty] = {
    "microsoft.documentdb": COSMOS,
    "microsoft.containerinstance": CONTAINER_INSTANCES,
}
