"""Web services: registered models, deployed to Container Instances (ACI) or to a Kubernetes cluster (AKS)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from labkit.authenticators.platform import Platform
from labkit.authenticators.run_token import ISSUER
from labkit.core.clock import Clock
from labkit.core.entropy import Entropy
from labkit.core.errors import BadRequest, Conflict, NotFound, brief
from labkit.core.operation import Call, operation
from labkit.core.resource import Resources
from labkit.core.secret import Secret
from labkit.identity.issuer import SigningKeys
from labkit.identity.token import Token
from labkit.services.kubernetes import Kubernetes
from labkit.services.machine_learning.compute import ComputeCluster
from labkit.services.machine_learning.images import build, model_in, packed
from labkit.services.machine_learning.models import newest_model
from labkit.services.machine_learning.scoring import ScoringEndpoint
from labkit.services.machine_learning.workspace import TYPE, Image, MachineLearning, Workspace
from labkit.services.registry import ContainerRegistry
from labkit.services.resource_id import group_of, name_of
from labkit.services.resource_manager import ResourceManager

CONTAINER_GROUP = "Microsoft.ContainerInstance/containerGroups"
_SERVICES = f"{TYPE}/services"
# The documents say "a set period" and give none: as long as Azure AD's.  # assumption: service-token-lifetime
TOKEN_LIFETIME = 3600
_NAME = re.compile(r"[a-z][a-z0-9-]{1,30}[a-z0-9]")
# Where a form of authentication can be had, in the order of the documents' table (statement svc-defaults).
_FORMS = {"aci": ("none", "key"), "aks": ("key", "token", "none")}


@dataclass(frozen=True)
class WebService:
    """A deployed service. `endpoint` is the id on which it is called, `address` the same as a URL."""

    name: str
    kind: str
    model: str
    auth: str
    region: str
    endpoint: str
    address: str


class Place(NamedTuple):
    """Where a service runs: "aci" or "aks", the id of the machine, and its region."""

    kind: str
    machine: str
    region: str


def _check_form(kind: str, name: str, auth: str) -> None:
    if not _NAME.fullmatch(name):
        raise BadRequest(
            "A web service needs a name.",
            presented=brief(name),
            required="3 to 32 lower-case letters, digits and -, a letter first and no - at the end",
        )
    if auth not in _FORMS[kind]:
        raise BadRequest(
            f"There is no such form of authentication on {kind.upper()}.",
            presented=brief(auth),
            required=" or ".join(_FORMS[kind]),
            advice="token authentication is for services on AKS" if auth == "token" else "",
        )


def _check_aci(name: str, model: str, auth: str = "none") -> None:
    _check_form("aci", name, auth)


def _check_aks(name: str, model: str, compute: str, auth: str = "key") -> None:
    _check_form("aks", name, auth)


class WebServices(MachineLearning):
    """Deploying, and handing out what opens a service. `keys` are Azure ML's own."""

    def __init__(
        self, platform: Platform, keys: SigningKeys, clock: Clock, resources: Resources, draw: Entropy
    ) -> None:
        super().__init__(platform)
        self._keys = keys
        self._clock = clock
        self._resources = resources
        self._entropy = draw
        self._made: Counter[str] = Counter()

    @operation("Deploy web service (ACI)", action=f"{_SERVICES}/aci/write", parse=_check_aci)
    def deploy_aci(self, call: Call[Workspace], name: str, model: str, auth: str = "none") -> WebService:
        """Deploys the latest version of a model to a new container group, which is created as the
        workspace's managed identity. Raises NotFound for an unknown model, and Conflict for a name that is
        taken, by a service or by a container group. Statements svc-defaults, svc-one-form,
        flow-web-service."""
        workspace = call.target
        image, content = self._image(call, name, model)
        # What is in another workspace of this group, or was in an earlier one, has another name.
        group = f"{group_of(workspace.id)}/providers/{CONTAINER_GROUP}/{name}-{workspace.identity_id[:8]}"
        if self._resources.get(group) is not None:
            # Made by somebody else: what is in it is not this image alone.
            raise Conflict("There is a container group of this name.", presented=group)
        as_identity, shown = self.as_workspace(call, workspace), {"image": workspace.own(image.tag)}
        call.ask(ResourceManager.put, group, as_identity, workspace.region, shown)
        place = Place("aci", group, workspace.region)
        return self._open(call, name, place, auth, image, content)

    @operation("Deploy web service (AKS)", action=f"{_SERVICES}/aks/write", parse=_check_aks)
    def deploy_aks(
        self, call: Call[Workspace], name: str, model: str, compute: str, auth: str = "key"
    ) -> WebService:
        """Deploys the latest version of a model to an attached cluster. Raises NotFound for an unknown model
        or compute target, BadRequest for one that is no cluster, and Conflict for a name that is taken.
        Statements svc-defaults, svc-one-form, flow-web-service."""
        cluster = self._cluster(call.target, compute)
        image, content = self._image(call, name, model)
        as_identity, what = self.as_workspace(call, call.target), f"{call.target.id}/{name}"
        region = call.ask(Kubernetes.deploy, cluster, as_identity, what, call.target.own(image.tag))
        return self._open(call, name, Place("aks", cluster, region), auth, image, content)

    def _cluster(self, workspace: Workspace, compute: str) -> str:
        target = self._resources.get(workspace.computes.get(compute, ""))
        if not isinstance(target, ComputeCluster):
            known = ", ".join(workspace.computes) or "none yet"
            raise NotFound(
                "The workspace has no such compute target.", presented=compute[:60], required=known
            )
        if target.compute_type != "AKS":
            raise BadRequest(
                "Web services run on a Kubernetes cluster.",
                presented=f"{compute}, {target.compute_type}",
                required="a compute target of type AKS",
            )
        return target.machine

    def _image(self, call: Call[Workspace], name: str, model: str) -> tuple[Image, bytes]:
        """The latest image of the latest version of a model, out of the registry. Where there is none yet,
        one is built; all that the caller has to be allowed is to deploy (assumption: deploying-builds)."""
        if name in (one.name for one in self._endpoints(call.target)):
            raise Conflict("The workspace has a web service of this name.", presented=name)
        newest = newest_model(call.target, model)
        images = [one for versions in call.target.images.values() for one in versions]
        fitting = [one for one in images if (one.model, one.model_version) == (newest.name, newest.version)]
        if not fitting:
            content = packed(newest, self.from_storage(call, newest.blob))
            fitting = [build(self, call, name, newest, content)]
        registry, as_identity = call.target.depends_on["registry"], self.as_workspace(call, call.target)
        image, tag = fitting[-1], call.target.own(fitting[-1].tag)
        return image, call.ask(ContainerRegistry.pull, registry, as_identity, tag)

    def _open(
        self, call: Call[Workspace], name: str, place: Place, auth: str, image: Image, content: bytes
    ) -> WebService:
        workspace = call.target
        id = f"{workspace.id}/services/{place.kind}/{name}"
        # One that is deployed again is another one, and has other keys.
        self._made[id.lower()] += 1
        label = f"{id.lower()}/{self._made[id.lower()]}"
        keys = {which: self._entropy.text(f"{label}/{which}") for which in ("primary", "secondary")}
        # assumption: endpoint-addresses
        host = f"{name}.{workspace.name}.{name_of(group_of(id))}.{place.region}.{place.kind}.azure.example"
        endpoint = ScoringEndpoint(
            id,
            name,
            host,
            place.region,
            tenant_id=workspace.tenant_id,
            kind=place.kind,
            workspace_id=workspace.id,
            runs_on=place.machine,
            auth=auth,
            deployment=self._entropy.uuid(label),
            model_name=f"{image.model}:{image.model_version}",
            model=model_in(content),
            keys=keys if auth == "key" else {},
        )
        call.undo(lambda: self._resources.remove(endpoint))
        self._resources.add(endpoint)
        return _seen(endpoint)

    def _endpoints(self, workspace: Workspace) -> Iterator[ScoringEndpoint]:
        for one in self._resources:
            if isinstance(one, ScoringEndpoint) and one.workspace_id.lower() == workspace.id.lower():
                yield one

    def _found(self, call: Call[Workspace], name: str, kinds: tuple[str, ...], auth: str) -> ScoringEndpoint:
        known = {one.name: one for one in self._endpoints(call.target) if one.kind in kinds}
        if name not in known:
            raise NotFound(
                f"The workspace has no such web service on {' or '.join(kinds).upper()}.",
                presented=name[:60],
                required=", ".join(known) or "none yet",
            )
        if known[name].auth != auth:
            raise Conflict(
                f"This web service takes no {auth}.",
                presented=f"{name}, with authentication by {auth}",
                required=known[name].auth,
            )
        return known[name]

    @operation("List web services", action=f"{_SERVICES}/read")
    def list_services(self, call: Call[Workspace]) -> list[WebService]:
        """All of them, by name."""
        return sorted(map(_seen, self._endpoints(call.target)), key=lambda one: one.name)

    @operation("List service keys (ACI)", action=f"{_SERVICES}/aci/listkeys/action")
    def get_aci_keys(self, call: Call[Workspace], name: str) -> tuple[Secret, Secret]:
        """The primary and the secondary key of a service on ACI. Raises NotFound, and Conflict for one that
        takes no keys. Statements svc-get-keys, svc-key-auto."""
        return _keys_of(self._found(call, name, ("aci",), "key"))

    @operation("List service keys (AKS)", action=f"{_SERVICES}/aks/listkeys/action")
    def get_aks_keys(self, call: Call[Workspace], name: str) -> tuple[Secret, Secret]:
        """The same of a service on AKS."""
        return _keys_of(self._found(call, name, ("aks",), "key"))

    @operation("Get service token", action=f"{TYPE}/read")
    def get_token(self, call: Call[Workspace], name: str) -> Token:
        """A token for one service, valid for `TOKEN_LIFETIME` seconds. Whoever may read the workspace gets
        it. Raises NotFound, and Conflict for a service that takes no tokens. Statements svc-get-token,
        svc-token-jwt."""
        endpoint = self._found(call, name, ("aks", "aci"), "token")
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
        return Token(self._keys.sign(claims), self._clock)


def _keys_of(endpoint: ScoringEndpoint) -> tuple[Secret, Secret]:
    return Secret(endpoint.keys["primary"]), Secret(endpoint.keys["secondary"])


def _seen(endpoint: ScoringEndpoint) -> WebService:
    return WebService(
        endpoint.name,
        endpoint.kind,
        endpoint.model_name,
        endpoint.auth,
        endpoint.region,
        endpoint.id,
        f"https://{endpoint.host}/score",
    )
