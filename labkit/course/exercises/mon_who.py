"""An exercise of 08-data-collection-and-monitoring: six deeds, and where it stands who did each."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from labkit.course.exercise import Bench, Exercise, Result, WrongAnswer
from labkit.course.naming import chosen, dict_source
from labkit.course.stepping import uncounted
from labkit.course.who_did_this import DRILLS, SOURCES, SUSPECTS, UNKNOWN, telling_sources

NOTEBOOK = "08-data-collection-and-monitoring.ipynb"
PLACES = (*SOURCES, UNKNOWN)
# What somebody believes who says this place of that deed.
_BELIEFS: Mapping[tuple[str, str], str] = {
    ("storage key", UNKNOWN): "keys-have-no-history",
    ("role assignment", UNKNOWN): "what-is-deleted-is-forgotten",
    ("compute target", "Activities"): "what-is-in-a-workspace-is-in-activities",
    ("model", "activity log"): "every-write-is-logged",
    ("model", "Activities"): "activities-name-somebody",
    ("model", UNKNOWN): "no-log-no-name",
    ("run", "activity log"): "starting-a-run-is-management",
    ("run", "metrics"): "counting-is-knowing",
    ("web service", "activity log"): "the-caller-is-who-wanted-it",
    ("web service", "Application Insights"): "insights-knows-all-of-a-service",
}
_RIGHT = {
    "role assignment": "activity log",
    "storage key": "activity log",
    "compute target": "activity log",
    "model": "models",
    "run": "run history",
    "web service": UNKNOWN,
}
_telling = cache(telling_sources)


def _check_who(answer: object, bench: Bench) -> Result:
    said = chosen(answer, dict.fromkeys(DRILLS, PLACES), 'What you say of "{}"')
    return uncounted(lambda: _compared(said))


def _compared(said: Mapping[str, str]) -> Result:
    tried = f"The lab had {', '.join(SUSPECTS[:-1])} and {SUSPECTS[-1]} do it, each in a lab of their own"
    for deed, place in said.items():
        telling = _telling(deed)
        if place == UNKNOWN and telling:
            message = f'"{deed}": you say that it cannot be known. {tried}, and something reads differently for each.'
        elif place != UNKNOWN and place not in telling:
            message = f'"{deed}": {tried}. What "{place}" shows does not tell the three apart.'
        else:
            continue
        belief = _BELIEFS.get((deed, place))
        return Result.wrong(message, belief) if belief else Result.not_yet(message)
    return Result.right("Six deeds, each done by three people, and what tells them apart is what you said.")


def _answer(others: Mapping[str, str]) -> str:
    return dict_source({**_RIGHT, **others})


def _wrong(deed: str, place: str, says: str) -> WrongAnswer:
    return WrongAnswer(_answer({deed: place}), _BELIEFS[deed, place], says)


WHO = Exercise(
    id="mon-who",
    notebook=NOTEBOOK,
    title="Six deeds and who did them",
    minutes=7,
    prompt="""
carl, dora and emil have the same rights, and all of them were at work. One of them did each of these (`who_did_this("model")` sets one of the six in a lab):

- `"role assignment"`: a role assignment of rita's was deleted
- `"storage key"`: the first key of the storage account was regenerated
- `"compute target"`: the compute target `gpu` was deleted
- `"model"`: a bad version of a model was registered
- `"run"`: a run was submitted that used up the cluster
- `"web service"`: a web service on Container Instances was deleted

olivia may read everything. What tells her which of the three it was: the `"activity log"`, `"Activities"`, the `"run history"`, the list of
`"models"`, the `"metrics"`, `"Application Insights"`, or nothing, so that it `"cannot be known"`?

Set `answer` to a dict: for each of the six one of these. The lab has each of the three do it and compares what can be read afterwards.
""",
    starter=dict_source(dict.fromkeys(DRILLS, "")),
    solution=_answer({}),
    hints=(
        "Which of the six pass Azure Resource Manager? Whoever calls it is written down there, even where what they changed is gone.",
        "Two of the six never reach Resource Manager. A list says that they happened. Look at what they left behind: does that say who made it?",
        "One of the six is done in two steps, and somebody else takes the second one. Whose name would be noted there?",
    ),
    explanation="Resource Manager writes down its caller. Runs and models go to Azure ML itself: Activities has them without a name, and the name is in what was "
    "made. A web service that is deleted leaves nothing, and the call that Resource Manager saw came from the workspace's own identity. Whoever wants "
    "to know that has to set up a log before it happens.",
    check=_check_who,
    wrong=(
        _wrong(
            "storage key",
            UNKNOWN,
            "A key has no owner, and whoever uses it is nobody. Regenerating it is another matter: that took a token.",
        ),
        _wrong(
            "role assignment",
            UNKNOWN,
            "The assignment is gone. What was noted when it was deleted is not part of it.",
        ),
        _wrong(
            "compute target",
            "Activities",
            "That list has runs, registrations and deployments. A compute target is a resource, and is deleted like one.",
        ),
        _wrong(
            "model",
            "activity log",
            "It has what passes Resource Manager. Registering is a call on the workspace itself.",
        ),
        _wrong(
            "model", "Activities", "It is in that list, with time and status. One thing is not in that list."
        ),
        _wrong("model", UNKNOWN, "No log has the name. Something else than a log may have it."),
        _wrong("run", "activity log", "The documents name this one as an example of what is missing there."),
        _wrong("run", "metrics", "A metric says how many there were, and when."),
        _wrong(
            "web service",
            "activity log",
            "There is an entry, and it has a caller. Read who that is: it is the same whoever wanted it.",
        ),
        _wrong(
            "web service",
            "Application Insights",
            "It knows who called the service. Deleting it is no request to the service.",
        ),
    ),
)
