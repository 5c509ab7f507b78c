"""A trace as a data-flow diagram. What is checked is the picture: the SVG, read back."""

import os
import re
import subprocess
import sys
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest

from labkit.core.credential import Anonymous, Bearer
from labkit.core.trace import Trace
from labkit.display.diagram import LARGEST, MANY, STORES, arrows, dot, html, numbers, svg
from labkit.display.flow import flow
from labkit.display.graphviz_svg import document
from labkit.display.text import IN_PICTURE, plain
from labkit.lab import Lab
from labkit.services.machine_learning.runs import Runs
from labkit.services.resource_manager import ResourceManager
from tests.display.drawn import HOP, SVG

HOSTILE = [
    "\"quotes\" and 'apostrophes'",
    "<script>alert(1)</script>",
    "<b>bold</b>",
    "</svg></figure><img src=x onerror=alert(1)>",
    "two\nlines\r\n",
    "back\\slash \\N \\G \\n \\",
    "&lt;already&gt; &amp; &copy; &#65;",
    "漢字 ünï 🎉",
    "\u202etxet",
    "port:compass",
    "]]> --> <!-- ${x} }; a->b",
    "%22%3E#fragment",
    "\x00\x1b[31m\ud800",
    "x" * 10_000,
    " ",
    "",
]
# Prints the diagram of a day in the lab.
DAY = """
import labkit
from labkit.display.diagram import html
from labkit.services.machine_learning.runs import Runs
lab = labkit.start()
bearer = lab.sign_in("carl").bearer
lab.ask("carl", Runs.submit, lab.workspace, bearer, "exp", "cpu-cluster", lambda run: run.log("a", 1))
lab.work()
print(html(lab.trace))
"""


@dataclass
class Arrow:
    source: str
    target: str
    lines: list[str]
    dashed: bool
    width: float
    strokes: int
    head: str


@dataclass
class Picture:
    """Arrows are in the order of their numbers. `frames` maps the label of each frame to its line style and
    the labels of the nodes inside of it."""

    nodes: dict[str, list[str]]
    shapes: dict[str, str]
    frames: dict[str, tuple[tuple[str | None, str | None], set[tuple[str, ...]]]]
    arrows: list[Arrow]


def texts(group: ElementTree.Element) -> list[str]:
    return [(text.text or "").strip() for text in group.iterfind(f"{SVG}text")]


def points(shape: ElementTree.Element) -> list[tuple[float, float]]:
    words = (shape.get("points") or shape.get("d") or "").replace("M", " ").replace("C", " ").split()
    return [(float(x), float(y)) for x, _, y in (word.partition(",") for word in words)]


def inside(inner: ElementTree.Element, outer: ElementTree.Element) -> bool:
    box = points(outer)
    (left, top), (right, bottom) = map(min, zip(*box, strict=True)), map(max, zip(*box, strict=True))
    return all(left < x < right and top < y < bottom for x, y in points(inner))


def shape_of(group: ElementTree.Element) -> ElementTree.Element:
    return next(part for part in group if part.tag in (f"{SVG}polygon", f"{SVG}path"))


def arrow(group: ElementTree.Element) -> Arrow:
    source, _, target = (group.findtext(f"{SVG}title") or "").partition("->")
    paths = group.findall(f"{SVG}path")
    return Arrow(
        source,
        target,
        texts(group),
        paths[0].get("stroke-dasharray") is not None,
        float(paths[0].get("stroke-width", "1")),
        sum(path.get("stroke") != "#ffffff" for path in paths),
        # A bar has four corners and a point three; the first is repeated.
        {5: "bar", 4: "point"}[len(points(group.findall(f"{SVG}polygon")[0]))],
    )


def picture(trace: Trace) -> Picture:
    drawn = ElementTree.fromstring(document(dot(flow(trace))))
    groups = {kind: drawn.findall(f".//{SVG}g[@class='{kind}']") for kind in ("node", "cluster", "edge")}
    nodes = {group.findtext(f"{SVG}title") or "": group for group in groups["node"]}
    frames = {}
    for group in groups["cluster"]:
        frame = shape_of(group)
        held = {tuple(texts(node)) for node in nodes.values() if inside(shape_of(node), frame)}
        frames[texts(group)[0]] = (frame.get("stroke-dasharray"), frame.get("stroke-width")), held
    return Picture(
        {name: texts(group) for name, group in nodes.items()},
        {name: shape_of(group).tag.removeprefix(SVG) for name, group in nodes.items()},
        frames,
        sorted(map(arrow, groups["edge"]), key=lambda one: int(re.findall(r"\d+", one.lines[0])[0])),
    )


