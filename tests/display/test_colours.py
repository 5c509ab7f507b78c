"""Contrast, computed from the colours that the drawings have (https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio)."""

import re
from dataclasses import replace
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest

from labkit.core.credential import Anonymous
from labkit.core.trace import Hop, Trace
from labkit.course.role_matrix import role_matrix
from labkit.display import cell_view, diagram, matrix_view, openings_view, table, token_view, verdict_view
from labkit.lab import Lab
from labkit.services.resource_manager import ResourceManager

SVG = "{http://www.w3.org/2000/svg}"
TEXT, LINE = 4.5, 3.0
HOP = Hop(
    number=1, parent=0, at=0, caller="carl", origin="Client", service="Key Vault", resource="safe",
    boundary="Customer subscription", operation="Get secret", action="", credential="bearer token",
    subject="carl (user)", initiator="carl", encrypted=True, scope="/s", stage="operation",
    outcome="ok", why="",
)  # fmt: skip


def contrast(one: str, other: str) -> float:
    def luminance(colour: str) -> float:
        assert re.fullmatch("#[0-9a-f]{6}", colour), colour
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted(map(luminance, (one, other)))
    return (high + 0.05) / (low + 0.05)


@pytest.fixture
def picture() -> ElementTree.Element:
    """A diagram with every kind of frame and arrow."""
    frames = ["Client", "Azure AD", "Azure", "Customer subscription", "Microsoft subscription", "x", "y", "z"]
    hops = [replace(HOP, number=n, boundary=name) for n, name in enumerate(frames, 1)]
    hops += [replace(HOP, number=20, outcome="403 Forbidden"), replace(HOP, number=21, encrypted=False)]
    hops += [replace(HOP, number=22, encrypted=False, outcome="400 HttpsRequired")]
    drawn = unquote(diagram.html(Trace(hops)))
    return ElementTree.fromstring(drawn[drawn.index("<svg") : drawn.index("</svg>") + 6])


def grounds(picture: ElementTree.Element) -> set[str]:
    """The fills of the picture, of its frames and of its nodes: what a label or a line may lie on."""
    shapes = [
        shape
        for path in ("*", "g[@class='cluster']/*", "g[@class='node']/*")
        for shape in picture.iterfind(f"{SVG}g/{path}".replace("g[", f"{SVG}g["))
    ]
    return {shape.get("fill", "") for shape in shapes if shape.tag != f"{SVG}text"} - {"", "none"}


def test_every_label_of_a_diagram_is_readable_on_every_ground(picture: ElementTree.Element) -> None:
    inks = {text.get("fill", "#000000") for text in picture.iter(f"{SVG}text")}
    assert len(inks) == 3
    assert len(grounds(picture)) == 9
    assert min(contrast(ink, ground) for ink in inks for ground in grounds(picture)) >= TEXT


def test_every_line_of_a_diagram_is_visible_on_every_ground(picture: ElementTree.Element) -> None:
    # A line that was not encrypted is two lines with white between them.
    strokes = {
        shape.get("stroke", "none")
        for tag in ("path", "polygon", "polyline")
        for shape in picture.iter(SVG + tag)
    } - {"none", "#ffffff"}
    assert len(strokes) == 3
    assert min(contrast(stroke, ground) for stroke in strokes for ground in grounds(picture)) >= LINE


def test_text_in_html_brings_both_colours_or_takes_both_from_the_page(lab: Lab) -> None:
    token = lab.sign_in("carl")
    drawings = [
        token_view.html(token),
        verdict_view.html(lab.attempt("carl", ResourceManager.get, lab.workspace, token.bearer)),
        verdict_view.html(lab.attempt("carl", ResourceManager.get, lab.workspace, Anonymous())),
        openings_view.html(lab.opens(Anonymous())),
        table.html(table.Table(("a",), [("b",)], caption="c")),
        diagram.html(lab.trace),
        matrix_view.html(role_matrix(["Reader"])),
        cell_view.html(next(iter(role_matrix(["Reader"])))),
    ]
    found = []
    for drawn in drawings:
        for element in ElementTree.fromstring(f"<div>{drawn}</div>").iter():
            rules = dict(rule.split(":", 1) for rule in element.get("style", "").split(";") if rule)
            assert "background" not in rules
            if "color" in rules:
                found.append(contrast(rules["color"], rules["background-color"]))
            elif "background-color" in rules:
                assert element.tag == "img"
    assert len(found) == 2 + 13 + 1
    assert min(found) >= TEXT
