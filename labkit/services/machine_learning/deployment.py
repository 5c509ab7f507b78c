"""How a web service comes to be: an image, a place to run it at, and an endpoint with what opens it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

from labkit.authenticators.instrumentation_key import InstrumentationKey
from labkit.authenticators.platform import Platform
from labkit.core.clock import Clock
from labkit.core.entropy import Entropy
from labkit.core.errors import BadRequest, Conflict, NotFound, brief
from labkit.core.operation import Call
from labkit.core.resource import Resource, Resources
from labkit.identity.issuer import SigningKeys
from labkit.services.app_insights import ApplicationInsights
from labkit.services.encryption import Disk
from labkit.services.kubernetes import KubernetesCluster
from labkit.services.machine_learning.compute import ComputeCluster
from labkit.services.machine_learning.diagnostics import Collection, Fields
from labkit.services.machine_learning.images import build, model_in, packed
from labkit.services.machine_learning.models import newest_model
from labkit.services.machine_learning.scoring import MODEL, SCRIPT, FrontEnd, ScoringEndpoint
from labkit.services.machine_learning.service_forms import check_flags, check_service_name
from labkit.services.machine_learning.serving import ScoringScript, Serving, check_script
from labkit.services.machine_learning.tls import Tls
from labkit.services.machine_learning.workspace import Image, MachineLearning, Workspace
from labkit.services.metrics import DEPLOYED, NOT_DEPLOYED
from labkit.services.registry import ContainerRegistry
from labkit.services.resource_id import group_of, name_of


@dataclass(frozen=True)
class WebService:
    """A deployed service. `endpoint` is the id on which it is called, `address` the same as a URL; `state` is
    Healthy or Unhealthy."""

    name: str
    kind: str
    model: str
    auth: str
    region: str
    endpoint: str
    address: str
    state: str

    @property
    def ssl_enabled(self) -> bool:
        """Whether it is called over TLS."""
        return self.address.startswith("https://")

    @property
    def auth_enabled(self) -> bool:
        """Whether it takes keys."""
        return self.auth == "key"

    @property
    def token_auth_enabled(self) -> bool:
        """Whether it takes tokens."""
        return self.auth == "token"


@dataclass(frozen=True)
class Wanted:
    """What somebody asks to have deployed."""

    name: str
    auth: str
    script: ScoringScript | None
    serving: Serving = field(default_factory=Serving)
    app_insights: bool = False


class Place(NamedTuple):
    """Where a service runs: "aci" or "aks", the id of the machine, its region, the host it answers at, the
    disk and the folder there that hold what it runs, and its TLS."""

    kind: str
    machine: str
    region: str
    host: str
    disk: Disk
    folder: str = ""
    tls: Tls | None = None


def check_deployment(
    kind: str,
    name: str,
    auth_enabled: bool | None,
    token_auth_enabled: bool | None,
    script: ScoringScript | None,
    serving: Serving | None,
    enable_app_insights: bool | None = None,
) -> None:
    check_service_name(name)
    check_flags(kind, auth_enabled, token_auth_enabled)
    check_script(script)
    if serving is not None and type(serving) is not Serving:
        raise BadRequest("A service is run by settings.", presented=brief(serving), required="Serving(...)")
    check_app_insights(enable_app_insights)


def check_app_insights(enable_app_insights: bool | None) -> None:
    """Raises BadRequest for what says neither yes nor no."""
    if enable_app_insights not in (None, True, False) or type(enable_app_insights) not in (bool, type(None)):
        raise BadRequest(
            "Application Insights is enabled or not.",
            presented=brief(enable_app_insights),
            required="enable_app_insights: True, False or None",
        )


class Deployments(MachineLearning):
    """What deploying takes, without the operations that ask for it. `keys` are Azure ML's own."""

    def __init__(
        self,
        platform: Platform,
        keys: SigningKeys,
        clock: Clock,
        resources: Resources,
        draw: Entropy,
        collection: Collection,
    ) -> None:
        super().__init__(platform)
        self._collection = collection
        self._keys = keys
        self._clock = clock
        self._resources = resources
        self._entropy = draw
        self._made: Counter[str] = Counter()

    def _front_end(self, call: Call[Workspace], cluster: str, region: str, tls: Tls | None) -> FrontEnd:
        """What takes a cluster's requests; made with the first service."""
        # assumption: front-end-for-each-name
        id = f"{cluster}/frontEnds/{tls.cname if tls else 'azureml-fe'}"
        found = self._resources.get(id)
        if isinstance(found, FrontEnd):
            return found
        host = f"azureml-fe.{name_of(cluster)}.{name_of(group_of(cluster))}.{region}.aks.azure.example"
        host = self.free_host(tls) if tls else host
        made = FrontEnd(
            *(id, "azureml-fe", host, region), tenant_id=call.target.tenant_id, plain_http=tls is None
        )
        _stand(made, self._resources.get(cluster))
        call.undo(partial(self._resources.remove, made))
        self._resources.add(made)
        return made

    def free_host(self, tls: Tls) -> str:
        """The host name of a service over TLS, which nothing else may have. Raises Conflict."""
        # assumption: dns-follows
        if self._resources.at_host(tls.cname) is not None:
            raise Conflict(
                "Something else answers under this host name.",
                presented=tls.cname,
                required="a host name of its own",
                advice="deployed already? Then go on, or take a certificate for another name",
            )
        return tls.cname

    def _cluster(self, workspace: Workspace, compute: str) -> ComputeCluster:
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
        return target

    def _image(self, call: Call[Workspace], name: str, model: str) -> tuple[Image, bytes]:
        """The latest image of the latest version of a model, out of the registry. Where there is none yet,
        one is built; all that the caller has to be allowed is to deploy (assumption: deploying-builds)."""
        if name in (one.name for one in self._endpoints(call.target)):
            raise Conflict(
                "The workspace has a web service of this name.",
                presented=name,
                required="another name",
                advice="deployed already? Then go on; a web service is changed by updating it",
            )
        newest = newest_model(call.target, model)
        images = [one for versions in call.target.images.values() for one in versions]
        fitting = [one for one in images if (one.model, one.model_version) == (newest.name, newest.version)]
        if not fitting:
            content = packed(newest, self.from_storage(call, newest.blob))
            fitting = [build(self, call, name, newest, content)]
        registry, as_identity = call.target.depends_on["registry"], self.as_workspace(call, call.target)
        image, tag = fitting[-1], call.target.own(fitting[-1].tag)
        return image, call.ask(ContainerRegistry.pull, registry, as_identity, tag)

    def _open(self, call: Call[Workspace], wanted: Wanted, place: Place, image: Image) -> WebService:
        workspace, script = call.target, wanted.script
        id = f"{workspace.id}/services/{place.kind}/{wanted.name}"
        insights = workspace.depends_on["insights"]
        watcher = self._resources.get(insights)
        key = watcher.instrumentation_key if isinstance(watcher, ApplicationInsights) else ""
        endpoint = ScoringEndpoint(
            id,
            wanted.name,
            place.host,
            place.region,
            tenant_id=workspace.tenant_id,
            kind=place.kind,
            workspace_id=workspace.id,
            runs_on=place.machine,
            auth=wanted.auth,
            model_name=f"{image.model}:{image.model_version}",
            disk=place.disk,
            folder=place.folder,
            script=script,
            serving=wanted.serving,
            healthy=script is None or script.starts,
            app_insights=wanted.app_insights,
            insights=insights,
            telemetry=InstrumentationKey(key),
            tls=place.tls,
            **self._credentials(id, wanted.auth),
        )
        _stand(endpoint, self._resources.get(place.machine))
        self._check_address(endpoint)
        call.undo(lambda: self._resources.remove(endpoint))
        self._resources.add(endpoint)
        workspace.counted.add(call, DEPLOYED if endpoint.healthy else NOT_DEPLOYED)
        runs_on = name_of(place.machine)
        names: Fields = {"service": wanted.name, "model": endpoint.model_name, "runs on": runs_on}
        self._collection.report(call, "service deployed", names)
        return seen(endpoint)

    def _check_address(self, endpoint: ScoringEndpoint) -> None:
        """Two workspaces may share a cluster, whose services answer under their names alone."""
        # assumption: names-on-a-cluster
        for one in self._resources:
            if isinstance(one, ScoringEndpoint) and one.address == endpoint.address:
                raise Conflict("Another web service answers at this address.", presented=endpoint.address)

    def _credentials(self, id: str, auth: str) -> dict[str, Any]:
        """What opens an endpoint from now on, and nothing did before: one that is deployed again is another
        one, and keys that are enabled again are other keys."""
        # assumption: keys-anew
        label = self._label(id)
        keys = {which: self._entropy.text(f"{label}/{which}") for which in ("primary", "secondary")}
        return {"deployment": self._entropy.uuid(label), "keys": keys if auth == "key" else {}}

    def _label(self, id: str) -> str:
        self._made[id.lower()] += 1
        return f"{id.lower()}/{self._made[id.lower()]}"

    def _endpoints(self, workspace: Workspace) -> Iterator[ScoringEndpoint]:
        for one in self._resources:
            if isinstance(one, ScoringEndpoint) and one.workspace_id.lower() == workspace.id.lower():
                yield one

    def _found(self, call: Call[Workspace], name: str, *kinds: str) -> ScoringEndpoint:
        known = {one.name: one for one in self._endpoints(call.target) if one.kind in kinds}
        if name not in known:
            raise NotFound(
                f"The workspace has no such web service on {' or '.join(map(str.upper, kinds))}.",
                presented=name[:60],
                required=", ".join(known) or "none yet",
            )
        return known[name]

    def _taking(self, call: Call[Workspace], auth: str, name: str, *kinds: str) -> ScoringEndpoint:
        found = self._found(call, name, *kinds)
        if found.auth != auth:
            raise Conflict(
                f"This web service takes no {auth}.",
                presented=f"{name}, with authentication by {auth}",
                required=found.auth,
            )
        return found


def _stand(service: ScoringEndpoint | FrontEnd, machine: Resource | None) -> None:
    """On a cluster in a virtual network it calls from there; the cluster's load balancer says who calls it.
    Statement net-private-link-limits."""
    if isinstance(machine, KubernetesCluster) and machine.subnet:
        service.network, service.firewall = machine.subnet, machine.balancer


def volume(content: bytes, script: ScoringScript | None) -> dict[str, bytes]:
    """What a service runs, out of its image: the model, and the script where there is one."""
    return {MODEL: model_in(content)} | ({SCRIPT: script.source} if script else {})


def seen(endpoint: ScoringEndpoint) -> WebService:
    """As its owner sees it."""
    return WebService(
        endpoint.name,
        endpoint.kind,
        endpoint.model_name,
        endpoint.auth,
        endpoint.region,
        endpoint.id,
        endpoint.address,
        "Healthy" if endpoint.healthy else "Unhealthy",
    )
