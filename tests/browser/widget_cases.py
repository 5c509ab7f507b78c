"""Every widget of the course, by the names of its controls, with the pure function that says the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

from labkit.course.data_flows import DataFlow, data_flow
from labkit.course.encryption_choice import encryption_chooser, encryption_for
from labkit.course.explorer import explore, explorer
from labkit.course.flow_player import flow_player, flow_step
from labkit.course.inspector import inspect_token, inspector
from labkit.course.progress import progress, progress_explorer
from labkit.course.simulator import clients_at, simulator
from labkit.course.widget import Answer


@dataclass(frozen=True)
class Case:
    """`call` is what a notebook calls to get the widget. `says` gets what the controls are set to, as text
    and in the order of their names. `idle` are controls that change nothing, whatever the others are set to.
    The answer is `passing` where it depends on what else has been done meanwhile.
    """

    call: Callable[..., object]
    controls: tuple[str, ...]
    says: Callable[..., Answer]
    idle: tuple[str, ...] = ()
    passing: bool = False


@cache
def _played() -> DataFlow:
    # The flow that notebook 09 plays.
    return data_flow("create workspace")


CASES = (
    Case(inspector, ("Tampering",), inspect_token),
    Case(explorer, ("Role", "Operation", "Role assigned at"), explore),
    Case(
        simulator,
        ("Minute", "The workspace's region is down"),
        lambda minute, down: clients_at(int(minute), down),
    ),
    Case(
        encryption_chooser,
        ("Data", "A regulator demands", "Region", "Edition", "Compute"),
        encryption_for,
        # Data at rest is kept alike in all regions.
        idle=("Region",),
    ),
    Case(flow_player, ("Step",), lambda step: flow_step(_played(), int(step))),
    Case(progress_explorer, ("Notebook",), progress, passing=True),
)


def case_of(labels: Sequence[str]) -> Case:
    """The one whose controls have these labels: a name, and what may be said behind it in parentheses."""
    names = tuple(label.partition(" (")[0] for label in labels)
    found = [case for case in CASES if case.controls == names]
    assert found, f"a widget without a case, controls {names}: add one to tests/browser/widget_cases.py"
    return found[0]
