"""Drills: an attack that works, people who work, and what ends the one without the other."""

from collections.abc import Callable, Iterator
from threading import Event, Thread
from typing import Any

import pytest

from labkit.azure import ResourceManager, Runs
from labkit.core.clock import iso
from labkit.core.errors import BadInput, LabError
from labkit.core.operation import Op
from labkit.course import drill, rehearse
from labkit.course.drills import DRILLS
from labkit.course.drills.incident import (
    ATTACKER,
    HOUR,
    MINUTE,
    MOST_CALLS,
    Incident,
    Worker,
    facts_of,
    readings_of,
)
from labkit.course.drills.recorded import Step, recorded
from labkit.course.drills.review import INTERRUPTED, LATE, LET_IN, PAST, STOPPED, respond, watch
from labkit.course.drills.service_log import ACTIVITY, KEPT
from labkit.course.drills.stolen_token import StolenToken
from labkit.lab import start

SEEDS = range(10)
each_drill = pytest.mark.parametrize("name", DRILLS)


@each_drill
@pytest.mark.parametrize("seed", SEEDS)
def test_before_it_the_attack_works_and_afterwards_not_and_everybody_is_at_work(name: str, seed: int) -> None:
    review = rehearse(name, seed, respond=True)
    assert review.good, repr(review)
    tries = review.incident.of(ATTACKER)
    assert tries[0].ok
    assert not tries[-1].ok
    assert all(review.incident.of(one.name)[-1].ok for one in review.incident.workers)


@each_drill
@pytest.mark.parametrize("seed", range(3))
def test_while_nobody_responds_the_attacker_stays_in(name: str, seed: int) -> None:
    review = rehearse(name, seed)
    assert (review.fault, review.attack) == (LET_IN, "200")
    assert all(one.ok for one in review.incident.of(ATTACKER))


@each_drill
@pytest.mark.parametrize("release", ["2019-08", "2020-01"])
def test_it_happens_and_ends_in_every_release(name: str, release: str) -> None:
    assert not rehearse(name, 3, release).good
    assert rehearse(name, 3, release, respond=True).good


def told(incident: Incident) -> str:
    logs = [repr(incident.log(log)) for log in (ACTIVITY, *KEPT)]
    return "\n".join([repr(incident), *logs, *(f"{one.name}: {one.right}" for one in facts_of(incident))])


@each_drill
def test_the_same_seed_gives_the_same_incident_to_the_last_byte(name: str) -> None:
    lived_through = DRILLS[name](start("2020-03", 4))
    assert told(drill(name, 4)) == told(drill(name, 4)) == told(lived_through)


@each_drill
def test_what_is_done_to_an_incident_is_not_done_to_the_next_one(name: str) -> None:
    before = told(drill(name, 4))
    spoilt = drill(name, 4)
    spoilt.finish()
    spoilt.lab.people.clear()
    vars(spoilt).clear()
    assert told(drill(name, 4)) == before


@each_drill
def test_what_is_right_for_one_seed_is_wrong_for_another(name: str) -> None:
    found = [tuple(one.right for one in facts_of(drill(name, seed))) for seed in SEEDS]
    assert len(set(found)) == len(found)
    # Not the hours alone: who and what differ as well.
    assert len({answers[:3] for answers in found}) >= 5


@each_drill
@pytest.mark.parametrize("seed", range(4))
def test_no_log_has_a_name_for_the_attacker(name: str, seed: int) -> None:
    incident = drill(name, seed)
    own = set(incident.lab.people) | {one.name for one in incident.workers}
    strangers = {hop.caller for hop in incident.lab.trace if hop.parent == 0} & {"somebody", "mallory"}
    assert strangers.isdisjoint(own)
    for log in (ACTIVITY, *KEPT):
        for entry in incident.log(log):
            assert not {"somebody", "mallory"} & set(entry.documented.values())


@each_drill
def test_the_briefing_gives_no_answer_away(name: str) -> None:
    incident = drill(name)
    for fact in facts_of(incident):
        if not fact.options:
            assert fact.right not in repr(incident)


@each_drill
def test_every_fact_has_its_right_answer_among_the_options(name: str) -> None:
    for seed in SEEDS:
        for fact in facts_of(drill(name, seed)):
            assert not fact.options or fact.right in fact.options
            assert fact.pitfall(fact.read(fact.right)) is None
            assert fact.right not in fact.pitfalls


