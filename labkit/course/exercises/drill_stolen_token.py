"""Exercises of 10-incident-drills: the service token of a run has been copied."""

from __future__ import annotations

from labkit.course.drills.judging import ending, finding
from labkit.course.drills.review import LET_IN, STOPPED, Review
from labkit.course.drills.stolen_token import StolenToken
from labkit.course.exercise import Exercise, WrongAnswer

NOTEBOOK = "10-incident-drills.ipynb"

_SEARCH = """\
    ended = set()
    for call in case.log("Azure Machine Learning").where(credential="ML service token"):
        run = call.documented["identity"].removesuffix(" (run)")
        if run in ended:
            break
        if call.documented["operation"] == "Complete run":
            ended.add(run)
    calls = case.log("Azure Machine Learning").where(identity=f"{run} *")
    return run, calls[0].timestamp, call.timestamp"""

_FIND = f"""\
from labkit.azure import Runs
from labkit.core.clock import iso
from labkit.course import drill


def search(case):
{_SEARCH}


case = drill("stolen-token", seed=2020)
run, begun, since = search(case)
answer = {{
    "seed": 2020,
    "run": run,
    "compute": case.ask(Runs.get, case.lab.workspace, run).compute,
    "since": iso(since),
    "ends": iso(begun + 7 * 24 * 3600),
}}"""


def _found(**said: str) -> str:
    """The solution, but for these."""
    return "\n".join([_FIND, *(f'answer["{name}"] = {value}' for name, value in said.items())])


FIND = Exercise(
    id="drill-token-find",
    notebook=NOTEBOOK,
    title="Whose token is it, and until when",
    minutes=10,
    prompt="""
`case = drill("stolen-token", seed=...)` is the incident. `case.log("Azure Machine Learning")` is what Azure ML has written down: each call with what
was presented, and whom that proved. A log answers questions: `.where(credential="ML service token")`, `.where(identity="churn_1*")`,
`.newest(10)`, `.count("operation")`. `case.ask(Runs.get, case.lab.workspace, run_id)` is what the run history keeps of a run.

Set `answer` to a dict with the seed of your case and:

- `"run"`: the run whose token is used by somebody else
- `"compute"`: the compute target from which it was taken
- `"since"`: the minute of the first call with it that was not the run's
- `"ends"`: the minute from which nobody accepts it any more. The token of a run is good for seven days; in this lab each run begins at the
  moment at which it is submitted.
""",
    starter='answer = {"seed": 2020, "run": "", "compute": "", "since": "", "ends": ""}',
    solution=_FIND,
    hints=(
        "What does an honest run do last? Then look what comes after that.",
        "The storage account's log has one name for whoever comes with its key. Which log has a name for each run?",
        "Nobody writes down when a token was made. Which call of the run was the first one?",
    ),
    explanation="A run's calls stop when it reports that it is complete, and its token does not stop with it. Storage cannot tell who came with the "
    "account's key; Azure ML can tell whose token fetched it.",
    check=finding(StolenToken.name),
    wrong=(
        WrongAnswer(
            _found(
                run='case.log("Azure Machine Learning").where(operation="Get data store*")[0].documented["identity"].removesuffix(" (run)")'
            ),
            "every-run-reads",
            "Reading the data store is what such runs are for. The question is when.",
        ),
        WrongAnswer(
            _found(since="iso(begun)"),
            "the-run-was-it",
            "A token is used by its run first of all.",
        ),
        WrongAnswer(
            _found(ends="iso(begun + 3600)"),
            "every-token-lives-an-hour",
            "Azure AD's tokens live for an hour. Azure ML makes its own for runs, which may last for days.",
        ),
        WrongAnswer(
            _found(ends="iso(begun)"),
            "it-ends-with-the-run",
            "Nobody takes a token back when the run is done.",
        ),
        WrongAnswer(
            _found(ends="iso(since + 7 * 24 * 3600)"),
            "counted-from-the-theft",
            "The end was written into the token when it was made.",
        ),
    ),
)

_END = f"""\
from labkit.azure import Authorization, ResourceManager, Resync
from labkit.core.clock import iso


def search(case):
{_SEARCH}


def contain(case):
    run, begun, since = search(case)
    STEPS


answer = {{"seed": 2020, "contain": contain}}"""
_RENEW = 'case.ask(ResourceManager.post, case.storage, "regenerateKey", {{"keyName": "{}"}})'
_KEY1, _KEY2 = _RENEW.format("key1"), _RENEW.format("key2")
_WAIT, _RESYNC = (
    *("case.wait_until(iso(begun + 7 * 24 * 3600 + 60))", "case.ask(Resync.resync, case.lab.workspace)"),
)


