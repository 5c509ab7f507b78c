"""Exercises of 10-incident-drills: a key of one of several web services is in the wrong hands."""

from __future__ import annotations

from labkit.course.drills.incident import facts_of
from labkit.course.drills.judging import ending, finding
from labkit.course.drills.leaked_key import LeakedKey
from labkit.course.drills.review import INTERRUPTED, LET_IN, STOPPED, Review
from labkit.course.exercise import Exercise, WrongAnswer

NOTEBOOK = "10-incident-drills.ipynb"

_FIND = """\
from labkit.azure import AppInsights, WebServices
from labkit.core.clock import iso
from labkit.course import drill

case = drill("leaked-key", seed=2020)
keys_of = {"aks": WebServices.get_aks_keys, "aci": WebServices.get_aci_keys}
for service in case.services:
    keys = case.ask(keys_of[service.kind], case.lab.workspace, service.name)
    for which, key in zip(("Primary", "Secondary"), keys):
        if key.reveal() == case.found.reveal():
            leaked = (service.name, which)
clients = {(service, which): client for client, service, which in case.clients.rows}
requests = case.ask(AppInsights.query, case.insights).found
strange = [one for one in requests if one.user_agent not in clients.values() and one.success]
answer = {
    "seed": 2020,
    "service": leaked[0],
    "key": leaked[1],
    "holder": clients[leaked],
    "since": iso(strange[0].timestamp),
}"""


def _found(**said: str) -> str:
    """The solution, but for these."""
    return "\n".join([_FIND, *(f'answer["{name}"] = {value}' for name, value in said.items())])


_OTHER = '"Primary" if leaked[1] == "Secondary" else "Secondary"'

FIND = Exercise(
    id="drill-key-find",
    notebook=NOTEBOOK,
    title="Which key is it, and since when",
    minutes=8,
    prompt="""
`case = drill("leaked-key", seed=...)` is the incident, and its seed decides who and what. `case.found.reveal()` is the text that was found;
`case.services` are the services, each with a `name` and a `kind` ("aks" or "aci"); `case.clients` is the owners' list. Ask as olivia with
`case.ask(operation, target, ...)`: the keys of a service with `WebServices.get_aks_keys` or `get_aci_keys` on `case.lab.workspace`, the
requests with `AppInsights.query` on `case.insights`.

Set `answer` to a dict with the seed of your case and:

- `"service"`: the service whose key leaked
- `"key"`: which of its keys, `"Primary"` or `"Secondary"`
- `"holder"`: the client that was given that key
- `"since"`: the minute of the first request that got in with it, under a user agent that is no client's, for instance
  `"2020-03-16 09:00"`
""",
    starter='answer = {"seed": 2020, "service": "", "key": "", "holder": "", "since": ""}',
    solution=_FIND,
    hints=(
        "olivia may see all six keys, and texts can be compared.",
        "The owners' list says who was given which key. It does not say who else has it.",
        "Put the requests of strange user agents in a row. What was each of them answered, and by which service?",
    ),
    explanation="Only the value tells which key it is: no log of requests has a word on what was presented. The tries at the other services are in it as "
    "well, refused. Whoever reported it did so hours after it had begun.",
    check=finding(LeakedKey.name),
    wrong=(
        WrongAnswer(
            _found(service="next(one.name for one in case.services if one.name != leaked[0])"),
            "tried-is-opened",
            "Where somebody has tried is not where they got in.",
        ),
        WrongAnswer(
            _found(key=_OTHER),
            "the-first-one-probably",
            "A service has two keys, and either opens it. Compare.",
        ),
        WrongAnswer(
            _found(holder=f"clients[leaked[0], {_OTHER}]"),
            "any-client-of-it",
            "Each client was given one of the two keys, and only one of these clients has to change.",
        ),
        WrongAnswer(
            _found(since="iso(strange[-1].timestamp)"),
            "known-is-begun",
            "What is known now has begun earlier.",
        ),
        WrongAnswer(
            _found(
                since="iso(next(one for one in requests if one.user_agent == strange[0].user_agent).timestamp)"
            ),
            "a-try-is-a-way-in",
            "A refused request shows that somebody tries, and not that they are in.",
        ),
    ),
)

_END = """\
from labkit.azure import WebServices
from labkit.course import drill

GET = {"aks": WebServices.get_aks_keys, "aci": WebServices.get_aci_keys}
RENEW = {"aks": WebServices.regen_aks_key, "aci": WebServices.regen_aci_key}
OTHER = {"Primary": "Secondary", "Secondary": "Primary"}


def contain(case):
    for service in case.services:
        keys = case.ask(GET[service.kind], case.lab.workspace, service.name)
        for which, key in zip(("Primary", "Secondary"), keys):
            if key.reveal() == case.found.reveal():
                for client, *held in case.clients.rows:
                    if held == [service.name, which]:
                        MOVE
                END


answer = {"seed": 2020, "contain": contain}"""
_MOVE = "case.hand_out(client, OTHER[which])"
_RENEW = "case.ask(RENEW[service.kind], case.lab.workspace, service.name, {})"


