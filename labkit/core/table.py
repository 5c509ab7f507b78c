"""A table that shows itself: as text here, as HTML where something draws it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from labkit.core.errors import BadInput
from labkit.core.show import Shown
from labkit.core.text import plain

# A longer cell sticks out instead of pushing everything to the right of the page.
_WIDEST = 60


@dataclass(frozen=True, repr=False)
class Table(Shown):
    """A table that a notebook shows. Cells are anything with a `str`.

    Raises BadInput for a row that has not as many cells as there are headers.
    """

    headers: Sequence[object]
    rows: Sequence[Sequence[object]]
    caption: str = field(default="", kw_only=True)

    def __post_init__(self) -> None:
        for number, row in enumerate(self.rows, 1):
            if not self.headers or len(row) != len(self.headers):
                raise BadInput(
                    "A row has as many cells as the table has headers, and at least one.",
                    presented=f"{len(row)} cells in row {number}",
                    required=f"{len(self.headers)}",
                )

    def __repr__(self) -> str:
        lines = [[plain(cell) for cell in row] for row in (self.headers, *self.rows)]
        widths = [
            max(len(cell) for cell in column if len(cell) <= _WIDEST or cell is column[0])
            for column in zip(*lines, strict=True)
        ]
        texts = [
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
            for line in lines
        ]
        rule = "  ".join("-" * width for width in widths)
        return "\n".join([*([self.caption] if self.caption else []), texts[0], rule, *texts[1:]])


class Tabular(Shown):
    """Base of what shows itself as a table."""

    def as_table(self) -> Table:
        """All of it."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return repr(self.as_table())
