"""The rules of roles: two exercises of 03-rbac-matrix and its predictions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from labkit.access.errors import RoleDefinitionDoesNotExist
from labkit.access.operations import find_operation
from labkit.access.roles import Role
from labkit.core.errors import brief
from labkit.course.checking import as_mapping, as_text
from labkit.course.exercise import Bench, Exercise, Result, WrongAnswer
from labkit.course.exercises.rbac_decide import DECIDE
from labkit.course.prediction import Prediction
from labkit.course.scenes import give
from labkit.lab import Lab

NOTEBOOK = "03-rbac-matrix.ipynb"
_ACCEPTED = ("accepted", "refused")

PREDICTIONS = (
    Prediction(
        id="rbac-next-door",
        notebook=NOTEBOOK,
        question="sam is a Reader of one workspace. He reads another one, in the same resource group.",
        options=_ACCEPTED,
    ),
    Prediction(
        id="rbac-old-token",
        notebook=NOTEBOOK,
        question="tess was refused. Now olivia gives her the role. A minute later tess shows the same token again.",
        options=_ACCEPTED,
    ),
    Prediction(
        id="rbac-reader-secret",
        notebook=NOTEBOOK,
        question="rita, a Reader, asks for the value of a run secret. The operation is called metadata/secrets/read.",
        options=_ACCEPTED,
    ),
    Prediction(
        id="rbac-two-roles",
        notebook=NOTEBOOK,
        question="dora holds a custom role whose NotActions list computes/write, and her group is Contributor on the "
        "workspace. She creates a compute target.",
        options=_ACCEPTED,
    ),
    Prediction(
        id="rbac-owner-blob",
        notebook=NOTEBOOK,
        question="olivia is Owner of the whole subscription. With her token she reads a blob of the storage account.",
        options=_ACCEPTED,
    ),
    Prediction(
        id="rbac-owner-locked",
        notebook=NOTEBOOK,
        question="A blueprint has put a read-only lock on the resource group. olivia, Owner of the subscription, creates "
        "a compute target in it.",
        options=_ACCEPTED,
    ),
    Prediction(
        id="rbac-reader-score",
        notebook=NOTEBOOK,
        question="A web service takes keys. rita, a Reader, asks the workspace for one of them.",
        options=_ACCEPTED,
    ),
    Prediction(
        id="rbac-revoke-group",
        notebook=NOTEBOOK,
        question="The managed identity loses the role Contributor on the workspace, and keeps its other roles. What "
        "breaks?",
        options=("nothing", "runs", "secrets"),
    ),
)

_ML = "Microsoft.MachineLearningServices/workspaces"
_BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs"


@dataclass(frozen=True)
class Task:
    """What a newcomer is to do, `where` (which dependency of the workspace, or the workspace itself), and what
    must be out of reach."""

    may: tuple[str, ...]
    may_not: tuple[str, ...] = ()
    where: str = "workspace"


TASKS: Mapping[str, Task] = {
    "look": Task(
        (f"{_ML}/read", f"{_ML}/experiments/runs/read", f"{_ML}/models/read"),
        (f"{_ML}/experiments/runs/submit/action", f"{_ML}/models/write"),
    ),
    "train": Task(
        (f"{_ML}/experiments/runs/submit/action", f"{_ML}/experiments/runs/write", f"{_ML}/models/write"),
        (f"{_ML}/computes/write", f"{_ML}/computes/delete"),
    ),
    "share": Task(
        ("Microsoft.Authorization/roleAssignments/write", "Microsoft.Authorization/roleAssignments/delete"),
        (f"{_ML}/write", f"{_ML}/delete"),
    ),
    "push": Task(("Microsoft.ContainerRegistry/registries/push/write",), where="registry"),
    "read blobs": Task((f"{_BLOBS}/read",), where="storage"),
}


def _place(lab: Lab, task: Task) -> str:
    found: Any = lab.resources.find(lab.workspace)
    return lab.workspace if task.where == "workspace" else str(found.depends_on[task.where])


def _judge(lab: Lab, name: str, task: Task, role: Role) -> Result | None:
    """Has a newcomer hold the role and asks the lab what follows; None where the role is the smallest."""
    who, scope = f"nina{len(lab.people)}", _place(lab, task)
    lab.hire(who)
    give(lab, who, role.name, scope)
    said = f"{name!r}, with {role.name}:"
    for action in task.may:
        decision = lab.access.explain(who, action, scope)
        if not decision.allowed:
            if find_operation(action).data and not role.data_actions:
                return Result.wrong(f"{said} {action} is refused; it is a data action.", "management-is-data")
            wrong = "all-but-sharing" if role.name == "Contributor" else "too-small"
            return Result.wrong(f"{said} {action} is refused.", wrong)
    for action in task.may_not:
        if lab.access.explain(who, action, scope).allowed:
            return Result.wrong(f"{said} {action} is allowed as well, and must not be.", "more-than-allowed")
    return _wider(lab, said, task, role)


def _wider(lab: Lab, said: str, task: Task, role: Role) -> Result | None:
    """Says so where a smaller role would do, without naming it."""
    definitions = lab.parts.access.roles.definitions
    fitting = [one for one in definitions if not one.custom and _fits(one, task)]
    sizes = {one.name: definitions.size(one) for one in fitting}
    smallest = min(sizes.values())
    if sizes[role.name] == smallest:
        return None
    return Result.wrong(
        f"{said} that grants {sizes[role.name]} of the operations that the lab knows. One that does it has {smallest}.",
        "wider-than-needed",
    )


def _fits(role: Role, task: Task) -> bool:
    may, may_not = (
        [role.grants(action, find_operation(action).data) for action in actions]
        for actions in (task.may, task.may_not)
    )
    return all(may) and not any(may_not)


def _check_least(answer: object, bench: Bench) -> Result:
    given = as_mapping(answer, at_most=20)
    said = {
        key: as_text(value, longest=200, what=f"What you say of {brief(key)}") for key, value in given.items()
    }
    if unknown := sorted(brief(key) for key in said.keys() - TASKS.keys()):
        return Result.not_yet(f"Not among the five: {', '.join(unknown)}. The five are {', '.join(TASKS)}.")
    if missing := [name for name in TASKS if not said.get(name, "").strip()]:
        return Result.not_yet(f"The answer says nothing of {', '.join(missing)} yet.")
    lab = bench.lab()
    for name, task in TASKS.items():
        try:
            role = lab.access.role(said[name].strip())
        except RoleDefinitionDoesNotExist:
            return Result.not_yet(
                f"The lab knows no built-in role {brief(said[name])}, which you name for {name!r}."
            )
        if result := _judge(lab, name, task, role):
            return result
    return Result.right()


_LEAST = {
    "look": "Reader",
    "train": "AzureML Data Scientist",
    "share": "User Access Administrator",
    "push": "AcrPush",
    "read blobs": "Storage Blob Data Reader",
}


def _least(**others: str) -> str:
    changed = {key.replace("_", " "): role for key, role in others.items()}
    lines = [f'    "{key}": "{role}",' for key, role in (_LEAST | changed).items()]
    return "\n".join(["answer = {", *lines, "}"])


LEAST = Exercise(
    id="rbac-least",
    notebook=NOTEBOOK,
    title="The smallest role that does it",
    minutes=8,
    prompt="""
