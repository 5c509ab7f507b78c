"""`azureml.core.webservice`: deployed web services, as the SDK shows them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, ClassVar, NamedTuple

from labkit.authenticators.service_key import ServiceKey
from labkit.authenticators.service_token import ServiceToken
from labkit.core.credential import Anonymous, Credential
from labkit.core.operation import Op
from labkit.core.secret import Secret
from labkit.sdk.azureml.compute import ComputeTarget
from labkit.sdk.azureml.configuration import (
    AciServiceDeploymentConfiguration,
    AksServiceDeploymentConfiguration,
    DeploymentConfiguration,
    check_covered,
    serving_of,
    ssl_of,
)
from labkit.sdk.azureml.exceptions import WebserviceException, check_text, refused_as
from labkit.sdk.azureml.handle import Handle
from labkit.sdk.azureml.terminal import say
from labkit.sdk.azureml.workspace import Workspace, check_workspace
from labkit.services.machine_learning.deployment import WebService
from labkit.services.machine_learning.scoring import Scoring
from labkit.services.machine_learning.serving import ScoringScript
from labkit.services.machine_learning.web_services import WebServices


class _Operations(NamedTuple):
    """The lab's operations on a service of one kind. In a tuple, since an operation takes the class that it
    is an attribute of for its service."""

    get_keys: Op[..., tuple[Secret, Secret]]
    regenerate: Op[..., None]
    update: Op[..., WebService]
    delete: Op[..., None]


class Webservice(Handle):
    """A web service that is deployed. `Webservice(ws, "name")` is an AciWebservice or an AksWebservice,
    whichever it is. Raises WebserviceException."""

    kind: ClassVar[str] = ""
    _ops: ClassVar[_Operations]

    def __new__(cls, workspace: Workspace, name: str) -> Webservice:
        """Finds it and what it is."""
        return _made(workspace, _find(check_workspace(workspace), check_text("name", name), cls.kind))

    def _fill(self, workspace: Workspace, seen: WebService) -> None:
        self.workspace = workspace
        self.name, self.location = seen.name, seen.region
        self.compute_type = seen.kind.upper()
        self.scoring_uri = seen.address

    @property
    def auth_enabled(self) -> bool:
        """Whether it takes keys now."""
        return self._look().auth_enabled

    @property
    def state(self) -> str:
        """Healthy or Unhealthy. Raises WebserviceException for one that is gone."""
        return self._look().state

    def _look(self) -> WebService:
        return _find(self.workspace, self.name, self.kind)

    @classmethod
    def list(cls, workspace: Workspace, compute_type: str | None = None) -> Listed:
        """All web services of a workspace; `compute_type` is "ACI" or "AKS"."""
        made = (_made(workspace, one) for one in check_workspace(workspace).ask(WebServices.list_services))
        return [one for one in made if compute_type in (None, one.compute_type) and isinstance(one, cls)]

    def wait_for_deployment(self, show_output: bool = False) -> None:
        """Looks what became of the deployment: the lab lets nobody wait. Raises WebserviceException for a
        service that is not healthy."""
        state = self._look().state
        if state != "Healthy":
            raise WebserviceException(
                "The container did not start.",
                presented=f"{self.name} is {state}",
                required="a score.py with init() and run(raw_data), of which init() goes through",
            )
        if show_output:
            say("Succeeded")
            say(f'{self.compute_type} service creation operation finished, operation "Succeeded"')

    def get_keys(self) -> tuple[str, str]:
        """The primary and the secondary key, themselves. Raises WebserviceException. Statement
        svc-get-keys."""
        primary, secondary = self.workspace.ask(self._ops.get_keys, self.name)
        return primary.reveal(), secondary.reveal()

    def regen_key(self, key: str, set_key: str | None = None) -> None:
        """Replaces the "Primary" or the "Secondary" key. Raises WebserviceException. Statement
        svc-regen-key."""
        check_covered(set_key=set_key)
        # As the SDK does, which is not particular about capitals.
        which = key.capitalize() if isinstance(key, str) else key
        self.workspace.ask(self._ops.regenerate, self.name, which)

    def get_token(self) -> tuple[str, datetime]:
        """The service's JWT itself, and the moment after which to ask for the next one. Raises
        WebserviceException. Statements svc-get-token, svc-token-refresh-by."""
        access = self.workspace.ask(WebServices.get_token, self.name)
        return access.token.reveal(), datetime.fromtimestamp(access.refresh_by, UTC)

    def delete(self) -> None:
        """Deletes it. Raises WebserviceException."""
        self.workspace.ask(self._ops.delete, self.name)

    def run(self, input_data: str | bytes) -> Any:
        """Calls it with what opens it, which is fetched first. Raises WebserviceException."""
        opener, session = self._opener(self._look()), self.workspace.auth.session
        with session.lock, refused_as(WebserviceException):
            return session.lab.ask(session.caller, Scoring.score, self.scoring_uri, opener, input_data)

    def _opener(self, seen: WebService) -> Credential:
        if seen.token_auth_enabled:
            return ServiceToken(self.get_token()[0])
        return ServiceKey(self.get_keys()[0]) if seen.auth_enabled else Anonymous()

    def __repr__(self) -> str:
        return f"{type(self).__name__}(workspace={self.workspace!r}, name={self.name})"


class AciWebservice(Webservice):
    """One on Azure Container Instances."""

    kind = "aci"
    _ops = _Operations(
        WebServices.get_aci_keys, WebServices.regen_aci_key, WebServices.update_aci, WebServices.delete_aci
    )

    @staticmethod
    def deploy_configuration(
        cpu_cores: float | None = None,
        memory_gb: float | None = None,
        tags: dict[str, str] | None = None,
        properties: dict[str, str] | None = None,
        description: str | None = None,
        location: str | None = None,
        auth_enabled: bool | None = None,
        ssl_enabled: bool | None = None,
        enable_app_insights: bool | None = None,
        ssl_cert_pem_file: str | None = None,
        ssl_key_pem_file: str | None = None,
        ssl_cname: str | None = None,
        dns_name_label: str | None = None,
        primary_key: str | None = None,
        secondary_key: str | None = None,
        collect_model_data: bool | None = None,
        cmk_vault_base_url: str | None = None,
        cmk_key_name: str | None = None,
        cmk_key_version: str | None = None,
    ) -> AciServiceDeploymentConfiguration:
        """How to deploy. Keys are off unless `auth_enabled` is True; a misspelt argument is a TypeError. The
        three `cmk_` arguments name the customer's key for the disk. The service is called over http unless
        `ssl_enabled` is True, which takes a certificate in PEM, its key and the host name that clients call.
        Raises UserErrorException for a file that cannot be read. Statements svc-auth-enabled, svc-defaults,
        enc-aci-cmk, tls-internal."""
        check_covered(location=location, dns_name_label=dns_name_label)
        check_covered(primary_key=primary_key, secondary_key=secondary_key)
        check_covered(collect_model_data=collect_model_data)
        ssl = ssl_of(ssl_enabled, ssl_cert_pem_file, ssl_key_pem_file, ssl_cname)
        sizes = (cpu_cores, memory_gb, tags, properties, description)
        key = (cmk_vault_base_url, cmk_key_name, cmk_key_version)
        return AciServiceDeploymentConfiguration(auth_enabled, *sizes, enable_app_insights, *key, ssl)

    def update(
        self,
        image: object = None,
        tags: dict[str, str] | None = None,
        properties: dict[str, str] | None = None,
        description: str | None = None,
        auth_enabled: bool | None = None,
        ssl_enabled: bool | None = None,
        ssl_cert_pem_file: str | None = None,
        ssl_key_pem_file: str | None = None,
        ssl_cname: str | None = None,
        enable_app_insights: bool | None = None,
        models: object = None,
        inference_config: object = None,
    ) -> None:
        """Switches keys on or off, and https; `scoring_uri` is another one then. Raises WebserviceException.
        Statements svc-auth-enabled, tls-internal."""
        check_covered(image=image, models=models, inference_config=inference_config)
        ssl = ssl_of(ssl_enabled, ssl_cert_pem_file, ssl_key_pem_file, ssl_cname)
        updated = self.workspace.ask(self._ops.update, self.name, auth_enabled, None, ssl)
        self._fill(self.workspace, updated)


class AksWebservice(Webservice):
    """One on Azure Kubernetes Service."""

    kind = "aks"
    _ops = _Operations(
        WebServices.get_aks_keys, WebServices.regen_aks_key, WebServices.update_aks, WebServices.delete_aks
    )

    @property
    def token_auth_enabled(self) -> bool:
        """Whether it takes tokens now."""
        return self._look().token_auth_enabled

    @staticmethod
    def deploy_configuration(
        autoscale_enabled: bool | None = None,
        autoscale_min_replicas: int | None = None,
        autoscale_max_replicas: int | None = None,
        autoscale_refresh_seconds: int | None = None,
        autoscale_target_utilization: int | None = None,
        collect_model_data: bool | None = None,
        auth_enabled: bool | None = None,
        cpu_cores: float | None = None,
        memory_gb: float | None = None,
        enable_app_insights: bool | None = None,
        scoring_timeout_ms: int | None = None,
        replica_max_concurrent_requests: int | None = None,
        max_request_wait_time: int | None = None,
        num_replicas: int | None = None,
        primary_key: str | None = None,
        secondary_key: str | None = None,
        tags: dict[str, str] | None = None,
        properties: dict[str, str] | None = None,
        description: str | None = None,
        *,
        token_auth_enabled: bool | None = None,
        compute_target_name: str | None = None,
    ) -> AksServiceDeploymentConfiguration:
        """How to deploy. Keys are on unless `auth_enabled` is False or `token_auth_enabled` is True.
        Statements svc-auth-enabled, svc-defaults, svc-token-jwt."""
        check_covered(primary_key=primary_key, secondary_key=secondary_key)
        check_covered(collect_model_data=collect_model_data, autoscale_enabled=autoscale_enabled or None)
        sizes = (cpu_cores, memory_gb, tags, properties, description)
        serving = serving_of(
            scoring_timeout_ms=scoring_timeout_ms,
            replica_max_concurrent_requests=replica_max_concurrent_requests,
            max_request_wait_time=max_request_wait_time,
            num_replicas=num_replicas,
        )
        return AksServiceDeploymentConfiguration(
            auth_enabled, *sizes, enable_app_insights, token_auth_enabled, compute_target_name, serving
        )

    def update(
        self,
        *,
        auth_enabled: bool | None = None,
        token_auth_enabled: bool | None = None,
        tags: dict[str, str] | None = None,
        properties: dict[str, str] | None = None,
        description: str | None = None,
        enable_app_insights: bool | None = None,
    ) -> None:
        """Switches from keys to tokens and back, or both off. Raises WebserviceException. Statements
        svc-one-form, svc-auth-enabled."""
        self.workspace.ask(self._ops.update, self.name, auth_enabled, token_auth_enabled)


Listed = list[Webservice]
_CLASSES = {one.kind: one for one in (AciWebservice, AksWebservice)}


def _find(workspace: Workspace, name: str, kind: str) -> WebService:
    seen = [one for one in workspace.ask(WebServices.list_services) if kind in ("", one.kind)]
    for one in seen:
        if one.name == name:
            return one
    raise WebserviceException(
        f"WebserviceNotFound: the workspace has no such web service{kind and f' on {kind.upper()}'}.",
        presented=name[:60],
        required=", ".join(one.name for one in seen) or "none yet",
    )


def _made(workspace: Workspace, seen: WebService) -> Webservice:
    service = object.__new__(_CLASSES[seen.kind])
    service._fill(workspace, seen)
    return service


def deploy(
    workspace: Workspace,
    name: str,
    model: str,
    script: ScoringScript | None,
    configuration: DeploymentConfiguration | None,
    target: ComputeTarget | None,
) -> Webservice:
    """Deploys to the cluster that is named, or to Azure Container Instances where none is. Raises
    WebserviceException."""
    named = getattr(configuration, "compute_target_name", None)
    cluster = target.name if isinstance(target, ComputeTarget) else named
    wanted = AksWebservice if cluster is not None else AciWebservice
    configuration = wanted.deploy_configuration() if configuration is None else configuration
    if isinstance(configuration, AciServiceDeploymentConfiguration) and cluster is None:
        keys, key = configuration.auth_enabled, configuration.key
        ssl = configuration.ssl
        watched = configuration.enable_app_insights
        seen = workspace.ask(WebServices.deploy_aci, name, model, keys, None, script, *key, ssl, watched)
    elif isinstance(configuration, AksServiceDeploymentConfiguration) and cluster is not None:
        forms = (configuration.auth_enabled, configuration.token_auth_enabled)
        last = (configuration.serving, configuration.enable_app_insights)
        seen = workspace.ask(WebServices.deploy_aks, name, model, cluster, *forms, script, *last)
    else:
        raise WebserviceException(
            "The configuration and the target do not fit each other.",
            presented=f"{type(configuration).__name__}, {'on a cluster' if cluster else 'no cluster'}",
            required=f"{wanted.__name__}.deploy_configuration(...)",
            advice='AksWebservice needs deployment_target=AksCompute(ws, "name"); AciWebservice takes none',
        )
    return _made(workspace, seen)
