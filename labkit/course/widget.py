"""The thin shell around a pure function: controls, and what the function says to their values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any

import ipywidgets

from labkit.core.show import Shown


class Panel:
    """A widget that leaves a readable text behind where no widget can be shown: in a stored notebook, on a
    page, in a terminal."""

    def __init__(self, box: ipywidgets.Box, first: Shown) -> None:
        self.box = box
        self._first = first

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        live = self.box._repr_mimebundle_(**options)
        return {**live, "text/plain": repr(self)}

    def __repr__(self) -> str:
        return repr(self._first)


def chooser(choices: Mapping[str, Sequence[str] | range], answer: Callable[..., Shown]) -> Panel:
    """Controls by label: a slider for a range of numbers, else a drop-down list. What `answer` says to the
    chosen values, in this order, stands below them."""
    controls = [
        _slider(label, options) if isinstance(options, range) else _drop_down(label, options)
        for label, options in choices.items()
    ]
    below = ipywidgets.HTML()
    below.add_class("lab-answer")

    def show() -> Shown:
        shown = answer(*(control.value for control in controls))
        rich = shown._repr_mimebundle_()
        # aria-live: a screen reader says what has changed.
        body = rich.get("text/html") or f"<pre>{escape(repr(shown))}</pre>"
        below.value = f'<div aria-live="polite">{body}</div>'
        return shown

    for control in controls:
        control.observe(lambda change: show(), names="value")
    return Panel(ipywidgets.VBox([*controls, below]), show())


def _slider(label: str, numbers: range) -> ipywidgets.IntSlider:
    control = ipywidgets.IntSlider(
        min=numbers[0],
        max=numbers[-1],
        step=numbers.step,
        description=label,
        tooltip=f"{label}: move it, the answer below changes",
        style={"description_width": "initial"},
        layout={"width": "32em"},
    )

    def nearest(change: object) -> None:
        # Its number can be typed over, and then the steps are not kept.
        control.value = min(numbers, key=lambda number: abs(number - control.value))

    control.observe(nearest, names="value")
    return control


def _drop_down(label: str, options: Sequence[str]) -> ipywidgets.Dropdown:
    control = ipywidgets.Dropdown(
        options=list(options),
        description=label,
        tooltip=f"{label}: choose one, the answer below changes",
        style={"description_width": "initial"},
        # As wide as its longest option, which a browser cuts otherwise.
        layout={"width": "max-content"},
    )
    control.add_class("lab-chooser")
    return control
