"""Exercises of 10-incident-drills: an application that may do more than it needs has lost its secret."""

from __future__ import annotations

from labkit.course.drills.judging import ending, finding
from labkit.course.drills.review import LATE, LET_IN, MORE, Review
from labkit.course.drills.wide_principal import WidePrincipal
from labkit.course.exercise import Exercise, WrongAnswer

NOTEBOOK = "10-incident-drills.ipynb"

_SEARCH = """\
    log = case.log("activity log")
    apps = {row[1]: row for row in case.applications.rows}
    listed = [one for one in log.where(operationName="*/listKeys/action") if one.caller in apps]
    name, app = apps[listed[0].caller][0], apps[listed[0].caller]
    found = case.ask(Authorization.assignments, case.lab.subscription, True)
    held = [one for one in found if one["principalId"] == app[1]]"""

_FIND = f"""\
from labkit.azure import Authorization
from labkit.core.clock import iso
from labkit.course import drill


def search(case):
{_SEARCH}
    return log, listed, name, held


case = drill("wide-principal", seed=2020)
log, listed, name, held = search(case)
wide = next(one for one in held if "/providers/" not in one["scope"])
made = log.where(operationName="*roleAssignments/write", resourceId=wide["scope"])
answer = {{
    "seed": 2020,
    "application": name,
    "role": wide["roleDefinitionName"],
    "scope": "the resource group" if "resourceGroups" in wide["scope"] else "the subscription",
    "granted by": made[0].caller.partition("@")[0],
    "since": iso(listed[0].timestamp),
}}"""


def _found(seed: int = 2020, **said: str) -> str:
    """The solution, but for these."""
    changed = (f'answer["{name.replace("_", " ")}"] = {value}' for name, value in said.items())
    return "\n".join([_FIND.replace("2020", str(seed)), *changed])


FIND = Exercise(
    id="drill-principal-find",
    notebook=NOTEBOOK,
    title="Which application, and who gave it that much",
    minutes=10,
    prompt="""
`case = drill("wide-principal", seed=...)` is the incident. `case.applications` are the three applications, with the object ids of their service
principals. `case.log("activity log")` has what changed something, `case.log("Azure AD")` the sign-ins:
`.where(operationName="*/listKeys/action")`, `.where(operationName="*roleAssignments/write")`, `.where(resourceId=...)`.
`case.ask(Authorization.assignments, case.lab.subscription, True)` lists the role assignments, those further down too.

Set `answer` to a dict with the seed of your case and:

- `"application"`: whose secret is used by somebody else
- `"role"` and `"scope"`: the role assignment that let it list those keys; the scope is `"the subscription"`, `"the resource group"`,
  `"the workspace"` or `"the storage account"`
- `"granted by"`: who made that assignment: hugo, ida, olivia, or an application
- `"since"`: the minute in which the keys were first listed
""",
    starter='answer = {"seed": 2020, "application": "", "role": "", "scope": "", "granted by": "", "since": ""}',
    solution=_FIND,
    hints=(
        "Which of the calls in the activity log is none of the three pipelines' work?",
        "An assignment has an age. Which of them was there when it happened for the first time?",
        "The log has a row for each assignment that was made: who made it, and at which scope.",
    ),
    explanation="A secret in the wrong hands can do what its owner can, and this one could do far more than it was for. The list of role assignments does not "
    "say who made them. The log does.",
    check=finding(WidePrincipal.name),
    wrong=(
        WrongAnswer(
            _found(application="next(row[0] for row in case.applications.rows if row[0] != name)"),
            "who-signs-in-often",
            "A sign-in says that somebody has the secret. What came after it says who.",
        ),
        WrongAnswer(
            _found(role='"Reader" if name == "watcher" else "AzureML Data Scientist"'),
            "it-has-what-it-needs",
            "What it needs and what it has are two things.",
        ),
        WrongAnswer(
            _found(0, granted_by="name"),
            "the-last-is-the-cause",
            "What an attacker does once they are in does not explain how they came in.",
        ),
        WrongAnswer(
            _found(since="iso(made[0].timestamp)"),
            "granted-is-misused",
            "The door was open from then on. That is not when somebody came through it.",
        ),
    ),
)

_END = f"""\
from labkit.azure import Authorization, Graph

LEAST = {{"watcher": "Reader"}}


def search(case):
{_SEARCH}
    return name, app, held


def contain(case):
    name, app, held = search(case)
    STEPS


answer = {{"seed": 2020, "contain": contain}}"""
_GIVE = "case.ask(Authorization.assign, {}, {}, app[1])"
_LEAST = _GIVE.format("app[3]", 'LEAST.get(name, "AzureML Data Scientist")')
_TAKE = 'for one in held:\n        case.ask(Authorization.unassign, one["id"])'
_SECRET = (
    *('case.ask(Graph.set_secret, case.address(name), "lab-a-new-one")',),
    *('case.hand_out(name, "lab-a-new-one")',),
)


