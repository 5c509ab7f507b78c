"""Exercises of 10-incident-drills: a secret in an environment variable."""

from __future__ import annotations

from labkit.course.drills.judging import ending, finding
from labkit.course.drills.review import LET_IN, STOPPED, Review
from labkit.course.drills.shown_secret import ShownSecret
from labkit.course.exercise import Exercise, WrongAnswer

NOTEBOOK = "10-incident-drills.ipynb"

_SEARCH = """\
    get = WebServices.get_aks_keys if case.service.kind == "aks" else WebServices.get_aci_keys
    keys = case.ask(get, case.lab.workspace, "features")
    for variable, value in case.variables.items():
        for which, key in zip(("Primary", "Secondary"), keys):
            if key.reveal() == value:
                return variable, which, value"""

_FIND = f"""\
from labkit.azure import Runs, WebServices
from labkit.core.clock import iso
from labkit.course import drill


def search(case):
{_SEARCH}


case = drill("shown-secret", seed=2020)
variable, which, value = search(case)
record = next(one for one in case.lab.diagnostics.records if value in one.values.values())
first = case.ask(Runs.get, case.lab.workspace, record.values["run id"])
answer = {{
    "seed": 2020,
    "variable": variable,
    "key": which,
    "set by": first.submitted_by.partition("@")[0],
    "since": iso(record.time),
}}"""


def _found(**said: str) -> str:
    """The solution, but for these."""
    changed = (f'answer["{name.replace("_", " ")}"] = {value}' for name, value in said.items())
    return "\n".join([_FIND, *changed])


FIND = Exercise(
    id="drill-secret-find",
    notebook=NOTEBOOK,
    title="Which variable, and since which run",
    minutes=8,
    prompt="""
`case = drill("shown-secret", seed=...)` is the incident. `case.variables` are the environment variables of the job at present. `case.service` has a `kind`, "aks"
or "aci": its keys are shown by `WebServices.get_aks_keys` or `get_aci_keys`, on `case.lab.workspace`, for `"features"`. `case.lab.diagnostics.find(text)`
says where Microsoft has collected a text; `case.lab.diagnostics.records` are all records, each with a `time` and `values` by name.
`case.ask(Runs.get, case.lab.workspace, run_id)` shows a run.

Set `answer` to a dict with the seed of your case and:

- `"variable"`: the variable that holds a key of the service
- `"key"`: which key, `"Primary"` or `"Secondary"`
- `"set by"`: who submitted the first run with it: dora, emil or finn
- `"since"`: the minute of that run
""",
    starter='answer = {"seed": 2020, "variable": "", "key": "", "set by": "", "since": ""}',
    solution=_FIND,
    hints=(
        "A name says what somebody thought. Look at what the value opens.",
        "Microsoft's records go further back than the present definition of the job. Look for a text in all of them.",
        "A record has the id of its run, and the run history has a name beside each run.",
    ),
    explanation="A variable is no place for a secret, whatever it is called: Azure ML takes none of them for one, keeps all of them in the run history, and "
    "Microsoft collects them. One convenient change was enough, and every run since has written it down once more.",
    check=finding(ShownSecret.name),
    wrong=(
        WrongAnswer(
            _found(
                variable='next(name for name in case.variables if name in ("API_TOKEN", "PASSWORD", "SECRET_ID"))'
            ),
            "a-name-says-it",
            "A secret has no need to be called one.",
        ),
        WrongAnswer(_found(variable='"ROWS"'), "all-are-alike", "Most variables are harmless. Compare."),
        WrongAnswer(
            _found(key='"Primary" if which == "Secondary" else "Secondary"'),
            "the-first-one-probably",
            "A service has two keys, and either opens it. Compare.",
        ),
        WrongAnswer(
            _found(
                set_by='case.ask(Runs.get, case.lab.workspace, next(one.values["run id"] for one in case.lab.diagnostics.records if "run id" in one.values)).submitted_by.partition("@")[0]'
            ),
            "who-came-first",
            "The job is older than its fault.",
        ),
        WrongAnswer(
            _found(
                since='iso(next(one.time for one in case.lab.diagnostics.records if "environment variable: ROWS" in one.values))'
            ),
            "a-variable-is-a-leak",
            "Look for the value, and not for variables.",
        ),
        WrongAnswer(
            _found(since="iso(case.lab.diagnostics.records[-1].time)"),
            "found-is-shown",
            "It has been written down since the first run that had it.",
        ),
    ),
)

