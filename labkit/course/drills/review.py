"""What came of somebody's response to an incident: the attack is tried again, and so is everybody's work."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from labkit.core.clock import iso
from labkit.core.table import Table, Tabular
from labkit.core.trace import Hop
from labkit.course.checking import call_safely
from labkit.course.drills.history import History
from labkit.course.drills.incident import ATTACKER, ON_CALL, Incident, past, readings_of, span
from labkit.course.drills.recorded import repeat
from labkit.course.stepping import run, uncounted
from labkit.lab import Lab

_MOST_NAMED = 3
# What operations are called that change nothing.
_LOOKING = ("Get", "GET", "List", "Query", "Activity", "Pull")
NOTHING = ""
# What can be wrong with a response.
PAST, LET_IN, LATE, INTERRUPTED, STOPPED, MORE = (
    *("past the case", "still let in", "let in for too long", "interrupted"),
    *("stopped", "more than is needed"),
)


@dataclass(frozen=True, repr=False)
class Review(Tabular):
    """What the lab saw.

    fault  what is wrong: one of the names above, NOTHING for a response that is good
    said   the evidence for it, in a sentence or two
    who    whom it is about: a worker's name, or the attacker
    done   the operations that olivia carried out, and the actions of those
    took   seconds from the call to the end of the response
    """

    incident: Incident
    fault: str
    said: str
    who: str
    done: frozenset[str]
    took: int

    def did(self, *names: str) -> bool:
        """Whether olivia carried out an operation, or an action, of which this is a part."""
        return any(name in one for one in self.done for name in names)

    @property
    def good(self) -> bool:
        """Whether the attacker is out, and everybody is at work."""
        return self.fault == NOTHING

    @property
    def history(self) -> History:
        """All of it, drawn."""
        incident = self.incident
        done_at = incident.called_at + self.took
        return History(incident.name, readings_of(incident), incident.called_at, done_at)

    @property
    def attack(self) -> str:
        """What the attacker was answered the last time."""
        return self.incident.of(ATTACKER)[-1].answer

    def as_table(self) -> Table:
        """One row for each, with the last answer and the longest time of refusal."""
        incident, out = self.incident, self.incident.out_since()
        told = "never" if out is None else span(out - incident.called_at) + " after the call"
        rows = [(ATTACKER, incident.of(ATTACKER)[-1].answer, f"out for good: {told}")]
        for one in incident.workers:
            longest = max((end - begin for begin, end, _ in incident.outages(one)), default=None)
            refused = "never refused" if longest is None else f"refused for {span(max(longest, 60))} on end"
            rows.append((one.name, incident.of(one.name)[-1].answer, refused))
        return Table(("who", "last answer", "meanwhile"), rows, caption=self.said)


def respond(begin: Callable[[], Incident], response: Callable[[Incident], object]) -> Review:
    """Lets a response happen to an incident, and does what it did once more to another one like it. What came
    of that is judged: so nothing counts that was done to the objects of the first one. Raises NotUsable for a
    function that raises or does not come to an end."""
    tried = begin()
    _attend(tried)
    lab, steps, since = tried.lab, tried.recording.done, len(tried.lab.trace)
    call_safely(response, tried)
    own = begin()
    review = uncounted(
        lambda: watch(own, lambda it: repeat(steps, it), lambda: _past(tried, lab, since, own.lab))
    )
    if review.fault in (NOTHING, PAST) or steps:
        return review
    return replace(review, said=f"{review.said} Your function did nothing with the incident that it got.")


def watch(
    incident: Incident,
    act: Callable[[Incident], object] | None = None,
    past_it: Callable[[], list[str]] = list,
) -> Review:
    """Lets somebody act, whom the lab trusts, and what comes afterwards. Without one nobody does anything."""
    since = len(incident.lab.trace)
    _attend(incident)
    if act is not None:
        act(incident)
    done, took = _done(incident, since), incident.lab.clock.now - incident.called_at
    passed_by = past_it()
    incident.finish()
    fault, said, who = _fault(incident, passed_by)
    if fault not in (NOTHING, PAST):
        said = f"{said} {_meanwhile(incident, fault)}{_done_about_it(incident, since)}"
    return Review(incident, fault, said, who, done, took)


def _attend(incident: Incident) -> None:
    """Everybody, once, at the moment of the call."""
    since = len(incident.lab.trace)
    uncounted(incident.try_all)
    incident.calls.append(range(since, len(incident.lab.trace)))


def _past(tried: Incident, lab: Lab, since: int, own: Lab) -> list[str]:
    """What a response did past the incident that it was given, by names. `own` is where the same was done
    within it alone."""

    def found() -> list[str]:
        others = {
            "another lab": tried.lab is lab,
            "the clock": lab.clock.now == own.clock.now,
            "the directory": _accounts(lab) == _accounts(own),
        }
        return [*sorted(set(past(tried, since))), *(name for name, same in others.items() if not same)]

    ran = run(found)
    return ["what the lab is made of"] if ran.value is None else ran.value


def _accounts(lab: Lab) -> list[object]:
    """Who is in the directory and may sign in, and the groups."""
    people = [(name, one.upn, lab.directory.user(one.upn)) for name, one in sorted(lab.people.items())]
    return [*((name, upn, user is not None and user.enabled) for name, upn, user in people)] + [
        (*one, lab.directory.groups_of(one[0])) for one in lab.directory.principals()
    ]


def _done(incident: Incident, since: int) -> frozenset[str]:
    own = [*_carried_out(incident, since)]
    return frozenset({hop.operation for hop in own} | {hop.action for hop in own if hop.action})


def _carried_out(incident: Incident, since: int) -> Iterator[Hop]:
    for place in range(since, len(incident.lab.trace)):
        hop = incident.lab.trace[place]
        if hop.caller == ON_CALL and hop.parent == 0 and hop.ok and hop.service != "Azure AD":
            yield hop


def _done_about_it(incident: Incident, since: int) -> str:
    """What olivia carried out, without what she only looked at, in a sentence."""
    steps = Counter(
        _named(hop) for hop in _carried_out(incident, since) if not hop.operation.startswith(_LOOKING)
    )
    named = [f"{name}{f' ({count} times)' if count > 1 else ''}" for name, count in steps.items()]
    return f"What was done about it: {', '.join(named) or 'nothing'}."


def _by(incident: Incident) -> str:
    """The role assignment by which the attacker was let in the last time; "" where it took none."""
    others = {ON_CALL, *(one.name for one in incident.workers)}
    hops = (incident.lab.trace[place] for place in reversed(range(len(incident.lab.trace))))
    own = (hop for hop in hops if hop.parent == 0 and hop.caller not in others)
    return next((hop.why for hop in own if hop.ok and hop.why), "")


def _named(hop: Hop) -> str:
    """What Resource Manager was asked is a verb of HTTP, and only the action says what it was about."""
    if hop.operation.isupper():
        return f"{hop.operation} ({'/'.join(hop.action.split('/')[-2:])})"
    return hop.operation


def _meanwhile(incident: Incident, fault: str) -> str:
    """What the attacker was answered since the call, where that is more than the fault says."""
    tries = incident.of(ATTACKER)
    let_in, refused = ([one.at for one in tries if one.ok is way] for way in (True, False))
    if fault == LET_IN and refused:
        return f"They had been refused from {iso(refused[0])} until {iso(refused[-1])}. "
    if fault == LATE and (why := _by(incident)):
        return f"What let them in the last time: {why}. "
    if fault in (STOPPED, INTERRUPTED) and let_in:
        return f"The attacker was let in until {iso(let_in[-1])}. "
    return ""


def _fault(incident: Incident, passed_by: list[str]) -> tuple[str, str, str]:
    if passed_by:
        named = ", ".join(passed_by[:_MOST_NAMED])
        return PAST, f"Use case.ask(...), so that the lab can see who is refused. Past it went: {named}.", ""
    for look in (_attacker, _workers):
        if found := look(incident):
            return found
    if more := incident.more():
        return MORE, more, ""
    return NOTHING, "The attacker is out, and everybody is at work.", ""


def _attacker(incident: Incident) -> tuple[str, str, str] | None:
    out = incident.out_since()
    if out is None:
        last = incident.of(ATTACKER)[-1]
        said = f"At {iso(last.at)} the attacker tried again to {incident.deed}, and was answered 200"
        return LET_IN, f"{said}{incident.how()}.", ATTACKER
    if out - incident.called_at > incident.limit:
        said = f"The attacker was let in until {span(out - incident.called_at)} after the call"
        return LATE, f"{said}. {span(incident.limit).capitalize()} is what there was.", ATTACKER
    return None


def _workers(incident: Incident) -> tuple[str, str, str] | None:
    for one in incident.workers:
        last = incident.of(one.name)[-1]
        if not last.ok:
            said = f"In the end {one.name} cannot {one.does}. {last.said.rstrip('.')}."
            return STOPPED, said, one.name
        for begin, end, how in incident.outages(one):
            if end - begin > one.patience:
                when = f"From {iso(begin)} to {iso(end)}"
                said = f"{when} {one.name} could not {one.does}. {how.said} Asked was: {one.allowed}."
                return INTERRUPTED, said, one.name
    return None
