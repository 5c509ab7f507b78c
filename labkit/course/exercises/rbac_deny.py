"""An exercise of 03-rbac-matrix: NotActions that were meant to be a deny."""

from __future__ import annotations

from collections.abc import Iterator

from labkit.access.operations import operations
from labkit.access.scope import label
from labkit.core.errors import BadInput, brief
from labkit.core.identity import within
from labkit.course.checking import NotUsable, as_mapping, as_sequence, as_text
from labkit.course.deeds import make_ready, tried
from labkit.course.exercise import Bench, Exercise, Result, WrongAnswer
from labkit.course.incidents import NO_COMPUTE, Scene, believed_deny
from labkit.course.scenes import give, object_id
from labkit.course.stepping import uncounted
from labkit.furniture import GROUPS
from labkit.lab import Lab
from labkit.services.authorization import Authorization

NOTEBOOK = "03-rbac-matrix.ipynb"

_CREATE = "Microsoft.MachineLearningServices/workspaces/computes/write"
# What each kind of step consists of.
_STEPS = {"leave": ("who", "group"), "remove": ("who", "role", "scope"), "give": ("who", "role", "scope")}


def _steps(answer: object) -> dict[str, list[tuple[str, ...]]]:
    """The answer as plain values. Raises NotUsable."""
    steps: dict[str, list[tuple[str, ...]]] = {}
    for key, value in as_mapping(answer, at_most=10).items():
        if key not in _STEPS:
            raise NotUsable(f"{brief(key)} is no kind of step. These are: {', '.join(_STEPS)}.")
        steps[key] = []
        for one in as_sequence(value, at_most=20, what=f"What stands under {key!r}"):
            parts = as_sequence(one, at_most=10) if type(one) in (list, tuple) else []
            if len(parts) != len(_STEPS[key]):
                raise NotUsable(
                    f"Under {key!r} stands a list of steps. Each is a tuple of these parts: {', '.join(_STEPS[key])}."
                )
            steps[key].append(tuple(as_text(part, longest=400, what=f"A part of {key!r}") for part in parts))
    return steps


def _carry_out(scene: Scene, steps: dict[str, list[tuple[str, ...]]]) -> None:
    """Raises NotUsable for what cannot be done, and what the door raises."""
    lab = scene.lab
    try:
        for who, group in steps.get("leave", ()):
            scene.leave(who, group)
        for who, role, scope in steps.get("remove", ()):
            _remove(lab, who, role, scope)
        for who, role, scope in steps.get("give", ()):
            give(lab, who, role, scope)
    except BadInput as error:
        known = f" There are: {error.required}." if error.required else ""
        raise NotUsable(f"{error.message} You wrote {error.presented}.{known}") from None


def _remove(lab: Lab, who: str, role: str, scope: str) -> None:
    principal, token = object_id(lab, who), lab.sign_in("olivia").bearer
    wanted = (principal, role.lower(), scope.lower().rstrip("/"))
    for one in lab.ask("olivia", Authorization.assignments, scope, token):
        if (one["principalId"], one["roleDefinitionName"].lower(), one["scope"].lower()) == wanted:
            lab.ask("olivia", Authorization.unassign, one["id"], token)
            return
    raise NotUsable(f"{brief(who)} does not hold {brief(role)} at {brief(scope, 200)}.")


def _scopes(lab: Lab, steps: dict[str, list[tuple[str, ...]]]) -> list[str]:
    """Where it is looked at what somebody may do: the scopes of the scene, and those that a step gives a role at."""
    group = lab.resource_group.rpartition("/")[0]
    own = (lab.workspace, lab.other_workspace, *(f"{group}/{name}" for name in GROUPS), lab.subscription)
    return [*own, *(scope for *_, scope in steps.get("give", ()))]


def _able(lab: Lab, who: str, scopes: list[str]) -> set[tuple[str, str]]:
    """All that somebody may do there, as (operation, scope)."""
    return {(str(row[0]), scope) for scope in scopes for row in lab.access.what_can(who, scope).rows}


def _check_deny(answer: object, bench: Bench) -> Result:
    steps = _steps(answer)
    return uncounted(lambda: _judge(steps, bench.lab()))


