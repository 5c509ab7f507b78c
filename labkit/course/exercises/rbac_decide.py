"""An exercise of 03-rbac-matrix: write Azure's decision yourself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from labkit.access.assignment import RoleAssignment
from labkit.access.roles import Role
from labkit.core.identity import Identity
from labkit.course.checking import as_function, as_truth, call_safely
from labkit.course.exercise import Bench, Exercise, Result, WrongAnswer
from labkit.lab import Lab

NOTEBOOK = "03-rbac-matrix.ipynb"

_ML = "Microsoft.MachineLearningServices/workspaces"
_RUNS, _SHARE = f"{_ML}/experiments/runs", "Microsoft.Authorization/roleAssignments/write"
_SUBSCRIPTION = "/subscriptions/one"
_GROUP = f"{_SUBSCRIPTION}/resourceGroups/ml"
_WORKSPACE = f"{_GROUP}/providers/{_ML}/churn"
_ALL_BUT_SHARING = ("*",), ("Microsoft.Authorization/*/write",)

Assignment = dict[str, Any]


class Case(NamedTuple):
    """Who gets it wrong has the misconception, "" for none in particular."""

    misconception: str
    assignments: tuple[Assignment, ...]
    action: str
    scope: str


def _at(scope: str, actions: tuple[str, ...], not_actions: tuple[str, ...] = ()) -> Assignment:
    return {"scope": scope, "Actions": list(actions), "NotActions": list(not_actions)}


def _telling() -> Iterator[Case]:
    """Cases that tell wrong ideas apart, the plainest first."""
    read, everything = _at(_WORKSPACE, (f"{_ML}/read",)), ("*",)
    yield Case("", (read,), f"{_ML}/read", _WORKSPACE)
    yield Case("", (read,), f"{_ML}/write", _WORKSPACE)
    yield Case("", (), f"{_ML}/read", _WORKSPACE)
    yield Case("", (read,), f"{_ML}/read", _GROUP)
    yield Case("", (read, _at(_WORKSPACE, (f"{_ML}/write",))), f"{_ML}/write", _WORKSPACE)
    yield Case("exact-scope", (_at(_GROUP, (f"{_ML}/read",)),), f"{_ML}/read", _WORKSPACE)
    yield Case("exact-scope", (_at(_SUBSCRIPTION, (f"{_ML}/read",)),), f"{_ML}/read", _WORKSPACE)
    yield Case("no-boundary", (_at(_GROUP, everything),), f"{_ML}/read", f"{_GROUP}-test")
    yield Case("no-boundary", (_at(_WORKSPACE, everything),), f"{_ML}/read", f"{_WORKSPACE}2")
    yield Case("case-counts", (_at(_GROUP.upper(), (f"{_ML}/read",)),), f"{_ML}/read", _WORKSPACE)
    yield Case("case-counts", (read,), f"{_ML}/Read".swapcase(), _WORKSPACE)
    yield Case("one-segment", (_at(_GROUP, (f"{_ML}/*",)),), f"{_RUNS}/write", _WORKSPACE)
    yield Case("one-segment", (_at(_GROUP, ("*/read",)),), f"{_RUNS}/read", _WORKSPACE)
    yield Case(
        "half-a-match", (_at(_GROUP, ("*/read",)),), f"{_ML}/environments/readSecrets/action", _WORKSPACE
    )
    yield Case("no-minus", (_at(_GROUP, *_ALL_BUT_SHARING),), _SHARE, _WORKSPACE)
    yield Case("case-counts", (_at(_GROUP, *_ALL_BUT_SHARING),), _SHARE.upper(), _WORKSPACE)
    sharing = _at(_GROUP, (_SHARE,))
    for both in ((sharing, _at(_GROUP, *_ALL_BUT_SHARING)), (_at(_GROUP, *_ALL_BUT_SHARING), sharing)):
        yield Case("minus-is-deny", both, _SHARE, _WORKSPACE)
    yield Case(
        "minus-is-deny",
        (_at(_SUBSCRIPTION, *_ALL_BUT_SHARING), _at(_WORKSPACE, (_SHARE,))),
        _SHARE,
        _WORKSPACE,
    )


def _crossed() -> Iterator[Case]:
    """Some roles at some scopes, in pairs, asked about some operations."""
    roles = (
        (("*/read",), ()),
        _ALL_BUT_SHARING,
        ((f"{_ML}/*",), (f"{_ML}/computes/*",)),
        ((f"{_ML}/computes/write", _SHARE), (f"{_ML}/computes/delete",)),
    )
    actions = (f"{_ML}/computes/write", _SHARE, f"{_RUNS}/read")
    scopes = (_SUBSCRIPTION, _GROUP, f"{_GROUP}2", _WORKSPACE)
    for one in roles:
        for other in roles:
            for at, scope in zip(scopes, (*scopes[1:], scopes[0]), strict=True):
                for action in actions:
                    yield Case("", (_at(at, *one), _at(_GROUP, *other)), action, scope)


def _decided(lab: Lab, number: int, case: Case) -> bool:
    """What the lab says: the case has a principal of its own, which holds exactly these assignments."""
    roles, who = lab.parts.access.roles, f"case-{number}"
    for at, one in enumerate(case.assignments):
        name = f"{who}-{at}"
        roles.definitions.define(
            Role(name, name, "", tuple(one["Actions"]), tuple(one["NotActions"]), custom=True)
        )
        roles.add(RoleAssignment(name, who, name, one["scope"]))
    return roles.decide(Identity("user", who, who), case.action, False, case.scope, lab.clock.now).allowed


def _copied(case: Case) -> list[Assignment]:
    return [_at(one["scope"], one["Actions"], one["NotActions"]) for one in case.assignments]


def _check_decide(answer: object, bench: Bench) -> Result:
    may: Callable[..., Any] = as_function(answer, parameters=3)
    lab = bench.lab()
    for number, case in enumerate((*_telling(), *_crossed())):
        said = as_truth(
            call_safely(may, _copied(case), case.action, case.scope), what="What your function returns"
        )
        decided = _decided(lab, number, case)
        if said is not decided:
            found = _told(case, said)
            return Result.wrong(found, case.misconception) if case.misconception else Result.not_yet(found)
    return Result.right(f"It decided {number + 1} cases as the lab did.")


def _told(case: Case, said: bool) -> str:
    held = "\n".join(
        f"  at {one['scope']}: Actions {one['Actions']}, NotActions {one['NotActions']}"
        for one in case.assignments
    )
    return (
        f"Your function says {said}, the lab {not said}, to\n  {case.action}\n  at {case.scope}\nwith these assignments:\n"
        f"{held or '  none'}\n"
    )


def _may(
    inside: str, covers: str, decide: str, imports: str = "from fnmatch import fnmatchcase\n\n\n"
) -> str:
    return (
        f"{imports}def covers(patterns, action):\n    return any({covers} for pattern in patterns)\n\n\n"
        "def lets(one, action):\n"
        '    return covers(one["Actions"], action) and not covers(one["NotActions"], action)\n\n\n'
        "def may(assignments, action, scope):\n"
        f"    held = [one for one in assignments if {inside}]\n"
        f"    return {decide}\n\n\nanswer = may"
    )


_INSIDE = 'f"{scope}/".lower().startswith(f"{one[\'scope\']}/".lower())'
_COVERS = "fnmatchcase(action.lower(), pattern.lower())"
_ANY = "any(lets(one, action) for one in held)"

DECIDE = Exercise(
    id="rbac-decide",
    notebook=NOTEBOOK,
    title="Decide as Azure does",
    minutes=10,
    prompt="""
