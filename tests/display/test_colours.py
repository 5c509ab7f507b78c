"""Contrast, computed from the colours that the drawings have, on the pages that they stand on
(https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio)."""

import re
import sysconfig
from pathlib import Path
from xml.etree import ElementTree

import pytest

from labkit.display import colours, diagram
from labkit.display.colours import ACCEPTED, DIFFERS, EDGE, INK, NO, PAPER, REFUSED, STOP, WARNING, YES, style
from labkit.display.diagram import svg
from labkit.display.flow import flow
from tests.display.drawn import NAMED, SVG, all_kinds, drawn, everything, pictured, pictures, shapes

TEXT, LINE = 4.5, 3.0
THEMES = Path(sysconfig.get_path("data"), "share/jupyter/lab/themes/@jupyterlab")
ALL = everything()


def contrast(one: str, other: str) -> float:
    def luminance(colour: str) -> float:
        assert re.fullmatch("#[0-9a-f]{6}", colour), colour
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted(map(luminance, (one, other)))
    return (high + 0.05) / (low + 0.05)


def pages() -> dict[str, str]:
    """The ground of every page of JupyterLab's own themes."""
    names = ("layout-color0", "layout-color1")
    found = {}
    for theme in sorted(THEMES.glob("theme-*-extension/index.css")):
        rules = dict(re.findall(r"--([\w-]+):([^;}]+)", theme.read_text("utf-8")))
        for name in names:
            # A colour may be another one by its name, with what to take where there is none.
            colour = rules[f"jp-{name}"]
            while link := re.match(r"var\(--([\w-]+)(?:,(.*))?\)", colour):
                colour = rules.get(link[1], link[2] or "")
            full = re.sub("^#(.)(.)(.)$", r"#\1\1\2\2\3\3", NAMED.get(colour, colour))
            if full:
                found[f"{theme.parent.name} {name}"] = full
    return found


def rules_of(part: ElementTree.Element) -> dict[str, str]:
    return dict(rule.split(":", 1) for rule in part.get("style", "").split(";") if rule)


def test_there_are_light_and_dark_pages() -> None:
    grounds = set(pages().values())
    assert {"#ffffff", "#111111", "#212121"} <= grounds
    assert {name.split()[0] for name in pages()} >= {"theme-light-extension", "theme-dark-extension"}


def test_the_two_colours_of_a_pair_can_be_told_apart() -> None:
    pairs = {name: pair for name, pair in vars(colours).items() if isinstance(pair, tuple)}
    assert set(pairs.values()) == {ACCEPTED, REFUSED, YES, NO, DIFFERS}
    assert {name: round(contrast(*pair), 1) for name, pair in pairs.items() if contrast(*pair) < TEXT} == {}
    assert style(YES) == f"color:{YES[0]};background-color:{YES[1]}"


@pytest.mark.parametrize("page", pages())
def test_a_line_on_the_page_is_seen_on_every_page(page: str) -> None:
    assert contrast(EDGE, pages()[page]) >= LINE


@pytest.mark.parametrize("name", ALL)
def test_html_brings_both_colours_or_takes_both_from_the_page(name: str) -> None:
    for part in drawn(ALL[name]).iter():
        rules = rules_of(part)
        assert not {"background", "border", "opacity", "fill"} & set(rules)
        lines = {rule: value for rule, value in rules.items() if rule.startswith("border")}
        assert set(lines.values()) <= {f"6px solid {EDGE}"}
        if "color" in rules:
            assert contrast(rules["color"], rules["background-color"]) >= TEXT
        else:
            # A picture that is seen through would be drawn on the page, dark as it may be.
            assert rules.get("background-color") == (PAPER if part.tag == "img" else None)


@pytest.mark.parametrize("name", pictured())
def test_every_text_of_a_picture_is_readable_on_what_lies_under_it(name: str) -> None:
    for picture in pictures(ALL[name]):
        parts, read = list(shapes(picture)), 0
        for at, text in enumerate(parts):
            if text.text.strip():
                under = [part.fill for part in parts[:at] if part.fill and not part.text and part.holds(text)]
                assert contrast(text.fill, under[-1] if under else PAPER) >= TEXT, text
                read += 1
        assert read > 3


@pytest.mark.parametrize("name", pictured())
def test_every_part_of_a_picture_is_seen_or_has_an_edge_or_a_text_that_is(name: str) -> None:
    for picture in pictures(ALL[name]):
        parts = list(shapes(picture))
        texts = [part for part in parts if part.text]
        for part in [part for part in parts if not part.text]:
            seen = [
                colour for colour in (part.fill, part.stroke) if colour and contrast(colour, PAPER) >= LINE
            ]
            white = {part.fill, part.stroke} <= {PAPER, ""}
            assert seen or white or any(map(part.holds, texts)), part


# ---- a diagram, whose labels and lines may come to lie on any of its parts


@pytest.fixture
def picture() -> ElementTree.Element:
    """A diagram with every kind of frame and arrow."""
    return ElementTree.fromstring(svg(flow(all_kinds())))


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
    assert inks == {INK, STOP, WARNING}
    assert len(grounds(picture)) == 1 + len(diagram._BOUNDARIES) + len(diagram._OTHERS)
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
