"""Two exercises of 04-web-service-keys-vs-tokens: when a client asks for a token, and what an outage does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from labkit.core.errors import brief
from labkit.course.checking import NotUsable, as_function, as_mapping, as_number, as_truth, call_safely
from labkit.course.describing import describe
from labkit.course.exercise import Bench, Exercise, Result, WrongAnswer
from labkit.course.service_clients import CLIENTS, Client, ServiceCall, Timeline, lived, timeline
from labkit.course.stepping import uncounted

NOTEBOOK = "04-web-service-keys-vs-tokens.ipynb"


@dataclass(frozen=True)
class Phase:
    """When a client calls (minutes), and when the workspace's region is down."""

    minutes: range
    outage: tuple[int, int] | None = None

    def __str__(self) -> str:
        calls = f"calls every {self.minutes.step} minutes"
        if self.outage is None:
            return f"{calls}, all regions up"
        return f"{calls}, the workspace's region down from minute {self.outage[0]} to {self.outage[1]}"


# No call falls on a refresh_by itself, so that it does not matter to which side of it that minute belongs. Each
# outage begins after it and goes on beyond the end of that token.
PHASES = (
    Phase(range(13, 250, 4), (62, 90)),
    Phase(range(3, 250, 7), (53, 75)),
    Phase(range(0, 361, 2)),
)


def _live(bench: Bench, client: Client, phase: Phase) -> tuple[Timeline, int]:
    """What a client lives to see, and how many milliseconds it waited for tokens."""
    lab = bench.lab()
    found = uncounted(lambda: lived(lab, {"client": client}, phase.minutes, phase.outage))
    return found, sum(hop.milliseconds for hop in lab.trace if hop.operation == "Get service token")


def _check_client(answer: object, bench: Bench) -> Result:
    renew = as_function(answer, parameters=3)

    def due(now: int, refresh_by: int, expires: int) -> bool:
        said = call_safely(renew, now, refresh_by, expires)
        return as_truth(said, what="What renew(now, refresh_by, expires) returns")

    for phase in PHASES:
        mine, waited = _live(bench, Client(due), phase)
        refused = next((one for one in mine.of("client") if not one.ok), None)
        if refused is not None:
            return _refused(mine, refused, phase)
        usual, usually = _live(bench, CLIENTS["refreshes on time"], phase)
        asked, enough = (one.of("client", fetching=True) for one in (mine, usual))
        if len(asked) > len(enough):
            in_vain = sum(not one.ok for one in asked)
            return Result.wrong(
                f"In a lab with {phase}: nobody was refused. Your client asked for a token {len(asked)} times, {in_vain} of them in vain, "
                f"and waited {waited:,} ms (simulated) for that; {len(enough)} times and {usually:,} ms are enough.",
                "the-newest-is-the-safest",
            )
    return Result.right("Never refused, and no token too many.")


def _refused(mine: Timeline, refused: ServiceCall, phase: Phase) -> Result:
    asked = mine.of("client", fetching=True)
    fetched = [one.minute for one in asked if one.ok and one.minute <= refused.minute][-1]
    asked = tuple(one for one in asked if one.minute > fetched)
    said = f"It never asked for another token than that of minute {fetched}."
    belief = "one-token-is-enough"
    if asked:
        first = asked[0].minute
        said = f"It first asked for another token at minute {first}, when that one had been due since minute {refused.refresh_by}."
        belief = "before-the-end-is-early-enough" if first < refused.minute else "the-end-is-early-enough"
    return Result.wrong(
        f"In a lab with {phase}: your client was refused at minute {refused.minute}, {refused.answer}. {said}",
        belief,
    )


def _renew(expression: str) -> str:
    return f"def renew(now, refresh_by, expires):\n    return {expression}\n\n\nanswer = renew"


CLIENT = Exercise(
    id="svc-client",
    notebook=NOTEBOOK,
    title="When to ask for the next token",
    minutes=7,
    prompt="""
A client calls a service on AKS that takes tokens, every few minutes, for hours. Before each call it asks your function whether to
fetch a new token first. If that fails, it calls with the one it has. Write `renew(now, refresh_by, expires)`, which returns True or
False. All three are minutes on the same clock; the last two are those of the token at hand.

The client is never to be refused, also when the workspace's region goes down a few minutes after `refresh_by` and is back only after
the end of the token. And it is not to ask for more tokens than it needs.

Set `answer` to the function. It is tried in several labs.
""",
    starter=_renew("now >= expires"),
    solution=_renew("now >= refresh_by"),
    hints=(
        "What if the region is down at the very minute in which your client asks? It needs a token that is still good for a while.",
        "Between two of the three moments the token still works and a new one can be had. How long is that, and does the client lose "
        "anything by asking early in it?",
        "The service says itself from when on it wants to be asked. Before that there is nothing to gain.",
    ),
    explanation="refresh_by leaves a quarter of an hour in which the region may be down and nobody notices. Who asks at every call is "
    "never refused for age, but waits for the region each time, and longer the farther away it is: that makes of each call two.",
    check=_check_client,
    wrong=(
        WrongAnswer(
            _renew("now >= expires"),
            "the-end-is-early-enough",
            "At the end of a token there is no time left in which to try again.",
        ),
        WrongAnswer(
            _renew("now >= expires - 5"),
            "before-the-end-is-early-enough",
            "A margin of your own making is shorter than the one that the service offers.",
        ),
        WrongAnswer(
            _renew("False"),
            "one-token-is-enough",
            "A service's token ends by itself, and a refused client learns of it first from the refusal.",
        ),
        WrongAnswer(
            _renew("True"),
            "the-newest-is-the-safest",
            "A token does not get safer by being new. Each request for one needs the workspace's region to be up, and its answer takes time.",
        ),
    ),
)

