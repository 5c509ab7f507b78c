"""Strips of marks along one axis, checked through the picture's data."""

import re
from collections import Counter
from itertools import pairwise, product, takewhile
from typing import NamedTuple
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labkit.display.strip_chart import Band, Kind, strip_chart
from tests.display.test_colours import LINE, TEXT, contrast
from tests.display.test_heat_map import SVG, boxes
from tests.display.test_number_grid import written

GOOD, BAD, UP, DOWN = (
    Kind("answered", "o", True),
    Kind("refused", "x", False),
    Kind("got", "^", True),
    Kind("got none", "v", False),
)
KINDS = (GOOD, BAD, UP, DOWN)
STRIPS = {
    "first": [(0, UP), (0, GOOD), (10, GOOD), (30, GOOD)],
    "second": [(0, GOOD), (10, BAD), (10, DOWN), (30, BAD)],
    "third, of a longer name": [(30, GOOD)],
}
BAND = Band(10, 20, "something is down")
NAMESPACE = "{http://www.w3.org/1999/xlink}href"


class Mark(NamedTuple):
    """A mark as it was drawn: its shape, its colour, and where it is."""

    shape: str
    colour: str
    x: float
    y: float


def _shape(path: str) -> str:
    """Matplotlib's letter for the shape of a mark, by how it is drawn."""
    if "C" in path:
        return "o"
    if path.count("M") == 2:
        return "x"
    return "^" if float(path.split()[2]) < 0 else "v"


def marks(picture: ElementTree.Element) -> list[Mark]:
    """Those of the strips, without those that explain them."""
    shapes = {path.get("id"): path for path in picture.iter(f"{SVG}path") if path.get("id")}
    axes = next(group for group in picture.iter(f"{SVG}g") if group.get("id") == "axes_1")
    found = []
    for group in axes:
        if group.get("id", "").startswith("PathCollection"):
            for use in group.iter(f"{SVG}use"):
                path = shapes[use.get(NAMESPACE, "")[1:]]
                [colour] = set(re.findall("#[0-9a-f]{6}", f"{use.get('style')} {path.get('style')}"))
                at = float(use.get("x", "")), float(use.get("y", ""))
                found.append(Mark(_shape(path.get("d", "")), colour, *at))
    return found


def legend(picture: ElementTree.Element) -> list[str]:
    """What the marks and the band are said to stand for."""
    group = next(group for group in picture.iter(f"{SVG}g") if group.get("id") == "legend_1")
    return [text.text or "" for text in group.iter(f"{SVG}text")]


def band(picture: ElementTree.Element) -> tuple[float, float] | None:
    """Where it begins and ends."""
    places = [(left, right) for fill, left, right, *_ in boxes(picture) if fill == "#fbdcc0"]
    # The other one is in the legend, and smaller.
    return max(places, key=lambda one: one[1] - one[0]) if places else None


def drawn(band: Band | None = None) -> ElementTree.Element:
    return ElementTree.fromstring(strip_chart("A title", "minutes", STRIPS, band))


def counted(picture: ElementTree.Element) -> Counter[str]:
    return Counter(mark.shape for mark in marks(picture))


def test_every_mark_has_the_shape_of_its_kind() -> None:
    assert counted(drawn()) == Counter(kind.shape for strip in STRIPS.values() for _, kind in strip)


@settings(max_examples=10)
@given(
    st.dictionaries(
        st.text("abc ", min_size=1),
        st.lists(st.tuples(st.integers(0, 999), st.sampled_from(KINDS)), min_size=1, max_size=20),
        min_size=1,
        max_size=5,
    )
)
def test_whatever_there_is_is_drawn_and_nothing_else(strips: dict[str, list[tuple[float, Kind]]]) -> None:
    picture = ElementTree.fromstring(strip_chart("t", "a", strips))
    every = [(row, at, kind) for row, strip in enumerate(strips.values()) for at, kind in strip]
    assert counted(picture) == Counter(kind.shape for _, _, kind in every)
    assert sorted(legend(picture)) == sorted({kind.name for _, _, kind in every})
    assert {mark.shape: mark.colour for mark in marks(picture)} == {
        kind.shape: "#1a5c2e" if kind.good else "#a40e26" for _, _, kind in every
    }


def test_marks_stand_where_they_belong() -> None:
    found = marks(drawn())
    columns = sorted({mark.x for mark in found})
    assert len(columns) == 3
    zero, ten, thirty = columns
    assert (thirty - ten) / (ten - zero) == pytest.approx(2, abs=1e-4)
    lines = sorted(mark.y for mark in found if mark.shape == "o" and mark.x in (zero, thirty))
    first, second, third = dict.fromkeys(lines)
    assert second - first == pytest.approx(third - second)
    places = {
        (mark.shape, mark.x, min((first, second, third), key=lambda y: abs(y - mark.y))) for mark in found
    }
    rows = (first, second, third)
    expected = {
        (kind.shape, {0: zero, 10: ten, 30: thirty}[int(at)], row)
        for row, strip in zip(rows, STRIPS.values(), strict=True)
        for at, kind in strip
    }
    assert places == expected