def _ended(end: str = _RENEW.format("which"), move: str = _MOVE) -> str:
    return _END.replace("MOVE", move).replace("END", end)


def _by_kind(verb: str, more: str = "") -> str:
    """A call that has another name for each kind of service."""
    chosen = f'{{"aks": WebServices.{verb}_aks, "aci": WebServices.{verb}_aci}}[service.kind]'
    return f"case.ask({chosen}, case.lab.workspace, service.name{more})"


def _holder(review: Review) -> bool:
    return any(fact.name == "holder" and fact.right == review.who for fact in facts_of(review.incident))


def _refused(review: Review) -> bool:
    """Whether a client was, after a key had been regenerated."""
    return review.fault in (INTERRUPTED, STOPPED) and review.did("Regenerate")


def _is_open(review: Review) -> bool:
    return isinstance(review.incident, LeakedKey) and review.incident.is_open


def _moved(review: Review) -> bool:
    return isinstance(review.incident, LeakedKey) and review.incident.moved


END = Exercise(
    id="drill-key-end",
    notebook=NOTEBOOK,
    title="End it, and nobody notices",
    minutes=12,
    prompt="""
Write `contain(case)`. It gets the incident as it was when you were called. The key that leaked has to be worthless within the hour, and no client
may be refused, not even once. Each `case.ask(...)` and each `case.hand_out(client, which)` takes a minute, in which everybody goes on, the
attacker too. `case.hand_out` gives a client the key that is called `which` at that moment. `WebServices.regen_aks_key` and
`regen_aci_key` regenerate a key, on `case.lab.workspace`, by the name of the service and which key.

Set `answer` to a dict with the seed of your case and `"contain"`, your function.
""",
    starter='def contain(case):\n    return case.look()\n\n\nanswer = {"seed": 2020, "contain": contain}',
    solution=_ended(),
    hints=(
        "Before you take a key away, ask who works with it.",
        "The service goes on while one of its keys is replaced, for those who hold the other one.",
        "The owners' list has a row with the key that leaked. Whoever stands there needs something else in hand before that key goes; case.look() says "
        "after each step who is refused.",
    ),
    explanation="Two keys are there so that one can go while the other works: move whoever holds it, then regenerate. The rest of the services and their "
    "clients never knew. What was asked with the key stays unknown.",
    check=ending(
        LeakedKey.name,
        ("the-service-has-to-go", lambda review: review.did("Delete web service")),
        ("no-key-no-leak", lambda review: _is_open(review)),
        ("first-things-first", lambda review: _refused(review) and _holder(review)),
        ("more-keys-than-needed", _refused),
        ("any-key-will-do", lambda review: review.fault == LET_IN and review.did("Regenerate")),
        ("moving-is-ending", lambda review: review.fault == LET_IN and _moved(review)),
        (
            "it-stops-by-itself",
            lambda review: review.fault == LET_IN and review.took > review.incident.limit,
        ),
    ),
    wrong=(
        WrongAnswer(
            _ended(_by_kind("delete")),
            "the-service-has-to-go",
            "That ends the leak, and the business of whoever calls the service.",
        ),
        WrongAnswer(
            _ended(_by_kind("update", ", False")),
            "no-key-no-leak",
            "Now whoever presents nothing at all is answered. What the keys kept to your clients is everybody's.",
        ),
        WrongAnswer(
            _ended(move="pass"),
            "first-things-first",
            "It ends the attack, and takes the key out of the hands of a client of yours.",
        ),
        WrongAnswer(
            _ended("\n                ".join(_RENEW.format(one) for one in ("which", "OTHER[which]"))),
            "more-keys-than-needed",
            "The other key has not leaked, and somebody works with it.",
        ),
        WrongAnswer(
            _ended(_RENEW.format("OTHER[which]"), "case.hand_out(client, which)").replace(
                "[service.name, which]", "[service.name, OTHER[which]]"
            ),
            "any-key-will-do",
            "Regenerating one key leaves the other as it is, for everybody who holds it.",
        ),
        WrongAnswer(
            _ended("pass"),
            "moving-is-ending",
            "A key that nobody honest holds any more is still a key.",
        ),
        WrongAnswer(
            'def contain(case):\n    case.wait("2h")\n\n\nanswer = {"seed": 2020, "contain": contain}',
            "it-stops-by-itself",
            "A key has no end. It goes on until somebody replaces it.",
        ),
    ),
)

EXERCISES = (FIND, END)
