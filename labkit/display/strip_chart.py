"""What happened to several, one strip each, along one axis of time; by matplotlib."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from labkit.core.text import plain
from labkit.display.colours import ACCEPTED, INK, NO, REFUSED
from labkit.display.picture import LETTER, svg
from labkit.display.text import IN_PICTURE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Inches.
_ROW, _ABOVE, _BELOW, _PLOT, _EDGE = 0.55, 0.5, 1.2, 7.0, 0.25
# In parts of a strip, by shape.
_LIFTED = {"^": -0.24, "v": -0.24, "x": 0.2}


class Kind(NamedTuple):
    """What a mark stands for: its name, its shape (matplotlib's letter) and whether it is a good thing. Marks
    differ in shape, so that colour is never needed to tell them apart."""

    name: str
    shape: str
    good: bool


class Band(NamedTuple):
    """A stretch of the axis that something is said about."""

    begin: float
    end: float
    name: str


def strip_chart(
    title: str,
    axis: str,
    strips: Mapping[str, Sequence[tuple[float, Kind]]],
    band: Band | None = None,
) -> str:
    """A picture (SVG): a strip for each name, with a mark of its kind at each place of the axis, which is
    called `axis`."""
    heading = max(len(plain(name, IN_PICTURE)) for name in strips) * LETTER + 2 * _EDGE
    width, height = heading + _PLOT + _EDGE, _ABOVE + _ROW * len(strips) + _BELOW

    def draw(figure: Figure) -> None:
        place = (heading / width, _BELOW / height, _PLOT / width, _ROW * len(strips) / height)
        axes = figure.add_axes(place)
        axes.set_title(plain(title, 2 * IN_PICTURE), loc="left", fontsize=10, fontweight="bold", color=INK)
        _draw(axes, axis, strips, band)

    return svg(width, height, title, draw)


def _draw(
    axes: Axes, axis: str, strips: Mapping[str, Sequence[tuple[float, Kind]]], band: Band | None
) -> None:
    from matplotlib.ticker import MaxNLocator

    if band is not None:
        # A light field alone is hardly seen on white; its edges are.
        look: Any = {
            "facecolor": NO[1],
            "edgecolor": INK,
            "linestyle": "dotted",
            "label": plain(band.name, IN_PICTURE),
        }
        axes.axvspan(band.begin, band.end, zorder=0, **look)
    kinds = dict.fromkeys(kind for marks in strips.values() for _, kind in marks)
    for kind in kinds:
        found = [
            (at, row) for row, marks in enumerate(strips.values()) for at, which in marks if which == kind
        ]
        colour = ACCEPTED[1] if kind.good else REFUSED[1]
        at, rows = zip(*found, strict=True)
        # One above the other where a strip has marks of several shapes at one moment.
        lifted = [row + _LIFTED.get(kind.shape, 0) for row in rows]
        axes.scatter(at, lifted, marker=kind.shape, color=colour, s=28, label=kind.name, zorder=2)
    axes.set_yticks(range(len(strips)), [plain(name, IN_PICTURE) for name in strips], color=INK)
    axes.set_ylim(len(strips) - 0.5, -0.6)
    axes.set_xlabel(plain(axis, 2 * IN_PICTURE), color=INK)
    axes.xaxis.set_major_locator(MaxNLocator(7, steps=[1, 1.5, 3, 6, 10]))
    axes.grid(axis="x", alpha=0.3)
    axes.legend(loc="upper left", bbox_to_anchor=(0, -0.42 / _ROW / len(strips)), ncols=3, frameon=False)
