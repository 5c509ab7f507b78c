"""A trace as a numbered data-flow diagram with trust boundaries."""

from __future__ import annotations

from itertools import cycle
from textwrap import wrap
from typing import TYPE_CHECKING

from labkit.core.text import plain
from labkit.core.trace import Trace
from labkit.display.colours import INK, PAPER, STOP, WARNING
from labkit.display.flow import Edge, Flow, Node, flow
from labkit.display.graphviz_svg import svg as draw
from labkit.display.picture import figure as pictured
from labkit.display.text import IN_PICTURE, block

if TYPE_CHECKING:
    from graphviz import Digraph

LARGEST = 60
# Where there are more, calls that differ in their operation alone share an arrow, and all is drawn closer.
MANY = 12
TITLE = "Data-flow diagram"
# Stands before the arrow that a picture is about.
NOW = "\N{BLACK CIRCLE}"

# As wide to Graphviz as the mark.
_NO_MARK = "\N{EM SPACE}"
# Characters of a line, where there are many arrows.
_ASKED, _SHOWN = 26, 20
_FONT = "Helvetica,Arial,sans-serif"
_MOST_NUMBERS = 8
# What holds data is drawn as a drum, as data-flow diagrams do.
STORES = frozenset(
    {
        *("Key Vault", "Azure Storage", "Container Registry", "Application Insights"),
        *("Cosmos DB", "Diagnostic store"),
    }
)
_BOUNDARIES = {
    "Client": ("dotted", "#f6f8fa"),
    "Azure AD": ("solid", "#fff8e6"),
    "Azure": ("dashed", "#eef6ff"),
    "Customer subscription": ("solid,bold", "#effaf1"),
    "Microsoft subscription": ("dashed,bold", "#f6f1fd"),
}
_OTHERS = (("dotted,bold", "#fdf2f2"), ("dotted,rounded", "#f2fbfb"), ("dashed,rounded", "#fbfbe8"))


def html(trace: Trace) -> str:
    """The diagram with the trace as text below it. Of a trace without hops, or one that is too large to be
    read as a picture, the text alone."""
    return figure(trace)


def figure(trace: Trace, now: int = 0, about: str = "") -> str:
    """The same of a trace that has come to the place `now`, as for `dot`. `about` says what there is to see,
    where that is not the whole."""
    graph = flow(trace)
    text = repr(trace[:now] if now else trace)
    if not graph.edges:
        return block(text)
    if len(graph.edges) > LARGEST:
        advice = "Too many different calls for one picture; draw a part of them, such as lab.trace.last(3)."
        return f"<p>{advice}</p>\n{block(text)}"
    alt = f"{TITLE}: {about or graph.summary}"
    return pictured(svg(graph, now).replace('"', "'"), alt, text, legend(graph, now))


def svg(graph: Flow, now: int = 0) -> str:
    """The picture alone, as an SVG element; `now` as for `dot`."""
    return draw(dot(graph, now), TITLE, graph.summary)


def legend(graph: Flow, now: int = 0) -> str:
    """What the lines mean, as far as the picture has them."""
    parts = ["Frames are trust boundaries: a thick arrow crosses one, a thin arrow stays inside."]
    if now:
        here = f"The arrow with {NOW} is the one that this is about"
        parts.append(f"{here}; each is drawn from its first call on.")
    if any(not edge.hop.ok for edge in graph.edges):
        parts.append("A dashed line that ends at a bar was refused.")
    if any(not edge.hop.encrypted for edge in graph.edges):
        parts.append("A double line was not encrypted.")
    return " ".join(parts)


def dot(graph: Flow, now: int = 0) -> str:
    """The picture as Graphviz source. Of a trace that has come to the place `now` (from 1): everything is
    where it will be in the end, what comes later is not drawn, and the arrow at this place is marked."""
    from graphviz import Digraph

    names = {node: f"n{number}" for number, node in enumerate(graph.nodes, 1)}
    many = len(graph.edges) > MANY
    # A page makes a picture as narrow as itself, letters included: a narrow one has larger letters.
    between, apart, around, letters = ("0.3", "0.25", "12", "13") if many else ("0.45", "0.6", "18", "11.5")
    picture = Digraph(
        graph_attr={
            "rankdir": "LR", "nodesep": between, "ranksep": apart, "bgcolor": PAPER, "pad": "0.1",
            "fontname": _FONT, "fontsize": "13", "fontcolor": INK,
        },
        node_attr={
            "fontname": _FONT, "fontsize": "13", "fontcolor": INK, "color": INK, "fillcolor": PAPER,
            "margin": "0.2,0.09",
        },
        edge_attr={"fontname": _FONT, "fontsize": letters},
    )  # fmt: skip
    others = cycle(_OTHERS)
    for number, (boundary, nodes) in enumerate(graph.boundaries.items()):
        line, fill = _BOUNDARIES.get(boundary) or next(others)
        look = {"style": f"filled,{line}", "fillcolor": fill, "color": INK, "labeljust": "l"}
        look["margin"] = around
        with picture.subgraph(name=f"cluster_{number}", graph_attr=look) as cluster:
            # Graphviz measures the label as if it were not bold: the spaces make up for it.
            cluster.attr(label=_label(f"    {plain(boundary, IN_PICTURE)}    "))
            for node in nodes:
                _draw_node(cluster, names[node], node)
    for arrow in arrows(graph):
        _draw_arrow(picture, names[arrow[0].source], names[arrow[0].target], arrow, now, many)
    return str(picture.source)


