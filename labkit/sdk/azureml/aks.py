"""How a Kubernetes cluster is to be attached or made: what `attach_configuration` and
`provisioning_configuration` of AksCompute return."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from labkit.sdk.azureml.configuration import ssl_of
from labkit.sdk.azureml.exceptions import ComputeTargetException
from labkit.services.machine_learning.tls import Ssl, as_configuration


@dataclass
class AksConfiguration:
    """Base of both. Without `enable_ssl`, web services on the cluster are called over http."""

    ssl: dict[str, Any] | None = field(default=None, init=False, repr=False)

    def enable_ssl(
        self,
        ssl_cname: str | None = None,
        ssl_cert_pem_file: str | None = None,
        ssl_key_pem_file: str | None = None,
        leaf_domain_label: str | None = None,
        overwrite_existing_domain: bool = False,
    ) -> None:
        """Has the web services of the cluster called over https: with a certificate and its key, in PEM, and
        the host name that clients call; or with `leaf_domain_label`, for which Microsoft gives a host name
        and a certificate. What is wrong with them, attaching says. Raises UserErrorException for a file that
        cannot be read. Statement tls-internal."""
        label = leaf_domain_label
        said = ssl_of(None, ssl_cert_pem_file, ssl_key_pem_file, ssl_cname) or Ssl()
        self.ssl = {**as_configuration(replace(said, leaf_domain_label=label))}
        if overwrite_existing_domain:
            self.ssl["overwriteExistingDomain"] = True

    @property
    def properties(self) -> dict[str, Any]:
        """The part of a compute target's properties that says it."""
        return {} if self.ssl is None else {"properties": {"sslConfiguration": self.ssl}}


@dataclass
class AksAttachConfiguration(AksConfiguration):
    """For a cluster that exists."""

    resource_group: str | None = None
    cluster_name: str | None = None
    resource_id: str | None = None


@dataclass
class AksProvisioningConfiguration(AksConfiguration):
    """For a new one."""

    location: str | None = None


def check_kind(configuration: object, kind: type[AksConfiguration]) -> None:
    """Raises ComputeTargetException for what is no configuration of this kind."""
    if type(configuration) is not kind:
        raise ComputeTargetException(
            "The lab attaches and makes Kubernetes clusters.",
            presented=type(configuration).__name__,
            required=f"{kind.__name__}, which AksCompute returns",
        )
