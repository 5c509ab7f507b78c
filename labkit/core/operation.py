"""How a service declares what it can be asked, and what it demands of the caller."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Concatenate, Generic, ParamSpec, TypeVar

from labkit.core.credential import Bearer, Credential
from labkit.core.errors import (
    BadRequest,
    CallTooDeep,
    Conflict,
    Forbidden,
    GuestNotSupported,
    InsecureTransport,
    NetworkDenied,
    NotFound,
    Refusal,
    RegionDown,
    TlsNotEnabled,
    Unauthenticated,
    UnknownHost,
)
from labkit.core.identity import Identity
from labkit.core.resource import Component, Resource, Resources, without_query
from labkit.core.trace import Hop

P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S", bound="Service")
T = TypeVar("T", bound=Resource)

# Annotations are texts where PEP 563 is in force. These are checked at the parse stage; others an operation
# checks itself.
_PLAIN: Mapping[object, type] = {"str": str, "bytes": bytes, str: str, bytes: bytes}

Kinds = tuple[type[Credential], ...]


class Call(Generic[T]):
    """All that an operation sees of the call that it serves.

    target     the resource; `scope` is what the call is about, which is its id unless the service says else
    identity   who was proved; `initiator` is the component that made the outermost call
    now        seconds on the lab's clock
    undo       registers a step that takes back a change just made, should this call or the one around it
               fail
    took       records a simulated duration in milliseconds, which moves no clock
    flow       tells the outermost call that this one belongs to from all others
    """

    __slots__ = ("_ask", "flow", "identity", "initiator", "now", "scope", "target", "took", "undo")

    def __init__(
        self,
        target: T,
        scope: str,
        identity: Identity,
        now: int,
        initiator: str,
        undo: Callable[[Callable[[], object]], None],
        ask: Callable[..., Any],
        took: Callable[[int], None],
        flow: int = 0,
    ) -> None:
        self.target = target
        self.scope = scope
        self.identity = identity
        self.now = now
        self.initiator = initiator
        self.undo = undo
        self._ask = ask
        self.took = took
        self.flow = flow

    def ask(self, op: Op[P, R], target: str, cred: Credential, *args: P.args, **kwargs: P.kwargs) -> R:
        """A call from this resource on another one, through the same door. Raises a Refusal."""
        answer: R = self._ask(op, target, cred, args, kwargs)
        return answer


@dataclass(frozen=True)
class Demand:
    """What authorization asks: an action (`data` for one of the data plane), or none at all ("")."""

    action: str = ""
    data: bool = False


class Op(Generic[P, R]):
    """A declared operation. `P` and `R` are what the caller passes and gets back.

    name    as Azure's reference calls it
    accepts kinds of credential; may depend on the resource
    action  what authorization asks for; may depend on the scope and the arguments of the call
    parse   looks at the arguments after authorization and raises BadRequest; it is given those, defaults
            included, that it has a parameter of the same name for
    """

    service: type[Service]

    def __init__(
        self,
        function: Callable[..., R],
        name: str,
        action: str | Callable[..., str],
        data: bool,
        accepts: Kinds | Callable[[Any], Kinds],
        parse: Callable[..., None] | None,
    ) -> None:
        self.function = function
        self.name = name
        self._action = action
        self._data = data
        self._demand = Demand("" if callable(action) else action, data)
        self._accepts = accepts
        self._parse = parse
        self.__doc__ = function.__doc__

    # Looked at when an operation is first called: a lab has hundreds, and starting it calls few.
    @cached_property
    def _signature(self) -> inspect.Signature:
        return inspect.signature(self.function)

    @cached_property
    def _parameters(self) -> dict[str, inspect.Parameter]:
        return dict(list(self._signature.parameters.items())[2:])

    @cached_property
    def _fewest(self) -> float:
        """With how many arguments it can be called by position alone; with none of them where some are not
        given so."""
        kinds = {parameter.kind for parameter in self._parameters.values()}
        needed = sum(parameter.default is parameter.empty for parameter in self._parameters.values())
        return needed if kinds <= {inspect.Parameter.POSITIONAL_OR_KEYWORD} else math.inf

    @cached_property
    def _plain(self) -> dict[str, type]:
        kinds = ((name, _PLAIN.get(parameter.annotation)) for name, parameter in self._parameters.items())
        return {name: kind for name, kind in kinds if kind is not None}

    @cached_property
    def _parsed(self) -> dict[str, Any]:
        parsed = inspect.signature(self._parse).parameters if self._parse else {}
        return {name: self._parameters[name].default for name in parsed if name in self._parameters}

    def __set_name__(self, owner: type[Service], name: str) -> None:
        self.service = owner

    def accepted(self, resource: Resource) -> Kinds:
        """Kinds of credential that open this operation on this resource."""
        return self._accepts(resource) if callable(self._accepts) else self._accepts

    def demand(self, scope: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Demand:
        """What authorization has to allow for this call."""
        if not callable(self._action):
            return self._demand
        try:
            action = self._action(scope, *args, **kwargs)
        except TypeError:
            # Arguments that do not fit are refused later, at the parse stage, and not here.
            action = self._action(scope)
        return Demand(action, self._data)

    def request(self, scope: str, args: tuple[Any, ...], kwargs: Mapping[str, Any] | None = None) -> str:
        """The call in one text, for credentials that sign what they are used for. Bodies (bytes) are not
        part of it; arguments that do not fit make a text that nobody has signed."""
        try:
            given = self._given(args, kwargs or {})
        except TypeError:
            return ""
        # Each with its name, and in quotes: no text takes the place of another one.
        texts = (f"{name}={str.__repr__(value)}" for name, value in given.items() if isinstance(value, str))
        return "\n".join([self.name, scope.lower(), *texts])

    def _given(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments by name, in the order of the parameters. Raises TypeError where they do not fit."""
        # Most calls give all by position, and Python's own way takes five times as long.
        if not kwargs and self._fewest <= len(args) <= len(self._parameters):
            return dict(zip(self._parameters, args, strict=False))
        return self._signature.bind(None, None, *args, **kwargs).arguments

    def check(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        """The parse stage. Raises BadRequest."""
        try:
            given = self._given(args, kwargs)
        except TypeError as error:
            wanted = ", ".join(self._parameters) or "nothing"
            raise BadRequest(f"{self.name}: {error}.", required=wanted) from None
        for name, kind in self._plain.items():
            # The very type: what a subclass says may differ from one look to the next.
            if name in given and type(given[name]) is not kind:
                # Only what it is: it may be a secret.
                raise BadRequest(
                    f"{self.name}: {name} has another type.",
                    presented=type(given[name]).__name__,
                    required=f"{name}: {kind.__name__}",
                )
        if self._parse is not None:
            self._parse(**{name: given.get(name, default) for name, default in self._parsed.items()})

    def __repr__(self) -> str:
        return f"<operation {self.service.__name__}: {self.name}>"


def operation(
    name: str,
    *,
    action: str | Callable[..., str] = "",
    data_action: str = "",
    accepts: Kinds | Callable[[Any], Kinds] = (Bearer,),
    parse: Callable[..., None] | None = None,
) -> Callable[[Callable[Concatenate[S, Call[T], P], R]], Op[P, R]]:
    """Declares a method of a Service as an operation. The method gets a Call and the arguments; it checks
    no token, no role and no network, and its last line is what commits."""

    def declare(function: Callable[Concatenate[S, Call[T], P], R]) -> Op[P, R]:
        return Op(function, name, data_action or action, bool(data_action), accepts, parse)

    return declare


Dialect = Mapping[type[Refusal], tuple[int, str]]

# What a service says that has no words of its own for it.  # assumption: common-codes
_COMMON: Dialect = {
    UnknownHost: (0, "HostNotFound"),
    RegionDown: (503, "ServiceUnavailable"),
    InsecureTransport: (400, "HttpsRequired"),
    TlsNotEnabled: (400, "TlsNotEnabled"),
    CallTooDeep: (508, "LoopDetected"),
    NetworkDenied: (403, "PublicNetworkAccessDenied"),
    Unauthenticated: (401, "Unauthorized"),
    Forbidden: (403, "Forbidden"),
    # assumption: guest-code
    GuestNotSupported: (403, "GuestUserNotSupported"),
    BadRequest: (400, "BadRequest"),
    NotFound: (404, "NotFound"),
    Conflict: (409, "Conflict"),
}


class Service:
    """A fake: a set of operations, and the words in which it refuses.

    name            for hops, diagrams and errors
    resource        what its operations are called on
    dialect         refusal type to (HTTP status, code); the nearest base class that is listed counts
    keeps_log       whether it is told of every call that reached one of its resources (`ended`)
    """

    name: ClassVar[str] = ""
    resource: ClassVar[type[Resource]] = Resource
    dialect: ClassVar[Dialect] = {}
    keeps_log: ClassVar[bool] = False

    def locate(self, target: str, resources: Resources) -> tuple[Resource, str]:
        """The resource that a call on `target` reaches, and the scope that it is about."""
        found = resources.find(target)
        if not isinstance(found, self.resource):
            raise UnknownHost(
                f"{self.name} does not answer there.",
                presented=without_query(target),
                required=f"the id or the address of one of these: {self.resource.service}",
            )
        return found, found.id

    def targets(self, resources: Resources) -> Iterator[str]:
        """Everything in the lab that its operations can be called on."""
        return (one.id for one in resources if isinstance(one, self.resource))

    def component(self, resource: Resource) -> Component:
        """Who asks where an operation on a resource asks somebody else: the resource, unless the service
        stands somewhere else."""
        return resource.component

    def ended(self, call: Call[Any], hop: Hop) -> None:
        """Told of a finished call, refused ones too, where the service keeps a log. `call.ask` makes hops
        below this one. Must not raise."""

    @classmethod
    def operations(cls) -> Iterator[Op[Any, Any]]:
        """All operations that this service declares."""
        return (
            value for base in reversed(cls.__mro__) for value in vars(base).values() if isinstance(value, Op)
        )

    def word(self, refusal: Refusal) -> Refusal:
        """Puts a refusal into this service's own words."""
        for kind in type(refusal).__mro__:
            found = self.dialect.get(kind) or _COMMON.get(kind)
            if found is not None:
                refusal.status, refusal.code = found
                break
        refusal.code = refusal.fixed_code or refusal.code
        refusal.service = self.name
        return refusal
