"""Exercises of 03-rbac-matrix: custom roles to be mended, and one to be written."""

from __future__ import annotations

from typing import NamedTuple

from labkit.access.errors import InvalidActionOrNotAction
from labkit.access.operations import operations
from labkit.access.roles import Role
from labkit.core.identity import within
from labkit.course.deeds import make_ready, tried
from labkit.course.exercise import Bench, Exercise, Result, WrongAnswer
from labkit.course.role_answers import as_definition, hold
from labkit.lab import Lab

NOTEBOOK = "03-rbac-matrix.ipynb"
_ML = "Microsoft.MachineLearningServices/workspaces"
_SCOPE = "/subscriptions/your-sub-id/resourceGroups/your-resource-group-name"


def _source(name: str, actions: list[str], not_actions: list[str]) -> str:
    """Source code that sets `answer` to a definition; the patterns are those of a workspace unless they say
    otherwise."""
    lines = [f'ml = "{_ML}"', "answer = {", f'    "Name": "{name}",']
    for key, listed in (("Actions", actions), ("NotActions", not_actions)):
        items = ", ".join(f'"{one[1:]}"' if one.startswith("!") else f'f"{{ml}}/{one}"' for one in listed)
        lines.append(f'    "{key}": [{items}],')
    return "\n".join([*lines, f'    "AssignableScopes": ["{_SCOPE}"],', "}"])


class Lack(NamedTuple):
    """A deed that nina is refused, what to say of it, and the pattern of her role that takes it out, or ""."""

    deed: str
    found: str
    minus: str


def _lack(lab: Lab, role: Role, deeds: tuple[str, ...]) -> Lack | None:
    """The first of the deeds that nina, who holds the role, is refused."""
    for deed in deeds:
        verdict = tried(lab, "nina", deed)
        if verdict.refusal is not None:
            action = verdict.refusal.required.partition(" on ")[0]
            minus = role.match(action, data=False)[1]
            out = f" It is taken out by {minus}." if minus else ""
            return Lack(deed, f"nina holds your role and may not {deed}, which takes {action}.{out}", minus)
    return None


def _check_notebooks(answer: object, bench: Bench) -> Result:
    definition = as_definition(answer)
    lab = bench.lab()
    make_ready(lab, lab.workspace)
    role = hold(lab, definition, "nina")
    if lack := _lack(lab, role, _GOES_ON):
        if not lack.minus:
            return Result.wrong(lack.found, "gives-too-little")
        return Result.wrong(lack.found, "actions-win" if lack.deed == _GOES_ON[0] else "takes-too-much")
    for deed, wrong in _OUT_OF_REACH.items():
        if tried(lab, "nina", deed):
            return Result.wrong(f"nina holds your role and may {deed}.", wrong)
    return _everything_else(role)


def _everything_else(role: Role) -> Result:
    """Whether the role has all operations of a workspace but those of _OUT_OF_REACH."""
    for one in operations().values():
        if one.data or not one.name.startswith(f"{_ML}/") or one.name in _LEFT_OUT:
            continue
        if not role.grants(one.name, data=False):
            minus = role.match(one.name, data=False)[1]
            out = f" It is taken out by {minus}." if minus else ""
            wrong = "takes-too-much" if "*" in minus else "gives-too-little"
            return Result.wrong(f"Whoever holds your role may not do {one.name}.{out}", wrong)
    return Result.right()


_LEFT_OUT = (f"{_ML}/computes/write", f"{_ML}/write", f"{_ML}/delete")
_GOES_ON = ("save a notebook", "register a model", "submit a run", "look at the compute")
# In this order: the last one takes everything away.
_OUT_OF_REACH = {
    "create compute": "compute-again",
    "change the workspace": "workspace-itself",
    "delete the workspace": "deletes-the-workspace",
}
_SCIENTIST = "Data scientist without compute"

