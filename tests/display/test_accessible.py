"""What a screen reader, a keyboard and an eye that sees no colours find in everything that is drawn."""

import re
from xml.etree import ElementTree

import pytest

from labkit.course.service_clients import Timeline
from labkit.display.colours import INK, PAPER, STOP, WARNING
from labkit.display.diagram import dot
from labkit.display.flow import flow
from labkit.display.graphviz_svg import document
from tests.display.drawn import SVG, all_kinds, drawn, everything, markers, pictured, pictures, shapes

ALL = everything()
PICTURED = pictured()


@pytest.mark.parametrize("name", ALL)
def test_an_image_has_a_short_text_in_its_place_and_the_whole_text_below(name: str) -> None:
    html = drawn(ALL[name])
    figures = list(html.iter("figure"))
    assert len(figures) == len(list(html.iter("img")))
    for figure in figures:
        [image] = figure.iter("img")
        alt = image.get("alt") or ""
        assert 20 < len(alt) < 250
        assert "data:" not in alt
        assert figure.findtext("details/summary") == "As text"
        assert len(figure.findtext("details/pre") or "") > 40


@pytest.mark.parametrize("name", PICTURED)
def test_a_picture_is_an_image_with_a_name_for_those_who_open_it_alone(name: str) -> None:
    for picture in pictures(ALL[name]):
        assert picture.get("role") == "img"
        assert picture.get("aria-label")
        assert picture.findtext(f"{SVG}title")
        ids = [part.get("id") for part in picture.iter() if part.get("id")]
        assert len(ids) == len(set(ids))


@pytest.mark.parametrize("name", ALL)
def test_nothing_breaks_the_order_of_headings_or_has_an_id_of_the_page(name: str) -> None:
    for part in drawn(ALL[name]).iter():
        assert not re.fullmatch("h[1-6]", part.tag)
        assert part.get("id") is None


@pytest.mark.parametrize("name", ALL)
def test_each_heading_of_a_table_says_something_and_of_what_it_is_the_heading(name: str) -> None:
    for table in drawn(ALL[name]).iter("table"):
        for heading in table.iter("th"):
            assert (heading.text or "").strip()
            assert heading.get("scope") in ("col", "row")
        assert list(table.iter("td")) or len(list(table.iterfind("tbody/tr/th"))) > 0


@pytest.mark.parametrize("name", ALL)
def test_what_can_be_scrolled_can_be_reached_by_the_keyboard_and_has_a_name(name: str) -> None:
    for part in drawn(ALL[name]).iter():
        style = part.get("style", "")
        if "overflow" in style.replace("overflow-wrap", ""):
            assert (part.get("role"), part.get("tabindex")) == ("group", "0")
            assert part.get("aria-label")
        if part.tag == "pre":
            assert "pre-wrap" in style
            assert "overflow-wrap:anywhere" in style


# ---- without colours


@pytest.mark.parametrize("name", ALL)
def test_a_link_is_underlined(name: str) -> None:
    for part in drawn(ALL[name]).iter("a"):
        assert part.get("style") == "text-decoration:underline"
        assert part.get("href")


@pytest.mark.parametrize("name", ALL)
def test_a_coloured_cell_has_a_word_and_another_colour_has_another_word(name: str) -> None:
    words: dict[str, set[str]] = {}
    for part in drawn(ALL[name]).iter():
        found = re.search("background-color:(#[0-9a-f]{6})", part.get("style", ""))
        if found and part.tag != "img":
            assert (part.text or "").strip()
            words.setdefault(found[1], set()).add(part.text or "")
    grounds = list(words.values())
    assert len(set.union(set(), *grounds)) == sum(map(len, grounds))


@pytest.mark.parametrize("name", PICTURED)
def test_a_coloured_field_has_a_text_in_it_or_an_edge(name: str) -> None:
    for picture in pictures(ALL[name]):
        parts = list(shapes(picture))
        texts = [part for part in parts if part.text]
        plain = {PAPER, INK, STOP, WARNING, "#000000", ""}
        for field in [part for part in parts if not part.text and part.fill not in plain]:
            mark = (field.left, field.top) == (field.right, field.bottom)
            bar = name == "metrics"
            assert mark or bar or field.stroke in (INK, "#000000") or any(map(field.holds, texts)), field


def test_there_is_one_colour_of_bars() -> None:
    grounds = {PAPER, INK, "#000000", ""}
    for picture in pictures(ALL["metrics"]):
        assert len({part.fill for part in shapes(picture) if not part.text} - grounds) <= 1


@pytest.mark.parametrize("name", ["timeline", "key timeline", "history"])
def test_marks_of_another_colour_have_another_shape(name: str) -> None:
    for picture in pictures(ALL[name]):
        coloured = {colour: found for colour, found in markers(picture).items() if colour != "#000000"}
        outlines = list(coloured.values())
        assert outlines
        assert len(set.union(*outlines)) == sum(map(len, outlines))
        assert len(coloured) > 1 or not isinstance(ALL[name], Timeline)


def test_an_arrow_of_another_colour_says_why_and_is_no_plain_line() -> None:
    picture = ElementTree.fromstring(document(dot(flow(all_kinds()))))
    colours = set()
    for group in picture.iterfind(f".//{SVG}g[@class='edge']"):
        lines = [part for part in group if part.tag == f"{SVG}path"]
        said = "".join(group.itertext())
        strokes = {line.get("stroke") for line in lines} - {PAPER, "#ffffff"}
        colours |= strokes
        assert (STOP in strokes or "REFUSED" in said) <= ("REFUSED" in said)
        assert ("REFUSED" in said) == all(line.get("stroke-dasharray") for line in lines)
        assert (WARNING in strokes) == ("NOT ENCRYPTED" in said) == (len(lines) > 1)
    assert colours == {INK, "black", STOP, WARNING} - {"black"}
