"""Tables with lines below them, some of which are links."""

from __future__ import annotations

from labkit.core.noted import Line, Noted
from labkit.display.table import html as table_html
from labkit.display.text import escaped, link


def html(noted: Noted) -> str:
    """The tables, and a paragraph for each line."""
    tables = (table_html(table) for table in noted.tables())
    return "\n".join([*tables, *map(_paragraph, noted.lines())])


def _paragraph(line: Line) -> str:
    return f"<p>{link(line.href, line.text) if line.href else escaped(line.text)}</p>"
