"""The exercise and the prediction of 00-start-here."""

from __future__ import annotations

from labkit.core.identity import within
from labkit.course.checking import as_text
from labkit.course.exercise import Bench, Exercise, Result, WrongAnswer
from labkit.course.prediction import Prediction
from labkit.services.resource_id import group_of

NOTEBOOK = "00-start-here.ipynb"

PREDICTIONS = (
    Prediction(
        id="start-rita-reads",
        notebook=NOTEBOOK,
        question="rita was refused when she tried to delete the workspace. Now she only looks at it.",
        options=("accepted", "refused"),
    ),
)


def _check_scope(answer: object, bench: Bench) -> Result:
    said = as_text(answer).strip()
    if said == "":
        return Result.not_yet("The answer is still empty.")
    lab = bench.lab()
    scope, wanted = said.rstrip("/"), group_of(lab.workspace)
    if scope.lower() == wanted.lower():
        return Result.right()
    if not said.startswith("/"):
        if "/" in said:
            return Result.not_yet("Almost: a scope begins with a slash, and has no host before it.")
        return Result.wrong(f"{said!r} is a name, and not a scope.", "a-name-is-no-scope")
    if not within(lab.workspace, scope):
        return Result.wrong(f"The workspace is not inside of {said!r}.", "not-on-the-path")
    if within(scope, wanted):
        return Result.wrong(f"{said!r} begins with the resource group and goes on.", "more-than-the-group")
    if scope.lower().endswith("/resourcegroups") or scope.lower() == "/subscriptions":
        return Result.not_yet("That path ends with the word for what follows; a scope ends with a name.")
    return Result.wrong(f"{said!r} is a scope, and a wider one.", "wider-than-asked")


SCOPE = Exercise(
    id="start-scope",
    notebook=NOTEBOOK,
    title="The scope of a resource group",
    minutes=3,
    prompt="""
olivia wants to give a new colleague a role on everything in the resource group of `lab.workspace`, and on nothing else. Which
scope does she name?

Set `answer` to the scope, as text. You may compute it from `lab.workspace`.
""",
    starter='answer = ""',
    solution='answer = "/".join(lab.workspace.split("/")[:5])',
    hints=(
        "Print lab.workspace and look at it as a path, from left to right.",
        "A scope is a beginning of that path that ends with a name. Which one ends with the group's?",
        "It has four words in it: two of them say what kind of thing follows, and two are names.",
    ),
    explanation="A scope is a beginning of a resource's id that ends with a name. Everything whose id goes on from there "
    "inherits what is given at the scope.",
    check=_check_scope,
    wrong=(
        WrongAnswer(
            'answer = "your-resource-group-name"',
            "a-name-is-no-scope",
            "Two subscriptions may each have a group of that name; a scope says which.",
        ),
        WrongAnswer(
            'answer = "/subscriptions/your-sub-id"',
            "wider-than-asked",
            "A role given there would reach every group of the subscription.",
        ),
        WrongAnswer(
            'answer = lab.workspace.rsplit("/", 1)[0]',
            "more-than-the-group",
            "What follows the group's name is already about what is inside of it.",
        ),
        WrongAnswer(
            'answer = "/subscriptions/your-sub-id/resourceGroups/your-resource-group"',
            "not-on-the-path",
            "Scopes are compared segment by segment, not letter by letter.",
        ),
    ),
)

EXERCISES = (SCOPE,)
