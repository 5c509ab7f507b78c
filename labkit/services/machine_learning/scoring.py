"""A deployed web service: what answers at its address, to whom, and what it answers."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from functools import partial
from io import StringIO
from typing import Any, ClassVar

from labkit.authenticators.instrumentation_key import InstrumentationKey
from labkit.authenticators.service_key import ServiceKey
from labkit.authenticators.service_token import ServiceToken
from labkit.core.credential import Anonymous, Credential
from labkit.core.errors import NotFound, Refusal, UnknownHost, brief
from labkit.core.identity import Capability
from labkit.core.operation import Call, Kinds, Service, operation
from labkit.core.resource import Resource, Resources, before_query, split_address
from labkit.core.trace import Hop
from labkit.crypto.errors import Damaged
from labkit.services.app_insights import AppInsights, Request
from labkit.services.encryption import Disk, KeyUnavailable
from labkit.services.machine_learning.serving import (
    DIALECT,
    USUAL_MILLISECONDS,
    ScoringScript,
    ScriptTimedOut,
    Serving,
    Unavailable,
    body_text,
    check_ahead,
)
from labkit.services.machine_learning.tls import Tls
from labkit.services.machine_learning.workspace import TYPE

# The one form of authentication that an endpoint is set to, and what it then takes, alone.
# assumption: open-service-refuses-credentials
FORMS: Mapping[str, Kinds] = {"none": (Anonymous,), "key": (ServiceKey,), "token": (ServiceToken,)}
_ON_AKS = "api/v1/service"
# Of what a script prints for one request: lines, and characters of each. Application Insights takes no longer
# message. https://learn.microsoft.com/azure/azure-monitor/service-limits
_LINES, _LONGEST = 1000, 32_768
# What lies in the folder of a service.
MODEL, SCRIPT = "model", "score.py"


def score_action(endpoint_id: str) -> str:
    """The action of calling an endpoint: its id says whether it runs on AKS or on ACI."""
    return f"{TYPE}/services/{endpoint_id.split('/')[-2].lower()}/score/action"


def presented(authorization: str | None) -> Credential:
    """What the HTTP header Authorization of a scoring request presents. Keys and tokens both come as
    `Bearer ...`; what has the three parts of a JWT is taken for a token. No header, or one of another
    scheme, presents nothing."""
    scheme, _, value = (authorization or "").strip().partition(" ")
    value = value.strip()
    if scheme.lower() != "bearer" or not value:
        return Anonymous()
    return ServiceToken(value) if value.count(".") == 2 else ServiceKey(value)


class FrontEnd(Resource):
    """What takes the requests for all services of a cluster, and answers where there is no such service."""

    service: ClassVar[str] = "Web service"


@dataclass(eq=False)
class ScoringEndpoint(Resource):
    """An endpoint, and where the model is that it scores with.

    kind        "aks" or "aci", which stands in its id as well; `runs_on` is the id of the machine
    auth        "none", "key" or "token": one at a time (statement svc-one-form)
    deployment  which one of that name it is: tokens of an earlier one are not for it, nor are those from
                before keys were enabled in between
    keys        "primary" and "secondary"; none unless it takes keys
    disk        what its model lies on, and its script, in `folder`
    script      what scores, or None for a checksum; `healthy` says whether its container started
    insights    the id of the component that is told of requests, and `telemetry`, what opens that
    tls         what it is called over https with; None for one that is called over http
    app_insights  whether what its script prints is reported; `output` is what waits for that
    """

    service: ClassVar[str] = "Web service"
    kind: str = field(kw_only=True)
    workspace_id: str = field(kw_only=True)
    runs_on: str = field(kw_only=True)
    auth: str = field(kw_only=True)
    deployment: str = field(kw_only=True)
    model_name: str = field(kw_only=True)
    disk: Disk = field(repr=False, kw_only=True)
    folder: str = field(default="", kw_only=True)
    keys: dict[str, str] = field(default_factory=dict, repr=False, kw_only=True)
    script: ScoringScript | None = field(default=None, repr=False, kw_only=True)
    serving: Serving = field(default=Serving(), kw_only=True)
    healthy: bool = field(default=True, kw_only=True)
    insights: str = field(default="", kw_only=True)
    telemetry: InstrumentationKey = field(default=InstrumentationKey(""), kw_only=True)
    tls: Tls | None = field(default=None, kw_only=True)
    app_insights: bool = field(default=False, kw_only=True)
    output: list[str] = field(default_factory=list, repr=False, kw_only=True)

    def __post_init__(self) -> None:
        self.plain_http = self.tls is None

    @property
    def path(self) -> str:
        """Where on its host it answers: a cluster has one host for all of its services."""
        return f"{_ON_AKS}/{self.name}/score" if self.kind == "aks" else "score"

    @property
    def address(self) -> str:
        """Where it answers, as a URL: over http, unless somebody has enabled TLS."""
        # The SDK's ssl_enabled defaults to False:
        # https://learn.microsoft.com/python/api/azureml-core/azureml.core.webservice.aciwebservice
        return f"{'http' if self.plain_http else 'https'}://{self.host}/{self.path}"

    @contextmanager
    def listening(self) -> Iterator[None]:
        """What is printed in it is output of the service, where Application Insights is enabled for it.
        Statement data-endpoint-logs."""
        # https://learn.microsoft.com/azure/machine-learning/v1/how-to-enable-app-insights
        if not self.app_insights:
            yield
            return
        with redirect_stdout(StringIO()) as printed:
            try:
                yield
            finally:
                lines = printed.getvalue().splitlines()
                self.output += [line[:_LONGEST] for line in lines[:_LINES]]

    @property
    def opened(self) -> Capability:
        """What its keys and tokens open: calling it, and nothing else."""
        return Capability(self.id, (score_action(self.id),))

    @property
    def for_anyone(self) -> Capability | None:
        """What it lets everybody do who presents nothing."""
        return self.opened if self.auth == "none" else None


def evict_from(resources: Resources) -> Callable[[Call[Any]], None]:
    """How endpoints go with the workspace that they belong to, or with the machine that they run on."""

    def deleted(call: Call[Any]) -> None:
        gone = call.target.id.lower()
        for one in list(resources):
            if isinstance(one, ScoringEndpoint):
                goes = gone in (one.workspace_id.lower(), one.runs_on.lower())
            else:
                goes = isinstance(one, FrontEnd) and one.id.lower().startswith(f"{gone}/")
            if goes:
                resources.remove(one)
                call.undo(partial(resources.add, one))

    return deleted


def _accepted(target: ScoringEndpoint | FrontEnd) -> Kinds:
    if isinstance(target, ScoringEndpoint):
        return FORMS[target.auth]
    # Which credential would do depends on the service.  # assumption: front-end-404
    raise NotFound(
        "No web service answers at this address.",
        required="the address of a deployed service",
        advice="WebServices.list_services shows them",
    )


def _check_score(data: str | bytes, ahead: int = 0) -> None:
    body_text(data)
    check_ahead(ahead)


class Scoring(Service):
    """The data plane of a web service. It asks no role: the key or the token itself opens it. Every request
    that reaches a service is reported to Application Insights (assumption: every-request-reported)."""

    name = "Web service"
    resource = ScoringEndpoint
    dialect = {
        **DIALECT,
        KeyUnavailable: (503, "ServiceUnavailable"),
        Damaged: (500, "InternalServerError"),
    }
    keeps_log = True

    def locate(self, target: str, resources: Resources) -> tuple[Resource, str]:
        """By id, or by address, of which the path counts as well. Raises UnknownHost."""
        scheme, host, path = split_address(before_query(target))
        if not scheme:
            return super().locate(target, resources)
        found = resources.at_host(host)
        if isinstance(found, ScoringEndpoint | FrontEnd):
            for one in resources if isinstance(found, FrontEnd) else (found,):
                if isinstance(one, ScoringEndpoint) and one.host == found.host and one.path == path:
                    return one, one.id
            nothing = FrontEnd(
                *(found.id, found.name, found.host, found.region),
                tenant_id=found.tenant_id,
                plain_http=found.plain_http,
                firewall=found.firewall,
            )
            return nothing, f"{scheme}://{host}/{path[:120]}"
        raise UnknownHost(
            # What surrounds the host may be what somebody presents.
            "No web service answers there.",
            presented=brief(host.rpartition("@")[2]),
            required="the address of a deployed service",
        )

    @operation(
        "Score",
        action=lambda scope, *_, **__: score_action(scope),
        accepts=_accepted,
        parse=_check_score,
    )
    def score(self, call: Call[ScoringEndpoint], data: str | bytes, ahead: int = 0) -> Any:
        """What the scoring script returns for a body of JSON. Without a script, the model's answer: the lab
        has no use for a real prediction, so that is a checksum of the model and the data; another model or
        other data give another one. `ahead` is how many requests are there already at this very moment: a
        notebook's calls come one after another, so what a rush does is asked for like this.

        Raises BadRequest (no JSON, too deep), BodyTooLarge, ScriptFailed (502), Unavailable (503),
        ScriptTimedOut (504), or KeyUnavailable (503) while the key of its disk cannot be used. Statements
        svc-token-jwt, svc-get-keys."""
        target, body = call.target, data if isinstance(data, str) else data.decode()
        if not target.healthy:
            # assumption: unhealthy-503
            raise Unavailable("The service's container did not start.", advice="deploy it anew")
        # assumption: containers-read-their-disk
        model = target.disk.read(call, f"{target.folder}{MODEL}")
        takes = target.script.takes(body) if target.script else USUAL_MILLISECONDS
        self._serve(call, takes, ahead)
        if target.script is None:
            return _checksum(target.model_name, model, body)
        with target.listening():
            return target.script.answer(body)

    def _serve(self, call: Call[ScoringEndpoint], takes: int, ahead: int) -> None:
        """How long it all takes. Raises Unavailable or ScriptTimedOut where that is too long."""
        serving = call.target.serving
        limit, timeout = serving.max_request_wait_time, serving.scoring_timeout_ms
        waits = serving.wait(ahead, takes)
        if waits > limit:
            call.took(limit)
            raise Unavailable(
                "All replicas are busy.",
                presented=f"{ahead:,} requests ahead of this one",
                required=f"a wait of at most {limit} ms",
                advice="more replicas, or requests that come more slowly",
            )
        call.took(waits + min(takes, timeout))
        if takes > timeout:
            raise ScriptTimedOut(
                "score.py took longer than the service waits.",
                presented=f"{takes:,} ms",
                required=f"at most {timeout:,} ms",
            )

    def ended(self, call: Call[Any], hop: Hop) -> None:
        """Reports the request, unless it did not get through to a service."""
        endpoint = call.target
        if not isinstance(endpoint, ScoringEndpoint) or hop.stage in ("reach", "network"):
            return
        status = "200" if hop.ok else hop.outcome.partition(" ")[0]
        request = Request(
            timestamp=hop.at,
            name=f"POST /{endpoint.path}",
            url=endpoint.address,
            result_code=status if status.isdigit() else "500",
            duration=hop.milliseconds,
            user_agent=hop.caller,
            compute_type=endpoint.kind.upper(),
        )
        printed, endpoint.output = tuple(endpoint.output), []
        try:
            call.ask(AppInsights.track, endpoint.insights, endpoint.telemetry, request, printed)
        except Refusal:
            # Whoever watches is not there. The answer does not depend on it.
            return


def _checksum(name: str, model: bytes, body: str) -> dict[str, str]:
    answer = hashlib.sha256(model)
    answer.update(hashlib.sha256(body.encode()).digest())
    return {"model": name, "checksum": answer.hexdigest()[:16]}