def test_the_name_of_a_strip_is_beside_its_marks_and_the_first_is_above() -> None:
    picture = drawn()
    names = {text: y for text, _, y in written(picture) if text in STRIPS}
    assert list(names) == sorted(names, key=lambda name: names[name])
    on_line = sorted({mark.y for mark in marks(picture) if mark.shape == "o"})
    assert [abs(names[name] - y) < 8 for name, y in zip(STRIPS, on_line, strict=True)] == [True] * 3


def test_marks_of_several_shapes_at_one_moment_do_not_hide_one_another() -> None:
    strips = {"both": [(0, kind) for kind in KINDS[:3]], "others": [(0, GOOD), (0, BAD), (0, DOWN)]}
    heights = sorted(mark.y for mark in marks(ElementTree.fromstring(strip_chart("t", "a", strips))))
    # In points; a mark is five high.
    assert all(second - first > 6 for first, second in pairwise(heights))


@pytest.mark.parametrize("number", [1, 2, 8])
def test_everything_lies_in_the_picture_and_what_explains_it_below(number: int) -> None:
    strips = {f"strip {one}": [(0, kind) for kind in KINDS] for one in range(number)}
    picture = ElementTree.fromstring(strip_chart("t", "an axis", strips, Band(0, 1, "a band")))
    _, _, width, height = (float(one) for one in picture.get("viewBox", "").split())
    assert all(0 < mark.x < width and 0 < mark.y < height for mark in marks(picture))
    assert all(0 < x < width and 0 < y < height for _, x, y in written(picture))
    places = {text: y for text, _, y in written(picture)}
    lowest = max(mark.y for mark in marks(picture))
    assert all(lowest < places["an axis"] + 8 < places[name] for name in legend(picture))


def test_long_names_get_the_room_that_they_need() -> None:
    def left(name: str) -> float:
        picture = ElementTree.fromstring(strip_chart("t", "a", {name: [(0, GOOD), (1, GOOD)]}))
        return min(mark.x for mark in marks(picture))

    # In points; a letter of this size takes five at least.
    assert left("x" * 40) - left("x" * 10) > 5 * 30
    assert left("x" * 4_000) == left("x" * 44)


def test_a_band_lies_under_its_stretch_and_says_what_it_is() -> None:
    picture = drawn(BAND)
    _, ten, thirty = sorted({mark.x for mark in marks(picture)})
    begin, end = band(picture) or (0, 0)
    assert (begin, end) == (pytest.approx(ten, abs=0.01), pytest.approx((ten + thirty) / 2, abs=0.01))
    assert BAND.name in legend(picture)
    assert counted(picture) == counted(drawn())
    order = [element.get("id", "") for element in picture.iter(f"{SVG}g")]
    first = len(list(takewhile(lambda id: not id.startswith("PathCollection"), order)))
    # patch_1 is the paper, patch_2 the plot: what comes first lies below.
    assert order.index("patch_3") < first


def test_without_a_band_nothing_is_said_of_one() -> None:
    assert band(drawn()) is None
    assert sorted(legend(drawn())) == sorted(kind.name for kind in KINDS)


def test_title_axis_and_numbers_are_text() -> None:
    texts = [text for text, *_ in written(drawn())]
    assert {"A title", "minutes", "0", "12", "30"} <= set(texts)


def test_all_of_it_can_be_seen_and_read_without_and_within_the_band() -> None:
    picture = drawn(BAND)
    inks = {
        (re.search("fill: (#[0-9a-f]{6})", text.get("style", "")) or ("", "#000000"))[1]
        for text in picture.iter(f"{SVG}text")
    }
    assert min(contrast(ink, "#ffffff") for ink in inks) >= TEXT
    colours = {mark.colour for mark in marks(picture)}
    assert len(colours) == 2
    assert min(contrast(*pair) for pair in product(colours, ("#ffffff", "#fbdcc0"))) >= LINE
    assert "#fbdcc0" in {box[0] for box in boxes(picture)}


@pytest.mark.parametrize(
    "hostile", ["<b>&\"'", "$x^2$ \\frac", "two\nlines\x1b", "half \ud800", "\u202eturned", "a_b"]
)
def test_names_of_any_kind_stay_text(hostile: str) -> None:
    picture = ElementTree.fromstring(
        strip_chart(hostile, hostile, {hostile: [(0, GOOD)]}, Band(0, 1, hostile))
    )
    shown = [text for text, *_ in written(picture) if text not in ("0.0", "0.3", "0.6", "0.9", GOOD.name)]
    assert len(shown) == 4
    [text] = set(shown)
    assert text.isprintable()
    assert not hostile.isprintable() or text == hostile


def test_the_same_marks_make_the_same_bytes() -> None:
    assert strip_chart("t", "a", STRIPS, BAND) == strip_chart("t", "a", dict(STRIPS), Band(*BAND))