MEND_NOTEBOOKS = Exercise(
    id="rbac-mend-notebooks",
    notebook=NOTEBOOK,
    title="The notebooks cannot be saved",
    minutes=8,
    prompt="""
Data scientists are to do everything in their workspace, except for three things: create compute, change the workspace itself,
delete it. Somebody has written the role below. Since it is in force, nobody can save a notebook or register a model.

Mend it. Set `answer` to the definition, as a dict. Keep the resource group among the `AssignableScopes`.
""",
    starter=_source(_SCIENTIST, ["*"], ["delete", "*/write"]),
    solution=_source(_SCIENTIST, ["*"], ["delete", "write", "computes/write"]),
    hints=(
        "Have somebody hold the role in a lab, and look at what lab.access.explain says to an operation of notebooks.",
        "Which operations does the second pattern of NotActions cover, besides the ones it was meant for? "
        'lab.access.operations("/write") has them all.',
        "Take that pattern apart: one line for each thing that is to be out of reach. There are fewer than you may think.",
    ),
    explanation="A wildcard in NotActions takes out more than its author has in mind, and what Azure adds later as well. "
    "Name what is to be out of reach, one by one; the same goes for a wildcard in Actions, the other way round.",
    check=_check_notebooks,
    wrong=(
        WrongAnswer(
            _source(_SCIENTIST, ["*"], ["delete", "write"]),
            "compute-again",
            "That was what the pattern was there for.",
        ),
        WrongAnswer(
            _source(_SCIENTIST, ["*"], ["delete", "computes/write"]),
            "workspace-itself",
            "A wildcard between two slashes may stand for nothing (Azure does not say; the lab reads it so). Then the pattern "
            "covered the write of the workspace itself too.",
        ),
        WrongAnswer(
            _source(_SCIENTIST, ["*", "notebooks/storage/write", "models/write"], ["delete", "*/write"]),
            "actions-win",
            "NotActions win over the Actions of the same role, however exact these are.",
        ),
        WrongAnswer(
            _source(_SCIENTIST, ["*"], ["delete", "write", "computes/*"]),
            "takes-too-much",
            "Again a wildcard takes out more than it was meant to.",
        ),
        WrongAnswer(
            _source(_SCIENTIST, ["read", "notebooks/*"], ["delete", "computes/write"]),
            "gives-too-little",
            "They are to do everything else.",
        ),
        WrongAnswer(
            _source(_SCIENTIST, ["*"], ["write", "computes/write"]),
            "deletes-the-workspace",
            "The first pattern of NotActions had its reason.",
        ),
    ),
)

_KINDS = ("computes", "runs", "models")
_READER = "Reader of computes, runs and models"


def _meant() -> set[str]:
    """The operations that the author of the wildcards wanted, of those that the lab knows."""
    own = (one.name for one in operations().values() if one.name.startswith(f"{_ML}/"))
    return {name for name in own if name.endswith("/read") and set(name.split("/")) & {*_KINDS}}


def _check_wildcards(answer: object, bench: Bench) -> Result:
    definition = as_definition(answer)
    lab = bench.lab()
    try:
        hold(lab, definition, "nina")
    except InvalidActionOrNotAction as refusal:
        if refusal.presented.count("*") > 1:
            return Result.wrong(f"The lab does not take it: {refusal.presented}.", "two-wildcards")
        raise
    rows = lab.access.what_can("nina", lab.workspace).rows
    able, meant = {str(operation) for operation, *_ in rows}, _meant()
    if missing := sorted(meant - able):
        return Result.wrong(f"Whoever holds your role may not do {missing[0]}.", "reads-too-little")
    further = sorted(able - meant)
    if not further:
        return Result.right()
    others = f", and {len(further) - 1} more" if further[1:] else ""
    found = f"Whoever holds your role may do {further[0]}{others}. The author did not mean that."
    if all(name.endswith("/read") for name in further):
        secrets = f"{_ML}/metadata/secrets/read"
        told = f"{found} Among them is {secrets}." if secrets in further else found
        return Result.wrong(told, "reads-everything")
    return Result.wrong(found, "more-than-reading")


_EXACT = ["computes/read", "experiments/runs/read", "models/read"]

MEND_WILDCARDS = Exercise(
    id="rbac-mend-wildcards",
    notebook=NOTEBOOK,
    title="Two wildcards in a string",
    minutes=6,
    prompt="""
The author of the role below wanted to let auditors read everything about the computes, runs and models of a workspace, and do
nothing else. Azure does not take it: `InvalidActionOrNotAction`.

Mend it, so that it is taken and means what the author wanted. Set `answer` to the definition, as a dict.
""",
    starter=_source(_READER, ["*/computes/*", "*/runs/*", "*/models/*"], []),
    solution=_source(_READER, _EXACT, []),
    hints=(
        "A string of a custom role may have one wildcard. Does it need any, where so few operations are meant?",
        'See what there is: lab.access.operations("computes"), and the same for the other two.',
        "An operation has its verb at the end. Only one verb is wanted here; and the path to runs is longer than it seems.",
    ),
    explanation="Three exact strings say it, and no operation that Azure adds tomorrow joins them unasked. Widening a "
    "pattern until Azure takes it is how auditors come to read secrets.",
    check=_check_wildcards,
    wrong=(
        WrongAnswer(
            _source(_READER, ["computes/*/*", "experiments/runs/*/*", "models/*/*"], []),
            "two-wildcards",
            "A string of a custom role has one wildcard at most, wherever it stands.",
        ),
        WrongAnswer(
            _source(_READER, ["*/read"], []),
            "reads-everything",
            "Azure takes it, and it covers more than the three kinds of thing.",
        ),
        WrongAnswer(
            _source(_READER, ["computes/*", "experiments/runs/*", "models/*"], []),
            "more-than-reading",
            "A wildcard at the end covers every verb.",
        ),
        WrongAnswer(
            _source(_READER, ["computes/read", "models/read"], []),
            "reads-too-little",
            "The auditors are to read all three.",
        ),
    ),
)


