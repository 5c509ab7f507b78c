"""The colours of everything drawn. Text outside of these pairs takes the colour of the page around it, which
is readable on light and dark themes alike; whoever sets a text colour sets its background too."""

from __future__ import annotations

# Text on background; each pair has a contrast of 4.5 to 1 or more.
PAPER = "#ffffff"
INK = "#1f2328"
STOP = "#a40e26"
WARNING = "#7a4100"
ACCEPTED = (PAPER, "#1a5c2e")
REFUSED = (PAPER, STOP)
# Of whole tables. Blue and orange, which most people can tell apart; there are words besides.
YES = (INK, "#cfe3f7")
NO = (INK, "#fbdcc0")
DIFFERS = (PAPER, WARNING)
# A line on the page itself: 3 to 1 or more on light and on dark ones.
EDGE = "#888888"


def style(pair: tuple[str, str]) -> str:
    """A pair as CSS."""
    return f"color:{pair[0]};background-color:{pair[1]}"
