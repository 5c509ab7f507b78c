"""Web services: registered models, deployed to Container Instances (ACI) or to a Kubernetes cluster (AKS)."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

from labkit.authenticators.run_token import ISSUER
from labkit.core.errors import BadRequest, Conflict
from labkit.core.operation import Call, operation
from labkit.core.secret import Secret
from labkit.identity.token import Token
from labkit.network.distance import round_trip
from labkit.services.container_instances import TYPE as CONTAINER_GROUP
from labkit.services.kubernetes import Kubernetes, KubernetesCluster
from labkit.services.machine_learning.container_keys import check_key, filled, group_key
from labkit.services.machine_learning.deployment import (
    Deployments,
    Place,
    Wanted,
    check_deployment,
    seen,
    volume,
)
from labkit.services.machine_learning.deployment import WebService as WebService
from labkit.services.machine_learning.kubernetes_support import check_supported
from labkit.services.machine_learning.scoring import ScoringEndpoint
from labkit.services.machine_learning.service_forms import changed_form, check_flags, check_which, new_form
from labkit.services.machine_learning.serving import ScoringScript, Serving
from labkit.services.machine_learning.tls import Ssl, Tls, check_ssl, tls_of
from labkit.services.machine_learning.workspace import TYPE, Workspace
from labkit.services.resource_id import group_of, name_of
from labkit.services.resource_manager import ResourceManager

_SERVICES = f"{TYPE}/services"
# The documents say "a set period" and give none: as long as Azure AD's.  # assumption: service-token-lifetime
TOKEN_LIFETIME = 3600
# The documents name the second value of get_token in two ways; Azure's own answer has a time to refresh after
# beside the one at which the token expires.  # assumption: refresh-by
REFRESH_AFTER = 2700


class ServiceAccess(NamedTuple):
    """What get_token returns: the token, and the moment (seconds) after which a new one is to be asked for.
    That is before the `exp` claim, up to which the token goes on being accepted."""

    token: Token
    refresh_by: int


def _check_aci(
    name: str,
    auth_enabled: bool | None,
    token_auth_enabled: bool | None,
    script: ScoringScript | None,
    cmk_vault_base_url: str | None,
    cmk_key_name: str | None,
    cmk_key_version: str | None,
    ssl: Ssl | None,
    enable_app_insights: bool | None,
) -> None:
    check_deployment("aci", name, auth_enabled, token_auth_enabled, script, None, enable_app_insights)
    check_ssl(ssl, "aci")
    check_key(cmk_vault_base_url, cmk_key_name, cmk_key_version)


def _check_change(
    kind: str, auth_enabled: bool | None, token_auth_enabled: bool | None, ssl: Ssl | None = None
) -> None:
    check_ssl(ssl, kind)
    if auth_enabled is None and token_auth_enabled is None and (ssl is None or ssl.enabled is None):
        also = ", or ssl_enabled" if kind == "aci" else ""
        raise BadRequest("Nothing to update.", required=f"auth_enabled or token_auth_enabled{also}")
    check_flags(kind, auth_enabled, token_auth_enabled)


class WebServices(Deployments):
    """Deploying, and handing out what opens a service."""

    @operation("Deploy web service (ACI)", action=f"{_SERVICES}/aci/write", parse=_check_aci)
    def deploy_aci(
        self,
        call: Call[Workspace],
        name: str,
        model: str,
        auth_enabled: bool | None = None,
        token_auth_enabled: bool | None = None,
        script: ScoringScript | None = None,
        cmk_vault_base_url: str | None = None,
        cmk_key_name: str | None = None,
        cmk_key_version: str | None = None,
        ssl: Ssl | None = None,
        enable_app_insights: bool | None = None,
    ) -> WebService:
        """Deploys the latest version of a model to a new container group, which is created as the
        workspace's managed identity; with a customer's key its disk is encrypted with that, and with `ssl` it
        is called over https. Raises NotFound for an unknown model, Conflict for a name that is taken, by a
        service, by a container group or by whatever answers under a host name, BadRequest for token
        authentication, for half a key, for a key in a release that knows none here and for what would not do
        for TLS, and KeyUnavailable. Statements svc-defaults, svc-one-form, svc-auth-enabled,
        flow-web-service, enc-aci-none, enc-aci-cmk, tls-internal."""
        workspace, tls = call.target, tls_of(ssl, call.now)
        host = self.free_host(tls) if tls else ""
        image, content = self._image(call, name, model)
        script = script or image.script
        # What is in another workspace of this group, or was in an earlier one, has another name.
        group = f"{group_of(workspace.id)}/providers/{CONTAINER_GROUP}/{name}-{workspace.identity_id[:8]}"
        if self._resources.get(group) is not None:
            # Made by somebody else: what is in it is not this image alone.
            raise Conflict("There is a container group of this name.", presented=group)
        as_identity = self.as_workspace(call, workspace)
        key = group_key(cmk_vault_base_url, cmk_key_name, cmk_key_version)
        shown = {"image": workspace.own(image.tag)} | key
        call.ask(ResourceManager.put, group, as_identity, workspace.region, shown)
        disk = filled(call, self._resources.find(group), volume(content, script))
        host = host or _usual_host(workspace.id, name, workspace.region)
        place = Place("aci", group, workspace.region, host, disk, tls=tls)
        form = new_form("aci", auth_enabled, token_auth_enabled)
        wanted = Wanted(name, form, script, app_insights=bool(enable_app_insights))
        return self._open(call, wanted, place, image)

    @operation(
        "Deploy web service (AKS)", action=f"{_SERVICES}/aks/write", parse=partial(check_deployment, "aks")
    )
    def deploy_aks(
        self,
        call: Call[Workspace],
        name: str,
        model: str,
        compute: str,
        auth_enabled: bool | None = None,
        token_auth_enabled: bool | None = None,
        script: ScoringScript | None = None,
        serving: Serving | None = None,
        enable_app_insights: bool | None = None,
    ) -> WebService:
        """Deploys the latest version of a model to an attached cluster, which says whether it is called over
        https. Raises NotFound for an unknown model or compute target, BadRequest for one that is no cluster
        and for both forms of authentication at once, and Conflict for a name that is taken. Statements
        svc-defaults, svc-one-form, svc-auth-enabled, flow-web-service, tls-internal."""
        target = self._cluster(call.target, compute)
        cluster = target.machine
        check_supported(machine := self._resources.find(cluster), call.now)
        assert isinstance(machine, KubernetesCluster)
        image, content = self._image(call, name, model)
        script = script or image.script
        as_identity, what = self.as_workspace(call, call.target), f"{call.target.id}/{name}"
        tag, files = call.target.own(image.tag), volume(content, script)
        region = call.ask(Kubernetes.deploy, cluster, as_identity, what, tag, content, files)
        host = self._front_end(call, cluster, region, target.tls).host
        place = Place("aks", cluster, region, host, machine.data_disks, f"{what}/", target.tls)
        form = new_form("aks", auth_enabled, token_auth_enabled)
        wanted = Wanted(name, form, script, serving or Serving(), bool(enable_app_insights))
        return self._open(call, wanted, place, image)

    @operation("List web services", action=f"{_SERVICES}/read")
    def list_services(self, call: Call[Workspace]) -> list[WebService]:
        """All of them, by name."""
        return sorted(map(seen, self._endpoints(call.target)), key=lambda one: one.name)

    @operation(
        "Update web service (ACI)", action=f"{_SERVICES}/aci/write", parse=partial(_check_change, "aci")
    )
    def update_aci(
        self,
        call: Call[Workspace],
        name: str,
        auth_enabled: bool | None = None,
        token_auth_enabled: bool | None = None,
        ssl: Ssl | None = None,
    ) -> WebService:
        """Changes how a service on ACI is authenticated to and whether it is called over https, at once; its
        address is another one then. Raises NotFound, BadRequest for what it cannot have, and Conflict for a
        host name that is taken. Statements svc-auth-enabled, svc-one-form, tls-internal."""
        endpoint = self._found(call, name, "aci")
        if ssl is not None and ssl.enabled is not None:
            self._secure(endpoint, tls_of(ssl, call.now))
        return self._change(endpoint, auth_enabled, token_auth_enabled)

    @operation(
        "Update web service (AKS)", action=f"{_SERVICES}/aks/write", parse=partial(_check_change, "aks")
    )
    def update_aks(
        self,
        call: Call[Workspace],
        name: str,
        auth_enabled: bool | None = None,
        token_auth_enabled: bool | None = None,
    ) -> WebService:
        """The same of a service on AKS."""
        return self._change(self._found(call, name, "aks"), auth_enabled, token_auth_enabled)

    def _secure(self, endpoint: ScoringEndpoint, tls: Tls | None) -> None:
        host = _usual_host(endpoint.workspace_id, endpoint.name, endpoint.region)
        if tls is not None:
            host = tls.cname if tls.cname == endpoint.host else self.free_host(tls)
        # Where it is looked for goes with its host.
        self._resources.remove(endpoint)
        endpoint.host, endpoint.tls, endpoint.plain_http = host, tls, tls is None
        self._resources.add(endpoint)

    def _change(self, endpoint: ScoringEndpoint, keys: bool | None, tokens: bool | None) -> WebService:
        form = changed_form(endpoint.auth, keys, tokens)
        if form != endpoint.auth:
            vars(endpoint).update(self._credentials(endpoint.id, form), auth=form)
        return seen(endpoint)

    # Azure lists no operation of its own for it.  # assumption: regenerating-writes
    @operation("Regenerate service key (ACI)", action=f"{_SERVICES}/aci/write", parse=check_which)
    def regen_aci_key(self, call: Call[Workspace], name: str, which: str) -> None:
        """Replaces one key of a service on ACI, at once; the other stays. `which` is "Primary" or
        "Secondary". Raises BadRequest for anything else, NotFound, and Conflict for a service that takes no
        keys. Statement svc-regen-key."""
        self._regenerate(self._taking(call, "key", name, "aci"), which)

    @operation("Regenerate service key (AKS)", action=f"{_SERVICES}/aks/write", parse=check_which)
    def regen_aks_key(self, call: Call[Workspace], name: str, which: str) -> None:
        """The same of a service on AKS."""
        self._regenerate(self._taking(call, "key", name, "aks"), which)

    def _regenerate(self, endpoint: ScoringEndpoint, which: str) -> None:
        new = self._entropy.text(f"{self._label(endpoint.id)}/{which.lower()}")
        endpoint.keys = {**endpoint.keys, which.lower(): new}

    @operation("Delete web service (ACI)", action=f"{_SERVICES}/aci/delete")
    def delete_aci(self, call: Call[Workspace], name: str) -> None:
        """Deletes a service on ACI with its container group, as the workspace's managed identity. Raises
        NotFound."""
        group = self._found(call, name, "aci").runs_on
        call.ask(ResourceManager.delete, group, self.as_workspace(call, call.target))

    @operation("Delete web service (AKS)", action=f"{_SERVICES}/aks/delete")
    def delete_aks(self, call: Call[Workspace], name: str) -> None:
        """Deletes a service on AKS and takes it off the cluster. Raises NotFound."""
        endpoint = self._found(call, name, "aks")
        as_identity = self.as_workspace(call, call.target)
        call.ask(Kubernetes.remove, endpoint.runs_on, as_identity, f"{call.target.id}/{name}")
        call.undo(lambda: self._resources.add(endpoint))
        self._resources.remove(endpoint)

    @operation("List service keys (ACI)", action=f"{_SERVICES}/aci/listkeys/action")
    def get_aci_keys(self, call: Call[Workspace], name: str) -> tuple[Secret, Secret]:
        """The primary and the secondary key of a service on ACI. Raises NotFound, and Conflict for one that
        takes no keys. Statements svc-get-keys, svc-key-auto."""
        return _keys_of(self._taking(call, "key", name, "aci"))

    @operation("List service keys (AKS)", action=f"{_SERVICES}/aks/listkeys/action")
    def get_aks_keys(self, call: Call[Workspace], name: str) -> tuple[Secret, Secret]:
        """The same of a service on AKS."""
        return _keys_of(self._taking(call, "key", name, "aks"))

    @operation("Get service token", action=f"{TYPE}/read")
    def get_token(self, call: Call[Workspace], name: str) -> ServiceAccess:
        """A token for one service, valid for `TOKEN_LIFETIME` seconds, and when to ask for the next one.
        Whoever may read the workspace gets it, as long as the workspace's region is up. How long it takes
        stands in the hop. Raises NotFound, and Conflict for a service that takes no tokens. Statements
        svc-get-token, svc-token-jwt, svc-token-refresh-by, svc-token-region, svc-token-latency."""
        endpoint = self._taking(call, "token", name, "aks", "aci")
        call.took(round_trip(endpoint.region, call.target.region))
        claims = {
            "aud": endpoint.id.lower(),
            "iss": ISSUER,
            "iat": call.now,
            "nbf": call.now,
            "exp": call.now + TOKEN_LIFETIME,
            "sub": call.identity.object_id,
            "tid": endpoint.tenant_id,
            "deployment": endpoint.deployment,
        }
        return ServiceAccess(Token(self._keys.sign(claims), self._clock), call.now + REFRESH_AFTER)


def _usual_host(workspace: str, name: str, region: str) -> str:
    """Where a service on ACI answers over http."""
    # assumption: endpoint-addresses
    return f"{name}.{name_of(workspace)}.{name_of(group_of(workspace))}.{region}.aci.azure.example"


def _keys_of(endpoint: ScoringEndpoint) -> tuple[Secret, Secret]:
    return Secret(endpoint.keys["primary"]), Secret(endpoint.keys["secondary"])
