"""How an answer about a drill is judged: what was found out, and what was done about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from labkit.core.errors import brief
from labkit.course.checking import NotUsable, as_function, as_mapping, as_number
from labkit.course.drills import drill
from labkit.course.drills.incident import facts_of
from labkit.course.drills.review import PAST, Review, respond
from labkit.course.exercise import Bench, Checker, Result
from labkit.course.naming import as_name
from labkit.course.stepping import uncounted
from labkit.releases import RELEASES

SEED, RELEASE, RESPONSE = "seed", "release", "contain"
_LARGEST = 2**63 - 1
_ELSEWHERE = f" If your case is of another release, the answer has to say so: {RELEASE!r}, and its name."
# The idea that a review shows, and when it does.
Belief = tuple[str, Callable[[Review], Any]]


def finding(name: str) -> Checker:
    """Judges a dict that says of each fact of a drill what it is, for the drill of its seed."""

    def check(answer: object, _: Bench) -> Result:
        seed, release, given = _begin(answer)
        facts = uncounted(lambda: facts_of(drill(name, seed, release)))
        names = [fact.name for fact in facts]
        _only(given, names)
        said = [(fact, fact.read(given.get(fact.name, ""))) for fact in facts]
        for fact, text in said:
            if (pitfall := fact.pitfall(text)) is not None:
                elsewhere = "" if fact.options or text[:7] == fact.right[:7] else _ELSEWHERE
                message = f"You say of {fact.name!r}: {text}. {pitfall.found}{elsewhere}"
                belief = pitfall.misconception
                return Result.wrong(message, belief) if belief else Result.not_yet(message)
        return Result.right(f"All {len(names)} of them are in the logs.")

    return check


def ending(name: str, *beliefs: Belief) -> Checker:
    """Judges a function that gets the incident and ends it: it is called, the attack is tried again, and so
    is everybody's work. The first of the beliefs that the review shows is the one that is told."""

    def check(answer: object, _: Bench) -> Result:
        seed, release, given = _begin(answer)
        _only(given, [RESPONSE])
        response = as_function(given.get(RESPONSE), 1, what=f"What you say of {RESPONSE!r}")
        review = uncounted(lambda: respond(partial(drill, name, seed, release), response))
        if review.good:
            return Result.right(review.said)
        shown = (idea for idea, shows in beliefs if shows(review))
        # What was done past the case tells nothing of what somebody believes.
        belief = next(shown, "") if review.fault != PAST else ""
        return Result.wrong(review.said, belief) if belief else Result.not_yet(review.said)

    return check


def _begin(answer: object) -> tuple[int, str, Mapping[str, object]]:
    """The seed and the release of the drill that is meant, and what else the answer says. Raises
    NotUsable."""
    given = as_mapping(answer, at_most=20)
    what = f"What you say of {SEED!r}"
    seed = as_number(given.pop(SEED, None), what=what)
    if type(seed) is not int or not 0 <= seed <= _LARGEST:
        raise NotUsable(f"{what} is {seed}. It should be the seed of your case, a whole number from 0 on.")
    release = as_name(given.pop(RELEASE, max(RELEASES)), RELEASES, f"What you say of {RELEASE!r}")
    return seed, release, given


def _only(given: Mapping[str, object], names: list[str]) -> None:
    if unknown := sorted(brief(one) for one in given.keys() - set(names)):
        raise NotUsable(
            f"Not asked for: {', '.join(unknown)}. There are {', '.join((SEED, RELEASE, *names))}."
        )
