"""Foreign text made safe to show: a name may hold anything."""

from __future__ import annotations

from html import escape as _escape

# How many characters of a name fit into a picture.
IN_PICTURE = 44


def plain(text: object, limit: int = 0) -> str:
    """`str(text)` on one line. What does not print (line breaks, control characters, marks that turn the
    direction of writing) is written as an escape; more than `limit` characters, where given, lose their
    middle."""
    shown = str(text)
    if not shown.isprintable():
        shown = "".join(
            one if one.isprintable() else one.encode("unicode_escape").decode("ascii") for one in shown
        )
    if limit and len(shown) > limit:
        tail = limit // 3
        shown = f"{shown[: limit - tail - 1]}…{shown[-tail:]}"
    return shown


def escaped(text: object, limit: int = 0) -> str:
    """The same for HTML and SVG, in content and in attributes."""
    return _escape(plain(text, limit))


def block(text: str) -> str:
    """Text of several lines for HTML, as it stands."""
    lines = "\n".join(escaped(line) for line in text.split("\n"))
    return f'<pre style="overflow-x:auto">{lines}</pre>'
