"""How a web service is to be deployed: what `deploy_configuration` of its class returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from labkit.sdk.azureml.exceptions import WebserviceException, refused_as
from labkit.services.machine_learning.serving import Serving


def check_covered(**arguments: object) -> None:
    """Raises WebserviceException for arguments of the SDK of which the lab does nothing: a service would look
    protected by them, and not be."""
    given = [name for name, value in arguments.items() if value is not None]
    if given:
        raise WebserviceException(
            f"The lab does not cover {', '.join(given)}.",
            required="auth_enabled, token_auth_enabled, and sizes and descriptions",
        )


@dataclass(frozen=True)
class DeploymentConfiguration:
    """Base of both. `auth_enabled` is None where the lab's default holds; sizes and descriptions change
    nothing, and every service reports to Application Insights."""

    auth_enabled: bool | None = None
    cpu_cores: float | None = None
    memory_gb: float | None = None
    tags: dict[str, str] | None = None
    properties: dict[str, str] | None = None
    description: str | None = None
    enable_app_insights: bool | None = None


@dataclass(frozen=True)
class AciServiceDeploymentConfiguration(DeploymentConfiguration):
    """For Azure Container Instances; with a key of the customer's for the disk, or without."""

    cmk_vault_base_url: str | None = None
    cmk_key_name: str | None = None
    cmk_key_version: str | None = None

    @property
    def key(self) -> tuple[str | None, str | None, str | None]:
        """The three, in their order."""
        return self.cmk_vault_base_url, self.cmk_key_name, self.cmk_key_version


@dataclass(frozen=True)
class AksServiceDeploymentConfiguration(DeploymentConfiguration):
    """For Azure Kubernetes Service."""

    token_auth_enabled: bool | None = None
    compute_target_name: str | None = None
    serving: Serving | None = None


def serving_of(**settings: Any) -> Serving:
    """How a service is run: what is None stays as the lab has it. Raises WebserviceException."""
    with refused_as(WebserviceException):
        return Serving(**{name: value for name, value in settings.items() if value is not None})
