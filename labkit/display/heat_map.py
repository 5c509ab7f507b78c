"""The table of operations by role as a picture, by matplotlib."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from io import StringIO
from typing import TYPE_CHECKING
from urllib.parse import quote

from labkit.access.matrix import Cell, Matrix
from labkit.core.errors import BadInput, brief
from labkit.core.show import Shown
from labkit.core.text import plain
from labkit.display.colours import INK, PAPER
from labkit.display.matrix_view import colours
from labkit.display.text import IN_PICTURE, block, escaped

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Inches, and points. Letters differ in width; this one is that of a wide line.
_ROW, _MARGIN, _LETTER, _PADDING, _FONT_SIZE = 0.36, 0.55, 0.088, 0.3, 10
# Set on top of matplotlib's own defaults, so that no settings of the user's make another picture. Text stays
# text, and the names of parts are drawn from the salt instead of by chance.
_SETTINGS = {
    "svg.fonttype": "none",
    "svg.hashsalt": "labkit",
    "font.family": "DejaVu Sans",
    "font.size": _FONT_SIZE,
}
_SILENT = logging.NullHandler()


@dataclass(frozen=True, repr=False)
class HeatMap(Shown):
    """A matrix that shows itself as a picture. Its text is the matrix's own."""

    matrix: Matrix

    def __repr__(self) -> str:
        return repr(self.matrix)


def heat_map(matrix: Matrix) -> HeatMap:
    """The matrix as a picture: a field for each cell, with the symbol and the word in it. Raises BadInput for
    what is no matrix."""
    if not isinstance(matrix, Matrix):
        raise BadInput("That is no matrix.", presented=brief(matrix), required="what role_matrix() returns")
    return HeatMap(matrix)


def html(shown: HeatMap) -> str:
    """The picture with the matrix as text below it."""
    matrix = shown.matrix
    # An image and not an element, as with diagrams: nothing in an image can run or clash with the page.
    source = quote(svg(matrix), safe=" !$'()*+,-./:;=?@_~")
    look = f"display:block;max-width:100%;height:auto;background-color:{PAPER}"
    alt = escaped(f"{matrix.caption}. {matrix.summary}.")
    return "\n".join(
        [
            '<figure style="margin:0">',
            f'<img alt="{alt}" style="{look}" src="data:image/svg+xml;charset=utf-8,{source}"/>',
            f"<details><summary>As text</summary>{block(repr(matrix))}</details>",
            "</figure>",
        ]
    )


def svg(matrix: Matrix) -> str:
    """The picture alone: the same bytes for the same matrix."""
    # What it says while it first lists the fonts of a machine is not part of the picture.
    logging.getLogger("matplotlib").addHandler(_SILENT)
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure
    from matplotlib.style import context

    heading, column = _widths(matrix)
    texts = [len(text) * _LETTER + _PADDING for text in (matrix.caption, matrix.summary)]
    width = max(heading + column * len(matrix.roles), *texts)
    height = _ROW * (len(matrix.rows) + 1) + 2 * _MARGIN
    with context(["default", _SETTINGS]):
        figure = Figure(figsize=(width, height), facecolor=PAPER)
        canvas = FigureCanvasSVG(figure)
        _draw(figure.add_axes((0, 0, 1, 1)), matrix, width, height)
        written = StringIO()
        canvas.print_svg(
            written,  # type: ignore[no-untyped-call]
            metadata={"Date": None, "Creator": None, "Title": matrix.caption},
        )
    # The prolog names a document type on the web, which nothing needs.
    drawn = written.getvalue()
    return drawn[drawn.index("<svg") :]


def _widths(matrix: Matrix) -> tuple[float, float]:
    """Inches for the names of the operations, and for each column of fields."""
    longest = max(len(text) for text in (*map(str, matrix), *matrix.roles))
    names = max(len(name) for name in matrix.operations)
    return _inches(names), _inches(longest)


def _inches(letters: int) -> float:
    return min(letters, IN_PICTURE) * _LETTER + _PADDING


def _draw(axes: Axes, matrix: Matrix, width: float, height: float) -> None:
    axes.set_axis_off()
    axes.set_xlim(0, width)
    axes.set_ylim(height, 0)
    heading, column = _widths(matrix)
    axes.text(0.1, _MARGIN / 2, matrix.caption, weight="bold", va="center", color=INK)
    for at, role in enumerate(matrix.roles):
        _text(axes, heading + column * (at + 0.5), _MARGIN + _ROW / 2, role, weight="bold")
    for number, (operation, row) in enumerate(matrix.rows.items(), 1):
        y = _MARGIN + _ROW * number
        axes.text(0.1, y + _ROW / 2, plain(operation, IN_PICTURE), va="center", color=INK)
        for at, cell in enumerate(row):
            _field(axes, heading + column * at, y, column, cell)
    axes.text(0.1, height - _MARGIN / 2, matrix.summary, va="center", color=INK)


def _field(axes: Axes, x: float, y: float, width: float, cell: Cell) -> None:
    from matplotlib.patches import Rectangle

    ink, ground = colours(cell)
    axes.add_patch(Rectangle((x, y), width, _ROW, facecolor=ground, edgecolor=PAPER, linewidth=2))
    _text(axes, x + width / 2, y + _ROW / 2, str(cell), color=ink)


def _text(axes: Axes, x: float, y: float, text: str, weight: str = "normal", color: str = INK) -> None:
    axes.text(x, y, plain(text, IN_PICTURE), ha="center", va="center", weight=weight, color=color)
