"""An exercise of 05-encryption-at-rest: what is missing for run history under one's own key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from labkit.core.errors import LabError
from labkit.course.exercise import Bench, Exercise, Result, WrongAnswer
from labkit.course.naming import in_order
from labkit.course.own_history import STEPS, own_history
from labkit.course.stepping import uncounted
from labkit.services.encryption import KeyUnavailable
from labkit.services.machine_learning.dedicated_cosmos import NotContributor
from labkit.services.registrations import MissingSubscriptionRegistration, SubscriptionNotRegisteredForFeature

NOTEBOOK = "05-encryption-at-rest.ipynb"
# What somebody believes who has left out what this refusal is about.
_BELIEFS: Mapping[type[LabError], str] = {
    NotContributor: "the-owner-asks-so-it-may",
    MissingSubscriptionRegistration: "one-error-one-fault",
    SubscriptionNotRegisteredForFeature: "registered-is-enabled",
    KeyUnavailable: "the-four-of-the-documents",
}


def _check_history(answer: object, bench: Bench) -> Result:
    steps = in_order(answer, STEPS)
    if len(set(steps)) < len(steps):
        return Result.not_yet("A step stands there twice.")
    return uncounted(lambda: _created(bench, steps))


def _created(bench: Bench, steps: Sequence[str]) -> Result:
    scene = own_history(bench.lab())
    for number, step in enumerate(steps, start=1):
        taken = scene.do(step)
        if taken.refusal is not None:
            found = f"Step {number}, {step!r}, was refused: {taken.refusal.heading}"
            return Result.wrong(found, "any-order-will-do")
    refusal = scene.create().refusal
    if refusal is not None:
        count = "1 step was" if len(steps) == 1 else f"{len(steps) or 'No'} steps were"
        found = f"{count} taken, and the creation was refused: {refusal.heading}"
        return Result.wrong(found, _belief(refusal, steps)) if steps else Result.not_yet(found)
    for step in steps:
        if _without(bench, steps, step):
            found = f"The workspace was created. It would have been without {step!r} as well."
            return Result.wrong(found, "the-whole-list-again")
    return Result.right("The workspace was created, and its run history is under olivia's key.")


def _belief(refusal: LabError, steps: Sequence[str]) -> str:
    if isinstance(refusal, NotContributor) and "cosmos contributor" in steps:
        return "the-name-says-who"
    return next(belief for kind, belief in _BELIEFS.items() if isinstance(refusal, kind))


def _without(bench: Bench, steps: Sequence[str], left_out: str) -> bool:
    """Whether the creation passes when this step is not taken."""
    scene = own_history(bench.lab())
    return all(scene.do(step) for step in steps if step != left_out) and bool(scene.create())


def _answer(*steps: str) -> str:
    return "answer = [" + ", ".join(f'"{step}"' for step in steps) + "]"


COSMOS_STEPS = Exercise(
    id="enc-cosmos-steps",
    notebook=NOTEBOOK,
    title="Refused four times",
    minutes=8,
    prompt="""
olivia asks for an Enterprise workspace whose run history is in a Cosmos DB account of her own, under her own key. She gives both parameters, and they are
right. `scene = own_history(lab)`, called once with a new lab, sets the scene: `scene.create()` asks for the workspace and is refused,
`scene.do(step)` takes a step, and then she may ask again. These are the steps:

- `"contributor"`: Azure ML's own application becomes a Contributor of the subscription
- `"cosmos contributor"`: the application of Azure Cosmos DB becomes one
- `"cosmos provider"`: the resource provider Microsoft.DocumentDB is registered
- `"feature"`: customer's keys for Cosmos DB are asked for, and enabled
- `"machine learning provider"`: the resource provider Microsoft.MachineLearningServices is registered
- `"new version"`: the key gets another version
- `"vault access"`: Azure Cosmos DB may get, wrap and unwrap with the keys of the vault

Set `answer` to the list of those that were missing, in an order in which each goes through. They are taken in a new lab: then the workspace has to be
created, and would not have been without any one of them.
""",
    starter=_answer(),
    solution=_answer("cosmos provider", "feature", "contributor", "vault access"),
    hints=(
        "Ask, and read the refusal to its last line: it says who may not do what, or what is not there. Do one thing, and ask again.",
        "A refusal names the first thing that is wrong, and no other. How many refusals have you read by the time nothing is left to be wrong?",
        "Two applications of Microsoft's are at work. One of them makes the account, the other one uses the key. Which is which? And from when on does the second one exist in the tenant?",
    ),
    explanation="The documents list the providers, the feature and the role. That Azure Cosmos DB itself has to be let into the vault they leave to a "
    "page of Cosmos DB's. A creation that is refused leaves nothing behind: no half of a workspace and no resource group. So asking again costs "
    "nothing but patience, since a role may take half an hour to be seen.",
    check=_check_history,
    wrong=(
        WrongAnswer(
            _answer("feature", "contributor"),
            "one-error-one-fault",
            "Behind the first thing that is missing there may be a second one.",
        ),
        WrongAnswer(
            _answer("cosmos provider", "contributor", "vault access"),
            "registered-is-enabled",
            "Registering a provider lets you use what everybody may use. This was on request.",
        ),
        WrongAnswer(
            _answer("cosmos provider", "feature", "vault access"),
            "the-owner-asks-so-it-may",
            "olivia asks Azure ML. Azure ML makes a resource group and an account, and needs a right of its own for that.",
        ),
        WrongAnswer(
            _answer("cosmos provider", "feature", "cosmos contributor", "vault access"),
            "the-name-says-who",
            "Azure Cosmos DB offers accounts. It is another one that asks for this account, in olivia's subscription.",
        ),
        WrongAnswer(
            _answer("cosmos provider", "feature", "contributor"),
            "the-four-of-the-documents",
            "Whoever keeps data under a key has to ask the vault for it, and the vault knows only its access policy.",
        ),
        WrongAnswer(
            _answer("vault access", "cosmos provider", "feature", "contributor"),
            "any-order-will-do",
            "Nobody can be permitted anything before they exist in the tenant.",
        ),
        WrongAnswer(
            _answer("machine learning provider", "cosmos provider", "feature", "contributor", "vault access"),
            "the-whole-list-again",
            "The question was what is missing here. That was there already, or is not needed.",
        ),
    ),
)
