"""An exercise of 09-data-flows: a function that finds the arrows on which a credential could be read."""

from __future__ import annotations

from collections.abc import Iterator

from labkit.azure import ResourceManager
from labkit.core.trace import Trace
from labkit.course.checking import NotUsable, as_function, as_number, as_sequence, call_safely
from labkit.course.data_flows import recorded
from labkit.course.exercise import Bench, Exercise, Result, WrongAnswer
from labkit.course.stepping import uncounted

NOTEBOOK = "09-data-flows.ipynb"


def readable(trace: Trace) -> list[int]:
    """The arrows, by their places, on which somebody on the way could read a credential."""
    hops = enumerate(trace, 1)
    return [at for at, hop in hops if not hop.encrypted and hop.credential != "no credential"]


def cases(bench: Bench) -> Iterator[tuple[str, Trace]]:
    """Traces to try it on, with what they are."""
    yield "A workspace is created", recorded("create workspace")
    served = recorded("web service")
    yield "A web service on a Kubernetes cluster", served
    yield "A web service on Container Instances", recorded("web service on ACI")
    yield "The last call of a day", served.last(1)
    yield "Somebody leaves the s out of https", _without_tls(bench)


def _without_tls(bench: Bench) -> Trace:
    lab = bench.lab()
    token = lab.sign_in("carl").bearer
    lab.attempt("carl", ResourceManager.get, f"http://management.azure.com{lab.workspace}", token)
    return lab.trace


def _check_readable(answer: object, bench: Bench) -> Result:
    function = as_function(answer, parameters=1)
    for what, trace in uncounted(lambda: list(cases(bench))):
        # A copy: whoever empties it has emptied that one.
        found, wanted = _said(call_safely(function, Trace(trace))), readable(trace)
        if found != wanted:
            return _wrong(what, trace, found, wanted)
    return Result.right("Five traces were tried, and each arrow was found.")


def _said(returned: object) -> list[int]:
    what = "What your function returns"
    numbers = [
        as_number(one, what="One in what your function returns") for one in as_sequence(returned, what=what)
    ]
    if any(type(number) is not int for number in numbers):
        raise NotUsable(f"{what} has a fraction in it. It should be a list of the numbers of arrows.")
    return sorted({int(number) for number in numbers})


def _wrong(what: str, trace: Trace, found: list[int], wanted: list[int]) -> Result:
    """Which arrow it is about, and what somebody believes who has it or has it not."""
    extra, left_out = [at for at in found if at not in wanted], [at for at in wanted if at not in found]
    at = (extra or left_out)[0]
    if found == [place - 1 for place in wanted]:
        message = (
            f"{what}: your function names {_listed(found)}, which is one less than each that is readable."
        )
        return Result.wrong(message, "arrows-begin-at-nought")
    if at < 1:
        return Result.not_yet(f"{what}: your function names arrow {at}. They are numbered from 1.")
    if at > len(trace):
        message = f"{what}: your function names arrow {at}. There are {len(trace)}, numbered from 1."
        return Result.wrong(message, "numbers-are-for-ever")
    hop = trace[at - 1]
    message = f"{what}: arrow {at} is {'' if extra else 'not '}in what your function returns. It is `{hop}`."
    if left_out and not extra:
        return Result.wrong(message, "who-is-refused-said-nothing") if not hop.ok else Result.not_yet(message)
    belief = "crossing-is-leaking" if hop.encrypted else "every-open-line-leaks"
    return Result.wrong(message, belief)


def _listed(places: list[int]) -> str:
    return ", ".join(map(str, places))


def _answer(condition: str, number: str = "place", hops: str = "enumerate(trace, 1)") -> str:
    return "\n".join(
        [
            "def answer(trace):",
            "    found = []",
            f"    for place, hop in {hops}:",
            f"        if {condition}:",
            f"            found.append({number})",
            "    return found",
        ]
    )


_OPEN, _SHOWN = "not hop.encrypted", 'hop.credential != "no credential"'

READABLE = Exercise(
    id="flow-readable",
    notebook=NOTEBOOK,
    title="Read on the way",
    minutes=6,
    prompt="""
Write a function `answer(trace)` that returns a list: the numbers of the arrows on which somebody on the way between the two components could have read a
credential. Arrows are numbered from 1, as in the diagram.

A hop has, among others, `hop.encrypted` (True or False), `hop.credential` (a text such as `"service key"`, or `"no credential"`), `hop.origin` and `hop.boundary` (the
trust boundaries it comes from and goes to) and `hop.ok` (whether the call was carried out). Your function is tried on five traces.
""",
    starter=_answer("hop.origin != hop.boundary"),
    solution=_answer(f"{_OPEN} and {_SHOWN}"),
    hints=(
        "A boundary says whose hands it is in. What says whether somebody in between can read it?",
        "Two conditions. One is about the line, the other about the credential on it.",
        "At which moment has a client sent its credential: before the answer, or after it?",
    ),
    explanation="A call that is refused because it came over http has been sent all the same, credential included: whoever leaves out one letter should have the token "
    "replaced. That is why clients should refuse to speak http at all, and not wait for the server to say no.",
    check=_check_readable,
    wrong=(
        WrongAnswer(
            _answer("hop.origin != hop.boundary"),
            "crossing-is-leaking",
            "What crosses a boundary inside of TLS is readable at its two ends alone.",
        ),
        WrongAnswer(
            _answer(_OPEN),
            "every-open-line-leaks",
            "Anybody could read that call. There was nothing in it that would open anything.",
        ),
        WrongAnswer(
            _answer(f"{_OPEN} and {_SHOWN} and hop.ok"),
            "who-is-refused-said-nothing",
            "The refusal is the answer to what was sent already.",
        ),
        WrongAnswer(
            _answer(f"{_OPEN} and {_SHOWN}", "hop.number"),
            "numbers-are-for-ever",
            "`hop.number` counts from the beginning of the lab. A part of a trace is numbered anew.",
        ),
        WrongAnswer(
            _answer(f"{_OPEN} and {_SHOWN}", hops="enumerate(trace)"),
            "arrows-begin-at-nought",
            "Python counts from 0, and the diagram from 1.",
        ),
    ),
)
