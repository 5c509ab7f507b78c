"""Tables, as text and as HTML."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from labkit.core.errors import BadInput
from labkit.core.show import Shown
from labkit.display.text import escaped, plain

# A longer cell sticks out instead of pushing everything to the right of the page.
_WIDEST = 60
# Characters: what is never wrapped, and what is too long for a line.
_SHORT, _LONGEST_WORD = 24, 40
# Notebooks align cells to the right and cut nothing; said in each cell, since a page that has not been
# trusted yet loses style sheets.
_CELL = "text-align:left;vertical-align:top;padding:2px 12px 2px 0"


def table(rows: Iterable[Sequence[object]], headers: Sequence[object] = (), caption: object = "") -> str:
    """Rows as an HTML table; the first cell of each row is its heading. All text is escaped."""
    parts = ['<table style="margin:4px 0">']
    if caption:
        parts.append(f'<caption style="text-align:left;font-weight:bold">{escaped(caption)}</caption>')
    if headers:
        cells = "".join(_cell('th scope="col"', one) for one in headers)
        parts.append(f"<thead><tr>{cells}</tr></thead>")
    parts.append("<tbody>")
    for first, *rest in rows:
        heading = _cell('th scope="row"', first)
        cells = "".join(_cell("td", one) for one in rest)
        parts.append(f"<tr>{heading}{cells}</tr>")
    parts.append("</tbody></table>")
    return "\n".join(parts)


def _cell(tag: str, content: object) -> str:
    text = plain(content)
    if len(text) <= _SHORT:
        wrap = ";white-space:nowrap"
    elif max(map(len, text.split()), default=0) > _LONGEST_WORD:
        # Only here: where all words may break anywhere, browsers squeeze the column to nothing.
        wrap = ";overflow-wrap:anywhere"
    else:
        wrap = ""
    return f'<{tag} style="{_CELL}{wrap}">{escaped(text)}</{tag[:2]}>'


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


def html(shown: Table) -> str:
    """The table as HTML."""
    return table(shown.rows, shown.headers, shown.caption)
