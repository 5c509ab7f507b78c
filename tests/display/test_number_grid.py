"""Numbers by row and column as a picture, checked through its data."""

import re
from collections.abc import Mapping, Sequence
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labkit.display.number_grid import number_grid
from tests.display.test_colours import TEXT, contrast
from tests.display.test_heat_map import SVG, boxes

NAMES = ("north", "a much longer name", "x")
NUMBERS = {
    (one, other): 10 * row + column for row, one in enumerate(NAMES) for column, other in enumerate(NAMES)
}


def image(html: str) -> tuple[ElementTree.Element, str, str]:
    """The picture, its alternative text, and the text below it, out of what a notebook gets."""
    figure = ElementTree.fromstring(html)
    [shown], [text] = figure.iter("img"), figure.iter("pre")
    kind, _, source = shown.get("src", "").partition(",")
    assert kind == "data:image/svg+xml;charset=utf-8"
    return ElementTree.fromstring(unquote(source)), shown.get("alt", ""), text.text or ""


def written(picture: ElementTree.Element) -> list[tuple[str, float, float]]:
    """Every text of the picture, with where it is."""
    found = []
    for text in picture.iter(f"{SVG}text"):
        numbers = re.findall(r"[\d.]+", text.get("transform", ""))
        found.append((text.text or "", float(numbers[-2]), float(numbers[-1])))
    return found


def fields(picture: ElementTree.Element, names: Sequence[object]) -> dict[tuple[str, str], str]:
    """What is written into each field, by the name left of it and the name above it."""
    texts, found = written(picture), {}
    for _, left, right, top, bottom in boxes(picture):
        [inside] = [text for text, x, y in texts if left < x < right and top < y < bottom]
        [row] = [text for text, x, y in texts if text in names and x < left and top < y < bottom]
        first = min(box[3] for box in boxes(picture))
        [column] = [text for text, x, y in texts if text in names and left < x < right and y < first]
        assert (row, column) not in found
        found[row, column] = inside
    return found


def drawn(numbers: Mapping[tuple[str, str], int] = NUMBERS) -> ElementTree.Element:
    return ElementTree.fromstring(number_grid("How many", "from", "to", NAMES, numbers))


def test_every_number_is_in_the_field_of_its_row_and_column() -> None:
    picture = drawn()
    assert fields(picture, NAMES) == {pair: str(number) for pair, number in NUMBERS.items()}
    assert [text for text, *_ in written(picture)][:3] == ["How many", "from", "to"]
    assert len(written(picture)) == 3 + 2 * 3 + 9


def test_what_the_rows_are_called_is_left_and_what_the_columns_are_above() -> None:
    picture = drawn()
    places = {text: (x, y) for text, x, y in written(picture)}
    first = min(boxes(picture), key=lambda box: (box[3], box[1]))
    assert places["from"][0] < first[1] <= places["to"][0]
    assert places["How many"][1] < places["to"][1] < places["from"][1] < first[3]


def test_fields_do_not_overlap_and_everything_lies_in_the_picture() -> None:
    picture = drawn()
    _, _, width, height = (float(number) for number in picture.get("viewBox", "").split())
    for at, (_, left, right, top, bottom) in enumerate(boxes(picture)):
        assert 0 < left < right <= width + 0.01
        assert 0 < top < bottom <= height
        # In points; a letter of this size takes five at least.
        assert right - left > 5 * max(map(len, NAMES))
        for _, other_left, other_right, other_top, other_bottom in boxes(picture)[:at]:
            beside = other_right <= left + 0.01 or right <= other_left + 0.01
            assert beside or other_bottom <= top + 0.01 or bottom <= other_top + 0.01
    assert all(0 < x < width and 0 < y < height for _, x, y in written(picture))


def test_a_long_title_fits() -> None:
    title = "a title of many words " * 4
    picture = ElementTree.fromstring(number_grid(title, "a", "b", ("c",), {("c", "c"): 1}))
    assert float(picture.get("viewBox", "").split()[2]) > 5 * len(title)


def test_the_larger_a_number_the_darker_its_field_and_the_largest_can_be_read() -> None:
    picture = drawn()
    shades = {
        int(text): contrast("#000000", fill)
        for fill, left, right, top, bottom in boxes(picture)
        for text, x, y in written(picture)
        if left < x < right and top < y < bottom
    }
    assert [number for number, _ in sorted(shades.items(), key=lambda one: -one[1])] == sorted(
        NUMBERS.values()
    )
    inks = set(
        re.findall("fill: (#[0-9a-f]{6})", " ".join(t.get("style", "") for t in picture.iter(f"{SVG}text")))
    )
    assert inks == {"#1f2328"}
    assert min(contrast("#1f2328", box[0]) for box in boxes(picture)) >= TEXT
    assert max(contrast("#ffffff", box[0]) for box in boxes(picture)) > 1.5


@settings(max_examples=10)
@given(st.lists(st.integers(0, 10**6), min_size=4, max_size=4))
def test_any_whole_numbers_are_drawn_as_they_are(numbers: list[int]) -> None:
    pairs = [(one, other) for one in "ab" for other in "ab"]
    table = dict(zip(pairs, numbers, strict=True))
    picture = ElementTree.fromstring(number_grid("t", "r", "c", ("a", "b"), table))
    assert fields(picture, ("a", "b")) == {pair: str(number) for pair, number in table.items()}
    assert min(contrast("#1f2328", box[0]) for box in boxes(picture)) >= TEXT
    # In points; a digit of this size takes six.
    assert all(right - left > 6 * len(str(max(numbers))) for _, left, right, *_ in boxes(picture))


def test_where_all_is_nothing_no_field_is_dark() -> None:
    assert {box[0] for box in boxes(drawn(dict.fromkeys(NUMBERS, 0)))} == {"#ffffff"}


@pytest.mark.parametrize("swap", [False, True])
def test_the_same_numbers_make_the_same_bytes(swap: bool) -> None:
    again = dict(reversed(NUMBERS.items())) if swap else dict(NUMBERS)
    assert number_grid("t", "r", "c", NAMES, again) == number_grid("t", "r", "c", NAMES, NUMBERS)
