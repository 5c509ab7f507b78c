"""Drills: somebody did something, and the learner reads who it was, where anything says so."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import labkit
from labkit.core.choice import choice
from labkit.core.credential import Bearer
from labkit.core.entropy import Entropy
from labkit.core.operation import Op, P, R
from labkit.core.show import Shown
from labkit.core.table import Table
from labkit.core.verdict import Verdict
from labkit.course.key_scene import OWNER
from labkit.course.scenes import give, object_id
from labkit.course.stepping import uncounted
from labkit.furniture import CLUSTER, REGION
from labkit.lab import Lab
from labkit.services.app_insights import AppInsights
from labkit.services.authorization import Authorization
from labkit.services.machine_learning.activities import Activities
from labkit.services.machine_learning.models import Models
from labkit.services.machine_learning.runs import Runs
from labkit.services.machine_learning.web_services import WebServices
from labkit.services.monitor import Monitor
from labkit.services.resource_manager import ResourceManager

SUSPECTS = ("carl", "dora", "emil")
_NAMES = f"{', '.join(SUSPECTS[:-1])} or {SUSPECTS[-1]}"
UNKNOWN = "cannot be known"
_SERVICE, _MODEL, _EXPERIMENT = "prices", "churn", "night"


@dataclass(frozen=True)
class Drill:
    """Something that somebody did: what is found afterwards, and how it is done, with the rights of whoever
    does it. `role` is what each suspect holds in the resource group."""

    found: str
    done: Callable[[Lab, str, Bearer], object]
    role: str = "Contributor"
    wanted: str = ""


def _unassign(lab: Lab, who: str, token: Bearer) -> None:
    rita = object_id(lab, "rita")
    for one in lab.ask(who, Authorization.assignments, lab.resource_group, token):
        if one["principalId"] == rita:
            lab.ask(who, Authorization.unassign, one["id"], token)


def _delete_service(lab: Lab, who: str, token: Bearer) -> None:
    lab.ask(who, WebServices.delete_aci, lab.workspace, token, _SERVICE)


DRILLS: Mapping[str, Drill] = {
    "role assignment": Drill(
        "rita cannot read ml-example any more: her role assignment is gone.", _unassign, role="Owner"
    ),
    "storage key": Drill(
        "The storage account's first key is another one, and a nightly job fails.",
        lambda lab, who, token: lab.ask(
            who, ResourceManager.post, lab.storage, token, "regenerateKey", {"keyName": "key1"}
        ),
    ),
    "compute target": Drill(
        "The cluster gpu is gone.",
        lambda lab, who, token: lab.ask(who, ResourceManager.delete, f"{lab.workspace}/computes/gpu", token),
    ),
    "model": Drill(
        "There is a new version of the model churn, and it is bad.",
        lambda lab, who, token: lab.ask(who, Models.register, lab.workspace, token, _MODEL, b"bad weights"),
    ),
    "run": Drill(
        "A run night_1 has used up the cluster for a night.",
        lambda lab, who, token: lab.ask(
            who, Runs.submit, lab.workspace, token, _EXPERIMENT, CLUSTER, lambda run: None
        ),
    ),
    "web service": Drill(
        "The web service prices is gone, and a shop is closed.",
        _delete_service,
        wanted="Azure ML deletes the container group with the workspace's own identity. It would take a log "
        "of Azure ML itself that has the caller of each call, set up before it happens.",
    ),
}


def _mine(lab: Lab, op: Op[P, R], target: str, *args: P.args, **kwargs: P.kwargs) -> R:
    return lab.ask(OWNER, op, target, lab.sign_in(OWNER).bearer, *args, **kwargs)


def _insights(lab: Lab) -> object:
    workspace: Any = lab.resources.find(lab.workspace)
    component = workspace.depends_on["insights"]
    return _mine(lab, AppInsights.query, component), _mine(lab, AppInsights.traces, component)


# Everything that the owner can read. Each raises what the door raises.
SOURCES: Mapping[str, Callable[[Lab], object]] = {
    "activity log": lambda lab: _mine(lab, Monitor.activity_log, lab.subscription),
    "Activities": lambda lab: _mine(lab, Activities.list, lab.workspace),
    "metrics": lambda lab: _mine(lab, Monitor.metrics, lab.workspace),
    "Application Insights": _insights,
    "models": lambda lab: _mine(lab, Models.list_models, lab.workspace),
    "run history": lambda lab: _mine(lab, Runs.get, lab.workspace, f"{_EXPERIMENT}_1"),
}


@dataclass(frozen=True, repr=False)
class Answer(Shown):
    """Whether an answer is right, and what there is to see of it."""

    right: bool
    said: str
    why: str
    evidence: Table

    def __repr__(self) -> str:
        word = "right" if self.right else "not right"
        return f"{self.said}: {word}. {self.why}\n\n{self.evidence!r}"


@dataclass(frozen=True, repr=False)
class WhoDidThis(Shown):
    """A drill in a lab: `lab` is where the logs are, and olivia may read all of them."""

    lab: Lab
    drill: str
    _culprit: str = field(repr=False)

    def answer(self, name: str) -> Answer:
        """Tries an answer: one of the suspects, or "cannot be known". What is right is found out by letting
        each suspect do it, each in a lab of their own: where everything that can be read is the same then,
        nobody can know. Raises BadInput for any other answer."""
        said = choice("answer", name, (*SUSPECTS, UNKNOWN))
        telling = telling_sources(self.drill, self.lab.release.name, self.lab.seed)
        evidence = _evidence(self.lab, telling)
        if not telling:
            right = said == UNKNOWN
            why = f"The same would be there, word for word, had it been {_NAMES}. "
            why += DRILLS[self.drill].wanted if right else "A guess may hit, and proves nothing."
            return Answer(right, said, why, evidence)
        where = " and ".join(telling)
        if said == UNKNOWN:
            return Answer(False, said, f"Something says who it was: {where}.", evidence)
        if said != self._culprit:
            return Answer(False, said, f"Look again: {where}.", evidence)
        return Answer(True, said, f"It is in: {where}.", evidence)

    def __repr__(self) -> str:
        return (
            f"{DRILLS[self.drill].found} It was {_NAMES}: all of them may do that, and all of them were at "
            f"work.\nolivia may read everything: who was it? answer(name), or answer({UNKNOWN!r})"
        )


def _evidence(lab: Lab, telling: tuple[str, ...]) -> Table:
    rows = [(name, "yes" if name in telling else "no") for name in SOURCES]
    return Table(("what can be read", "says who it was"), rows)


def who_did_this(drill: str, seed: int | None = 2020, release: str = "2020-03") -> WhoDidThis:
    """Sets a drill in a lab of its own; who did it follows from the seed. Raises BadInput for a drill that is
    not in DRILLS. Statements mon-activity-log, mon-activity-gaps."""
    drill = choice("drill", drill, DRILLS)
    drawn = Entropy(seed)(f"who did this/{drill}", 8)
    culprit = SUSPECTS[int.from_bytes(drawn) % len(SUSPECTS)]
    return uncounted(lambda: WhoDidThis(_set(labkit.start(release, seed), drill, culprit), drill, culprit))


def telling_sources(drill: str, release: str = "2020-03", seed: int | None = 2020) -> tuple[str, ...]:
    """What says who it was: the SOURCES that read differently for each suspect. Tried, with each of them, in
    labs of their own. Raises BadInput."""
    drill = choice("drill", drill, DRILLS)
    # Labs of real entropy differ in all that is drawn: these may differ in who does it, and in nothing else.
    same = int.from_bytes(Entropy(None)("who did this", 7)) if seed is None else seed

    def read() -> list[Lab]:
        return [_set(labkit.start(release, same), drill, who) for who in SUSPECTS]

    labs = uncounted(read)
    return tuple(
        name for name, source in SOURCES.items() if len({_text(source, lab) for lab in labs}) == len(SUSPECTS)
    )


def _text(source: Callable[[Lab], object], lab: Lab) -> str:
    """Word for word what a source says, or with which words it refuses."""
    found = Verdict.of(lambda: source(lab))
    return repr(found.value) if found else str(found.code)


def _set(lab: Lab, drill: str, culprit: str) -> Lab:
    """The same for every culprit, but for who does it."""
    for who in SUSPECTS[1:]:
        lab.hire(who)
    for who in SUSPECTS:
        role = DRILLS[drill].role
        if (who, role) != ("carl", "Contributor"):
            give(lab, who, role, lab.resource_group)
    lab.clock.advance("6h")
    for who in SUSPECTS:
        _work(lab, who)
    token = lab.sign_in(culprit).bearer
    DRILLS[drill].done(lab, culprit, token)
    for who in reversed(SUSPECTS):
        lab.clock.advance("7m")
        _compute(lab, who, f"{who}-later")
    return lab


def _compute(lab: Lab, who: str, name: str) -> None:
    lab.ask(who, ResourceManager.put, f"{lab.workspace}/computes/{name}", lab.sign_in(who).bearer, REGION)


def _work(lab: Lab, who: str) -> None:
    """What they do on any day. carl has made what somebody else will do away with."""
    token = lab.sign_in(who).bearer
    if who == "carl":
        _compute(lab, who, "gpu")
        lab.ask(who, Models.register, lab.workspace, token, _MODEL, b"weights")
        lab.ask(who, WebServices.deploy_aci, lab.workspace, token, _SERVICE, _MODEL)
    _compute(lab, who, f"{who}-box")
    lab.clock.advance("11m")
