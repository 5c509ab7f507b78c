"""Tables as HTML."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from labkit.core.table import Table, Tabular
from labkit.core.text import plain
from labkit.display.text import IN_PICTURE, escaped

# Characters: what is never wrapped, and what is too long for a line.
_SHORT, _LONGEST_WORD = 24, 24
# A table that needs more letters than this in a row may be wider than the page.
_NARROW = 40
# Notebooks align cells to the right and cut nothing; said in each cell, since a page that has not been
# trusted yet loses style sheets.
_CELL = "text-align:left;vertical-align:top;padding:2px 12px 2px 0"


def table(rows: Iterable[Sequence[object]], headers: Sequence[object] = (), caption: object = "") -> str:
    """Rows as an HTML table; the first cell of each row is its heading. All text is escaped."""
    listed = [[plain(cell) for cell in row] for row in rows]
    headings = [plain(cell) for cell in headers]
    head = "".join(_cell('th scope="col"', one) for one in headings)
    # A heading needs cells that it is the heading of.
    empty = f'<tr><td colspan="{len(headings)}" style="{_CELL}">none</td></tr>'
    parts = [
        '<table style="margin:4px 0">',
        *([captioned(caption)] if caption else []),
        *([f"<thead><tr>{head}</tr></thead>"] if headings else []),
        "<tbody>",
        *(map(_row, listed) if listed or not headings else [empty]),
        "</tbody></table>",
    ]
    columns = zip(*([headings] if headings else []), *listed, strict=True)
    least = sum(max(map(_least, column)) for column in columns)
    drawn = "\n".join(parts)
    return drawn if least <= _NARROW else scrolled(drawn, caption or ", ".join(headings) or "table")


def captioned(caption: object) -> str:
    """The caption of a table, as HTML."""
    return f'<caption style="text-align:left;font-weight:bold">{escaped(caption)}</caption>'


def scrolled(drawn: str, name: object) -> str:
    """What may be wider than the page, so that it is scrolled by itself, and from the keyboard too."""
    label = escaped(name, 2 * IN_PICTURE)
    return f'<div role="group" tabindex="0" aria-label="{label}" style="overflow-x:auto">\n{drawn}\n</div>'


def _row(cells: list[str]) -> str:
    heading = _cell('th scope="row"', cells[0])
    return f"<tr>{heading}{''.join(_cell('td', one) for one in cells[1:])}</tr>"


def _longest_word(text: str) -> int:
    return max(map(len, text.split()), default=0)


def _least(text: str) -> int:
    """Letters that a column with this in a cell takes at least."""
    return len(text) if len(text) <= _SHORT else min(_longest_word(text), _LONGEST_WORD)


def _cell(tag: str, text: str) -> str:
    if len(text) <= _SHORT:
        wrap = ";white-space:nowrap"
    elif _longest_word(text) > _LONGEST_WORD:
        # Only here: where all words may break anywhere, browsers squeeze the column to nothing.
        wrap = ";overflow-wrap:anywhere"
    else:
        wrap = ""
    # A heading that says nothing would be announced as one.
    tag = tag if text else "td"
    return f'<{tag} style="{_CELL}{wrap}">{escaped(text)}</{tag[:2]}>'


def html(shown: Table | Tabular) -> str:
    """The table as HTML."""
    if isinstance(shown, Tabular):
        shown = shown.as_table()
    return table(shown.rows, shown.headers, shown.caption)
