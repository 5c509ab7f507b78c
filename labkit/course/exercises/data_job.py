"""An exercise of 08-data-collection-and-monitoring: a function that makes a job fit to be submitted."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from typing import Any

from labkit.core.errors import LabError, brief
from labkit.course.checking import NotUsable, as_function, as_mapping, as_sequence, as_text, call_safely
from labkit.course.data_jobs import JOBS, Offer, Submitted, Written, readings, submitted, written
from labkit.course.exercise import Bench, Exercise, Result, WrongAnswer
from labkit.course.stepping import uncounted

NOTEBOOK = "08-data-collection-and-monitoring.ipynb"
_WHAT = "What your function returns"
_VARIABLE = "environment variable: "


def _check_job(answer: object, bench: Bench) -> Result:
    function = as_function(answer, parameters=1)
    for number in JOBS:
        if found := _on_job(function, bench, number):
            return found
    return Result.right(
        f"{len(JOBS)} jobs, each submitted twice with other passwords. The scripts got theirs, and Microsoft cannot tell the two apart."
    )


def _on_job(function: Callable[..., Any], bench: Bench, number: int) -> Result | None:
    """What there is to say of what the function makes of a job; None where all is as it should be."""
    given, other = written(number), written(number, another=True)
    offer = _offered(function, given)
    if type(offer) is Result:
        return offer
    if _offered(function, given) != offer:
        return Result.not_yet(
            f"Job {number}: your function was called twice, and returned something else each time."
        )
    changed = _offered(function, other)
    if type(changed) is Result:
        return changed
    found = uncounted(lambda: _tried(bench, number, (given, offer), (other, changed)))
    return found and replace(found, message=given.without(other.without(found.message)))


def _offered(function: Callable[..., Any], given: Written) -> Offer | Result:
    """What the function makes of a job. Raises NotUsable."""
    job = deepcopy(dict(given.job))
    try:
        # Not as an argument: what it was called with is a part of what is said when it fails.
        return _read(call_safely(lambda: function(job)), given)
    except NotUsable as error:
        raise NotUsable(given.without(str(error))) from None


def _read(returned: object, given: Written) -> Offer | Result:
    if issubclass(type(returned), dict):
        return Result.not_yet(
            "Your function returns one dict. It should return two: the job, and the run secrets by name."
        )
    parts = as_sequence(returned, at_most=2, what=_WHAT, required="two: the job, and the run secrets by name")
    if len(parts) != 2:
        return Result.not_yet(
            f"{_WHAT} has {len(parts)} parts. It should have two: the job, and the run secrets by name."
        )
    job = as_mapping(parts[0], what="The job that your function returns")
    if unknown := sorted(job.keys() - given.job.keys()):
        message = f"The job that your function returns has {brief(unknown[0])}. It is submitted with {', '.join(list(given.job)[:3])}."
        return Result.wrong(message, _FLAG) if "hbi" in unknown[0].lower() else Result.not_yet(message)
    variables = _texts(job.get("environment_variables", {}), "environment_variables of the job")
    if any("hbi" in name.lower() for name in variables):
        return Result.wrong("A variable of that name is a variable like any other, and is collected.", _FLAG)
    return Offer(
        as_text(job.get("experiment"), longest=200, what="The experiment of the job"),
        as_text(job.get("run_id", ""), longest=300, what="The run_id of the job"),
        variables,
        _texts(parts[1], "run secrets that your function returns"),
    )


def _texts(given: object, what: str) -> dict[str, str]:
    found = as_mapping(given, at_most=40, what=f"The {what}")
    return {name: as_text(value, what=f"A value in the {what}") for name, value in found.items()}


Tried = tuple[Written, Offer | Result]


def _tried(bench: Bench, number: int, one: Tried, another: Tried) -> Result | None:
    """Submits the two, which differ in nothing but what is hidden; None where all is as it should be."""
    found = []
    for given, offer in (one, another):
        assert isinstance(offer, Offer)
        try:
            done = submitted(bench.lab(), offer, given.asked)
        except LabError as refusal:
            return Result.not_yet(f"Job {number} was refused: {refusal.heading}")
        if (
            wrong := _leaked(number, given, done)
            or _not_got(number, given, offer, done)
            or _lost(number, given, done)
        ):
            return wrong
        found.append(done)
    first, second = (each.collected for each in found)
    for field in sorted({*first, *second}):
        if first.get(field) != second.get(field):
            message = f'Job {number} was submitted twice, with nothing but other passwords and another code name. In "{field}" Microsoft has collected something else each time.'
            return Result.wrong(message, "a-trace-is-nothing")
    return None


def _leaked(number: int, given: Written, done: Submitted) -> Result | None:
    """Whether a support engineer can read what is hidden, and where."""
    for what, text in given.hidden.items():
        for field, value in done.collected.items():
            ways = [how for how, read in (*readings(value), *readings(field)) if text in read]
            if ways:
                how = "" if ways[0] == "as it is" else f", read as {ways[0]}"
                message = (
                    f'Job {number}: {what} was collected. A support engineer finds it in "{field}"{how}.'
                )
                return Result.wrong(
                    message, "encoding-hides" if how else _belief(number, given, what, field, value)
                )
    return None


def _belief(number: int, given: Written, what: str, field: str, value: str) -> str:
    """What somebody believes who leaves it there, as it is."""
    if field == "experiment":
        return "the-experiment-is-mine"
    if field == "run id":
        return "only-passwords-are-secret" if what == "the code name" else "the-run-id-is-mine"
    if given.job["environment_variables"].get(field.removeprefix(_VARIABLE)) != value:
        return "another-name-hides-it"
    return "a-variable-is-private" if number == 1 else "a-password-is-called-one"


def _not_got(number: int, given: Written, offer: Offer, done: Submitted) -> Result | None:
    """Whether the script got what it asked for."""
    for name, value in given.asked.items():
        got = done.got.get(name)
        if got is None:
            message = f"Job {number}: nothing is found in Microsoft's store. But the script asked for run.secret({name!r}), and there is none."
            kept = ", ".join(offer.secrets) or "none"
            wrong = "any-name-will-do" if value in offer.secrets.values() else "what-is-gone-is-safe"
            return Result.wrong(f"{message} The run secrets that were kept: {kept}.", wrong)
        if got != value:
            variable = given.job["asks_for"][name]
            return Result.not_yet(
                f"Job {number}: the script asked for run.secret({name!r}), and got something else than was in {variable}."
            )
    return None


def _lost(number: int, given: Written, done: Submitted) -> Result | None:
    """Whether the settings that anybody may read are still there."""
    for name, value in given.settings.items():
        found = done.variables.get(name)
        if found is None:
            message = f"Job {number}: nothing is found in Microsoft's store. But the script read the variable {name}, and it was not there."
            return Result.wrong(message, "nothing-may-be-a-variable")
        if found != value:
            return Result.not_yet(f"Job {number}: the variable {name} was {value!r}, and is another one now.")
    return None


_FLAG = "the-flag-is-for-a-job"
_VARIABLES = 'variables = dict(job["environment_variables"])'
_SECRETS = 'secrets = {name: variables.pop(variable) for name, variable in job["asks_for"].items()}'
_EACH = 'for name, variable in job["asks_for"].items():'
_KEPT = "secrets = {name: variables[variable] for name, variable in " + 'job["asks_for"].items()}'


def _returned(run_id: str = '""', more: str = "", secrets: str = "secrets") -> str:
    return f'return {{**job, "run_id": {run_id}, "environment_variables": variables{more}}}, {secrets}'


def _answer(*lines: str, imports: str = "") -> str:
    begin = [f"import {imports}", "", ""] if imports else []
    return "\n".join([*begin, "def answer(job):", *(f"    {line}" for line in lines)])


JOB = Exercise(
    id="data-job",
    notebook=NOTEBOOK,
    title="A job that tells Microsoft nothing",
    minutes=10,
    prompt="""