def _check_aci(answer: object, bench: Bench) -> Result:
    definition = as_definition(answer)
    lab = bench.lab()
    make_ready(lab, lab.workspace)
    role = hold(lab, definition, "nina")
    if lack := _lack(lab, role, ("deploy to AKS",)):
        return Result.wrong(lack.found, "both-or-none" if lack.minus else "no-operator")
    if tried(lab, "nina", "deploy to ACI"):
        decision = lab.access.explain("nina", f"{_ML}/services/aci/write", lab.workspace)
        found = f"nina holds your role and deployed a web service to ACI: {decision.why}."
        others = [one for one in role.not_actions if not within(one, _ML)]
        asked = "".join(_asked_of(lab, one) for one in others)
        return Result.wrong(f"{found}{asked}", "other-provider" if others else "another-pattern")
    if lack := _lack(lab, role, ("register a model", "list the web services")):
        return Result.wrong(lack.found, "no-operator")
    return Result.right()


def _asked_of(lab: Lab, pattern: str) -> str:
    """Who was asked for what a pattern leaves out while the lab was tried, in a sentence."""
    taken = Role("", "", not_actions=(pattern,), actions=("*",))
    asked = {hop.subject for hop in lab.trace if hop.action and not taken.grants(hop.action, data=False)}
    return f" For {pattern} was asked: {', '.join(sorted(asked)) or 'nobody'}."


_OPERATOR = "AKS operator"

ACI_BLOCK = Exercise(
    id="rbac-aci-block",
    notebook=NOTEBOOK,
    title="To AKS, and not to ACI",
    minutes=8,
    prompt="""
Disks have to be encrypted, and on ACI they are not. So the operators are to deploy web services to AKS and never to ACI. They also
register models and list the web services.

The role below lets them do all of it, and deploy to ACI as well. Mend it, so that no pattern in it leads there. Set `answer` to the
definition, as a dict. Keep the resource group among the `AssignableScopes`.
""",
    starter=_source(_OPERATOR, ["*/read", "*/write", "services/*"], []),
    solution=_source(_OPERATOR, ["*/read", "*/write", "services/*"], ["services/aci/write"]),
    hints=(
        'Which operation is a deployment? lab.access.operations("services") lists what there is for either of the two.',
        "More than one pattern of the role covers the one for ACI. lab.access.explain names the one that grants.",
        "Whatever covers it: what a role leaves out is left out of all of its patterns together.",
    ),
    explanation="One exact string in NotActions holds against every pattern of the same role. It does not hold against another "
    "role: an operator who is also a Contributor, through some group, deploys to ACI all the same.",
    check=_check_aci,
    wrong=(
        WrongAnswer(
            _source(_OPERATOR, ["*/read", "*/write", "services/aks/*"], []),
            "another-pattern",
            "It is enough that one pattern of the role covers the operation.",
        ),
        WrongAnswer(
            _source(
                _OPERATOR,
                ["*/read", "*/write", "services/*"],
                ["!Microsoft.ContainerInstance/containerGroups/write"],
            ),
            "other-provider",
            "The operator asks Azure ML for a web service. The container group is created by the workspace's identity.",
        ),
        WrongAnswer(
            _source(_OPERATOR, ["*/read", "*/write", "services/*"], ["services/*"]),
            "both-or-none",
            "That takes AKS out together with ACI.",
        ),
        WrongAnswer(
            _source(_OPERATOR, ["*/read", "services/aks/*"], []),
            "no-operator",
            "The operators could not do the rest of their work.",
        ),
    ),
)

EXERCISES = (MEND_NOTEBOOKS, MEND_WILDCARDS, ACI_BLOCK)
