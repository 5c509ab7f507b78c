"""Foreign text made safe to show: a name may hold anything."""

from __future__ import annotations

from html import escape as _escape

from labkit.core.text import plain

# How many characters of a name fit into a picture.
IN_PICTURE = 44


def escaped(text: object, limit: int = 0) -> str:
    """The same for HTML and SVG, in content and in attributes."""
    return _escape(plain(text, limit))


def block(text: str) -> str:
    """Text of several lines for HTML, as it stands."""
    lines = "\n".join(escaped(line) for line in text.split("\n"))
    return f'<pre style="overflow-x:auto">{lines}</pre>'
