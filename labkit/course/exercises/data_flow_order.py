"""An exercise of 09-data-flows: a run on a machine of one's own, in the order in which it happens."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from labkit.core.trace import Trace
from labkit.course.data_flows import recorded
from labkit.course.exercise import Bench, Exercise, Result, WrongAnswer
from labkit.course.naming import in_order, list_source
from labkit.course.stepping import uncounted

NOTEBOOK = "09-data-flows.ipynb"
FLOW = "training on unmanaged compute"
# What happens, and the operation and the service that it is in the trace.
HAPPENS: Mapping[str, tuple[str, str]] = {
    "start the run": ("Submit run", "Azure Machine Learning"),
    "fetch the SSH key": ("Get secret", "Key Vault"),
    "enter the machine": ("Open SSH session", "Virtual Machine"),
    "prepare the environment": ("Prepare environment", "Virtual Machine"),
    "download the code": ("Download code", "Virtual Machine"),
    "set environment variables": ("Set environment variables", "Virtual Machine"),
    "run the script": ("Run script", "Virtual Machine"),
    "report the end": ("Complete run", "Azure Machine Learning"),
}
# What somebody believes who has the first of these directly before the second.
_BELIEFS: Mapping[tuple[str, str], str] = {
    ("enter the machine", "fetch the SSH key"): "azure-ml-has-the-key-in-hand",
    ("fetch the SSH key", "start the run"): "the-machine-comes-first",
    ("download the code", "prepare the environment"): "code-before-its-tools",
    ("set environment variables", "download the code"): "settings-come-before-code",
    ("set environment variables", "prepare the environment"): "settings-come-before-code",
    ("report the end", "run the script"): "told-to-start-is-done",
}


def places(trace: Trace) -> dict[str, int]:
    """At which arrow each of these happened first."""
    found = [(hop.operation, hop.service) for hop in trace]
    return {what: found.index(wanted) + 1 for what, wanted in HAPPENS.items()}


def _check_order(answer: object, bench: Bench) -> Result:
    # A message names them all, and not in the order that is asked for.
    said = in_order(answer, sorted(HAPPENS))
    if len(set(said)) < len(said):
        return Result.not_yet("Something stands there twice.")
    if missing := len(HAPPENS) - len(said):
        return Result.not_yet(f"{missing} of the {len(HAPPENS)} are not in the list yet.")
    found = places(uncounted(lambda: recorded(FLOW)))
    for first, second in pairwise(said):
        if found[first] > found[second]:
            message = (
                f"You have {first!r} right before {second!r}. In the lab the first was arrow {found[first]}, "
                f"the second arrow {found[second]}."
            )
            belief = _BELIEFS.get((first, second), "")
            return Result.wrong(message, belief) if belief else Result.not_yet(message)
    return Result.right(f"In the lab these were arrows {', '.join(str(found[what]) for what in said)}.")


def _answer(*swapped: str) -> str:
    order = list(HAPPENS)
    for first, second in zip(swapped[::2], swapped[1::2], strict=True):
        a, b = order.index(first), order.index(second)
        order[a], order[b] = order[b], order[a]
    return _listed(order)


def _listed(order: list[str]) -> str:
    return list_source(order)


ORDER = Exercise(
    id="flow-order",
    notebook=NOTEBOOK,
    title="One after the other",
    minutes=6,
    prompt="""
carl starts a run on a virtual machine that is attached to the workspace. The eight things in the list happen, in alphabetical order there. Some are
done by Azure ML, some by its management code on the machine.

Bring them into the order in which they happen. Set `answer` to the list. It is compared with the arrows of a run in a lab.
""",
    starter=_listed(sorted(HAPPENS)),
    solution=_answer(),
    hints=(
        "Who has to know what, to be able to take a step at all? Begin with what nobody can do without.",
        "The four steps of the management code stand in the documents, in an order. What has to be there before Azure ML can have anything done on the machine?",
        'The flow that you need is `data_flow("training on unmanaged compute")`. Play it, and write down the arrow at which each thing comes up first.',
    ),
    explanation="The order is also an order of trust: first a person proves who they are, then Azure ML proves to Microsoft's vault who it is, then it proves to the "
    "machine that it has the key, and from then on the machine speaks for itself, with a token of its own.",
    check=_check_order,
    wrong=(
        WrongAnswer(
            _answer("enter the machine", "fetch the SSH key"),
            "azure-ml-has-the-key-in-hand",
            "It is kept in a vault, and is fetched for each run.",
        ),
        WrongAnswer(
            _answer("fetch the SSH key", "start the run"),
            "the-machine-comes-first",
            "Nothing happens with a machine before somebody wants a run there.",
        ),
        WrongAnswer(
            _answer("download the code", "prepare the environment"),
            "code-before-its-tools",
            "The documents have the environment first; the code is put into it.",
        ),
        WrongAnswer(
            _answer("set environment variables", "download the code"),
            "settings-come-before-code",
            "Variables and configuration are the last thing before the script itself.",
        ),
        WrongAnswer(
            _answer("report the end", "run the script"),
            "told-to-start-is-done",
            "What is reported is how the script ended.",
        ),
    ),
)
