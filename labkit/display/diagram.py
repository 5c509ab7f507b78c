"""A trace as a numbered data-flow diagram with trust boundaries."""

from __future__ import annotations

from itertools import cycle
from typing import TYPE_CHECKING
from urllib.parse import quote

from labkit.core.text import plain
from labkit.core.trace import Trace
from labkit.display.colours import INK, PAPER, STOP, WARNING
from labkit.display.flow import Edge, Flow, Node, flow
from labkit.display.graphviz_svg import svg as draw
from labkit.display.text import IN_PICTURE, block, escaped

if TYPE_CHECKING:
    from graphviz import Digraph

LARGEST = 60
TITLE = "Data-flow diagram"

_FONT = "Helvetica,Arial,sans-serif"
_MOST_NUMBERS = 8
# What holds data is drawn as a drum, as data-flow diagrams do.
STORES = frozenset({"Key Vault", "Azure Storage", "Container Registry", "Application Insights", "Cosmos DB"})
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
    graph = flow(trace)
    text = block(repr(trace))
    if not graph.edges:
        return text
    if len(graph.edges) > LARGEST:
        advice = "Too many different calls for one picture; draw a part of them, such as lab.trace.last(3)."
        return f"<p>{advice}</p>\n{text}"
    # An image and not an element: a notebook that has not been trusted yet shows images only, nothing in an
    # image can run, and nothing in it clashes with the page.
    source = quote(svg(graph).replace('"', "'"), safe=" !$'()*+,-./:;=?@_~")
    style = f"display:block;max-width:100%;height:auto;background-color:{PAPER}"
    address = f"data:image/svg+xml;charset=utf-8,{source}"
    picture = f'<img alt="{TITLE}: {escaped(graph.summary)}" style="{style}" src="{address}"/>'
    return "\n".join(
        [
            '<figure style="margin:0">',
            f'<div style="overflow-x:auto">{picture}</div>',
            f'<figcaption style="font-size:90%">{escaped(legend(graph))}</figcaption>',
            f"<details><summary>As text</summary>{text}</details>",
            "</figure>",
        ]
    )


def svg(graph: Flow) -> str:
    """The picture alone, as an SVG element."""
    return draw(dot(graph), TITLE, graph.summary)


def legend(graph: Flow) -> str:
    """What the lines mean, as far as the picture has them."""
    parts = ["Frames are trust boundaries: a thick arrow crosses one, a thin arrow stays inside."]
    if any(not edge.hop.ok for edge in graph.edges):
        parts.append("A dashed line that ends at a bar was refused.")
    if any(not edge.hop.encrypted for edge in graph.edges):
        parts.append("A double line was not encrypted.")
    return " ".join(parts)


def dot(graph: Flow) -> str:
    """The picture as Graphviz source."""
    from graphviz import Digraph

    names = {node: f"n{number}" for number, node in enumerate(graph.nodes, 1)}
    picture = Digraph(
        graph_attr={
            "rankdir": "LR", "nodesep": "0.45", "ranksep": "0.6", "bgcolor": PAPER, "pad": "0.1",
            "fontname": _FONT, "fontsize": "13", "fontcolor": INK,
        },
        node_attr={
            "fontname": _FONT, "fontsize": "13", "fontcolor": INK, "color": INK, "fillcolor": PAPER,
            "margin": "0.2,0.09",
        },
        edge_attr={"fontname": _FONT, "fontsize": "11.5"},
    )  # fmt: skip
    others = cycle(_OTHERS)
    for number, (boundary, nodes) in enumerate(graph.boundaries.items()):
        line, fill = _BOUNDARIES.get(boundary) or next(others)
        look = {"style": f"filled,{line}", "fillcolor": fill, "color": INK, "labeljust": "l", "margin": "18"}
        with picture.subgraph(name=f"cluster_{number}", graph_attr=look) as cluster:
            # Graphviz measures the label as if it were not bold: the spaces make up for it.
            cluster.attr(label=_label(f"    {plain(boundary, IN_PICTURE)}    "))
            for node in nodes:
                _draw_node(cluster, names[node], node)
    for edge in graph.edges:
        _draw_edge(picture, names[edge.source], names[edge.target], edge)
    return str(picture.source)


def _draw_node(picture: Digraph, name: str, node: Node) -> None:
    lines = [plain(node.name, IN_PICTURE)]
    if node.service and not node.name.startswith(node.service):
        lines.insert(0, plain(node.service, IN_PICTURE))
    shape, style = ("cylinder", "filled") if node.service in STORES else ("box", "filled,rounded")
    picture.node(name, _label(*lines), shape=shape, style=style if node.service else "filled")


def _draw_edge(picture: Digraph, source: str, target: str, edge: Edge) -> None:
    hop = edge.hop
    lines = [f"{numbers(edge.numbers)} {plain(hop.operation, IN_PICTURE)}", plain(hop.credential, IN_PICTURE)]
    if edge.whose:
        lines.append(f"as {plain(edge.whose, IN_PICTURE)}")
    look = {"style": "solid", "color": INK, "fontcolor": INK, "arrowhead": "normal"}
    if not hop.encrypted:
        lines.append("NOT ENCRYPTED")
        look |= {"color": f"{WARNING}:{PAPER}:{WARNING}", "fontcolor": WARNING}
    if not hop.ok:
        # Nothing answered, so there is no HTTP status: the trace has 0 there.
        lines.append(f"REFUSED: {plain(hop.outcome.removeprefix('0 '), IN_PICTURE)}")
        look |= {"style": "dashed", "fontcolor": STOP, "arrowhead": "tee"}
        look |= {"color": STOP} if hop.encrypted else {}
    look["penwidth"] = "2.2" if edge.crosses else "1"
    # The spaces keep the label off the frames beside it.
    picture.edge(source, target, _label(*(f"  {line}  " for line in lines)), **look)


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