def image(trace: Trace) -> ElementTree.Element:
    """The SVG out of the figure."""
    [figure] = ElementTree.fromstring(html(trace)).iter("img")
    head, _, data = figure.attrib["src"].partition(",")
    assert head == "data:image/svg+xml;charset=utf-8"
    return ElementTree.fromstring(unquote(data))


@pytest.fixture
def day(lab: Lab) -> Trace:
    """Carl signs in, reads the workspace, submits a run; the cluster carries it out; the token expires."""
    bearer = lab.sign_in("carl").bearer
    lab.ask("carl", ResourceManager.get, lab.workspace, bearer)
    lab.ask("carl", Runs.submit, lab.workspace, bearer, "exp", "cpu-cluster", lambda run: run.log("a", 1))
    lab.work()
    lab.clock.advance("2h")
    lab.attempt("carl", ResourceManager.get, lab.workspace, bearer)
    return lab.trace


def test_every_component_is_drawn_once_with_its_service_and_name(day: Trace) -> None:
    assert sorted(picture(day).nodes.values()) == sorted(
        [
            ["carl"],
            ["Azure AD, contoso.example"],
            ["Azure Resource Manager"],
            ["Azure Machine Learning", "ml-example"],
            ["Machine Learning Compute", "cpu-cluster"],
            ["Cosmos DB", "azureml-eastus"],
            ["Diagnostic store", "azureml-diagnostics-eastus"],
        ]
    )


def test_every_component_is_drawn_inside_of_its_trust_boundary_and_no_other(day: Trace) -> None:
    held = {label: inside for label, (_, inside) in picture(day).frames.items()}
    wanted: dict[str, set[tuple[str, ...]]] = {}
    for node, lines in zip(flow(day).nodes, picture(day).nodes.values(), strict=True):
        wanted.setdefault(node.boundary, set()).add(tuple(lines))
    assert held == wanted


def test_trust_boundaries_differ_in_their_lines_and_not_in_colour_alone() -> None:
    known = ["Client", "Azure AD", "Azure", "Customer subscription", "Microsoft subscription", "nowhere"]
    hops = [replace(HOP, number=n, boundary=name, resource=name) for n, name in enumerate(known, 1)]
    lines = [line for line, _ in picture(Trace(hops)).frames.values()]
    assert len(lines) == len(set(lines)) == len(known)


def test_every_call_is_an_arrow_with_its_number_operation_and_credential(day: Trace) -> None:
    drawn, graph = picture(day), flow(day)
    names = dict(zip(graph.nodes, drawn.nodes, strict=True))
    wanted = {
        (
            names[edge.source],
            names[edge.target],
            f"{numbers(edge.numbers)} {edge.hop.operation}",
            edge.hop.credential,
        )
        for edge in graph.edges
    }
    assert {(one.source, one.target, *one.lines[:2]) for one in drawn.arrows} == wanted
    assert len(drawn.arrows) == len(graph.edges)


def test_an_arrow_that_crosses_a_trust_boundary_is_thicker(day: Trace) -> None:
    widths = {
        crosses: {
            one.width
            for one, edge in zip(picture(day).arrows, flow(day).edges, strict=True)
            if edge.crosses is crosses
        }
        for crosses in (True, False)
    }
    assert min(widths[True]) >= 2 * max(widths[False])


def test_a_refused_hop_is_drawn_dashed_and_says_why(day: Trace) -> None:
    arrows = picture(day).arrows
    [refused] = [one for one in arrows if one.dashed]
    assert refused.lines[-1] == "REFUSED: 401 ExpiredAuthenticationToken"
    assert refused.head == "bar"
    assert {one.head for one in arrows if not one.dashed} == {"point"}
    assert not any("REFUSED" in line for one in arrows if not one.dashed for line in one.lines)


def test_a_hop_that_reached_nothing_has_a_code_and_no_status(lab: Lab) -> None:
    lab.attempt("carl", ResourceManager.get, "nowhere", Anonymous())
    [refused] = picture(lab.trace).arrows
    assert refused.lines[-1] == "REFUSED: HostNotFound"


