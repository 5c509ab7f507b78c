"""Operations by role as a table, in words, symbols and colours."""

from __future__ import annotations

from labkit.access.matrix import Cell, Matrix
from labkit.display.colours import DIFFERS, NO, YES, style
from labkit.display.table import captioned, scrolled
from labkit.display.text import block, escaped

_CELL = "text-align:left;padding:3px 12px;white-space:nowrap"


def colours(cell: Cell) -> tuple[str, str]:
    """The colours of a cell, as (text, background)."""
    if cell.agrees is False:
        return DIFFERS
    return YES if cell.allowed else NO


def html(matrix: Matrix) -> str:
    """The table, and below it what is behind each cell that differs from the documents."""
    heads = "".join(f'<th scope="col" style="{_CELL}">{escaped(one)}</th>' for one in matrix.roles)
    rows = "\n".join(
        f'<tr><th scope="row" style="{_CELL}">{escaped(operation)}</th>{"".join(map(_cell, row))}</tr>'
        for operation, row in matrix.rows.items()
    )
    drawn = [
        '<table style="margin:4px 0">',
        captioned(matrix.caption),
        f'<thead><tr><th scope="col" style="{_CELL}">operation</th>{heads}</tr></thead>',
        f"<tbody>{rows}</tbody></table>",
    ]
    parts = [scrolled("\n".join(drawn), matrix.caption), f"<p>{escaped(matrix.summary)}</p>"]
    if matrix.disagreements:
        why = "\n\n".join(map(repr, matrix.disagreements))
        parts.append(f"<details><summary>What differs, and why</summary>{block(why)}</details>")
    return "\n".join(parts)


def _cell(cell: Cell) -> str:
    return f'<td style="{_CELL};{style(colours(cell))}">{escaped(cell)}</td>'
