"""Foreign text made safe to show: a name may hold anything."""

from __future__ import annotations

from html import escape as _escape

from labkit.core.text import plain
from labkit.display.colours import EDGE

# How many characters of a name fit into a picture.
IN_PICTURE = 44


def escaped(text: object, limit: int = 0) -> str:
    """The same for HTML and SVG, in content and in attributes."""
    return _escape(plain(text, limit))


def link(address: object, text: object) -> str:
    """A link in HTML. Underlined, since its colour alone does not tell it from the text around it."""
    return f'<a style="text-decoration:underline" href="{escaped(address)}">{escaped(text)}</a>'


def block(text: str) -> str:
    """Text of several lines for HTML, as it stands. What is too long for the page is broken, between words if
    it can be: who has no mouse could not scroll it."""
    lines = "\n".join(escaped(line) for line in text.split("\n"))
    return f'<pre style="white-space:pre-wrap;overflow-wrap:anywhere;word-break:normal">{lines}</pre>'


def box(*parts: str) -> str:
    """HTML with a line to the left of it."""
    body = "\n".join(parts)
    return f'<div style="border-left:6px solid {EDGE};padding:4px 12px">\n{body}\n</div>'
