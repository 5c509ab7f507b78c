"""A deployed web service: what answers at its address, to whom, and what it answers."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar

from labkit.authenticators.service_key import ServiceKey
from labkit.authenticators.service_token import ServiceToken
from labkit.core.credential import Anonymous
from labkit.core.identity import Capability
from labkit.core.operation import Call, Kinds, Service, operation
from labkit.core.resource import Resource, Resources
from labkit.services.machine_learning.workspace import TYPE

# The one form of authentication that an endpoint is set to, and what it then takes.
FORMS: Mapping[str, Kinds] = {"none": (Anonymous,), "key": (ServiceKey,), "token": (ServiceToken,)}


def score_action(endpoint_id: str) -> str:
    """The action of calling an endpoint: its id says whether it runs on AKS or on ACI."""
    return f"{TYPE}/services/{endpoint_id.split('/')[-2].lower()}/score/action"


@dataclass(eq=False)
class ScoringEndpoint(Resource):
    """An endpoint, with the model that it scores with.

    kind        "aks" or "aci", which stands in its id as well; `runs_on` is the id of the machine
    auth        "none", "key" or "token": one at a time (statement svc-one-form)
    deployment  which one of that name it is: tokens of an earlier one are not for it
    keys        "primary" and "secondary"; none unless it takes keys
    """

    service: ClassVar[str] = "Web service"
    kind: str = field(kw_only=True)
    workspace_id: str = field(kw_only=True)
    runs_on: str = field(kw_only=True)
    auth: str = field(kw_only=True)
    deployment: str = field(kw_only=True)
    model_name: str = field(kw_only=True)
    model: bytes = field(repr=False, kw_only=True)
    keys: dict[str, str] = field(default_factory=dict, repr=False, kw_only=True)

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
        for endpoint in [one for one in resources if isinstance(one, ScoringEndpoint)]:
            if gone in (endpoint.workspace_id.lower(), endpoint.runs_on.lower()):
                resources.remove(endpoint)
                call.undo(partial(resources.add, endpoint))

    return deleted


def _accepted(endpoint: ScoringEndpoint) -> Kinds:
    return FORMS[endpoint.auth]


class Scoring(Service):
    """The data plane of a web service. It asks no role: the key or the token itself opens it."""

    name = "Web service"
    resource = ScoringEndpoint

    @operation("Score", action=lambda scope, *_, **__: score_action(scope), accepts=_accepted)
    def score(self, call: Call[ScoringEndpoint], data: str) -> dict[str, str]:
        """The model's answer. The lab has no use for a real prediction: the answer is a checksum of the
        model and the data, so that another model or other data give another answer."""
        answer = hashlib.sha256(call.target.model)
        answer.update(hashlib.sha256(data.encode("utf-8", "surrogatepass")).digest())
        return {"model": call.target.model_name, "checksum": answer.hexdigest()[:16]}
