"""Tables with lines below them, some of which are links."""

from __future__ import annotations

from labkit.core.noted import Line, Noted
from labkit.display.table import html as table_html
from labkit.display.text import escaped


def html(noted: Noted) -> str:
    """The tables, and a paragraph for each line."""
    tables = (table_html(table) for table in noted.tables())
    return "\n".join([*tables, *map(_paragraph, noted.lines())])


def _paragraph(line: Line) -> str:
    text = escaped(line.text)
    return f'<p><a href="{escaped(line.href)}">{text}</a></p>' if line.href else f"<p>{text}</p>"