Somebody has written jobs with passwords in them. Each job is a dict, such as

    {
        "experiment": "forecast",
        "run_id": "robin-1",
        "environment_variables": {"EPOCHS": "30", "DB_PASSWORD": "..."},
        "asks_for": {"sales-db": "DB_PASSWORD"},
    }

The `run_id` has the code name of a project in it that nobody outside may learn. The scripts have been changed already: they ask for `run.secret("sales-db")`
instead of reading the variable. `asks_for` has the names that a script asks for, each with the variable in which its value is now. All other
variables are settings that anybody may read, and the script still reads them from its environment.

Write a function `answer(job)` that returns two things: the job as it should be submitted, and a dict of the run secrets to keep before, by name.
An empty `run_id` lets Azure ML choose one.

It is tried on three jobs with other names. Each is submitted: the script has to get everything, and neither a password nor the code name, in whatever form,
may be found in Microsoft's diagnostic store.
""",
    starter=_answer("return job, {}"),
    solution=_answer(_VARIABLES, _SECRETS, _returned()),
    hints=(
        "What of a submitted job is collected, and what does the script fetch only while it runs? The passwords belong to the second kind.",
        "`asks_for` has everything that you need to know of names: which run secrets there have to be, and which variables have to go. Go by that and not by how a variable is called.",
        "The passwords are one half. Look at everything in the job that somebody chose, and at what is collected of it. Then begin with copies: what is harmless stays.",
    ),
    explanation="What is submitted is collected, under whatever name and in whatever form. Your function was called twice for each job, with other passwords, and what "
    "Microsoft has of the two is the same: so it has nothing of them. A run secret goes by way of the vault, and the script gets it with the token "
    "of its run. hbi_workspace=True would keep the whole workspace out of the collection, and has to be said when it is created.",
    check=_check_job,
    wrong=(
        WrongAnswer(
            _answer("return job, {}"),
            "a-variable-is-private",
            "The documents say so themselves: variables are logged, so they are no place for a secret.",
        ),
        WrongAnswer(
            _answer(
                _VARIABLES,
                _KEPT,
                _EACH,
                "    variables[variable] = base64.b64encode(variables[variable].encode()).decode()",
                _returned(),
                imports="base64",
            ),
            "encoding-hides",
            "To decode it takes no key, so it keeps nobody out.",
        ),
        WrongAnswer(
            _answer(
                _VARIABLES,
                _KEPT,
                _EACH,
                '    variables["NOTE_" + name.replace("-", "_")] = variables.pop(variable)',
                _returned(),
            ),
            "another-name-hides-it",
            "What is collected is collected whatever it is called, and who looks for a value does not ask for its name.",
        ),
        WrongAnswer(
            _answer(
                _VARIABLES,
                _SECRETS,
                'experiment = job["experiment"] + "-" + next(iter(secrets.values())).replace(":", "-")',
                _returned(more=', "experiment": experiment'),
            ),
            "the-experiment-is-mine",
            "The name of an experiment is the documents' own example of what may be collected.",
        ),
        WrongAnswer(
            _answer(_VARIABLES, _SECRETS, _returned(run_id="next(iter(secrets.values()))")),
            "the-run-id-is-mine",
            "Telemetry has the run id in it, and support engineers read telemetry.",
        ),
        WrongAnswer(
            _answer('return {**job, "hbi_workspace": True}, {}'),
            _FLAG,
            "The flag belongs to a workspace, and is set when that is created. No job changes it.",
        ),
        WrongAnswer(
            _answer(_VARIABLES, _SECRETS, _returned(secrets="{}")),
            "what-is-gone-is-safe",
            "A password that nobody has is safe and useless. It needs another way to the script.",
        ),
        WrongAnswer(
            _answer(_VARIABLES, _SECRETS, "variables = {}", _returned()),
            "nothing-may-be-a-variable",
            "What anybody may read may stay where it is. A rule that forbids too much is soon broken.",
        ),
        WrongAnswer(
            _answer(_VARIABLES, _SECRETS, _returned(run_id='job["run_id"]')),
            "only-passwords-are-secret",
            "A name can tell as much as a password, and a run id is collected.",
        ),
        WrongAnswer(
            _answer(
                _VARIABLES,
                'secrets = {variable: variables.pop(variable) for variable in job["asks_for"].values()}',
                _returned(),
            ),
            "any-name-will-do",
            "A run secret is found by its name, and the script says which one it asks for.",
        ),
        WrongAnswer(
            _answer(
                _VARIABLES,
                _KEPT,
                'variables = {name: text for name, text in variables.items() if "PASSWORD" not in name}',
                _returned(),
            ),
            "a-password-is-called-one",
            "What a variable is called is up to whoever wrote the job. This one has a password all the same.",
        ),
        WrongAnswer(
            _answer(
                _VARIABLES,
                _KEPT,
                _EACH,
                "    variables[variable] = hashlib.sha256(variables[variable].encode()).hexdigest()",
                _returned(),
                imports="hashlib",
            ),
            "a-trace-is-nothing",
            "Whoever guesses can compare the guess with it. Nothing that is made out of a secret has to be there.",
        ),
    ),
)
