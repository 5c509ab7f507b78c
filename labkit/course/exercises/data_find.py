"""An exercise of 08-data-collection-and-monitoring: eight texts, and where they can be found by reading."""

from __future__ import annotations

from collections.abc import Mapping

from labkit.course.data_trail import FACTS, INSIGHTS, NEITHER, PLACES, STORE, data_trail
from labkit.course.exercise import Bench, Exercise, Result, WrongAnswer
from labkit.course.naming import chosen, dict_source
from labkit.course.stepping import uncounted

NOTEBOOK = "08-data-collection-and-monitoring.ipynb"
# What somebody believes who says this place of that text.
_BELIEFS: Mapping[tuple[str, str], str] = {
    ("experiment name", NEITHER): "names-are-not-data",
    ("run id", NEITHER): "a-run-id-is-a-number",
    ("environment variable", NEITHER): "a-variable-stays-with-its-job",
    ("run secret", STORE): "all-of-a-job-is-collected",
    ("metric name", STORE): "results-are-collected",
    ("metric name", INSIGHTS): "a-metric-is-a-metric",
    ("printed line", NEITHER): "what-is-printed-is-gone",
    ("printed line", STORE): "microsoft-reads-every-log",
    ("request body", INSIGHTS): "a-request-is-logged-whole",
    ("client's name", NEITHER): "callers-leave-no-name",
}
_RIGHT = {
    "experiment name": STORE,
    "run id": STORE,
    "environment variable": STORE,
    "run secret": NEITHER,
    "metric name": NEITHER,
    "printed line": INSIGHTS,
    "request body": NEITHER,
    "client's name": INSIGHTS,
}


def _check_find(answer: object, bench: Bench) -> Result:
    said = chosen(answer, dict.fromkeys(FACTS, PLACES), 'What you say of "{}"')
    return uncounted(lambda: _looked(bench, said))


def _looked(bench: Bench, said: Mapping[str, str]) -> Result:
    trail = data_trail(bench.lab())
    for fact, place in said.items():
        found = trail.found(fact)
        if place == NEITHER and found:
            message = (
                f'"{fact}": you say neither. The lab read both to the end, and its text is in one of them.'
            )
        elif place != NEITHER and place not in found:
            message = f'"{fact}": the lab read all that is in {place}, and its text is not there.'
        else:
            continue
        belief = _BELIEFS.get((fact, place))
        return Result.wrong(message, belief) if belief else Result.not_yet(message)
    return Result.right("Each text was looked for in both, and found where you said.")


def _answer(others: Mapping[str, str]) -> str:
    return dict_source({**_RIGHT, **others})


def _wrong(fact: str, place: str, says: str) -> WrongAnswer:
    return WrongAnswer(_answer({fact: place}), _BELIEFS[fact, place], says)


FIND = Exercise(
    id="data-find",
    notebook=NOTEBOOK,
    title="Eight texts and who can read them",
    minutes=7,
    prompt="""
`trail = data_trail(lab)`, called once with a new lab, sets the scene in it (`trail.lab`): carl has submitted a run and deployed a
web service with `enable_app_insights=True`, and somebody has called it. Each of these has a text of its own, `trail.texts["run id"]`
for instance:

- `"experiment name"` and `"run id"`: under which carl submitted the run
- `"environment variable"`: the value of a variable of the run
- `"run secret"`: the value that the training script asked for by name
- `"metric name"`: under which the training script logged a number
- `"printed line"`: what `score.py` prints for each request
- `"request body"`: what the client sent; `score.py` does not print it
- `"client's name"`: who the client said it was, its user agent

Where is each found by reading: in `"Microsoft's diagnostic store"` (`trail.lab.diagnostics.find(text)`, as a support engineer), in
`"Application Insights"` (`AppInsights.query` and `AppInsights.traces` with `trail.insights`, as olivia), or in `"neither"`?

Set `answer` to a dict: for each of the eight a place. The lab then reads both.
""",
    starter=dict_source(dict.fromkeys(FACTS, "")),
    solution=_answer({}),
    hints=(
        "Two stores, and two who write into them. Azure ML reports what somebody asks it to run. A web service reports what somebody asks it.",
        "For diagnosis it helps to know what a job was called and how it was set up. What came out of it is not needed for that.",
        "A report of a request has fields, and the documents list them. What is in no field, and what the script does not print, is not reported.",
    ),
    explanation="Whatever names or sets up a run goes to Microsoft, and so do its variables, whatever they hold. What the script gets while it runs and what it "
    "logs do not. Of a request there is who asked, when and with what result. The body is not among that, unless score.py prints it: then it is "
    "readable for everybody who may read Application Insights.",
    check=_check_find,
    wrong=(
        _wrong(
            "experiment name",
            NEITHER,
            "Names of resources are collected, and this is the documents' own example.",
        ),
        _wrong("run id", NEITHER, "Whoever chooses it may write a sentence into it, and it is collected."),
        _wrong(
            "environment variable",
            NEITHER,
            "The job needs the value on its machine. On the way there it was written down.",
        ),
        _wrong(
            "run secret",
            STORE,
            "What was submitted is collected. This was not part of it: the script fetched it later.",
        ),
        _wrong(
            "metric name",
            STORE,
            "It is a result, and it is kept in the run history, for whoever may read the workspace.",
        ),
        _wrong(
            "metric name",
            INSIGHTS,
            "Application Insights belongs to the web services. A training script does not report there.",
        ),
        _wrong(
            "printed line",
            NEITHER,
            "With enable_app_insights=True the output of the script has a reader.",
        ),
        _wrong(
            "printed line",
            STORE,
            "This log is the customer's own: it is in the subscription of the workspace.",
        ),
        _wrong(
            "request body",
            INSIGHTS,
            "A report has the address, the status and the duration of a request, and not what it carried.",
        ),
        _wrong(
            "client's name",
            NEITHER,
            "A client introduces itself with each request, and that is one of the fields of the report.",
        ),
    ),
)
