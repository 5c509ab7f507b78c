"""The thin shell around a pure function: a control, and what the function says to its value."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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


def chooser(label: str, options: Sequence[str], answer: Callable[[str], Shown]) -> Panel:
    """A drop-down list. What `answer` says to the chosen option stands below it."""
    control = ipywidgets.Dropdown(
        options=list(options),
        description=label,
        tooltip=f"{label}: choose one, the answer below changes",
        style={"description_width": "initial"},
    )
    below = ipywidgets.HTML()
    control.add_class("lab-chooser")
    below.add_class("lab-answer")

    def show(option: str) -> Shown:
        shown = answer(option)
        rich = shown._repr_mimebundle_()
        # aria-live: a screen reader says what has changed.
        body = rich.get("text/html") or f"<pre>{escape(repr(shown))}</pre>"
        below.value = f'<div aria-live="polite">{body}</div>'
        return shown

    control.observe(lambda change: show(change["new"]), names="value")
    return Panel(ipywidgets.VBox([control, below]), show(control.value))