def test_logs_show_themselves_and_answer_questions() -> None:
    incident = drill("stolen-token")
    log = incident.log("Azure Machine Learning")
    assert "ML service token" in repr(log.count("credential"))
    assert len(log.where(credential="ML service token", status="200")) > 10
    with pytest.raises(BadInput, match="Key Vault"):
        incident.log("diary")


@each_drill
def test_people_did_ordinary_things_before_and_after_the_attack_began(name: str) -> None:
    incident = drill(name)
    attacks = [one.at for one in readings_of(incident) if one.who == ATTACKER]
    others = [one.at for one in readings_of(incident) if one.who != ATTACKER]
    assert min(others) < min(attacks) < max(others)
    assert iso(max(attacks)) < iso(incident.called_at)


# What is wrong with a response, whatever the incident is.


class Plain(Incident):
    """An attacker who is let in until somebody shuts the door, and two people who need it open or not."""

    name = "plain"
    deed = "walk in"
    is_open = True
    breaks = False

    def _set(self) -> None:
        self._briefing = "A door stands open."
        self.workers = (Worker("guard", "stand there", self._work, 5 * MINUTE),)

    def _work(self) -> None:
        if self.breaks:
            raise LabError("It is dark.")

    def attack(self) -> None:
        if not self.is_open:
            raise LabError("It is shut.")

    @recorded
    def put(self, *, is_open: bool = True, breaks: bool = False) -> None:
        self.step(lambda: vars(self).update(is_open=is_open, breaks=breaks))


def shut(case: Plain) -> None:
    case.put(is_open=False)


def dark(case: Plain, minutes: int) -> None:
    case.put(is_open=False, breaks=True)
    case.wait(f"{minutes - 1}m")
    case.put(is_open=False)


def past(case: Plain) -> None:
    lab = case.lab
    lab.attempt("olivia", Runs.get, lab.workspace, lab.sign_in("olivia").bearer, "night_1")


RESPONSES: dict[str, tuple[Callable[[Any], object], str]] = {
    "at once": (shut, ""),
    "just in time": (lambda case: (case.wait("58m"), shut(case)), ""),
    "too late": (lambda case: (case.wait("61m"), shut(case)), LATE),
    "never": (lambda case: None, LET_IN),
    "opened again": (lambda case: (shut(case), case.put(is_open=True)), LET_IN),
    "opened in between": (
        lambda case: (shut(case), case.put(is_open=True), case.wait("2h"), shut(case)),
        LATE,
    ),
    "a short interruption": (lambda case: (shut(case), dark(case, 4)), ""),
    "a long interruption": (lambda case: (shut(case), dark(case, 30)), INTERRUPTED),
    "dark for good": (lambda case: case.put(is_open=False, breaks=True), STOPPED),
    "past the case": (lambda case: (past(case), shut(case)), PAST),
    "the clock is set": (lambda case: (shut(case), case.lab.clock.advance("2h")), PAST),
    "an account is disabled": (
        lambda case: (shut(case), setattr(case.lab.directory.user("carl"), "enabled", False)),
        PAST,
    ),
    "a group is made": (lambda case: (shut(case), case.lab.directory.add_group("some")), PAST),
}


@pytest.mark.parametrize("name", RESPONSES)
def test_a_response_is_judged_by_what_came_of_it(name: str) -> None:
    response, fault = RESPONSES[name]
    review = respond(lambda: Plain(start()), response)
    assert review.fault == fault, repr(review)
    assert review.good is (fault == "")
    assert review.said


def test_what_was_done_about_it_is_told_and_what_the_attacker_was_answered_meanwhile() -> None:
    def looked(case: Plain) -> None:
        case.ask(ResourceManager.get, case.lab.workspace)

    def deleted(case: Plain) -> None:
        cluster = f"{case.lab.workspace}/computes/other"
        for _ in range(2):
            case.ask(ResourceManager.put, cluster, "eastus")
            case.ask(ResourceManager.delete, cluster)

    def said(response: Callable[[Any], object]) -> str:
        return respond(lambda: Plain(start()), response).said

    for idle in (lambda case: case.wait("2h"), looked):
        assert said(idle).endswith("What was done about it: nothing.")
    told = "What was done about it: PUT (computes/write) (2 times), DELETE (computes/delete) (2 times)."
    assert said(deleted).endswith(told)
    assert " They had been refused from " in said(RESPONSES["opened again"][0])
    assert " The attacker was let in until " in said(RESPONSES["dark for good"][0])
    assert "What was done" not in said(RESPONSES["past the case"][0])
    assert said(shut) == "The attacker is out, and everybody is at work."


