"""The one door. Every call on every service passes the same stages in the same order:

reach, network, authentication, authorization, parse, operation; and leaves a hop in the trace,
whichever stage it got to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import Any, Protocol

from labkit.core.clock import Clock
from labkit.core.credential import Anonymous, Credential
from labkit.core.errors import (
    BadInput,
    CallTooDeep,
    CredentialMissing,
    CredentialNotAccepted,
    Forbidden,
    GuestNotSupported,
    InsecureTransport,
    NetworkDenied,
    OutsideCapability,
    Refusal,
    RegionDown,
    RequestNotCovered,
    TlsNotEnabled,
    brief,
)
from labkit.core.identity import Identity
from labkit.core.operation import Call, Demand, Op, P, R, Service
from labkit.core.resource import Component, Resource, Resources, split_address, without_query
from labkit.core.trace import Hop, Trace

DEEPEST = 16
_NOTHING = Demand()


class Decision(Protocol):
    """The answer of authorization. `why` names what allows it, or what is missing; `advice` what to do
    then."""

    @property
    def allowed(self) -> bool:
        """Whether it may be done."""

    @property
    def why(self) -> str:
        """The reason, in a line."""

    @property
    def advice(self) -> str:
        """The next step of whoever was refused; "" for others."""

    @property
    def refusal(self) -> type[Forbidden]:
        """What a refused call is refused with."""


class Authenticator(Protocol):
    """Turns one kind of credential into an identity, or raises a Refusal. `now` is in seconds."""

    def __call__(self, cred: Any, target: Any, now: int) -> Identity: ...


class Authorizer(Protocol):
    """Decides whether an identity may do an action (`data`: of the data plane) at a scope."""

    def __call__(self, who: Identity, action: str, data: bool, scope: str, now: int) -> Decision: ...


@dataclass(frozen=True, repr=False)
class Asked:
    """A call as it was made, for a witness: who asked what of which resource (None where nothing was
    reached), and with which credential. It does not print itself."""

    caller: Component
    op: Op[..., Any]
    target: str
    resource: Resource | None
    cred: Credential
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]


class _Flow:
    """What the calls of one outermost call share: its initiator, which one it is, and what to undo if it
    fails."""

    __slots__ = ("initiator", "number", "undo")

    def __init__(self, initiator: str, number: int) -> None:
        self.initiator = initiator
        self.number = number
        self.undo: list[Callable[[], object]] = []


class _Passage:
    """How far a call has come and what is known of it by then."""

    __slots__ = ("demand", "encrypted", "identity", "milliseconds", "resource", "scope", "stage", "why")

    def __init__(self) -> None:
        self.stage = "reach"
        self.resource: Any = None
        self.scope = ""
        self.identity: Any = None
        self.demand = _NOTHING
        self.encrypted = True
        self.why = ""
        self.milliseconds = 0

    def took(self, milliseconds: int) -> None:
        """Sets how long the operation took, in simulated time."""
        self.milliseconds = milliseconds


def _check_call(target: object, cred: object) -> None:
    """A call that names no target or presents no credential is a slip of the pen, and leaves no hop."""
    # A subclass of str could say one thing to one stage and another to the next.
    if type(target) is str and isinstance(cred, Credential):
        return
    raise BadInput(
        "A call names its target and presents a credential.",
        presented=f"target {type(target).__name__}, credential {type(cred).__name__}",
        required="the target as text, the credential as Bearer(token), Anonymous() or another kind",
        advice="did you mean token.bearer?" if hasattr(type(cred), "bearer") else "",
    )


class Door:
    """Holds what the stages need: `authenticators` by kind of credential, and `services` by class. A lab has
    one. A `witness` is told of every finished call; what a hop must not hold, it gets to see. It must not
    raise."""

    def __init__(
        self,
        clock: Clock,
        trace: Trace,
        resources: Resources,
        is_up: Callable[[str], bool],
        authenticators: Mapping[type[Credential], Authenticator],
        authorizer: Authorizer,
    ) -> None:
        self.clock = clock
        self.trace = trace
        self.resources = resources
        self._is_up = is_up
        self.authenticators = dict(authenticators)
        self._authorizer = authorizer
        self.services: dict[type[Service], Service] = {}
        self._flows = count(1)
        self.witness: Callable[[Hop, Asked], None] | None = None

    def install(self, *services: Service) -> None:
        """Puts services behind the door."""
        self.services.update({type(service): service for service in services})

    def proving(self, others: Mapping[type[Credential], Authenticator]) -> Door:
        """This door with other authenticators for some kinds of credential and a trace of its own: to
        `probe` what somebody could do who had proved something else."""
        authenticators = {**self.authenticators, **others}
        other = Door(self.clock, Trace(), self.resources, self._is_up, authenticators, self._authorizer)
        other.services = self.services
        return other

    def ask(
        self,
        caller: Component,
        op: Op[P, R],
        target: str,
        cred: Credential,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> R:
        """An outermost call. Returns what the operation returns; raises a Refusal."""
        return self.enter(_Flow(caller.name, next(self._flows)), 0, 1, caller, op, target, cred, args, kwargs)

    def probe(
        self, caller: Component, op: Op[..., Any], target: str, cred: Credential, *args: Any, **kwargs: Any
    ) -> str:
        """Tries a call up to the authorization stage and no further: nothing is carried out, no hop is
        left. Returns why it would pass. Raises the Refusal of the stage that would turn the call away."""
        service = self._service(op)
        _check_call(target, cred)
        passage = _Passage()
        try:
            self._admit(passage, service, caller, op, target, cred, args, kwargs)
        except Refusal as refusal:
            refusal.stage = passage.stage
            raise service.word(refusal) from None
        return passage.why

    def enter(
        self,
        flow: _Flow,
        parent: int,
        depth: int,
        caller: Component,
        op: Op[..., R],
        target: str,
        cred: Credential,
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
    ) -> R:
        """One call, from the first stage to the hop."""
        service = self._service(op)
        _check_call(target, cred)
        number, passage = self.trace.open(), _Passage()
        outcome, undo_from = "ok", len(flow.undo)
        try:
            if depth > DEEPEST:
                raise CallTooDeep("Services asked one another in a circle.", presented=f"{depth} calls deep")
            self._admit(passage, service, caller, op, target, cred, args, kwargs)
            passage.stage = "parse"
            op.check(args, kwargs)
            passage.stage = "operation"
            return op.function(service, self._call(service, flow, number, depth, passage), *args, **kwargs)
        except BaseException as error:
            while len(flow.undo) > undo_from:
                flow.undo.pop()()
            if isinstance(error, Refusal) and not error.service:
                error.stage = passage.stage
                service.word(error)
            outcome = f"{error.status} {error.code}" if isinstance(error, Refusal) else type(error).__name__
            raise
        finally:
            hop = self._hop(number, parent, flow, caller, service, op, cred, passage, outcome)
            self.trace.close(hop)
            if (witness := self.witness) is not None:
                witness(hop, Asked(caller, op, target, passage.resource, cred, args, kwargs))
            if service.keeps_log and passage.resource is not None:
                service.ended(self._call(service, flow, number, depth, passage), hop)

    def _call(self, service: Service, flow: _Flow, number: int, depth: int, passage: _Passage) -> Call[Any]:
        resource: Resource = passage.resource
        ask = partial(self.enter, flow, number, depth + 1, service.component(resource))
        now = self.clock.now
        return Call(
            resource,
            passage.scope,
            passage.identity,
            now,
            flow.initiator,
            flow.undo.append,
            ask,
            passage.took,
            flow.number,
        )

    def _service(self, op: Op[..., Any]) -> Service:
        service = self.services.get(op.service) if isinstance(op, Op) else None
        if service is None:
            raise BadInput(
                "That is not an operation of this lab.",
                presented=brief(op),
                required="for instance ResourceManager.get, from labkit.azure",
            )
        return service

    def _admit(
        self,
        passage: _Passage,
        service: Service,
        caller: Component,
        op: Op[..., Any],
        target: str,
        cred: Credential,
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
    ) -> None:
        self._reach(passage, service, target)
        passage.stage = "network"
        resource: Resource = passage.resource
        firewall = resource.firewall
        if firewall is not None and not firewall.admits(caller.network):
            raise NetworkDenied(
                f"{resource.name} does not admit the network that the call comes from.",
                presented=f"{caller.name}, from {caller.network}",
                required=firewall.required,
                advice=firewall.advice(caller.network),
            )
        passage.stage = "authentication"
        passage.identity = self._authenticate(service, op, passage, cred, args, kwargs)
        passage.stage = "authorization"
        passage.demand = op.demand(passage.scope, args, kwargs)
        passage.why = self._authorize(service, passage)

    def _reach(self, passage: _Passage, service: Service, target: str) -> None:
        scheme = split_address(target)[0]
        passage.encrypted = scheme in ("", "https")
        resource, passage.scope = service.locate(target, self.resources)
        passage.resource = resource
        # An id stands for the address at which its resource answers.
        passage.encrypted = not resource.plain_http if not scheme else passage.encrypted
        spoken, refusal = ("http", TlsNotEnabled) if resource.plain_http else ("https", InsecureTransport)
        if scheme not in ("", spoken):
            raise refusal(
                f"{resource.name} speaks {spoken} only.",
                presented=without_query(target),
                required=f"{spoken}://",
            )
        if resource.region and not self._is_up(resource.region):
            raise RegionDown(f"{resource.name} does not answer: region {resource.region} is down.")

    def _authenticate(
        self,
        service: Service,
        op: Op[..., Any],
        passage: _Passage,
        cred: Credential,
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
    ) -> Identity:
        accepted = op.accepted(passage.resource)
        if type(cred) not in accepted:
            refusal = CredentialMissing if isinstance(cred, Anonymous) else CredentialNotAccepted
            raise refusal(
                f"{op.name} on {service.name} does not take this.",
                presented=cred.kind,
                required=" or ".join(kind.kind for kind in accepted),
            )
        covers = cred.covers
        if covers is not None and (
            type(covers) is not str or covers != op.request(passage.scope, args, kwargs)
        ):
            raise RequestNotCovered("What was signed is another request.", required="a signature of this one")
        return self.authenticators[type(cred)](cred, passage.resource, self.clock.now)

    def _authorize(self, service: Service, passage: _Passage) -> str:
        who, demand, scope = passage.identity, passage.demand, passage.scope
        if who.guest and passage.resource.refuses_guests:
            raise GuestNotSupported(
                f"{passage.resource.service} does not support business-to-business guests.",
                presented=f"{who.name}, at home in another tenant",
                required="a member of the workspace's own tenant",
                advice="make the person a member user of this tenant, or use a service principal",
            )
        if not demand.action:
            return "nothing to authorize"
        if who.capability is not None:
            if not who.capability.opens(demand.action, scope):
                raise OutsideCapability(
                    "The credential is genuine and opens something else.",
                    presented=f"{who}: {who.capability}",
                    required=f"{demand.action} on {scope}",
                )
            return f"the credential itself opens {demand.action}"
        decision = self._authorizer(who, demand.action, demand.data, scope, self.clock.now)
        if not decision.allowed:
            raise decision.refusal(
                f"{who.name} may not do this.",
                presented=decision.why,
                required=f"{demand.action} on {scope}",
                advice=decision.advice,
            )
        return decision.why

    def _hop(
        self,
        number: int,
        parent: int,
        flow: _Flow,
        caller: Component,
        service: Service,
        op: Op[..., Any],
        cred: Credential,
        passage: _Passage,
        outcome: str,
    ) -> Hop:
        resource: Resource | None = passage.resource
        return Hop(
            number=number,
            parent=parent,
            at=self.clock.now,
            caller=caller.name,
            origin=caller.boundary,
            service=(resource.service if resource else "") or service.name,
            resource=resource.name if resource else "nowhere",
            boundary=resource.boundary if resource else "nowhere",
            operation=op.name,
            action=passage.demand.action,
            credential=getattr(cred, "kind", "no credential"),
            subject=str(passage.identity or ""),
            initiator=flow.initiator,
            encrypted=passage.encrypted,
            scope=passage.scope,
            stage=passage.stage,
            outcome=outcome,
            why=passage.why,
            milliseconds=passage.milliseconds,
        )