OUTAGE_MINUTES = (50, 130)


def _check_outage(answer: object, bench: Bench) -> Result:
    given = as_mapping(answer, at_most=20)
    if unknown := sorted(brief(name) for name in given.keys() - CLIENTS.keys()):
        return Result.not_yet(f"Not among the four: {', '.join(unknown)}. They are {', '.join(CLIENTS)}.")
    if missing := [name for name in CLIENTS if given.get(name, ...) is ...]:
        return Result.not_yet(f"The answer says nothing of these yet: {', '.join(missing)}.")
    said: dict[str, float | None] = {
        name: None if given[name] is None else _minute(name, given[name]) for name in CLIENTS
    }
    lives = timeline(outage=OUTAGE_MINUTES)
    for name, minute in said.items():
        calls = lives.of(name)
        failed = next((one.minute for one in calls if not one.ok), None)
        if minute != failed:
            found, belief = _against(name, minute, failed, calls), _outage_belief(name, minute, calls)
            return Result.wrong(found, belief) if belief else Result.not_yet(found)
    return Result.right()


def _minute(name: str, said: object) -> float:
    try:
        return as_number(said)
    except NotUsable:
        found = f"What you say of {name!r} is {describe(said)}. It should be a minute, or None for never."
        raise NotUsable(found) from None


def _against(name: str, said: float | None, failed: int | None, calls: Sequence[ServiceCall]) -> str:
    """A counterexample which does not say what is right."""
    if said is None:
        return f"{name!r}: you say never. The lab tried, and there came a call that was refused."
    if said not in [one.minute for one in calls]:
        return f"{name!r}: you say minute {said}. There is no call at that minute."
    if failed is None or said < failed:
        return (
            f"{name!r}: you say minute {said}. The lab tried, and the call at that minute was answered 200."
        )
    return f"{name!r}: you say minute {said}. The lab tried, and an earlier call was refused."


# What somebody believes who says that this client never fails.
_SAFE = {
    "refreshes on time": "punctual-is-safe",
    "refreshes when refused": "asking-again-helps",
    "never refreshes": "tokens-do-not-end",
}


def _outage_belief(name: str, said: object, calls: Sequence[ServiceCall]) -> str:
    """What somebody believes who says this minute; "" for what shows nothing in particular."""
    client = CLIENTS[name]
    if client.due is None:
        return "scoring-asks-the-region"
    if said is None:
        return _SAFE[name]
    if said == OUTAGE_MINUTES[0]:
        return "the-outage-ends-tokens"
    return "refresh-by-is-the-end" if said in {one.refresh_by for one in calls} else ""


def _fails(*minutes: int | None) -> str:
    named = zip(CLIENTS, minutes, strict=True)
    return "\n".join(["answer = {", *(f'    "{name}": {minute},' for name, minute in named), "}"])


OUTAGE = Exercise(
    id="svc-outage",
    notebook=NOTEBOOK,
    title="Eighty minutes without the workspace's region",
    minutes=7,
    prompt="""
Four clients call from minute 0 on, every five minutes: one with a key, and three with tokens that they fetched at minute 0. A token
is good for 60 minutes, and its `refresh_by` is after 45. From minute 50 to minute 130 the region of the workspace is down. The
services run on a cluster in another region, which stays up.

- `"holds a key"`
- `"refreshes on time"`: from `refresh_by` on it asks for a new token before each call, and calls with the old one if it gets none
- `"refreshes when refused"`: it asks for a new token when a call is refused, and calls again
- `"never refreshes"`

At which minute does each of them first fail, which is to say that the service refuses its call? Set `answer` to a dict with these four
names, and a minute for each, or None for a client that never fails. Think it through before you ask the lab.
""",
    starter='answer = {\n    "holds a key": ...,\n    "refreshes on time": ...,\n    "refreshes when refused": ...,\n    "never refreshes": ...,\n}',
    solution=_fails(None, 105, 60, 60),
    hints=(
        "Which of them need the workspace's region at all, and for what: for the call, or for something before it?",
        "Write down for each client which tokens it has had by the time the region goes down, and until when the last one is good.",
        "One of the three got another token in time. That one buys it a whole token's life from then on, and the outage lasts longer.",
    ),
    explanation="The service itself verifies tokens and keys without the workspace's region; only fetching needs it. So a key rides out any "
    "outage, and a token those that are shorter than what is left of it. timeline(outage=(50, 130)) draws it.",
    check=_check_outage,
    wrong=(
        WrongAnswer(
            _fails(50, 105, 60, 60),
            "scoring-asks-the-region",
            "The cluster is up, and compares keys by itself.",
        ),
        WrongAnswer(
            _fails(None, None, 60, 60),
            "punctual-is-safe",
            "Asking on time helps as long as somebody answers.",
        ),
        WrongAnswer(
            _fails(None, 105, None, 60),
            "asking-again-helps",
            "What it asks for then comes from the region that is down.",
        ),
        WrongAnswer(
            _fails(None, 105, 60, None),
            "tokens-do-not-end",
            "A token ends by itself, on a day without any outage too.",
        ),
        WrongAnswer(
            _fails(None, 90, 60, 60),
            "refresh-by-is-the-end",
            "From refresh_by on a new token should be asked for; the old one works until it expires.",
        ),
        WrongAnswer(
            _fails(None, 105, 50, 50),
            "the-outage-ends-tokens",
            "A token that is out already is verified where it is shown, and needs no workspace.",
        ),
    ),
)
