"""Pictures by matplotlib: the same bytes for the same data, with the text that says the same below."""

from __future__ import annotations

import logging
from collections.abc import Callable
from io import StringIO
from typing import TYPE_CHECKING, Protocol
from urllib.parse import quote

from labkit.core.text import plain
from labkit.display.colours import PAPER
from labkit.display.text import block, escaped

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Inches that a letter of the pictures' size takes; a wide line, since letters differ.
LETTER = 0.088
# Set on top of matplotlib's own defaults, so that no settings of the user's make another picture. Text stays
# text, dollars and all, and the names of parts are drawn from the salt instead of by chance.
_SETTINGS = {
    "svg.fonttype": "none",
    "svg.hashsalt": "labkit",
    "text.parse_math": False,
    "font.family": "DejaVu Sans",
    "font.size": 10,
}
_SILENT = logging.NullHandler()


def svg(width: float, height: float, title: str, draw: Callable[[Figure], None]) -> str:
    """What `draw` makes of an empty figure of this size (inches): the same bytes for the same calls."""
    # What it says while it first lists the fonts of a machine is not part of the picture.
    logging.getLogger("matplotlib").addHandler(_SILENT)
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure
    from matplotlib.style import context

    with context(["default", _SETTINGS]):
        figure = Figure(figsize=(width, height), facecolor=PAPER)
        canvas = FigureCanvasSVG(figure)
        draw(figure)
        written = StringIO()
        canvas.print_svg(
            written,  # type: ignore[no-untyped-call]
            metadata={"Date": None, "Creator": None, "Title": plain(title)},
        )
    # The prolog names a document type on the web, which nothing needs.
    drawn = written.getvalue()
    return drawn[drawn.index("<svg") :]


class Pictured(Protocol):
    """What a picture can be drawn of; its `repr` says the same as the picture."""

    @property
    def caption(self) -> str:
        """What it shows, in a line."""

    def picture(self) -> str:
        """The picture alone (SVG)."""


def html(shown: Pictured) -> str:
    """The picture with the text below it."""
    return figure(shown.picture(), shown.caption, repr(shown))


def figure(drawn: str, alt: str, text: str) -> str:
    """A picture for HTML, with its text form below it."""
    # An image and not an element, as with diagrams: nothing in an image can run or clash with the page.
    source = quote(drawn, safe=" !$'()*+,-./:;=?@_~")
    look = f"display:block;max-width:100%;height:auto;background-color:{PAPER}"
    return "\n".join(
        [
            '<figure style="margin:0">',
            f'<img alt="{escaped(alt)}" style="{look}" src="data:image/svg+xml;charset=utf-8,{source}"/>',
            f"<details><summary>As text</summary>{block(text)}</details>",
            "</figure>",
        ]
    )
