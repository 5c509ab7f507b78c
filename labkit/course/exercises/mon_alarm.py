"""An exercise of 08-data-collection-and-monitoring: a function that finds out who was guessing keys."""

from __future__ import annotations

from collections.abc import Mapping

from labkit.core.clock import iso
from labkit.core.errors import brief
from labkit.course.checking import NotUsable, as_function, as_sequence, as_text, call_safely
from labkit.course.exercise import Bench, Exercise, Result, WrongAnswer
from labkit.course.guessed_keys import DAYS, Day, day

NOTEBOOK = "08-data-collection-and-monitoring.ipynb"
_WHAT = "What your function returns"
_MOST = 8
# What somebody believes who names a client of this kind, in the order in which that tells something.
_NAMED: Mapping[str, str] = {
    "mistyped": "one-refusal-is-an-attack",
    "rotated": "a-stale-key-is-a-guess",
    "hourly": "a-day-is-as-ten-minutes",
    "failing": "every-failure-is-a-refusal",
    "busy": "who-calls-most-is-it",
}
# And who misses one of this kind.
_MISSED: Mapping[str, str] = {
    "fast": "only-the-last-ten-minutes",
    "slow": "who-guesses-is-in-a-hurry",
    "across": "ten-minutes-begin-at-a-fixed-time",
    "lucky": "who-got-in-belongs-in",
}


def _check_alarm(answer: object, bench: Bench) -> Result:
    function = as_function(answer, parameters=1)
    for number in DAYS:
        today = day(number)
        named = _said(call_safely(function, today.copy), number, today)
        if named != today.guessing:
            return _wrong(number, today, named)
    return Result.right(f"{len(DAYS)} days, and on each you named all who were guessing, and nobody else.")


def _said(returned: object, number: int, today: Day) -> frozenset[str]:
    names = as_sequence(returned, what=_WHAT, required="a set of texts, which is set() where it is empty")
    said = [as_text(one, longest=200, what="A user agent in what your function returns") for one in names]
    if unknown := [one for one in said if one not in today.kinds]:
        raise NotUsable(
            f"Day {number}: your function returns {brief(unknown[0])}, and no request has this user agent."
        )
    return frozenset(said)


def _wrong(number: int, today: Day, named: frozenset[str]) -> Result:
    """Who it is about, their requests, and what somebody believes who has them wrong."""
    for kind, belief in _NAMED.items():
        for name in sorted(named - today.guessing):
            if today.kinds[name] == kind:
                message = (
                    f"Day {number}: your function names {name!r}, who was not guessing. {_seen(today, name)}"
                )
                return Result.wrong(message, belief)
    name = min(today.guessing - named, key=lambda one: [*today.kinds.values()].index(today.kinds[one]))
    message = (
        f"Day {number}: {name!r} was guessing, and your function does not name them. {_seen(today, name)}"
    )
    belief = _MISSED.get(today.kinds[name], "")
    # Whoever names nobody at all has not said yet what they believe.
    return Result.wrong(message, belief) if belief and (named or number > 1) else Result.not_yet(message)


def _seen(today: Day, name: str) -> str:
    """The requests that did not go well, with time and status."""
    mine = [one for one in today.requests if one.user_agent == name]
    badly = [f"{iso(one.timestamp)[11:19]} {one.result_code}" for one in mine if not one.success]
    if not badly:
        return f"All of its {len(mine)} requests were accepted."
    more = f" and {len(badly) - _MOST} more" if len(badly) > _MOST else ""
    return f"Of its {len(mine)} requests these were not accepted: {', '.join(badly[:_MOST])}{more}."


def _answer(
    skip: str = 'one.result_code != "401"', enough: str = "len(mine) >= 5 and mine[-1] - mine[-5] <= 600"
) -> str:
    return _source(
        "guessing, times = set(), {}",
        "for one in requests:",
        f"    if {skip}:",
        "        continue",
        "    mine = times.setdefault(one.user_agent, [])",
        "    mine.append(one.timestamp)",
        f"    if {enough}:",
        "        guessing.add(one.user_agent)",
        "return guessing",
    )


