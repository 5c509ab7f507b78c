"""Clients of web services over hours of the lab's time: who holds what, who renews it when, and what the
service answers. Everything is tried through the door."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import labkit
from labkit.core.choice import choice
from labkit.core.credential import Credential
from labkit.core.errors import BadInput, brief
from labkit.core.table import Table, Tabular
from labkit.core.verdict import Verdict
from labkit.course import case
from labkit.course.service_scene import deploy, fetch, keys_of, opens
from labkit.course.stepping import uncounted
from labkit.display.strip_chart import Band, Kind, strip_chart
from labkit.lab import Lab
from labkit.services.machine_learning.scoring import Scoring
from labkit.services.machine_learning.web_services import ServiceAccess

# Now, refresh_by and the end of the token at hand, in minutes from the beginning: is a new one asked for?
Due = Callable[[int, int, int], bool]
# The workspace is in eastus. The cluster is elsewhere, so that one of them can be down alone.
CLUSTER_REGION = "westeurope"
LONGEST = 60 * 24 * 7
# By whether a token is asked for, and whether it is answered.
_KINDS = {
    (False, True): Kind("answered", "o", True),
    (False, False): Kind("refused", "x", False),
    (True, True): Kind("got a token", "^", True),
    (True, False): Kind("got no token", "v", False),
}


@dataclass(frozen=True)
class Client:
    """How a client gets in. `due` says when it asks for a new token before a call, None that it holds a key;
    `after_refusal` lets it ask for one when it is refused, and call again with that."""

    due: Due | None
    after_refusal: bool = False


CLIENTS: Mapping[str, Client] = {
    "holds a key": Client(None),
    "refreshes on time": Client(lambda now, refresh_by, end: now >= refresh_by),
    "refreshes when refused": Client(lambda now, refresh_by, end: False, after_refusal=True),
    "never refreshes": Client(lambda now, refresh_by, end: False),
}


@dataclass(frozen=True)
class ServiceCall:
    """One call, or (`fetching`) one request for a token. Minutes count from the beginning; `refresh_by` and
    `end` are those of the token at hand, None where there is none."""

    client: str
    minute: int
    fetching: bool
    answer: str
    refresh_by: int | None = None
    end: int | None = None

    @property
    def ok(self) -> bool:
        """Whether it was answered."""
        return self.answer == "200"


@dataclass(frozen=True, repr=False)
class Timeline(Tabular):
    """What the clients lived to see. `minutes` is when they called last; `outage` is when the workspace's
    region was down: from the first of these minutes to the one before the second."""

    calls: tuple[ServiceCall, ...]
    minutes: int
    outage: tuple[int, int] | None

    @property
    def clients(self) -> tuple[str, ...]:
        """Their names, in order."""
        return tuple(dict.fromkeys(call.client for call in self.calls))

    def of(self, client: str, fetching: bool = False) -> tuple[ServiceCall, ...]:
        """The calls of a client, or its requests for tokens."""
        return tuple(one for one in self.calls if one.client == client and one.fetching is fetching)

    def refused(self, client: str) -> int:
        """How many of its calls were."""
        return sum(not call.ok for call in self.of(client))

    def as_table(self) -> Table:
        """One row for each stretch of equal answers."""
        rows = [
            (client, _minutes([one.minute for one in stretch]), len(stretch), what, answer)
            for client in self.clients
            for fetching, what in ((True, "get_token"), (False, "score"))
            for answer, stretch in (
                (answer, list(group))
                for answer, group in groupby(self.of(client, fetching), key=lambda one: one.answer)
            )
        ]
        return Table(("client", "minutes", "calls", "of", "answer"), rows, caption=self.caption)

    @property
    def caption(self) -> str:
        """What is seen, in a line."""
        if self.outage is None:
            return f"{self.minutes} minutes; all regions are up"
        begin, end = self.outage
        return f"{self.minutes} minutes; the workspace's region is down from minute {begin} to {end}"

    def picture(self) -> str:
        """A strip for each client (SVG)."""
        strips = {
            client: [
                (call.minute, _KINDS[call.fetching, call.ok]) for call in self.calls if call.client == client
            ]
            for client in self.clients
        }
        return strip_chart(self.caption, "minutes on the lab's clock", strips, self._band)

    @property
    def _band(self) -> Band | None:
        """The outage as far as somebody called: one of a week would leave no room for an hour of calls."""
        if self.outage is None or self.outage[0] > self.minutes:
            return None
        return Band(self.outage[0], min(self.outage[1], self.minutes), "the workspace's region is down")


def _minutes(minutes: Sequence[int]) -> str:
    if len(minutes) <= 4:
        return ", ".join(map(str, minutes))
    return f"{minutes[0]} to {minutes[-1]}"


def timeline(
    *clients: str,
    minutes: int = 180,
    every: int = 5,
    outage: tuple[int, int] | None = None,
    release: str = "2020-03",
    seed: int | None = 2020,
) -> Timeline:
    """What happens to CLIENTS (all of them, unless some are named) that call two services in a fresh lab, one
    that takes keys and one that takes tokens, every so many minutes. The services run in another region than
    the workspace, whose region is down during `outage`. Raises BadInput. Statements svc-token-expires,
    svc-token-refresh-by, svc-token-refresh-sp, svc-token-region."""
    chosen = {choice("client", name, CLIENTS): CLIENTS[name] for name in clients or CLIENTS}
    _check_whole("minutes", minutes, 0, LONGEST)
    _check_whole("every", every, 1, LONGEST)
    if outage is not None:
        if type(outage) is not tuple or len(outage) != 2:
            raise BadInput("When is the region down?", presented=brief(outage), required="(50, 70), or None")
        _check_whole("the first minute of the outage", outage[0], 0, LONGEST)
        _check_whole("the end of the outage", outage[1], outage[0], LONGEST)
    return uncounted(lambda: lived(labkit.start(release, seed), chosen, range(0, minutes + 1, every), outage))


def _check_whole(what: str, value: object, least: int, most: int) -> None:
    if type(value) is not int or not least <= value <= most:
        required = f"a whole number from {least} to {most:,}"
        raise BadInput(f"That is no value for {what}.", presented=brief(value), required=required)


def lived(
    lab: Lab, clients: Mapping[str, Client], minutes: Sequence[int], outage: tuple[int, int] | None = None
) -> Timeline:
    """The same in a lab that is there, with clients of any kind. Raises what a client's `due` raises."""
    present = _Present(lab)
    calls: list[ServiceCall] = []
    passed = 0
    for minute in minutes:
        lab.clock.advance(60 * (minute - passed))
        passed = minute
        down = outage is not None and outage[0] <= minute < outage[1]
        (lab.switchboard.down if down else lab.switchboard.up)(present.region)
        for name, client in clients.items():
            calls += present.turn(name, client)
    return Timeline(tuple(calls), minutes[-1], outage)


