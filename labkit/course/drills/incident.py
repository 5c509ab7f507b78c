"""An incident that somebody is on call for: who works meanwhile, who attacks, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from labkit.core.clock import iso, seconds
from labkit.core.errors import BadInput, LabError, brief
from labkit.core.operation import Op, P, R
from labkit.core.query import Log
from labkit.core.show import Shown
from labkit.core.table import Table
from labkit.core.verdict import Verdict
from labkit.course.case import answer_of
from labkit.course.drills.facts import Fact
from labkit.course.drills.recorded import Recording, recorded
from labkit.course.drills.service_log import ACTIVITY, service_log
from labkit.course.stepping import uncounted
from labkit.lab import Lab
from labkit.services.azure_ad import ARM, GRAPH, KEY_VAULT, STORAGE
from labkit.services.monitor import Monitor

T = TypeVar("T")

ON_CALL = "olivia"
ATTACKER = "the attacker"
MINUTE, HOUR, DAY = 60, 3600, 24 * 3600
MOST_CALLS = 80
_LONGEST = 60 * DAY
_AUDIENCES = {"Key Vault": KEY_VAULT, "Azure Storage": STORAGE, "Azure AD Graph": GRAPH}


class RunFailed(LabError):
    """Somebody's run did not complete."""

    code = "RunFailed"


@dataclass(frozen=True)
class Worker:
    """Somebody whose work has to go on. `work` does it once and raises what the door raises; it may be
    refused for `patience` seconds on end, and no longer. `rests` says so where the number would tell too
    much."""

    name: str
    does: str
    work: Callable[[], object]
    patience: int = 0
    rests: str = ""

    @property
    def allowed(self) -> str:
        """How long it may be refused, in words."""
        return self.rests or (
            f"refused for {span(self.patience)} at the most" if self.patience else "never refused"
        )


@dataclass(frozen=True)
class Reading:
    """What somebody was answered at a moment; `said` is the refusal's first line."""

    at: int
    who: str
    answer: str
    said: str = ""

    @property
    def ok(self) -> bool:
        """Whether it went well for whoever tried."""
        return self.answer == "200"


class Draw:
    """Chooses by the seed of a lab and a label: nothing else changes when one more thing is chosen."""

    def __init__(self, lab: Lab, drill: str) -> None:
        self._entropy = lab.parts.entropy
        self._drill = drill

    def number(self, label: str, below: int) -> int:
        """A whole number from 0 on, below `below`."""
        return int.from_bytes(self._entropy(f"drill/{self._drill}/{label}", 6), "big") % below

    def one(self, label: str, options: Sequence[T]) -> T:
        """One of them."""
        return options[self.number(label, len(options))]

    def some(self, label: str, options: Sequence[T], count: int) -> list[T]:
        """So many of them, in an order of its own."""
        left = list(options)
        return [left.pop(self.number(f"{label}/{place}", len(left))) for place in range(count)]


