"""Pictures as HTML with the text that says the same below, and those by matplotlib: the same bytes for the
same data."""

from __future__ import annotations

import logging
import warnings
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

    with context(["default", _SETTINGS]), warnings.catch_warnings():
        # A letter that this font lacks stays text all the same, and the reader's font may have it.
        warnings.simplefilter("ignore", UserWarning)
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
    return f'<svg role="img" aria-label="{escaped(title)}"{drawn[drawn.index("<svg") + 4 :]}'


class Pictured(Protocol):
    """What a picture can be drawn of; its `repr` says the same as the picture."""

    @property
    def caption(self) -> str:
        """What it shows, in a line."""

    def picture(self) -> str:
        """The picture alone (SVG)."""


def html(shown: Pictured) -> str:
    """The picture with the text below it."""
    return chart(shown.picture(), shown.caption, repr(shown))


def chart(drawn: str, caption: str, text: str) -> str:
    """A picture of numbers for HTML. What it shows is too much for a text in its place."""
    return figure(drawn, f"Chart: {caption}. All of it is in the text below.", text)


def figure(drawn: str, alt: str, text: str, caption: str = "") -> str:
    """A picture for HTML, with its text form below it. `alt` says what there is to see."""
    # An image and not an element: a notebook that has not been trusted yet shows images only, nothing in an
    # image can run, and nothing in it clashes with the page.
    source = quote(drawn, safe=" !$'()*+,-./:;=?@_~")
    look = f"display:block;max-width:100%;height:auto;background-color:{PAPER}"
    return "\n".join(
        [
            '<figure style="margin:0">',
            f'<img alt="{escaped(alt)}" style="{look}" src="data:image/svg+xml;charset=utf-8,{source}"/>',
            *([f'<figcaption style="font-size:90%">{escaped(caption)}</figcaption>'] if caption else []),
            f"<details><summary>As text</summary>{block(text)}</details>",
            "</figure>",
        ]
    )
