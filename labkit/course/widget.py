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


def chooser(choices: Mapping[str, Sequence[str]], answer: Callable[..., Shown]) -> Panel:
    """Drop-down lists, by label. What `answer` says to the chosen options, in this order, stands below
    them."""
    controls = [_drop_down(label, options) for label, options in choices.items()]
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


def _drop_down(label: str, options: Sequence[str]) -> ipywidgets.Dropdown:
    control = ipywidgets.Dropdown(
        options=list(options),
        description=label,
        tooltip=f"{label}: choose one, the answer below changes",
        style={"description_width": "initial"},
    )
    control.add_class("lab-chooser")
    return control