class Incident(Shown):
    """What somebody on call holds. They are olivia, and ask as olivia.

    lab       where it happened; its clock stands at the moment at which they were called
    limit     seconds within which the attacker has to be out, for good
    until     the moment at which everybody has to be at work again, at the latest
    recording what they have done up to now
    """

    name: ClassVar[str] = ""
    # What the ids of its exercises begin with.
    task: ClassVar[str] = ""
    limit: ClassVar[int] = HOUR
    # What a refusal of the attacker's looks like in a sentence, and what being let in does.
    deed: ClassVar[str] = ""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self._draw = Draw(lab, self.name)
        self._readings: list[Reading] = []
        self.workers: tuple[Worker, ...] = ()
        self._facts: tuple[Fact, ...] = ()
        self.calls: list[range] = []
        self.recording = Recording()
        self._briefing = ""
        self._left = MOST_CALLS
        self._set()
        self._call = len(self._readings)
        self.called_at = lab.clock.now
        self.until = self._end()

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> object:
            raise AttributeError(
                f"The incident {type(self).name} has no {name!r}; each drill begins with its own drill(...)"
            )

    def _end(self) -> int:
        """The moment at which everybody has to be at work again."""
        return self.called_at + self.limit

    def _set(self) -> None:
        """Makes it happen: sets `workers`, `facts` and the briefing."""
        raise NotImplementedError

    def attack(self) -> object:
        """What the attacker does, once more. Raises what the door raises."""
        raise NotImplementedError

    def log(self, name: str) -> Log[Any]:
        """The activity log of the subscription, or what a service has written down, until now. Looking takes
        no time. Raises BadInput, which names those that keep a log."""
        if name != ACTIVITY:
            return service_log(self.lab, name)
        return self._watched(lambda: self._ask(Monitor.activity_log, self.lab.subscription))

    @recorded
    def ask(self, op: Op[P, R], target: str, /, *args: P.args, **kwargs: P.kwargs) -> R:
        """A call of olivia's, with a token of hers. It takes a minute, in which everybody goes on. Raises
        what the door raises, and BadInput for what is no operation."""
        return self.step(lambda: self._ask(op, target, *args, **kwargs))

    def _ask(self, op: Op[P, R], target: str, /, *args: P.args, **kwargs: P.kwargs) -> R:
        if type(op) is not Op or not hasattr(op, "service"):
            required = "an operation of labkit.azure's, for instance ResourceManager.get"
            raise BadInput("That is no operation.", presented=brief(op), required=required)
        token = self.lab.sign_in(ON_CALL, resource=_AUDIENCES.get(op.service.name, ARM)).bearer
        return self.lab.ask(ON_CALL, op, target, token, *args, **kwargs)

    def step(self, act: Callable[[], T]) -> T:
        """Something is done. It takes a minute, in which everybody goes on. Raises what `act` raises."""

        def taken() -> T:
            self._count()
            try:
                return act()
            finally:
                self._go_on(MINUTE)

        return self._watched(taken)

    def _watched(self, act: Callable[[], T]) -> T:
        """Keeps in mind which part of the trace this is."""
        before = len(self.lab.trace)
        try:
            return uncounted(act)
        finally:
            self.calls.append(range(before, len(self.lab.trace)))

    @recorded
    def wait(self, duration: object) -> None:
        """Lets time go by in which everybody goes on: "30m", "2d". Raises BadInput; 60 days at the most."""
        total = seconds(duration)
        if total > _LONGEST:
            raise BadInput("That is too long to wait.", presented=brief(duration), required="60d at the most")

        def live() -> None:
            self._count()
            self._live(total)

        self._watched(live)

    @recorded
    def wait_until(self, moment: str) -> None:
        """The same until a moment, as the logs write it: "2020-03-16 09:00". Raises BadInput for what is no
        moment, or is over."""
        try:
            wanted = datetime.fromisoformat(str(moment)[:16]).replace(tzinfo=UTC)
        except ValueError:
            raise BadInput(
                "That is no moment.", presented=brief(moment), required='for instance "2020-03-16 09:00"'
            ) from None
        self.wait(int(wanted.timestamp()) - self.lab.clock.now)

    def _live(self, total: int) -> None:
        left = total
        while left:
            left -= (step := min(left, _step(total)))
            self._go_on(step)

    def _count(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise BadInput(
                "That is enough for one incident.",
                presented=f"call {MOST_CALLS + 1}",
                required=f"{MOST_CALLS} calls at the most, `ask`, `wait` and `look` together",
                advice=f'drill("{self.name}") begins again',
            )

    def _go_on(self, time: int) -> None:
        self.lab.clock.advance(time)
        self.try_all()

    def try_all(self) -> list[Reading]:
        """Everybody does once what they do."""
        tried = [self._reading(one.name, one.work) for one in self.workers]
        tried.append(self._reading(ATTACKER, self.attack))
        self._readings += tried
        return tried

    def _reading(self, who: str, act: Callable[[], object]) -> Reading:
        verdict: Verdict[Any] = Verdict.of(act)
        said = verdict.refusal.heading if verdict.refusal else ""
        return Reading(self.lab.clock.now, who, answer_of(verdict), said)

    def _act(self, who: str, act: Callable[[], object]) -> None:
        """Somebody does something before the call."""
        self._readings.append(self._reading(who, act))

    def finish(self) -> None:
        """Lets pass what is left of the time that there was, and an hour more in which nothing may change."""
        self.try_all()
        left = max(self.until, self.called_at + self.limit) - self.lab.clock.now
        self._live(max(left, 0))
        self._live(HOUR)

    def how(self) -> str:
        """In which way the attacker got in the last time, as the end of a sentence; "" where there is one."""
        return ""

    def more(self) -> str:
        """What is wrong where the attacker is out and everybody works; "" for nothing."""
        return ""

    @recorded
    def look(self) -> Table:
        """Whether everybody can work at this moment, and whether the attacker still gets in."""

        def tried() -> list[Reading]:
            self._count()
            return self.try_all()

        rows = [(one.who, self._does(one.who), one.answer) for one in self._watched(tried)]
        return Table(("who", "tries to", "answer"), rows, caption=iso(self.lab.clock.now))

    def _does(self, who: str) -> str:
        return next((one.does for one in self.workers if one.name == who), self.deed)

    def of(self, who: str) -> list[Reading]:
        """The readings of one of them since the call."""
        return [one for one in self._readings[self._call :] if one.who == who]

    def outages(self, worker: Worker) -> Iterator[tuple[int, int, Reading]]:
        """The stretches in which somebody was refused: from when to when (moments), and how at first. The
        last of them goes on until now."""
        found = self.of(worker.name)
        place = 0
        for ok, stretch in groupby(found, key=lambda one: one.ok):
            refused = list(stretch)
            place += len(refused)
            if not ok:
                end = found[place].at if place < len(found) else self.lab.clock.now
                yield refused[0].at, end, refused[0]

    def out_since(self) -> int | None:
        """The moment since which the attacker was refused whenever they tried; None where they got in the
        last time."""
        tries = self.of(ATTACKER)
        refused = 0
        while refused < len(tries) and not tries[-1 - refused].ok:
            refused += 1
        return tries[-refused].at if refused else None

    @property
    def rules(self) -> Table:
        """What is asked of whoever is on call."""
        rows: list[tuple[str, str]] = [(ATTACKER, f"out within {span(self.limit)}, for good")]
        rows += [(one.name, f"{one.does}: {one.allowed}") for one in self.workers]
        return Table(("who", "what is asked"), rows)

    def __repr__(self) -> str:
        return f"{self._briefing}\n\nYou were called at {iso(self.called_at)}.\n\n{self.rules!r}"


# What an answer is compared with, and what a picture is drawn of: not for whoever is on call, so it is not
# among what `case.` offers.
def facts_of(incident: Incident) -> tuple[Fact, ...]:
    """What there is to find out."""
    return incident._facts


def readings_of(incident: Incident) -> tuple[Reading, ...]:
    """What everybody was answered, those of the time before the call first."""
    return tuple(incident._readings)


def past(incident: Incident, since: int) -> Iterator[str]:
    """The operations that somebody asked the lab for past the incident, from this place of the trace on.
    Signing in is none of them."""
    own = {place for one in incident.calls for place in one}
    for place in range(since, len(incident.lab.trace)):
        hop = incident.lab.trace[place]
        if place not in own and hop.service != "Azure AD":
            yield hop.operation


def _step(total: int) -> int:
    """How often somebody tries, in a time of so many seconds."""
    if total <= 2 * HOUR:
        return 5 * MINUTE
    return HOUR if total <= DAY else 6 * HOUR


def span(time: int) -> str:
    """A time in words: "1 hour", "5 minutes", "6 days 17 hours"."""
    parts = []
    for size, name in ((DAY, "day"), (HOUR, "hour"), (MINUTE, "minute")):
        count, time = divmod(time, size)
        if count:
            parts.append(f"{count} {name}{'' if count == 1 else 's'}")
    return " ".join(parts) or "no time"