def test_an_unencrypted_hop_is_drawn_with_two_lines_and_says_so(lab: Lab) -> None:
    lab.attempt("carl", ResourceManager.get, "http://management.azure.com/subscriptions/x", Bearer("t"))
    lab.attempt("carl", ResourceManager.get, lab.workspace, Bearer("t"))
    plainly, encrypted = picture(lab.trace).arrows
    assert "NOT ENCRYPTED" in plainly.lines
    assert "NOT ENCRYPTED" not in encrypted.lines
    assert (plainly.strokes, encrypted.strokes) == (2, 1)


def test_a_refused_hop_that_was_not_encrypted_says_both_without_colour() -> None:
    refused = replace(HOP, encrypted=False, stage="reach", outcome="400 HttpsRequired")
    [arrow] = picture(Trace([refused])).arrows
    assert arrow.lines[-2:] == ["NOT ENCRYPTED", "REFUSED: 400 HttpsRequired"]
    assert (arrow.strokes, arrow.dashed, arrow.head) == (2, True, "bar")


def test_the_same_call_as_somebody_else_is_an_arrow_that_says_who() -> None:
    stolen = Trace([HOP, replace(HOP, number=2, subject="olivia (user)")])
    assert [one.lines[-1] for one in picture(stolen).arrows] == ["as carl (user)", "as olivia (user)"]


def test_what_holds_data_is_a_drum_and_exists_in_the_lab(lab: Lab, day: Trace) -> None:
    assert {resource.service for resource in lab.resources} >= STORES
    kinds = [replace(HOP, number=n, service=kind) for n, kind in enumerate(sorted(STORES), 1)]
    shapes = list(picture(Trace(kinds)).shapes.values())
    assert shapes == ["polygon"] + ["path"] * len(STORES)


def test_a_service_that_calls_itself_is_drawn() -> None:
    loop = replace(HOP, caller="safe", origin="Customer subscription")
    [one] = picture(Trace([loop])).arrows
    assert one.source == one.target


@pytest.mark.parametrize(
    ("places", "text"),
    [
        ((3,), "3."),
        ((6, 7), "6, 7."),
        ((6, 7, 8, 12), "6–8, 12."),
        (tuple(range(1, 1001)), "1–1000."),
        (tuple(range(2, 42, 2)), "2, 4, 6, 8, 10, 12, 14, 16 … (20 calls)"),
    ],
)
def test_the_numbers_of_alike_calls_are_joined(places: tuple[int, ...], text: str) -> None:
    assert numbers(places) == text


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda text: plain(text, 20) or "empty")
def test_a_name_of_any_kind_is_drawn_as_text(hostile: str) -> None:
    names: dict[str, Any] = dict.fromkeys(
        ["caller", "origin", "service", "resource", "boundary", "operation", "credential", "outcome"], hostile
    )
    trace = Trace([replace(HOP, **names), replace(HOP, number=2, subject=hostile)])
    drawn = picture(trace)
    shown = plain(hostile, IN_PICTURE).strip()
    assert shown in drawn.frames
    assert [shown] * bool(hostile) in drawn.nodes.values()
    assert drawn.arrows[0].lines[0] == f"1. {shown}".strip()
    assert drawn.arrows[0].lines[1] == shown
    assert drawn.arrows[0].lines[-1] == f"REFUSED: {shown}".strip()


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda text: plain(text, 20) or "empty")
def test_the_figure_holds_nothing_but_its_own_elements(hostile: str) -> None:
    trace = Trace([replace(HOP, caller=hostile, boundary=hostile, resource=hostile, outcome=hostile)])
    figure = ElementTree.fromstring(html(trace))
    assert [part.tag for part in figure.iter()] == [
        "figure", "img", "figcaption", "details", "summary", "pre"
    ]  # fmt: skip
    assert {part.tag.removeprefix(SVG) for part in image(trace).iter()} <= {
        "svg", "title", "desc", "g", "polygon", "polyline", "path", "text"
    }  # fmt: skip


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda text: plain(text, 20) or "empty")
def test_the_image_in_the_figure_is_the_picture_as_it_stands_alone(hostile: str) -> None:
    trace = Trace([replace(HOP, caller=hostile, resource=hostile)])
    alone = ElementTree.fromstring(svg(flow(trace)))
    shown, wanted = (ElementTree.canonicalize(ElementTree.tostring(one)) for one in (image(trace), alone))
    assert shown == wanted


def test_the_picture_has_a_white_ground_of_its_own(day: Trace) -> None:
    ground = image(day).find(f"{SVG}g/{SVG}polygon")
    assert ground is not None
    assert ground.get("fill") == "#ffffff"


