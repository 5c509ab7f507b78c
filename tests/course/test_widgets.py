"""Every widget of the course: the shell shows what the pure function says, to whatever is chosen."""

import ast
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from random import Random
from typing import Any
from xml.etree import ElementTree

import pytest

from labkit import course
from labkit.course.data_flows import data_flow
from labkit.course.encryption_choice import encryption_chooser, encryption_for
from labkit.course.explorer import explore, explorer
from labkit.course.flow_player import flow_player, flow_step
from labkit.course.inspector import inspect_token, inspector
from labkit.course.progress import progress, progress_explorer
from labkit.course.simulator import clients_at, simulator
from labkit.course.widget import Panel


@dataclass(frozen=True)
class Case:
    """A widget and its pure function. Of more combinations than `many` so many are tried, with every value of
    every control among them."""

    make: Callable[[], Panel]
    pure: Callable[..., Any]
    many: int = 200


PLAYED = data_flow("web service")
# By module and the name in it that calls `chooser`.
CASES = {
    "encryption_choice.encryption_chooser": Case(encryption_chooser, encryption_for, 25),
    "explorer.explorer": Case(explorer, explore, 60),
    "flow_player.FlowPlayer": Case(lambda: flow_player(PLAYED).panel, lambda step: flow_step(PLAYED, step)),
    "inspector.inspector": Case(inspector, inspect_token),
    "progress.progress_explorer": Case(progress_explorer, progress),
    "simulator.simulator": Case(simulator, clients_at),
}


def users() -> set[str]:
    """What calls `chooser`, found in the source."""
    folder = Path(course.__file__).parent
    found = set()
    for path in folder.rglob("*.py"):
        for top in ast.parse(path.read_text("utf-8")).body:
            calls = [one.func for one in ast.walk(top) if isinstance(one, ast.Call)]
            if any(isinstance(one, ast.Name) and one.id == "chooser" for one in calls):
                assert isinstance(top, ast.FunctionDef | ast.ClassDef)
                name = path.relative_to(folder).with_suffix("").as_posix().replace("/", ".")
                found.add(f"{name}.{top.name}")
    return found


def controls(panel: Panel) -> list[Any]:
    return [one for one in panel.box.children if type(one).__name__ != "HTML"]


def values(control: Any) -> list[Any]:
    if type(control).__name__ == "Dropdown":
        return list(control.options)
    return list(range(control.min, control.max + 1, control.step))


def chosen(panel: Panel, many: int) -> list[tuple[Any, ...]]:
    """All combinations, or so many."""
    options = [values(control) for control in controls(panel)]
    every = list(product(*options))
    if len(every) <= many:
        return every
    longest = max(map(len, options))
    each = [tuple(of[at % len(of)] for of in options) for at in range(longest)]
    return [*each, *Random(2020).sample(every, many - len(each))]


def test_every_widget_has_a_case_and_nobody_else_makes_controls() -> None:
    assert users() == set(CASES)
    folder = Path(course.__file__).parents[1]
    sources = {path.relative_to(folder).as_posix(): path.read_text("utf-8") for path in folder.rglob("*.py")}
    importing = {name for name, source in sources.items() if "import ipywidgets" in source}
    assert {name for name in importing if not name.startswith("runner/")} <= {"course/widget.py", "doctor.py"}


@pytest.mark.parametrize("name", CASES)
def test_the_shell_shows_what_the_function_says(name: str) -> None:
    case = CASES[name]
    panel = case.make()
    announced, below = panel.box.children[-2:]
    assert repr(panel) == repr(case.pure(*(values(control)[0] for control in controls(panel))))
    for choice in chosen(panel, case.many):
        for control, value in zip(controls(panel), choice, strict=True):
            control.value = value
        said = case.pure(*choice)
        bundle = said._repr_mimebundle_()
        assert bundle["text/plain"] == repr(said)
        assert below.value == bundle["text/html"]
        assert ElementTree.fromstring(announced.value).text == said.summary
        assert 0 < len(said.summary) < 700
        assert said.summary.isprintable()


@pytest.mark.parametrize("name", CASES)
def test_another_answer_has_another_summary_or_the_same_verdict(name: str) -> None:
    panel = CASES[name].make()
    said = [CASES[name].pure(*choice) for choice in chosen(panel, CASES[name].many)[:12]]
    assert len({one.summary for one in said}) > 1
    for one in said:
        assert all(word in repr(one) for word in ("REFUSED", "ACCEPTED", "ANSWERED") if word in one.summary)


@pytest.mark.parametrize("name", CASES)
def test_every_control_has_a_label_a_hint_and_more_than_one_value(name: str) -> None:
    panel = CASES[name].make()
    labels = [control.description for control in controls(panel)]
    assert len(set(labels)) == len(labels) > 0
    for control in controls(panel):
        assert control.description
        assert control.tooltip
        assert len(values(control)) > 1
        # These have a label bound to them by ipywidgets, and are reached with Tab.
        assert type(control).__name__ in ("Dropdown", "BoundedIntText")
        assert control.tabbable is not False


@pytest.mark.parametrize("name", CASES)
def test_the_pure_function_is_public_and_says_what_it_does(name: str) -> None:
    pure = CASES[name].pure if "FlowPlayer" not in name else flow_step
    assert getattr(course, pure.__name__) is pure
    assert len(inspect.getdoc(pure) or "") > 60
