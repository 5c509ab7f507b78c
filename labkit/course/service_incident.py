"""Scene: a key of a web service was committed to a public repository. And what the requests say of that."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from labkit.authenticators.service_key import ServiceKey
from labkit.core.errors import BadInput
from labkit.core.secret import Secret
from labkit.core.show import Shown
from labkit.core.table import Table
from labkit.course.scenes import check_lab
from labkit.course.service_scene import OWNER, deploy, keys_of
from labkit.lab import Lab
from labkit.services.app_insights import AppInsights, Requests
from labkit.services.machine_learning.scoring import Scoring
from labkit.services.machine_learning.service_forms import WHICH
from labkit.services.machine_learning.web_services import WebService, WebServices

NAME = "prices"
HONEST: Mapping[str, str] = {"shop": "Primary", "night job": "Secondary"}
_LEAKED = "Secondary"
_SCANNER = "python-requests/2.22.0"
_STORY = """\
Somebody has committed a key of the web service prices to a public repository: the file has its address, and
a text of {length} characters, with no word on which of the two keys that is. The file is gone by now. Copies
are not.

Two honest clients call the service. The shop holds the primary key, the night job holds the secondary key.
Application Insights has the requests of the last hour. Some of them are nobody's whom olivia knows."""


@dataclass(frozen=True)
class Attempt:
    """A request: how many minutes after the one before, made by whom, under which name (user agent), with
    which body. Honest clients present their own key, anybody else the one that leaked."""

    after: int
    maker: str
    says: str
    body: str = "[1, 2, 3]"
    wrong_key: bool = False


def _honest(after: int, client: str) -> Attempt:
    return Attempt(after, client, client)


ATTEMPTS = (
    _honest(0, "shop"),
    _honest(10, "night job"),
    Attempt(3, "mallory", _SCANNER),
    Attempt(1, "mallory", _SCANNER, wrong_key=True),
    _honest(6, "shop"),
    Attempt(2, "mallory", "night job"),
    _honest(8, "night job"),
    _honest(10, "shop"),
)


@dataclass(frozen=True, repr=False)
class Leak(Shown):
    """What is known at first: the story, the service, the value that was found (`leaked.reveal()`), and the
    id of the Application Insights component that the service reports to."""

    lab: Lab
    service: WebService
    leaked: Secret
    insights: str

    @property
    def clients(self) -> Table:
        """One row for each honest client, by the owner's list."""
        return Table(("client", "holds"), list(HONEST.items()))

    def __repr__(self) -> str:
        return f"{_STORY.format(length=len(self.leaked.reveal()))}\n\n{self.clients!r}"


def leaked_key(lab: Lab) -> Leak:
    """Sets the scene in a new lab: a service with two honest clients, one of whose keys leaked, and an hour
    of requests. Raises BadInput in a lab that has this service already."""
    check_lab(lab)
    token = lab.sign_in(OWNER).bearer
    if NAME in (one.name for one in lab.ask(OWNER, WebServices.list_services, lab.workspace, token)):
        raise BadInput(
            "This scene has a service of its own.",
            presented=f"a lab that has a service {NAME} already",
            required="a new lab",
            advice="lab = labkit.start()",
        )
    return _set(lab, ATTEMPTS, _LEAKED)


def _set(lab: Lab, attempts: Sequence[Attempt], leaked: str) -> Leak:
    service = deploy(lab, "key", name=NAME)
    keys = dict(zip(WHICH, keys_of(lab, service), strict=True))
    for one in attempts:
        lab.clock.advance(60 * one.after)
        key = ServiceKey("guessed") if one.wrong_key else keys[HONEST.get(one.maker, leaked)]
        lab.attempt(one.says, Scoring.score, service.address, key, one.body)
    workspace: Any = lab.resources.find(lab.workspace)
    return Leak(lab, service, Secret(keys[leaked].key), workspace.depends_on["insights"])


def requests_of(scene: Leak) -> Requests:
    """What Application Insights shows olivia. Raises what the door raises."""
    return scene.lab.ask(OWNER, AppInsights.query, scene.insights, scene.lab.sign_in(OWNER).bearer)


_Change = Callable[[Attempt], Attempt | None]
# What somebody may want to know about mallory's requests: what would have been another answer to it.
_OTHERWISE: Mapping[str, tuple[_Change, str]] = {
    "how many": (lambda one: None if one.wrong_key else one, _LEAKED),
    "when": (lambda one: replace(one, after=one.after + 1), _LEAKED),
    "which were refused": (lambda one: replace(one, wrong_key=False), _LEAKED),
    "which key": (lambda one: one, next(which for which in WHICH if which != _LEAKED)),
    "which data": (lambda one: replace(one, body="[9, 9, 9]"), _LEAKED),
    "who": (lambda one: replace(one, maker=one.says) if one.says in HONEST else one, _LEAKED),
}
QUESTIONS = tuple(_OTHERWISE)


def undecided(new_lab: Callable[[], Lab]) -> frozenset[str]:
    """The QUESTIONS that the requests leave open: where another answer would have left the very same ones
    behind. Each is tried in a lab of its own. Statement mon-app-insights."""
    found = requests_of(_set(new_lab(), ATTEMPTS, _LEAKED)).found
    return frozenset(
        question
        for question, (change, leaked) in _OTHERWISE.items()
        if requests_of(_set(new_lab(), _otherwise(change), leaked)).found == found
    )


def _otherwise(change: _Change) -> list[Attempt]:
    changed = (change(one) if one.maker not in HONEST else one for one in ATTEMPTS)
    return [one for one in changed if one is not None]