def _source(*lines: str) -> str:
    return "\n".join(["def answer(requests):", *(f"    {line}" for line in lines)])


_STARTER = _source("return {one.user_agent for one in requests if not one.success}")

ALARM = Exercise(
    id="mon-alarm",
    notebook=NOTEBOOK,
    title="Who was guessing keys",
    minutes=10,
    prompt="""
Write a function `answer(requests)` that gets the requests of one day, as `AppInsights.query` returns them, and returns a set: the user agents
that were guessing keys. That is whoever has at least five refused requests within ten minutes. The ten minutes may begin at any moment.

A request has, among others, `one.timestamp` (seconds), `one.user_agent`, `one.result_code` (a text: `"200"`, `"401"` for a request that was refused,
`"502"` where `score.py` failed) and `one.success`. The requests come oldest first.

On these days nobody but the guessers breaks that rule. Somebody mistypes a key once, a client keeps an old key for a minute after a rotation, a job
with an old key is refused once an hour, and data arrive that `score.py` fails on. Who calls themselves what says nothing. Your function is tried on five
days.
""",
    starter=_STARTER,
    solution=_answer(),
    hints=(
        "Read the rule word by word: refused, at least five, within ten minutes, of one user agent. Each of the words is needed on one of the days.",
        "Keep for each user agent the times at which it was refused. What has to be true of five of these times in a row?",
        "Do not ask in which ten minutes of the clock a refusal lies. Compare it with the one that came four refusals earlier.",
    ),
    explanation="A rule that looks at one refusal cries all day, and one that looks at whole days hears nobody. A window that slides finds who crosses it. What it does not "
    "find is whoever guesses once in an hour, or under a new name each time: a user agent is what the client says of itself. Against that helps a key "
    "that is too long to be guessed.",
    check=_check_alarm,
    wrong=(
        WrongAnswer(
            _STARTER,
            _NAMED["mistyped"],
            "Everybody is refused now and then. An alarm that rings each time is switched off.",
        ),
        WrongAnswer(
            _answer(enough="len(mine) >= 3 and mine[-1] - mine[-3] <= 600"),
            _NAMED["rotated"],
            "For a minute it did not know of the new key. After a rotation that is to be expected.",
        ),
        WrongAnswer(
            _answer(enough="len(mine) >= 5"),
            _NAMED["hourly"],
            "It is refused once an hour. That is a mistake to mend, and no guessing: look at the times.",
        ),
        WrongAnswer(
            _answer(skip="one.success"),
            _NAMED["failing"],
            "The key was right, and the service let it in. What failed came after that.",
        ),
        WrongAnswer(
            _source(
                "names = [one.user_agent for one in requests]", "return {max(set(names), key=names.count)}"
            ),
            _NAMED["busy"],
            "That is what a good client looks like.",
        ),
        WrongAnswer(
            _source(
                *(
                    'recent = requests.since("10m").where(StatusCode="401")',
                    "names = [one.user_agent for one in recent]",
                ),
                "return {name for name in names if names.count(name) >= 5}",
            ),
            _MISSED["fast"],
            "The rule holds for any ten minutes of the day, and not for those before the question.",
        ),
        WrongAnswer(
            _answer(enough="len(mine) >= 5 and mine[-1] - mine[-5] <= 60"),
            _MISSED["slow"],
            "Whoever knows that alarms look at a minute takes two.",
        ),
        WrongAnswer(
            _source(
                "counted = {}",
                "for one in requests:",
                '    if one.result_code == "401":',
                "        part = (one.user_agent, one.timestamp // 600)",
                "        counted[part] = counted.get(part, 0) + 1",
                "return {name for (name, _), count in counted.items() if count >= 5}",
            ),
            _MISSED["across"],
            "Some of these refusals fall into one part of the hour and some into the next, and yet they are close together.",
        ),
        WrongAnswer(
            _answer().replace(
                "return guessing",
                "return guessing - {one.user_agent for one in requests if one.success}",
            ),
            _MISSED["lucky"],
            "One of the guesses was right. That is no reason to forget the others: it is the worst case.",
        ),
    ),
)