def test_whoever_has_done_nothing_to_the_incident_is_told_so() -> None:
    other = Plain(start())
    assert "did nothing" in respond(lambda: Plain(start()), lambda case: shut(other)).said
    assert "did nothing" not in respond(lambda: Plain(start()), lambda case: case.look()).said


# What somebody does to the objects instead of doing it through them.


def refused(*_: object) -> None:
    raise LabError("It is shut.")


def keep_at_it(case: Any) -> None:
    def work() -> None:
        while not done.is_set():
            vars(case)["attack"] = refused
            done.wait(0.001)

    Thread(target=work, daemon=True).start()


done = Event()
TRICKS: dict[str, Callable[[Any], object]] = {
    "another attack": lambda case: setattr(case, "attack", refused),
    "no attack of the class's": lambda case: setattr(case, "__class__", type("Other", (Plain,), {})),
    "the door of this one": lambda case: setattr(case, "is_open", False),
    "no readings": lambda case: setattr(case, "_readings", []),
    "another hour": lambda case: vars(case).update(limit=10**9, until=0, called_at=10**10),
    "another lab": lambda case: setattr(case, "lab", start(seed=1)),
    "no lab": lambda case: setattr(case, "lab", None),
    "no trace": lambda case: case.lab.trace.clear(),
    "a step of its own": lambda case: case.step(lambda: setattr(case, "attack", refused)),
    "a thread": keep_at_it,
    "what was done": lambda case: case.recording.done.extend(
        [Step("finish", (), {}), Step("_set", (), {}), Step("attack", (), {}), None, 3]
    ),
}


@pytest.mark.parametrize("name", TRICKS)
def test_what_is_done_to_the_objects_of_an_incident_ends_no_attack(name: str) -> None:
    try:
        review = respond(lambda: Plain(start()), TRICKS[name])
    finally:
        done.set()
    assert not review.good
    assert review.attack == "200"


def test_workers_that_were_sent_away_are_missed() -> None:
    def alone(case: Any) -> None:
        case.workers = ()
        case.put(is_open=False, breaks=True)

    review = respond(lambda: Plain(start()), alone)
    assert (review.fault, review.who) == (STOPPED, "guard")


def test_a_list_that_is_changed_after_the_call_changes_nothing() -> None:
    seen: list[object] = []

    class Noting(Plain):
        @recorded
        def note(self, what: list[str]) -> None:
            seen.append(list(what))

    def response(case: Any) -> None:
        what = ["before"]
        case.note(what)
        what.append("after")

    respond(lambda: Noting(start()), response)
    assert seen == [["before"], ["before"]]


def test_a_script_without_end_is_stopped() -> None:
    def endless(run: object) -> None:
        while True:
            pass

    def response(case: Any) -> None:
        lab = case.lab
        case.ask(Runs.submit, lab.workspace, "night", lab.cluster, endless)
        lab.work()

    assert respond(lambda: drill("leaked-key"), response).fault == PAST


def test_what_came_of_a_response_is_watched_until_everybody_has_to_be_at_work() -> None:
    incident = drill("stolen-token")
    assert isinstance(incident, StolenToken)
    ends = next(one.right for one in facts_of(incident) if one.name == "ends")
    keys = {"keyName": "key1"}
    review = watch(
        incident, lambda case: case.ask(ResourceManager.post, incident.storage, "regenerateKey", keys)
    )
    assert (review.fault, review.incident.of(ATTACKER)[-1].ok) == (STOPPED, False)
    assert iso(incident.lab.clock.now) > ends
    assert iso(review.took + incident.called_at) < ends