def _judge(steps: dict[str, list[tuple[str, ...]]], lab: Lab) -> Result:
    scene = believed_deny(lab)
    make_ready(lab, lab.workspace)
    scopes = _scopes(lab, steps)
    before = {who: _able(lab, who, scopes) for who in ("emil", "finn")}
    _carry_out(scene, steps)
    if tried(lab, "dora", "create compute"):
        wrong = "another-layer" if any(steps.get(key) for key in ("leave", "remove")) else "roles-take-away"
        why = lab.access.explain("dora", _CREATE, lab.workspace).why
        held = ", ".join(
            f"{role} ({_of(holder)})" for holder, role, *_ in lab.access.assignments("dora").rows
        )
        found = f"dora has created a compute target: {why}. With your steps she holds: {held}."
        return Result.wrong(found, wrong)
    for who, able in before.items():
        after = _able(lab, who, scopes)
        if lost := sorted(able - after):
            return Result.wrong(f"{who} may not do {_said(lost[0])} any more.", "colleagues-pay")
        if won := sorted(after - able):
            return Result.wrong(f"{who} may now do {_said(won[0])} as well.", "gives-more")
    return _only_the_role(lab, scopes)


def _of(holder: object) -> str:
    name = str(holder).partition("@")[0]
    return "her own" if name == "dora" else f"the group {name}'s"


def _only_the_role(lab: Lab, scopes: list[str]) -> Result:
    """Whether dora may do what the custom role grants in the resource group, and nothing else."""
    meant, able = set(_granted(lab, scopes)), _able(lab, "dora", scopes)
    if lost := sorted(meant - able):
        found = f"dora may not do {_said(lost[0])}, which the role was to let her do."
        return Result.not_yet(found) if able else Result.wrong(found, "nothing-left")
    if won := sorted(able - meant):
        return Result.wrong(f"dora may do {_said(won[0])}, and was not to get that.", "gives-more")
    return Result.right()


def _said(able: tuple[str, str]) -> str:
    operation, scope = able
    return f"{operation} at {label(scope)}"


def _granted(lab: Lab, scopes: list[str]) -> Iterator[tuple[str, str]]:
    role = lab.access.role(NO_COMPUTE["Name"])
    for scope in (one for one in scopes if within(one, lab.resource_group)):
        yield from ((one.name, scope) for one in operations().values() if role.grants(one.name, one.data))


_GROUP = "/subscriptions/your-sub-id/resourceGroups/your-resource-group-name"

MEND_DENY = Exercise(
    id="rbac-mend-deny",
    notebook=NOTEBOOK,
    title="NotActions that were meant to forbid",
    minutes=8,
    prompt="""
dora, emil and finn are the group `data-science`, which is Contributor on the resource group. dora is to create no compute any more.
So olivia has given her the custom role `No compute` there: `Actions` are everything in a workspace, `NotActions` list
`computes/write` and `computes/delete`. dora goes on creating compute. (`scene = believed_deny(lab)`, from
`labkit.course`, sets this scene in a new lab; `scene.leave("somebody", "a group")` takes somebody out of a group.)

What is to be done, so that dora may do what the role `No compute` grants, and nothing else; and emil and finn keep exactly what they
have? Set `answer` to a dict with the steps, of these three kinds. Leave out what you do not need.

```python
{
    "leave": [("somebody", "a group")],
    "remove": [("somebody or a group", "a role", "its scope")],
    "give": [("somebody or a group", "a role", "a scope")],
}
```
""",
    starter="answer = {}",
    solution='answer = {"leave": [("dora", "data-science")]}',
    hints=(
        "Ask lab.access.explain why she may. Which assignment grants it, and what does the other one do about that?",
        "A role can only add. So whatever grants it has to stop reaching her.",
        "Two ways to stop it: at the assignment, which others need too, or at what connects her with it.",
    ),
    explanation="NotActions forbid nothing. A role leaves something out, and any other role may bring it in. Of all assignments "
    "only a deny assignment forbids, and in 2020 nobody could make one by hand.",
    check=_check_deny,
    wrong=(
        WrongAnswer(
            f'answer = {{"give": [("dora", "Reader", "{_GROUP}")]}}',
            "roles-take-away",
            "No role takes away what another one grants.",
        ),
        WrongAnswer(
            f'answer = {{"remove": [("dora", "No compute", "{_GROUP}")]}}',
            "another-layer",
            "It is not the custom role that lets her.",
        ),
        WrongAnswer(
            f'answer = {{"remove": [("data-science", "Contributor", "{_GROUP}")]}}',
            "colleagues-pay",
            "What a group holds, all of its members hold through it.",
        ),
        WrongAnswer(
            'answer = {"leave": [("dora", "data-science")], '
            f'"remove": [("dora", "No compute", "{_GROUP}")]}}',
            "nothing-left",
            "Then she holds no role at all.",
        ),
        WrongAnswer(
            f'answer = {{"leave": [("dora", "data-science")], "give": [("dora", "AcrPush", "{_GROUP}")]}}',
            "gives-more",
            "Nobody was to get anything new.",
        ),
    ),
)