class _Present:
    """Two services, and what each client has in its hands by now."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self._begin = lab.clock.now
        self._by_key = deploy(lab, "key", region=CLUSTER_REGION)
        self._by_token = deploy(lab, "token", region=CLUSTER_REGION)
        self._key = keys_of(lab, self._by_key)[0]
        self._tokens: dict[str, ServiceAccess] = {}
        self.region = lab.resources.find(lab.workspace).region

    def turn(self, name: str, client: Client) -> list[ServiceCall]:
        """What a client does at this moment."""
        if client.due is None:
            return [self._score(name, self._by_key.address, self._key)]
        made = []
        held = self._tokens.get(name)
        if held is None or client.due(self._minute, *self._times(held)):
            made.append(self._fetch(name))
        scores = self._scores(name)
        made += scores
        # Whoever has no token to call with was not refused by the service, and has just asked for one.
        if client.after_refusal and not all(call.ok for call in scores):
            again = self._fetch(name)
            made += [again, *(self._scores(name) if again.ok else ())]
        return made

    def _scores(self, name: str) -> list[ServiceCall]:
        held = self._tokens.get(name)
        return [self._score(name, self._by_token.address, opens(held))] if held else []

    @property
    def _minute(self) -> int:
        return (self.lab.clock.now - self._begin) // 60

    def _times(self, held: ServiceAccess) -> tuple[int, int]:
        return (held.refresh_by - self._begin) // 60, (held.token.claims["exp"] - self._begin) // 60

    def _fetch(self, name: str) -> ServiceCall:
        verdict = Verdict.of(lambda: fetch(self.lab, self._by_token))
        if verdict.value is not None:
            self._tokens[name] = verdict.value
        return self._call(name, True, verdict)

    def _score(self, name: str, address: str, cred: Credential) -> ServiceCall:
        return self._call(name, False, self.lab.attempt(name, Scoring.score, address, cred, "[1, 2, 3]"))

    def _call(self, name: str, fetching: bool, verdict: Verdict[Any]) -> ServiceCall:
        held = self._tokens.get(name)
        times = self._times(held) if held else (None, None)
        return ServiceCall(name, self._minute, fetching, answer_of(verdict), *times)


def answer_of(verdict: Verdict[Any]) -> str:
    """The verdict as a client of a service sees it: what has no status came from no service."""
    if verdict.refusal is None or getattr(verdict.refusal, "status", False):
        return case.answer_of(verdict)
    return "no answer"