def arrows(graph: Flow) -> list[tuple[Edge, ...]]:
    """What is drawn as one arrow: where there are many edges, those that differ in their operation alone.
    What was refused has an arrow of its own."""
    if len(graph.edges) <= MANY:
        return [(edge,) for edge in graph.edges]
    found: dict[object, list[Edge]] = {}
    for edge in graph.edges:
        hop = edge.hop
        alike = (edge.source, edge.target, hop.credential, hop.subject, edge.whose, hop.encrypted)
        found.setdefault(alike if hop.ok else edge, []).append(edge)
    return [tuple(edges) for edges in found.values()]


def _draw_node(picture: Digraph, name: str, node: Node) -> None:
    lines = [plain(node.name, IN_PICTURE)]
    if node.service and not node.name.startswith(node.service):
        lines.insert(0, plain(node.service, IN_PICTURE))
    shape, style = ("cylinder", "filled") if node.service in STORES else ("box", "filled,rounded")
    picture.node(name, _label(*lines), shape=shape, style=style if node.service else "filled")


def _draw_arrow(
    picture: Digraph, source: str, target: str, arrow: tuple[Edge, ...], now: int, many: bool
) -> None:
    first, marked = arrow[0], any(now in edge.numbers for edge in arrow)
    hop = first.hop
    lines = [line for edge in arrow for line in _asked(edge, now, many)]
    lines += _broken(plain(hop.credential, IN_PICTURE), _SHOWN, many)
    if first.whose:
        lines += _broken(f"as {plain(first.whose, IN_PICTURE)}", _SHOWN, many)
    look = {"style": "solid", "color": INK, "fontcolor": INK, "arrowhead": "normal"}
    if not hop.encrypted:
        lines.append("NOT ENCRYPTED")
        look |= {"color": f"{WARNING}:{PAPER}:{WARNING}", "fontcolor": WARNING}
    if not hop.ok:
        # Nothing answered, so there is no HTTP status: the trace has 0 there.
        lines.append(f"REFUSED: {plain(hop.outcome.removeprefix('0 '), IN_PICTURE)}")
        look |= {"style": "dashed", "fontcolor": STOP, "arrowhead": "tee"}
        look |= {"color": STOP} if hop.encrypted else {}
    look["penwidth"] = "5" if marked else "2.2" if first.crosses else "1"
    if now and first.numbers[0] > now:
        # It keeps its place.
        look["style"] = "invis"
    # The spaces keep the label off the frames beside it.
    picture.edge(source, target, _label(*(f"  {line}  " for line in lines)), **look)


def _asked(edge: Edge, now: int, many: bool) -> list[str]:
    """The numbers and the operation, with the mark where this is the one that it is about."""
    operation = f"{numbers(edge.numbers)} {plain(edge.hop.operation, IN_PICTURE)}"
    first, *rest = _broken(operation, _ASKED, many)
    mark = f"{NOW if now in edge.numbers else _NO_MARK} " if now else ""
    return [mark + first, *rest]


def _broken(line: str, width: int, many: bool) -> list[str]:
    """A line as lines of at most so many characters, where no word is longer and there are many arrows."""
    parts = wrap(line, width, break_long_words=False, break_on_hyphens=False) if many else []
    return parts or [line]


def numbers(places: tuple[int, ...]) -> str:
    """`(3,)` as "3.", `(6, 7)` as "6, 7.", `(6, 7, 8, 12)` as "6–8, 12."; very many are cut short."""
    runs: list[list[int]] = []
    for place in places:
        if runs and place == runs[-1][-1] + 1:
            runs[-1].append(place)
        else:
            runs.append([place])
    texts = [f"{run[0]}–{run[-1]}" if len(run) > 2 else ", ".join(map(str, run)) for run in runs]
    if len(texts) > _MOST_NUMBERS:
        return f"{', '.join(texts[:_MOST_NUMBERS])} … ({len(places)} calls)"
    return ", ".join(texts) + "."


def _label(*lines: str) -> str:
    from graphviz import escape

    # Graphviz reads entities in labels. What `escape` returns the library takes as text even where it looks
    # like HTML or an escape.
    label: str = escape("\n".join(lines).replace("&", "&amp;"))
    return label
