"""Tables with lines of text below them, some of which lead somewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from labkit.core.show import Shown
from labkit.core.table import Table


@dataclass(frozen=True)
class Line:
    """A line of text. With `href` it is a link to there, where links are shown."""

    text: str
    href: str = ""


class Noted(Shown):
    """Base of what shows itself as tables and lines."""

    def tables(self) -> Sequence[Table]:
        """The tables, from top to bottom."""
        return ()

    def lines(self) -> Sequence[Line]:
        """What stands below them."""
        return ()

    def __repr__(self) -> str:
        lines = "\n".join(line.text for line in self.lines())
        return "\n\n".join(part for part in (*map(repr, self.tables()), lines) if part)
