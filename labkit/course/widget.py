"""The thin shell around a pure function: controls, and what the function says to their values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any, Protocol

import ipywidgets

# JupyterLab keeps the arrow keys of a list that is closed to itself.
_BY_KEYBOARD = {
    "Dropdown": "Space opens a list, the arrow keys choose, Enter takes.",
    "BoundedIntText": "In a field for a number the arrow keys count up and down.",
}
# For screen readers alone: whoever looks at the answer sees it change.
_UNSEEN = "position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap"


class Answer(Protocol):
    """What a widget shows; its text is complete by itself."""

    @property
    def summary(self) -> str:
        """The answer in a line: all that is announced when a choice changes it."""

    def _repr_mimebundle_(self, **options: Any) -> dict[str, str]: ...


class Panel:
    """A widget that leaves the answer to its first choices behind where no widget can be shown: in a stored
    notebook, on a page, in a terminal."""

    def __init__(self, box: ipywidgets.Box, first: Answer) -> None:
        self.box = box
        self._first = first

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        return {**self.box._repr_mimebundle_(**options), **self._first._repr_mimebundle_()}

    def __repr__(self) -> str:
        return repr(self._first)


def chooser(choices: Mapping[str, Sequence[str] | range], answer: Callable[..., Answer]) -> Panel:
    """Controls by label: a field for a number out of a range, else a drop-down list. What `answer` says to
    the chosen values, in this order, stands below them."""
    controls = [
        _number(label, options) if isinstance(options, range) else _drop_down(label, options)
        for label, options in choices.items()
    ]
    announced, below = ipywidgets.HTML(), ipywidgets.HTML()
    below.add_class("lab-answer")

    def show() -> Answer:
        shown = answer(*(control.value for control in controls))
        # ipywidgets puts a new element in place of the old one, and a region that is new is announced only
        # if it is an alert. It is one line: a region with the tables in it would be read as a whole.
        alert = f'<p role="alert" aria-live="polite" style="{_UNSEEN}">{escape(shown.summary)}</p>'
        rich = shown._repr_mimebundle_()
        announced.value = alert
        below.value = rich.get("text/html") or f"<pre>{escape(rich['text/plain'])}</pre>"
        return shown

    for control in controls:
        control.observe(lambda change: show(), names="value")
    kinds = {type(control).__name__: None for control in controls}
    hint = " ".join(["The answer below follows each choice.", *(_BY_KEYBOARD[kind] for kind in kinds)])
    return Panel(ipywidgets.VBox([ipywidgets.HTML(f"<p>{hint}</p>"), *controls, announced, below]), show())


def _number(label: str, numbers: range) -> ipywidgets.BoundedIntText:
    """Not a slider: that of ipywidgets has no name for a screen reader."""
    every = f", in steps of {numbers.step}" if numbers.step > 1 else ""
    control = ipywidgets.BoundedIntText(
        min=numbers[0],
        max=numbers[-1],
        step=numbers.step,
        value=numbers[0],
        **_named(f"{label} ({numbers[0]} to {numbers[-1]}{every})"),
    )

    def nearest(change: object) -> None:
        # The steps are not kept by what is typed.
        control.value = min(numbers, key=lambda number: abs(number - control.value))

    control.observe(nearest, names="value")
    return control


def _drop_down(label: str, options: Sequence[str]) -> ipywidgets.Dropdown:
    control = ipywidgets.Dropdown(options=list(options), **_named(label))
    control.add_class("lab-chooser")
    return control


def _named(label: str) -> dict[str, Any]:
    """What gives a control its label, which ipywidgets binds to it, and the room for all of its text."""
    return {
        "description": label,
        # Shown by front ends that show no label.
        "tooltip": f"{label}: the answer below follows",
        "style": {"description_width": "initial"},
        "layout": {"width": "max-content"},
    }