def _ended(*steps: str) -> str:
    return _END.replace("STEPS", "\n    ".join(steps))


_UNASSIGN = (
    *("for one in case.ask(Authorization.assignments, case.lab.workspace):",),
    *('    if one["roleDefinitionName"] == "AzureML Data Scientist":',),
    *('        case.ask(Authorization.unassign, one["id"])',),
)


def _in(review: Review) -> bool:
    return review.fault == LET_IN


END = Exercise(
    id="drill-token-end",
    notebook=NOTEBOOK,
    title="A token that nobody can take back",
    minutes=12,
    prompt="""
Write `contain(case)`. Within the hour the attacker must not read the data set any more, for good. The portal and the runs that read no data go on
all the time. Training may rest until the token has ended, and has to work again an hour later at the latest.

What there is, besides all else that olivia may do: `case.ask(ResourceManager.post, case.storage, "regenerateKey", {"keyName": ...})`;
`case.ask(Resync.resync, case.lab.workspace)`, after which runs get the present *key1*; `case.wait("2d")` and
`case.wait_until("2020-03-16 09:00")`, while everybody goes on, the attacker too.

Set `answer` to a dict with the seed of your case and `"contain"`, your function.
""",
    starter='def contain(case):\n    return case.look()\n\n\nanswer = {"seed": 2020, "contain": contain}',
    solution=_ended(_KEY1, _WAIT, _RESYNC),
    hints=(
        "Nobody can revoke the token. What does it open, and can that be made worthless?",
        "Whatever an honest run of the workspace is given from now on, the token is given as well. For how long?",
        "The account has two keys. Who works with which?",
    ),
    explanation="A token that cannot be revoked is contained by what it opens: the string that it fetches is worth nothing from the moment in which the "
    "key is regenerated, and stays so as long as nobody stores the new one. The new one may come when the token has ended.",
    check=ending(
        StolenToken.name,
        ("the-workspace-has-to-go", lambda review: review.did("workspaces/delete")),
        ("the-machine-has-it", lambda review: review.did("computes/delete")),
        ("it-is-her-token", lambda review: review.did("Delete role assignment")),
        ("both-keys-to-be-safe", lambda review: review.who == "portal" and "signature" in review.said),
        ("a-new-key-shuts-out", lambda review: _in(review) and review.did("Resync")),
        ("shut-for-good", lambda review: review.fault == STOPPED and "signature" in review.said),
        ("time-will-tell", lambda review: review.took > review.incident.limit),
    ),
    wrong=(
        WrongAnswer(
            _ended(_KEY1, _RESYNC),
            "a-new-key-shuts-out",
            "What a run may fetch, the token may fetch: the new one too.",
        ),
        WrongAnswer(
            _ended(_WAIT),
            "time-will-tell",
            "It does end. Until then they read, and with what they have fetched they read on.",
        ),
        WrongAnswer(
            _ended(_KEY1),
            "shut-for-good",
            "The attacker is out, and so are your own runs. That was to have an end.",
        ),
        WrongAnswer(
            _ended(_KEY1, _KEY2, _WAIT, _RESYNC),
            "both-keys-to-be-safe",
            "No run was ever given that key, and somebody honest works with it.",
        ),
        WrongAnswer(
            _ended(
                *("from labkit.azure import Runs",),
                *("where = case.ask(Runs.get, case.lab.workspace, run).compute",),
                *('case.ask(ResourceManager.delete, f"{case.lab.workspace}/computes/{where}")',),
            ),
            "the-machine-has-it",
            "It was on the machine once. A copy does not need the machine.",
        ),
        WrongAnswer(
            _ended(*_UNASSIGN),
            "it-is-her-token",
            "The token is the run's own. Nobody asks for the roles of whoever submitted the run.",
        ),
        WrongAnswer(
            _ended("case.ask(ResourceManager.delete, case.lab.workspace)"),
            "the-workspace-has-to-go",
            "That does end the token, and everybody's work. The string that it has fetched opens the account as before.",
        ),
    ),
)

EXERCISES = (FIND, END)
