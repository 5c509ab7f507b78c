"""The table of operations by role as a picture, by matplotlib."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from labkit.access.matrix import Cell, Matrix
from labkit.core.errors import BadInput, brief
from labkit.core.show import Shown
from labkit.core.text import plain
from labkit.display.colours import INK, PAPER
from labkit.display.matrix_view import colours
from labkit.display.picture import LETTER, figure
from labkit.display.picture import svg as picture
from labkit.display.text import IN_PICTURE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Inches.
_ROW, _MARGIN, _PADDING = 0.36, 0.55, 0.3


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
    return figure(svg(matrix), f"{matrix.caption}. {matrix.summary}.", repr(matrix))


def svg(matrix: Matrix) -> str:
    """The picture alone: the same bytes for the same matrix."""
    heading, column = _widths(matrix)
    texts = [len(text) * LETTER + _PADDING for text in (matrix.caption, matrix.summary)]
    width = max(heading + column * len(matrix.roles), *texts)
    height = _ROW * (len(matrix.rows) + 1) + 2 * _MARGIN

    def draw(empty: Figure) -> None:
        _draw(empty.add_axes((0, 0, 1, 1)), matrix, width, height)

    return picture(width, height, matrix.caption, draw)


def _widths(matrix: Matrix) -> tuple[float, float]:
    """Inches for the names of the operations, and for each column of fields."""
    longest = max(len(text) for text in (*map(str, matrix), *matrix.roles))
    names = max(len(name) for name in matrix.operations)
    return _inches(names), _inches(longest)


def _inches(letters: int) -> float:
    return min(letters, IN_PICTURE) * LETTER + _PADDING


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
    axes.add_artist(Rectangle((x, y), width, _ROW, facecolor=ground, edgecolor=PAPER, linewidth=2))
    _text(axes, x + width / 2, y + _ROW / 2, str(cell), color=ink)


def _text(axes: Axes, x: float, y: float, text: str, weight: str = "normal", color: str = INK) -> None:
    axes.text(x, y, plain(text, IN_PICTURE), ha="center", va="center", weight=weight, color=color)