Write `may(assignments, action, scope)`: whether somebody may do `action` (the name of an operation, never a data action) at `scope`.
`assignments` are all role assignments of that person, as a list of dicts like this one:

```python
{"scope": "/subscriptions/one/resourceGroups/ml", "Actions": ["*"], "NotActions": ["Microsoft.Authorization/*/write"]}
```

There are no deny assignments and no groups. Return `True` or `False`, as Azure would decide; the lab decides the same cases.

Set `answer` to the function.
""",
    starter="def may(assignments, action, scope):\n    return False\n\n\nanswer = may",
    solution=_may(_INSIDE, _COVERS, _ANY),
    hints=(
        "Take one assignment at a time. Two questions: does its scope reach down to this one, and does its role grant the action?",
        "A wildcard stands for anything, slashes included, and a pattern has to cover the whole name. Python's library has a "
        "module for patterns like these.",
        "One assignment that grants is enough, whatever the others leave out. And how is /a/b told from /a/bc?",
    ),
    explanation="That is all of it, but for groups, data actions and deny assignments. What a role leaves out, it leaves out of "
    "itself alone: people hold the sum of their roles.",
    check=_check_decide,
    wrong=(
        WrongAnswer(
            _may("scope.lower().startswith(one['scope'].lower())", _COVERS, _ANY),
            "no-boundary",
            "A scope reaches what lies below it, segment by segment. A longer name lies beside it.",
        ),
        WrongAnswer(
            _may(_INSIDE, _COVERS, _ANY + ' and not any(covers(one["NotActions"], action) for one in held)'),
            "minus-is-deny",
            "NotActions subtract from the Actions of their own role. They take nothing away from another one.",
        ),
        WrongAnswer(
            _may('f"{scope}/".startswith(f"{one[\'scope\']}/")', "fnmatchcase(action, pattern)", _ANY),
            "case-counts",
            "Azure compares scopes and operations without regard to case.",
        ),
        WrongAnswer(
            _may("scope.lower() == one['scope'].lower()", _COVERS, _ANY),
            "exact-scope",
            "A role is inherited by everything below the scope that it was given at.",
        ),
        WrongAnswer(
            _may(
                _INSIDE,
                're.fullmatch(re.escape(pattern.lower()).replace("\\\\*", "[^/]*"), action.lower())',
                _ANY,
                "import re\n\n\n",
            ),
            "one-segment",
            "The wildcard does not stop at slashes: it covers any number of segments.",
        ),
        WrongAnswer(
            _may(
                _INSIDE,
                're.match(pattern.lower().replace("*", ".*"), action.lower())',
                _ANY,
                "import re\n\n\n",
            ),
            "half-a-match",
            "A pattern covers the whole name of the operation, from the first letter to the last.",
        ),
        WrongAnswer(
            _may(_INSIDE, _COVERS, 'any(covers(one["Actions"], action) for one in held)'),
            "no-minus",
            "What a role's NotActions name, that role does not grant.",
        ),
    ),
)