_END = f"""\
from labkit.azure import RunSecrets, WebServices


def search(case):
{_SEARCH}


def contain(case):
    variable, which, value = search(case)
    aks = case.service.kind == "aks"
    get = WebServices.get_aks_keys if aks else WebServices.get_aci_keys
    renew = WebServices.regen_aks_key if aks else WebServices.regen_aci_key
    others = {{name: text for name, text in case.variables.items() if name != variable}}
    other = "Primary" if which == "Secondary" else "Secondary"

    def now():
        return case.ask(get, case.lab.workspace, "features")[which == "Secondary"].reveal()

    STEPS


answer = {{"seed": 2020, "contain": contain}}"""
_RENEW = 'case.ask(renew, case.lab.workspace, "features", {})'
_MOVE = (
    'case.ask(RunSecrets.put, case.lab.workspace, "features", now())',
    'case.define(others, secret="features")',
)


def _ended(*steps: str) -> str:
    return _END.replace("STEPS", "\n    ".join(steps))


def _in(review: Review) -> bool:
    return review.fault == LET_IN


def _took_the_other(review: Review) -> bool:
    refused = not all(one.ok for one in review.incident.of("portal"))
    return refused and review.did("Regenerate")


END = Exercise(
    id="drill-secret-end",
    notebook=NOTEBOOK,
    title="Out of the variables, and worthless",
    minutes=10,
    prompt="""
Write `contain(case)`. Within the hour nothing that stands in Microsoft's records may open the service, whatever they will have collected by then. The portal holds
the other key and must not be refused, not even once; the nightly job may fail for five minutes at the most.

`case.ask(WebServices.regen_aks_key, case.lab.workspace, "features", which)` (or `regen_aci_key`) regenerates a key;
`case.ask(RunSecrets.put, case.lab.workspace, name, value)` sets a run secret; `case.define(variables, secret=name)` has the job submitted with these variables,
and has it take the key from that run secret. Without `secret` it takes it from the variable that it knows.

Set `answer` to a dict with the seed of your case and `"contain"`, your function.
""",
    starter='def contain(case):\n    return case.look()\n\n\nanswer = {"seed": 2020, "contain": contain}',
    solution=_ended(_RENEW.format("which"), *_MOVE),
    hints=(
        "What was collected cannot be taken back. What can you do to it all the same?",
        "There are two things to change: what the value is good for, and where the next value stands.",
        "The job is submitted again and again. What would the next record have in it?",
    ),
    explanation="Rotate at the source, since nobody can clear what others have written down; and move it, since otherwise the next run writes the new one down as "
    "well. A run secret lies in the workspace's vault, and is fetched by the run when it needs it.",
    check=ending(
        ShownSecret.name,
        ("the-service-has-to-go", lambda review: review.did("Delete web service")),
        ("any-key-will-do", _took_the_other),
        ("a-new-value-is-enough", lambda review: _in(review) and review.did("Regenerate")),
        ("moved-is-rotated", lambda review: _in(review) and review.did("Set run secret")),
        ("rotated-and-forgotten", lambda review: review.who == "nightly" and review.fault == STOPPED),
        ("records-are-cleared", lambda review: review.took > review.incident.limit),
    ),
    wrong=(
        WrongAnswer(
            _ended(_RENEW.format("which"), "case.define({**case.variables, variable: now()})"),
            "a-new-value-is-enough",
            "The next run has written it down for everybody who reads there.",
        ),
        WrongAnswer(
            _ended(*_MOVE),
            "moved-is-rotated",
            "What was written down before goes on opening the service.",
        ),
        WrongAnswer(
            _ended(_RENEW.format("other"), *_MOVE),
            "any-key-will-do",
            "The portal works with that one, and it stood in no variable.",
        ),
        WrongAnswer(
            _ended(_RENEW.format("which"), "case.define(others)"),
            "rotated-and-forgotten",
            "Nobody gets in, and your own job does not either.",
        ),
        WrongAnswer(
            _ended('case.wait("30d")'),
            "records-are-cleared",
            "Nobody knows how long Microsoft keeps them, and each run adds another one.",
        ),
        WrongAnswer(
            _ended(
                "case.ask(WebServices.delete_aks if aks else WebServices.delete_aci, case.lab.workspace, 'features')"
            ),
            "the-service-has-to-go",
            "That ends the leak, and whatever the service was for.",
        ),
    ),
)

EXERCISES = (FIND, END)
