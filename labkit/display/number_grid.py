"""Whole numbers by row and column as a picture, by matplotlib: the larger a number, the darker its field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from labkit.core.text import plain
from labkit.display.colours import INK, PAPER
from labkit.display.picture import LETTER, svg
from labkit.display.text import IN_PICTURE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Inches.
_ROW, _ABOVE, _PADDING = 0.4, 0.9, 0.3
# Of the darkest field: dark ink is still read on it.
_DARKEST = 0.55
_TINT = (0.353, 0.561, 0.78)


def number_grid(
    title: str,
    row: str,
    column: str,
    names: Sequence[str],
    numbers: Mapping[tuple[str, str], int],
    columns: Sequence[str] | None = None,
) -> str:
    """A picture (SVG) of a number for each pair of a name and one of `columns` (None: of the names again), as
    (row, column); `row` and `column` are what those are called."""
    across = names if columns is None else columns
    figures = [*map(str, numbers.values())]
    field = _inches(*across, *figures)
    heading = _inches(*names, *figures, row)
    width = max(heading + field * len(across), _inches(title))
    height = _ABOVE + _ROW * (len(names) + 0.5)

    def draw(figure: Figure) -> None:
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_axis_off()
        axes.set_xlim(0, width)
        axes.set_ylim(height, 0)
        axes.text(0.1, 0.2, plain(title, 2 * IN_PICTURE), weight="bold", va="center", color=INK)
        axes.text(0.1, _ABOVE - _ROW / 2, row, style="italic", va="center", color=INK)
        axes.text(heading, _ABOVE - _ROW, column, style="italic", va="center", color=INK)
        _draw(axes, (names, across), numbers, heading, field)

    return svg(width, height, title, draw)


def _inches(*texts: str) -> float:
    return max(len(plain(text, 2 * IN_PICTURE)) for text in texts) * LETTER + _PADDING


def _draw(
    axes: Axes,
    names: tuple[Sequence[str], Sequence[str]],
    numbers: Mapping[tuple[str, str], int],
    heading: float,
    field: float,
) -> None:
    from matplotlib.patches import Rectangle

    most = max([1, *numbers.values()])
    rows, columns = names
    for right, other in enumerate(columns):
        x = heading + field * (right + 0.5)
        axes.text(x, _ABOVE - _ROW / 2, plain(other, IN_PICTURE), ha="center", va="center", color=INK)
    for down, one in enumerate(rows):
        y = _ABOVE + _ROW * down
        axes.text(0.1, y + _ROW / 2, plain(one, IN_PICTURE), va="center", color=INK)
        for right, other in enumerate(columns):
            x, number = heading + field * right, numbers[one, other]
            share = _DARKEST * number / most
            fill = tuple(1 - share * (1 - part) for part in _TINT)
            axes.add_artist(Rectangle((x, y), field, _ROW, facecolor=fill, edgecolor=PAPER, linewidth=2))
            axes.text(x + field / 2, y + _ROW / 2, f"{number}", ha="center", va="center", color=INK)