def test_a_call_takes_a_minute_in_which_everybody_goes_on() -> None:
    incident = drill("leaked-key")
    before, now = len(readings_of(incident)), incident.lab.clock.now
    incident.look()
    assert incident.lab.clock.now == now
    incident.ask(ResourceManager.get, incident.lab.workspace)
    assert incident.lab.clock.now == now + MINUTE
    assert len(readings_of(incident)) == before + 2 * (len(incident.workers) + 1)


def test_a_refused_call_takes_its_minute_too() -> None:
    incident = drill("leaked-key")
    now = incident.lab.clock.now
    with pytest.raises(LabError):
        incident.ask(Runs.get, incident.lab.workspace, "nothing")
    assert incident.lab.clock.now == now + MINUTE


@pytest.mark.parametrize("wait", [None, "", "soon", "-1h", 1.5, "61d", []])
def test_a_wait_that_is_none_changes_nothing(wait: Any) -> None:
    incident = drill("leaked-key")
    now = incident.lab.clock.now
    with pytest.raises(BadInput):
        incident.wait(wait)
    assert incident.lab.clock.now == now


@pytest.mark.parametrize("until", [None, "", "soon", "2020-03-01 09:00", "2999-01-01 00:00", 5])
def test_a_moment_that_is_none_or_over_changes_nothing(until: Any) -> None:
    incident = drill("leaked-key")
    now = incident.lab.clock.now
    with pytest.raises(BadInput):
        incident.wait_until(until)
    assert incident.lab.clock.now == now


def test_waiting_until_a_moment_ends_at_it() -> None:
    incident = drill("leaked-key")
    wanted = iso(incident.lab.clock.now + 2 * HOUR)
    incident.wait_until(wanted)
    assert iso(incident.lab.clock.now) == wanted


def test_nobody_asks_without_end() -> None:
    incident = drill("leaked-key")
    for _ in range(MOST_CALLS):
        incident.look()
    with pytest.raises(BadInput, match="enough"):
        incident.wait("1m")


def hostile() -> Iterator[Any]:
    yield from (None, 3, "", "leaked", ["leaked-key"], type("Text", (str,), {})("leaked-key"))


@pytest.mark.parametrize("name", list(hostile()))
def test_what_is_no_drill_is_told_which_there_are(name: Any) -> None:
    with pytest.raises(BadInput, match="leaked-key, stolen-token"):
        drill(name)


@pytest.mark.parametrize("seed", [None, -1, 2**63, "1", True, 1.0])
def test_what_is_no_seed_is_refused(seed: Any) -> None:
    with pytest.raises(BadInput, match="seed"):
        drill("leaked-key", seed)


@each_drill
def test_it_prints_no_secret(name: str) -> None:
    review = rehearse(name, respond=True)
    incident = review.incident
    shown = repr(incident) + repr(review) + repr(review.history) + told(incident)
    secrets = {one.key for one in vars(incident).values() if hasattr(one, "key") and hasattr(one, "kind")}
    secrets |= {one.reveal() for one in vars(incident).values() if hasattr(one, "reveal")} - {""}
    assert not any(one in shown for one in secrets)


@each_drill
def test_its_history_is_drawn_and_says_the_same_as_text(name: str) -> None:
    history = rehearse(name, respond=True).history
    drawn = history._repr_mimebundle_()["text/html"]
    assert history.caption in repr(history)
    assert all(who in drawn and who in repr(history) for who in history.who)
    assert history.picture() == history.picture()
    # Not each of the tries, which would make a notebook needlessly large.
    assert drawn.count("%3Cuse") < len(history.readings)
    assert len(drawn) < 45_000


@pytest.mark.parametrize("whether", [None, "yes", 1])
def test_somebody_is_on_call_or_not(whether: Any) -> None:
    with pytest.raises(BadInput, match="True or False"):
        rehearse("leaked-key", respond=whether)


def test_what_another_drill_has_is_not_looked_for_in_this_one() -> None:
    with pytest.raises(AttributeError, match=r"stolen-token has no 'insights'.*drill\("):
        drill("stolen-token").insights  # noqa: B018


@pytest.mark.parametrize("operation", [None, "get", [], object.__new__(Op), ResourceManager])
def test_what_is_no_operation_is_told_so(operation: Any) -> None:
    incident = drill("leaked-key")
    with pytest.raises(BadInput, match="no operation"):
        incident.ask(operation, incident.lab.workspace)
