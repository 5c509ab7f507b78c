"""A data flow that was performed, as HTML."""

from __future__ import annotations

from typing import Protocol

from labkit.core.table import Tabular
from labkit.core.trace import Trace
from labkit.display import diagram, table
from labkit.display.text import escaped


class Performed(Protocol):
    """A flow that was performed."""

    @property
    def caption(self) -> str:
        """What it is."""

    @property
    def trace(self) -> Trace:
        """What happened."""

    @property
    def steps(self) -> Tabular:
        """What the documents say of it."""


def html(shown: Performed) -> str:
    """The caption, the diagram, and below it the steps of the documents."""
    caption = f"<p>{escaped(shown.caption)}</p>"
    return "\n".join([caption, diagram.html(shown.trace), table.html(shown.steps)])
