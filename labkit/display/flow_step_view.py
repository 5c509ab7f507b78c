"""One step of a data flow, as HTML."""

from __future__ import annotations

from typing import Protocol

from labkit.core.trace import Trace
from labkit.display import diagram
from labkit.display.text import escaped


class Stepped(Protocol):
    """A flow that has come to one of its steps. Its text is complete by itself."""

    @property
    def trace(self) -> Trace:
        """All of it."""

    @property
    def step(self) -> int:
        """Where it is, from 1."""


def html(shown: Stepped) -> str:
    """The text, and the diagram up to this step."""
    heading, *lines = repr(shown).split("\n")
    said = "".join(f"<p>{escaped(line)}</p>\n" for line in lines)
    picture = diagram.figure(shown.trace, shown.step, f"up to {heading[0].lower()}{heading[1:]}")
    return f"<p><b>{escaped(heading)}</b></p>\n{said}{picture}"
