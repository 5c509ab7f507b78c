"""How a web service is to be deployed: what `deploy_configuration` of its class returns."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from labkit.core.errors import brief
from labkit.core.secret import Secret
from labkit.sdk.azureml.exceptions import UserErrorException, WebserviceException, refused_as
from labkit.services.machine_learning.serving import Serving
from labkit.services.machine_learning.tls import Ssl

_LONGEST_PEM = 100_000


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
    """For Azure Container Instances; with a key of the customer's for the disk, or without, and called over
    https or not."""

    cmk_vault_base_url: str | None = None
    cmk_key_name: str | None = None
    cmk_key_version: str | None = None
    ssl: Ssl | None = field(default=None, repr=False)

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


def ssl_of(
    enabled: bool | None, cert_pem_file: object, key_pem_file: object, cname: str | None
) -> Ssl | None:
    """What the four arguments say of TLS, with what stands in the two files; None where they say nothing.
    Raises UserErrorException for a file that cannot be read."""
    if (enabled, cert_pem_file, key_pem_file, cname) == (None, None, None, None):
        return None
    key = _read("ssl_key_pem_file", key_pem_file)
    certificate = _read("ssl_cert_pem_file", cert_pem_file)
    return Ssl(enabled, cname, certificate, None if key is None else Secret(key))


def _read(what: str, file: Any) -> str | None:
    if file is None:
        return None
    try:
        with Path(file).open(encoding="ascii") as opened:
            return opened.read(_LONGEST_PEM + 1)
    except (OSError, TypeError, ValueError) as error:
        raise UserErrorException(
            f"{what} cannot be read.", presented=brief(file, 80), required="a file in PEM"
        ) from error
