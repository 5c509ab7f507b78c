"""What was counted, one strip for each metric along one axis of time, by matplotlib."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.core.clock import iso
from labkit.core.text import plain
from labkit.display.colours import INK
from labkit.display.picture import LETTER, chart, svg
from labkit.display.text import IN_PICTURE
from labkit.services.metrics import Metrics

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Inches.
_ROW, _ABOVE, _BELOW, _PLOT, _EDGE = 0.5, 0.5, 0.75, 7.0, 0.25
# Of a strip, for the highest bar of all; what is left is for the number above it.
_HIGHEST = 0.62
_BAR = (0.353, 0.561, 0.78)
_LABELS = 4


def html(shown: Metrics) -> str:
    """The plot with the table as text below it."""
    return chart(picture(shown), shown.caption, repr(shown))


def picture(shown: Metrics) -> str:
    """The plot alone (SVG): the same bytes for the same numbers. All strips have one scale, and each number
    stands above its bar."""
    heading = max(map(len, shown.totals)) * LETTER + 2 * _EDGE
    width, height = heading + _PLOT + _EDGE, _ABOVE + _ROW * len(shown.totals) + _BELOW

    def draw(empty: Figure) -> None:
        place = (heading / width, _BELOW / height, _PLOT / width, _ROW * len(shown.totals) / height)
        axes = empty.add_axes(place)
        title = plain(shown.caption, 2 * IN_PICTURE)
        axes.set_title(title, loc="left", fontsize=10, fontweight="bold", color=INK)
        _draw(axes, shown)

    return svg(width, height, shown.caption, draw)


def _draw(axes: Axes, shown: Metrics) -> None:
    rows, stretches = list(shown.totals.values()), len(next(iter(shown.totals.values())))
    most = max(1, *(number for row in rows for number in row))
    for down, row in enumerate(rows):
        for at, number in enumerate(row):
            if number:
                top = number / most * _HIGHEST
                axes.bar(at + 0.5, top, width=0.8, bottom=-down - 1, color=_BAR)
                axes.text(
                    at + 0.5, top - down - 0.96, f"{number}", ha="center", va="bottom", fontsize=8, color=INK
                )
        axes.axhline(-down - 1, color=INK, linewidth=0.5)
    axes.set_yticks([-down - 0.6 for down in range(len(rows))], list(shown.totals), color=INK)
    axes.tick_params(axis="y", length=0)
    axes.set_xlim(0, stretches)
    axes.set_ylim(-len(rows), 0)
    step = max(1, -(-stretches // _LABELS))
    places = list(range(0, stretches, step))
    axes.set_xticks(places, [iso(shown.begin + at * shown.interval)[5:16] for at in places], color=INK)
    axes.set_xlabel("time (UTC): where a stretch begins", color=INK)