def test_the_figure_has_a_text_for_those_who_do_not_see_it(day: Trace) -> None:
    figure = ElementTree.fromstring(html(day))
    summary = flow(day).summary
    assert next(figure.iter("img")).get("alt") == f"Data-flow diagram: {summary}"
    assert image(day).get("aria-label") == f"Data-flow diagram. {summary}"
    assert figure.findtext("details/pre") == repr(day)


def test_the_legend_explains_what_the_picture_has_and_nothing_else(day: Trace) -> None:
    def legend(trace: Trace) -> str:
        return ElementTree.fromstring(html(trace)).findtext("figcaption") or ""

    assert "refused" not in legend(Trace([HOP]))
    assert "encrypted" not in legend(day)
    assert "refused" in legend(day)
    assert "not encrypted" in legend(Trace([replace(HOP, encrypted=False)]))


def crowd(number: int, **common: Any) -> Trace:
    """So many different operations of one caller on one resource."""
    asked = (f"Operation {n:02d}" for n in range(1, number + 1))
    return Trace(replace(HOP, number=n, operation=name, **common) for n, name in enumerate(asked, 1))


def test_many_calls_that_differ_in_their_operation_alone_share_an_arrow_with_a_line_for_each() -> None:
    assert len(picture(crowd(MANY)).arrows) == MANY
    [one] = picture(crowd(MANY + 1)).arrows
    assert one.lines == [*(f"{n}. Operation {n:02d}" for n in range(1, MANY + 2)), "bearer token"]


@pytest.mark.parametrize(
    "change",
    [
        {"resource": "other"}, {"caller": "rita"}, {"credential": "account key"}, {"subject": "rita (user)"},
        {"encrypted": False},
    ],
    ids=str,
)  # fmt: skip
def test_of_many_arrows_none_is_shared_by_what_differs_otherwise(change: dict[str, Any]) -> None:
    hops = list(crowd(MANY + 1))
    found = arrows(flow(Trace([*hops[:-1], replace(hops[-1], **change)])))
    assert [len(arrow) for arrow in found] == [MANY, 1]


def test_of_many_arrows_each_that_was_refused_is_one_of_its_own() -> None:
    hops = [*crowd(MANY), *crowd(MANY + 3, outcome="403 Forbidden")][: MANY + 3]
    numbered = Trace(replace(hop, number=n) for n, hop in enumerate(hops, 1))
    drawn = picture(numbered).arrows
    assert [one.dashed for one in drawn] == [False, True, True, True]
    assert [one.lines[-1] for one in drawn[1:]] == ["REFUSED: 403 Forbidden"] * 3


def test_every_number_and_word_is_on_exactly_one_of_many_arrows() -> None:
    hops = list(crowd(MANY + 4, credential="managed identity certificate of an account"))
    trace = Trace([*hops, *(replace(hop, number=hop.number + len(hops), caller="rita") for hop in hops)])
    said = " ".join(" ".join(one.lines) for one in picture(trace).arrows)
    for number in range(1, len(trace) + 1):
        assert said.count(f" {number}. ") + said.startswith(f"{number}. ") == 1
    assert said.count("managed identity certificate of an account") == 2
    # Broken at a word, so that the columns are narrow.
    assert all(len(line) <= 26 for one in picture(trace).arrows for line in one.lines)


def test_a_trace_without_hops_is_its_text() -> None:
    assert ElementTree.fromstring(html(Trace())).text == "no hops"


def test_a_trace_with_too_many_different_calls_is_its_text_and_advice() -> None:
    def trace(calls: int) -> Trace:
        return Trace(replace(HOP, number=n, operation=f"Operation {n}") for n in range(1, calls + 1))

    assert "<img" in html(trace(LARGEST))
    assert "<img" not in html(trace(LARGEST + 1))
    assert "lab.trace.last(3)" in html(trace(LARGEST + 1))
    assert f"Operation {LARGEST + 1}" in html(trace(LARGEST + 1))


def test_thousands_of_alike_calls_are_one_readable_picture() -> None:
    hops = [replace(HOP, number=n, operation=f"Operation {n % 7}") for n in range(1, 3001)]
    assert len(picture(Trace(hops)).arrows) == 7


def test_the_bytes_are_the_same_in_every_process_and_after_other_pictures() -> None:
    def drawn(seed: str, before: str = "") -> str:
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        command = [sys.executable, "-c", before + DAY]
        return subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout

    first = drawn("1")
    assert "<img" in first
    assert (
        drawn("2", before="from labkit.display.graphviz_svg import document\ndocument('graph { a }')\n")
        == first
    )