Five newcomers, and what each is to do. Each gets one built-in role, on the resource that is named:

- `"look"`: look at the workspace, its runs and their metrics, its models, and change none of them
- `"train"`: submit runs, write their metrics and register models in the workspace, but neither create nor delete compute
- `"share"`: give roles on the workspace to others and take them away, but neither change nor delete the workspace
- `"push"`: push images to the workspace's container registry
- `"read blobs"`: read the blobs of the workspace's storage account, with a token

Which is the smallest role that does it: the one that grants the fewest operations of those that the lab knows?
`lab.access.operations("runs")` lists operations by a part of their name, `lab.access.role("Reader")` shows a role.

Set `answer` to a dict with these five keys, and the name of a role for each.
""",
    starter='answer = {"look": "", "train": "", "share": "", "push": "", "read blobs": ""}',
    solution=_least(),
    hints=(
        "Find the operations of each task first. Are they actions or data actions? A role lists the two separately.",
        "The three that everybody knows do for one task of the five. Azure has roles made for the other four.",
        "lab.access has a question for this: which built-in role has an operation, and the fewest others.",
    ),
    explanation="Azure has a small role for most jobs (AzureML Data Scientist is younger than the documents). Two of these are easy to get wrong: whoever gives roles needs nothing "
    "else, and no role of the management plane, however wide, reads a blob with a token.",
    check=_check_least,
    wrong=(
        WrongAnswer(
            _least(train="Contributor"),
            "more-than-allowed",
            "A role brings all of its operations along, also those that were to be out of reach.",
        ),
        WrongAnswer(
            _least(share="Contributor"),
            "all-but-sharing",
            "A Contributor does everything except for what decides who else does.",
        ),
        WrongAnswer(
            _least(read_blobs="Reader"),
            "management-is-data",
            "A role on the management plane grants actions. What is inside a resource takes data actions.",
        ),
        WrongAnswer(_least(push="AcrPull"), "too-small", "The newcomer could not do the job."),
        WrongAnswer(
            _least(push="Contributor"),
            "wider-than-needed",
            "What a role grants beyond the job helps nobody but a thief of the account.",
        ),
    ),
)

EXERCISES = (LEAST, DECIDE)
