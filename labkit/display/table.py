"""Tables as HTML."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from labkit.core.table import Table, Tabular
from labkit.core.text import plain
from labkit.display.text import escaped

# Characters: what is never wrapped, and what is too long for a line.
_SHORT, _LONGEST_WORD = 24, 24
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


def html(shown: Table | Tabular) -> str:
    """The table as HTML."""
    if isinstance(shown, Tabular):
        shown = shown.as_table()
    return table(shown.rows, shown.headers, shown.caption)
