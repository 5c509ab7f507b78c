"""A cell of the table of operations by role: the word first, then each way that was tried."""

from __future__ import annotations

from labkit.access.matrix import Cell
from labkit.display.colours import style
from labkit.display.matrix_view import colours
from labkit.display.table import table
from labkit.display.text import box, escaped


def html(cell: Cell) -> str:
    """A box, and in it one table for each way."""
    word = f'<strong style="{style(colours(cell))};padding:1px 8px">{escaped(cell.found)}</strong>'
    ways = [table(way.details(), caption=f"{way.name or 'tried'}: {way.outcome}") for way in cell.ways]
    return box(f"<p>{word} {escaped(cell.question)}</p>", f"<p>{escaped(cell.stance)}</p>", *ways)
