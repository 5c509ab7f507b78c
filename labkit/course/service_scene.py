"""The scene for what is tried with web services: a model, clusters, services that take keys or tokens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labkit.authenticators.service_key import ServiceKey
from labkit.authenticators.service_token import ServiceToken
from labkit.core.choice import choice
from labkit.core.credential import Bearer
from labkit.core.errors import BadInput, NotFound, brief
from labkit.furniture import CLIENT_ID, REGION
from labkit.lab import Lab
from labkit.services import kubernetes
from labkit.services.machine_learning.models import Models
from labkit.services.machine_learning.tls import Ssl, as_configuration
from labkit.services.machine_learning.web_services import ServiceAccess, WebService, WebServices
from labkit.services.resource_id import group_of, name_of
from labkit.services.resource_manager import ResourceManager
from labkit.wire.certificates import ServerCertificate

MODEL = "churn"
OWNER = "olivia"
# What is said about auth_enabled and token_auth_enabled when a form is wanted.
_FLAGS: Mapping[str, tuple[bool | None, bool | None]] = {
    "": (None, None),
    "none": (False, None),
    "key": (True, None),
    "token": (None, True),
}


def deploy(
    lab: Lab,
    form: str,
    *,
    target: str = "aks",
    region: str = REGION,
    name: str = "",
    workspace: str = "",
    certificate: ServerCertificate | None = None,
) -> WebService:
    """A web service that takes a `form` (key, token or none; "" asks for nothing), deployed by olivia, with
    whatever it needs that is not there yet: a model and, on AKS, a cluster in the region. It is called over
    http; with a `certificate`, over https at the certificate's host name. Raises BadInput, and what the door
    raises."""
    keys, tokens = _FLAGS[choice("form", form, _FLAGS)]
    choice("target", target, ("aci", "aks"))
    if type(certificate) is not ServerCertificate and certificate is not None:
        raise BadInput(
            "That is no certificate.",
            presented=brief(certificate),
            required='Authority().certificate("score.contoso.com"), of labkit.wire.certificates',
        )
    at, token = workspace or lab.workspace, lab.sign_in(OWNER).bearer
    name = name or f"by-{form or 'default'}"
    if all(one.name != MODEL for one in lab.ask(OWNER, Models.list_models, at, token)):
        lab.ask(OWNER, Models.register, at, token, MODEL, b"weights")
    ssl = None if certificate is None else certificate.ssl
    if target == "aci":
        return lab.ask(OWNER, WebServices.deploy_aci, at, token, name, MODEL, keys, tokens, ssl=ssl)
    cluster = _cluster(lab, at, region, token, ssl)
    return lab.ask(OWNER, WebServices.deploy_aks, at, token, name, MODEL, cluster, keys, tokens)


def _cluster(lab: Lab, workspace: str, region: str, token: Bearer, ssl: Ssl | None) -> str:
    """The name of a Kubernetes cluster in the region that is attached to the workspace. All its services have
    one host name, so that there is one cluster for each."""
    own = "" if ssl is None else f"-{str(ssl.cname).replace('.', '-')}"
    name = f"aks-{region}{own}"
    target, machine = f"{workspace}/computes/{name}", f"{group_of(workspace)}/providers/{kubernetes.TYPE}"
    try:
        lab.ask(OWNER, ResourceManager.get, target, token)
    except NotFound:
        machine = f"{machine}/{name_of(workspace)}-{region}{own}"
        lab.ask(OWNER, ResourceManager.put, machine, token, region)
        attached: dict[str, Any] = {"computeType": "AKS", "resourceId": machine}
        if ssl is not None:
            attached["properties"] = {"sslConfiguration": as_configuration(ssl)}
        lab.ask(OWNER, ResourceManager.put, target, token, REGION, attached)
    return name


def keys_of(lab: Lab, service: WebService) -> tuple[ServiceKey, ServiceKey]:
    """Its primary and its secondary key, as olivia gets them. Raises what the door raises, and BadInput for
    what is no web service."""
    if type(service) is not WebService:
        raise BadInput(
            "That is no web service.", presented=brief(service), required="what deploying it returned"
        )
    op = WebServices.get_aks_keys if service.kind == "aks" else WebServices.get_aci_keys
    primary, secondary = lab.ask(OWNER, op, _workspace(service), lab.sign_in(OWNER).bearer, service.name)
    return ServiceKey(primary.reveal()), ServiceKey(secondary.reveal())


def regenerate(lab: Lab, service: WebService, which: str) -> None:
    """Has olivia replace its "Primary" or its "Secondary" key. Raises what the door raises."""
    op = WebServices.regen_aks_key if service.kind == "aks" else WebServices.regen_aci_key
    lab.ask(OWNER, op, _workspace(service), lab.sign_in(OWNER).bearer, service.name, which)


def fetch(lab: Lab, service: WebService, who: str = CLIENT_ID) -> ServiceAccess:
    """A token for it and its refresh_by. `who` signs in to Azure AD first, each time. Raises what the door
    raises."""
    return lab.ask(who, WebServices.get_token, _workspace(service), lab.sign_in(who).bearer, service.name)


def opens(access: ServiceAccess) -> ServiceToken:
    """The credential that the token is."""
    return ServiceToken(access.token.reveal())


def _workspace(service: WebService) -> str:
    return service.endpoint.partition("/services/")[0]
