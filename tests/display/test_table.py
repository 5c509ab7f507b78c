"""Tables, as text and as HTML."""

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.core.errors import BadInput
from labkit.display.table import Table, html, table
from labkit.display.text import plain

PEOPLE = Table(("who", "role"), [("carl", "Contributor"), ("rita", 3)], caption="People")
HOSTILE = ["<script>alert(1)</script>", '"quoted"', "a & b", "two\nlines", "\\n", "\u202e", "x" * 10_000]


def cells(element: ElementTree.Element, row: str) -> list[list[str]]:
    return [[cell.text or "" for cell in line] for line in element.iterfind(row)]


def test_the_text_form_aligns_the_columns() -> None:
    assert repr(PEOPLE) == "\n".join(
        ["People", "who   role", "----  -----------", "carl  Contributor", "rita  3"]
    )


def test_html_has_headings_for_columns_and_rows_and_a_caption() -> None:
    drawn = ElementTree.fromstring(html(PEOPLE))
    assert drawn.findtext("caption") == "People"
    assert cells(drawn, "thead/tr") == [["who", "role"]]
    assert cells(drawn, "tbody/tr") == [["carl", "Contributor"], ["rita", "3"]]
    assert [heading.get("scope") for heading in drawn.iterfind("thead/tr/th")] == ["col", "col"]
    assert [heading.get("scope") for heading in drawn.iterfind("tbody/tr/th")] == ["row", "row"]
    assert len(drawn.findall("tbody/tr/td")) == 2


def test_a_table_without_headers_or_caption_has_neither() -> None:
    drawn = ElementTree.fromstring(table([("presented", "nothing")]))
    assert [part.tag for part in drawn] == ["tbody"]


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda text: plain(text, 20))
def test_text_of_any_kind_stays_text(hostile: str) -> None:
    shown = ElementTree.fromstring(
        f"<div>{html(Table((hostile, 'b'), [(hostile, hostile)], caption=hostile))}</div>"
    )
    [drawn] = shown.iter("table")
    assert {part.tag for part in drawn.iter()} == {"table", "caption", "thead", "tbody", "tr", "th", "td"}
    assert cells(drawn, "tbody/tr") == [[plain(hostile)] * 2]
    assert drawn.findtext("caption") == plain(hostile)
    assert len(repr(Table((hostile,), [(hostile,)])).splitlines()) == 3


def test_a_very_long_cell_does_not_push_the_other_rows_aside() -> None:
    lines = repr(Table(("name", "n"), [("x" * 10_000, 1), ("short", 2)])).splitlines()
    assert lines[-1] == "short  2"


def test_a_cell_with_a_very_long_word_may_break_it_and_the_others_may_not() -> None:
    drawn = ElementTree.fromstring(table([("name", "x" * 200)]))
    wraps = {
        cell.tag: "overflow-wrap:anywhere" in cell.get("style", "") for cell in drawn.iterfind("tbody/tr/*")
    }
    assert wraps == {"th": False, "td": True}


@pytest.mark.parametrize(("headers", "rows"), [(("a", "b"), [("1",)]), (("a",), [("1", "2")]), ((), [()])])
def test_a_row_of_another_length_is_refused(headers: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    with pytest.raises(BadInput) as refused:
        Table(headers, rows)
    assert refused.value.presented == f"{len(rows[0])} cells in row 1"
    assert refused.value.required == str(len(headers))


def test_a_table_without_rows_shows_its_headers() -> None:
    assert repr(Table(("who", "role"), [])).splitlines() == ["who  role", "---  ----"]
    # A heading without cells is the heading of nothing.
    assert cells(ElementTree.fromstring(html(Table(("who",), []))), "tbody/tr") == [["none"]]


def test_an_empty_heading_is_no_heading() -> None:
    drawn = ElementTree.fromstring(html(Table(("", "role"), [("carl", "Owner"), ("", "Reader")])))
    assert [cell.tag for cell in drawn.iterfind("*/tr/*")] == ["td", "th", "th", "td", "td", "td"]


WORDS = st.lists(st.text("abc", max_size=30), max_size=6).map(" ".join)
ROWS = st.integers(1, 8).flatmap(lambda width: st.lists(st.tuples(*[WORDS] * width), min_size=1, max_size=3))


@given(ROWS)
def test_a_table_that_may_be_wider_than_the_page_is_scrolled_from_the_keyboard(
    rows: list[tuple[str, ...]],
) -> None:
    headers = [f"h{number}" for number in range(len(rows[0]))]
    drawn = ElementTree.fromstring(html(Table(headers, rows)))
    # What a browser does not break: a cell of up to 24 letters, a word of up to 24.
    least = sum(
        max(len(text) if len(text) <= 24 else min(24, max(map(len, text.split()))) for text in column)
        for column in zip(headers, *rows, strict=True)
    )
    scrolled = {
        "role": "group",
        "tabindex": "0",
        "style": "overflow-x:auto",
        "aria-label": ", ".join(headers),
    }
    assert (drawn.tag, drawn.attrib if drawn.tag == "div" else {}) == (
        ("div", scrolled) if least > 40 else ("table", {})
    )


def test_what_is_scrolled_is_called_like_its_table() -> None:
    wide = [("x" * 24, "y" * 24)]
    assert ElementTree.fromstring(html(Table(("a", "b"), wide, caption="c"))).get("aria-label") == "c"
    assert ElementTree.fromstring(table(wide)).get("aria-label") == "table"
    assert len(ElementTree.fromstring(table(wide, (), "c" * 900)).get("aria-label") or "") == 88
