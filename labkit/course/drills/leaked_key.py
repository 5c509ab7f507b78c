"""Drill: one of the two keys of one of several web services is in the wrong hands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from labkit.authenticators.service_key import ServiceKey
from labkit.core.clock import iso
from labkit.core.errors import BadInput, brief
from labkit.core.secret import Secret
from labkit.core.table import Table
from labkit.course.drills.facts import LATER, moment
from labkit.course.drills.incident import ATTACKER, MINUTE, ON_CALL, Incident, Worker
from labkit.course.drills.recorded import recorded
from labkit.course.drills.words import Words
from labkit.course.service_scene import deploy, keys_of
from labkit.services.machine_learning.scoring import Scoring
from labkit.services.machine_learning.service_forms import WHICH
from labkit.services.machine_learning.web_services import WebService, WebServices
from labkit.services.machine_learning.workspace import Workspace

_SERVICES = ("churn", "fraud", "prices", "routes", "stock")
_CLIENTS = ("app", "call-centre", "night-job", "partner", "report", "shop", "till", "warehouse")
_SCANNERS = ("curl/7.68.0", "Go-http-client/1.1", "python-requests/2.22.0")
_BODY = "[1, 2, 3]"


@dataclass
class _Client:
    """A client of a service, the key that it was given, and what it presents now."""

    name: str
    service: WebService
    which: str
    holds: ServiceKey


class LeakedKey(Incident):
    """Besides what every incident has: the `services`, what was `found`, and the id of the component of
    Application Insights, `insights`."""

    name: ClassVar[str] = "leaked-key"
    task: ClassVar[str] = "drill-key"
    deed: ClassVar[str] = "call a web service with the key that leaked"

    def _set(self) -> None:
        draw = self._draw
        self.moved = False
        targets = draw.some("targets", ("aks", "aks", "aci"), 3)
        names = draw.some("services", _SERVICES, 3)
        self.services = tuple(
            deploy(self.lab, "key", target=target, name=name)
            for name, target in zip(names, targets, strict=True)
        )
        self._clients = dict(self._hired())
        self.workers = tuple(
            Worker(one.name, f"call {one.service.name}", partial(self._calls, one))
            for one in self._clients.values()
        )
        self._leaked = draw.one("leaked service", self.services)
        self._which = draw.one("which key", WHICH)
        self._stolen = dict(zip(WHICH, keys_of(self.lab, self._leaked), strict=True))[self._which]
        self._scanner = draw.one("scanner", _SCANNERS)
        self.found = Secret(self._stolen.key)
        workspace = self.lab.resources.find(self.lab.workspace)
        assert isinstance(workspace, Workspace)
        self.insights = workspace.depends_on["insights"]
        self._live_through()

    def _hired(self) -> Iterator[tuple[str, _Client]]:
        names = iter(self._draw.some("clients", _CLIENTS, 2 * len(self.services)))
        for service in self.services:
            for which, key in zip(WHICH, keys_of(self.lab, service), strict=True):
                name = next(names)
                yield name, _Client(name, service, which, key)

    def _calls(self, one: _Client) -> object:
        return self._score(one.name, one.service, one.holds)

    def _live_through(self) -> None:
        """A morning: everybody calls; at some moment somebody begins to try what they have found."""
        begin = 3 + self._draw.number("begin", 8)
        tried = [one for one in self._draw.some("tried", self.services, 3) if one is not self._leaked]
        for turn in range(begin):
            self._turn(turn)
        first_try = self.lab.clock.now
        for service in tried:
            self._scan(service)
            self.lab.clock.advance(MINUTE * (1 + self._draw.number(f"pause/{service.name}", 4)))
        self._since = self.lab.clock.now
        self._scan(self._leaked)
        for turn in range(begin, begin + 4):
            self._turn(turn)
            self._scan(self._leaked)
        # Under the name of somebody who is known: nothing proves a name.
        mask = self._draw.one("mask", [one.name for one in self._clients.values()])
        self._scan(self._leaked, mask)
        reported = self.lab.clock.now
        self._turn(begin + 4)
        self._scan(self._leaked)
        self.lab.clock.advance(20 * MINUTE)
        self._brief(first_try, reported)

    def _turn(self, turn: int) -> None:
        for one in self.workers:
            self.lab.clock.advance(MINUTE * (1 + self._draw.number(f"turn/{turn}/{one.name}", 4)))
            self._act(one.name, one.work)

    def _scan(self, service: WebService, user_agent: str = "") -> None:
        says = user_agent or self._scanner
        self._act(ATTACKER, lambda: self._score(says, service, self._stolen))

    def _score(self, user_agent: str, service: WebService, key: ServiceKey) -> object:
        return self.lab.ask(user_agent, Scoring.score, service.address, key, _BODY)

    def _brief(self, first_try: int, reported: int) -> None:
        words = Words(self.name)
        self._briefing = words.briefing(length=len(self._stolen.key), reported=iso(reported))
        leaked, which = self._leaked.name, self._which
        services, other = (
            sorted(one.name for one in self.services),
            next(one for one in WHICH if one != which),
        )
        held = {one.which: one.name for one in self._clients.values() if one.service is self._leaked}
        tries = {moment(first_try): "a-try-is-a-way-in", LATER: "known-is-begun"}
        self._facts = (
            words.fact("service", leaked, services, dict.fromkeys(services, "tried-is-opened")),
            words.fact("key", which, WHICH, {other: "the-first-one-probably"}),
            words.fact("holder", held[which], sorted(self._clients), {held[other]: "any-client-of-it"}),
            words.fact("since", moment(self._since), (), tries),
        )

    def attack(self) -> object:
        """A call with what leaked."""
        return self._score(self._scanner, self._leaked, self._stolen)

    @recorded
    def hand_out(self, client: str, which: str) -> None:
        """Has a client of a service take another of its two keys, as that key is at this moment. Takes a
        minute. Raises BadInput."""
        one = self._clients.get(client) if type(client) is str else None
        if one is None:
            raise BadInput(
                "No service has this client.", presented=brief(client), required=", ".join(self._clients)
            )
        if type(which) is not str or which not in WHICH:
            raise BadInput("A service has two keys.", presented=brief(which), required=" or ".join(WHICH))

        def given() -> None:
            one.holds = dict(zip(WHICH, keys_of(self.lab, one.service), strict=True))[which]
            one.which, self.moved = which, True

        self.step(given)

    @property
    def is_open(self) -> bool:
        """Whether a service answers whoever presents nothing."""
        found = self.lab.ask(
            ON_CALL, WebServices.list_services, self.lab.workspace, self.lab.sign_in(ON_CALL).bearer
        )
        return any(one.auth == "none" for one in found)

    @property
    def clients(self) -> Table:
        """Who holds which key, by the owners' list. It has no word on what somebody else holds."""
        rows = [(one.name, one.service.name, one.which) for one in self._clients.values()]
        return Table(("client", "service", "key"), rows)