def _ended(*steps: str, seed: int = 2020) -> str:
    return _END.replace("STEPS", "\n    ".join(steps)).replace("2020", str(seed))


_GIVEN, _TAKEN, _RENEWED = "Create role assignment", "Delete role assignment", "Update application"


def _in(review: Review) -> bool:
    return review.fault == LET_IN


def _left(review: Review) -> bool:
    """Whether something was left to it: what is taken is felt after half an hour."""
    return review.did(_TAKEN) and review.took < review.incident.limit // 2


def _more(review: Review) -> bool:
    return review.fault == MORE


END = Exercise(
    id="drill-principal-end",
    notebook=NOTEBOOK,
    title="The least that lets it work",
    minutes=15,
    prompt="""
Write `contain(case)`. Within the hour whoever has the old secret must get nothing with it. The application's own pipeline may be refused for five minutes at the
most, and nobody else at all. In the end the application may do its work in its workspace, and nothing that it has no need of.

`case.ask(Graph.set_secret, case.address(name), secret)` gives an application a secret in place of all that it had; `case.hand_out(name, secret)` tells its
pipeline. `Authorization.assign` (on a scope: role, object id) and `Authorization.unassign` (on the id of an assignment) are about roles.
`case.applications.rows` has name, object id, work and workspace of each.

Set `answer` to a dict with the seed of your case and `"contain"`, your function.
""",
    starter='def contain(case):\n    return case.look()\n\n\nanswer = {"seed": 2020, "contain": contain}',
    solution=_ended(_LEAST, _TAKE, *_SECRET),
    hints=(
        "Two things are wrong: who knows the secret, and what it is good for. Mending one leaves the other.",
        "Look at all that the application holds before you take something away, and not at the widest alone.",
        "An application that only looks needs another role than one that writes. Both need it in one place.",
    ),
    explanation="A new secret ends what is known, a smaller role limits the next leak. The order keeps the pipeline at work: the role that it needs comes before the "
    "others go. Tokens that were issued before see the change after half an hour, and end after one.",
    check=ending(
        WidePrincipal.name,
        ("the-application-has-to-go", lambda review: review.did("Delete application")),
        ("the-secret-was-all", lambda review: review.did(_RENEWED) and not review.did(_GIVEN, _TAKEN)),
        ("the-role-was-all", lambda review: _in(review) and review.did(_TAKEN) and not review.did(_RENEWED)),
        ("nothing-is-safest", lambda review: review.did(_TAKEN) and not review.did(_GIVEN)),
        ("one-assignment-was-all", lambda review: review.fault == LATE and _left(review)),
        ("contributor-is-usual", lambda review: _more(review) and "create compute" in review.said),
        ("a-little-wider", lambda review: _more(review) and "look at the workspace" in review.said),
    ),
    wrong=(
        WrongAnswer(
            _ended(*_SECRET),
            "the-secret-was-all",
            "The next one who gets hold of a secret of it finds everything open again.",
        ),
        WrongAnswer(
            _ended(_LEAST, _TAKE),
            "the-role-was-all",
            "Whoever has the secret is still the application, with whatever role that has.",
        ),
        WrongAnswer(
            _ended(_TAKE, *_SECRET),
            "nothing-is-safest",
            "It was there to do something.",
        ),
        WrongAnswer(
            _ended(_GIVE.format("app[3]", '"Contributor"'), _TAKE, *_SECRET),
            "contributor-is-usual",
            "It is what such applications were once given unasked. It is not what this one needs.",
        ),
        WrongAnswer(
            _ended(
                _GIVE.format("case.lab.resource_group", 'LEAST.get(name, "AzureML Data Scientist")'),
                _TAKE,
                *_SECRET,
            ),
            "a-little-wider",
            "It works for one workspace, and the scope has two.",
        ),
        WrongAnswer(
            _ended(
                _LEAST,
                'for one in held:\n        if "/providers/" not in one["scope"]:\n            case.ask(Authorization.unassign, one["id"])',
                *_SECRET,
                seed=0,
            ),
            "one-assignment-was-all",
            "Whoever may assign roles may leave themselves a back door. Assignments add up.",
        ),
        WrongAnswer(
            _ended(
                "case.ask(Graph.unregister, case.address(name))",
            ),
            "the-application-has-to-go",
            "That ends it, and the pipeline with it.",
        ),
    ),
)

EXERCISES = (FIND, END)
