"""Request logs of a web service: clients at work, some of whom are refused now and then, and some who guess
keys. All requests go through the door."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache

import labkit
from labkit.authenticators.service_key import ServiceKey
from labkit.core.operation import Op, P, R
from labkit.course.drills.incident import Draw
from labkit.course.key_scene import OWNER
from labkit.course.service_scene import MODEL, keys_of, regenerate
from labkit.course.stepping import uncounted
from labkit.lab import Lab
from labkit.services.app_insights import AppInsights, Requests
from labkit.services.machine_learning.models import Models
from labkit.services.machine_learning.scoring import Scoring
from labkit.services.machine_learning.serving import ScoringScript
from labkit.services.machine_learning.web_services import WebServices
from labkit.services.machine_learning.workspace import Workspace

# Who guesses is refused so many times, within so many seconds.
REFUSED, WITHIN = 5, 600
_MINUTE, _HOUR, _DAY = 60, 3600, 24 * 3600
_GOOD, _OLD, _GUESS, _FAILING = (
    "the key",
    "the old key",
    "a guess",
    "the key, with data that score.py fails on",
)
# The old key bites from this moment on.
_ROTATED = 8 * _HOUR
# Everybody is called something of this kind, whatever they do.
_NAMES = (
    *("app", "backup", "billing", "call-centre", "curl/7.68.0", "Go-http-client/1.1", "kiosk", "night-job"),
    *("partner", "python-requests/2.22.0", "report", "shop", "till", "warehouse"),
)
Plan = list[tuple[int, str]]


def _every(start: int, count: int, gap: int, what: str) -> Plan:
    return [(start + gap * number, what) for number in range(count)]


def _begin(draw: Draw, what: str) -> int:
    """A moment of the day that is 4 minutes into ten minutes of the clock, when it is counted from the first
    request or from midnight: what takes 8 minutes from there is cut in two."""
    return (1 + draw.number(f"{what}/begin", 6)) * _HOUR + 4 * _MINUTE


def _busy(draw: Draw) -> Plan:
    # The first request of all, so that time is counted from there.
    return [(0, _GOOD), *_every(_HOUR, 30, 47 * _MINUTE, _GOOD)]


def _mistyped(draw: Draw) -> Plan:
    start = _begin(draw, "mistyped") + _MINUTE
    return [(start, _GUESS), *_every(start + 20, 2, 5 * _HOUR, _GOOD)]


def _rotated(draw: Draw) -> Plan:
    return [*_every(_ROTATED - 90, 3, 30, _OLD), *_every(_ROTATED + 5, 4, 15, _OLD), (_ROTATED + 75, _GOOD)]


def _hourly(draw: Draw) -> Plan:
    late = _ROTATED + 11 * _MINUTE
    return [*_every(_HOUR, 2, 2 * _HOUR, _OLD), *_every(late, 9, _HOUR, _OLD), (late + 9 * _HOUR, _GOOD)]


def _failing(draw: Draw) -> Plan:
    return _every(_begin(draw, "failing") + 9 * _HOUR, 7, 40, _FAILING)


def _fast(draw: Draw) -> Plan:
    return _every(
        _begin(draw, "fast"), 8 + draw.number("fast/count", 5), 2 + draw.number("fast/gap", 4), _GUESS
    )


def _late(draw: Draw) -> Plan:
    return _every(_DAY - 4 * _MINUTE, 6, 10, _GUESS)


def _slow(draw: Draw) -> Plan:
    return _every(_begin(draw, "slow") - 4 * _MINUTE + 10, REFUSED, 125 + draw.number("slow/gap", 15), _GUESS)


def _across(draw: Draw) -> Plan:
    start = _begin(draw, "across") + _HOUR
    # The first one comes too early to count, and would begin ten minutes of its own.
    return [
        (start - 9 * _MINUTE, _GUESS),
        *_every(start, REFUSED, 121 + draw.number("across/gap", 20), _GUESS),
    ]


def _lucky(draw: Draw) -> Plan:
    start = _begin(draw, "lucky") + 10 * _HOUR
    return [*_every(start, 6, 10, _GUESS), *_every(start + 4 * _MINUTE, 12, _MINUTE, _GOOD)]


# What each does, by what they are. Guessers are those of GUESSERS, and nobody else.
_PLANS = {
    "busy": _busy,
    "mistyped": _mistyped,
    "rotated": _rotated,
    "hourly": _hourly,
    "failing": _failing,
    "fast": _fast,
    "late": _late,
    "slow": _slow,
    "across": _across,
    "lucky": _lucky,
}
GUESSERS = ("fast", "late", "slow", "across", "lucky")
_HONEST = tuple(kind for kind in _PLANS if kind not in GUESSERS)
DAYS: Mapping[int, tuple[str, ...]] = {
    1: ("fast", "late"),
    2: ("slow",),
    3: ("across",),
    4: ("lucky", "fast"),
    5: (),
}


@dataclass(frozen=True)
class Day:
    """What Application Insights has of a day, and what each user agent in it is: one of GUESSERS, or a client
    who is none."""

    requests: Requests
    kinds: Mapping[str, str]

    @property
    def guessing(self) -> frozenset[str]:
        """The user agents who were guessing."""
        return frozenset(name for name, kind in self.kinds.items() if kind in GUESSERS)

    @property
    def copy(self) -> Requests:
        """The same log again: whoever changes this one changes no other."""
        return Requests(tuple(map(replace, self.requests)), asked_at=self.requests.asked_at)


@cache
def day(number: int, seed: int = 2020) -> Day:
    """One of DAYS, lived through in a lab of its own. Statement mon-app-insights."""
    return uncounted(lambda: _lived(labkit.start(seed=seed), number))


def _lived(lab: Lab, number: int) -> Day:
    draw = Draw(lab, f"guessed keys/{number}")
    kinds = (*_HONEST, *DAYS[number])
    called = dict(zip(draw.some("names", _NAMES, len(kinds)), kinds, strict=True))
    plans = sorted((at, who, what) for who, kind in called.items() for at, what in _PLANS[kind](draw))
    _play(lab, plans)
    workspace = lab.resources.find(lab.workspace)
    assert isinstance(workspace, Workspace)
    insights, token = workspace.depends_on["insights"], lab.sign_in(OWNER).bearer
    return Day(lab.ask(OWNER, AppInsights.query, insights, token), called)


def _play(lab: Lab, plans: list[tuple[int, str, str]]) -> None:
    _mine(lab, Models.register, MODEL, b"weights")
    service = _mine(
        lab, WebServices.deploy_aci, "prices", MODEL, True, script=ScoringScript(_score, text="score.py")
    )
    primary, secondary = keys_of(lab, service)
    begin, rotated = lab.clock.now, False
    for number, (at, who, what) in enumerate(plans):
        if at >= _ROTATED and not rotated:
            rotated = True
            regenerate(lab, service, "Primary")
        lab.clock.advance(begin + at - lab.clock.now)
        guess = ServiceKey(f"guess {number}")
        shown = {_GUESS: guess, _OLD: primary}.get(what, secondary)
        lab.attempt(who, Scoring.score, service.address, shown, '["?"]' if what == _FAILING else "[1]")
    lab.clock.advance(begin + _DAY - lab.clock.now)


def _score(raw: str) -> int:
    return int(raw.strip("[]"))


def _mine(lab: Lab, op: Op[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    return lab.ask(OWNER, op, lab.workspace, lab.sign_in(OWNER).bearer, *args, **kwargs)
