"""Foreign text made safe to show."""

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.display.text import IN_PICTURE, block, escaped, plain


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("carl", "carl"),
        ("漢字 ünï 🎉", "漢字 ünï 🎉"),
        ("two\nlines", "two\\nlines"),
        ("\x00\x1b[31m", "\\x00\\x1b[31m"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("\ud800", "\\ud800"),
        (3, "3"),
    ],
)
def test_what_does_not_print_is_written_as_an_escape(text: object, shown: str) -> None:
    assert plain(text) == shown


def test_a_long_text_loses_its_middle_and_keeps_both_ends() -> None:
    shown = plain("begin" + "x" * 10_000 + "end", IN_PICTURE)
    assert len(shown) == IN_PICTURE
    assert shown.startswith("begin")
    assert shown.endswith("end")
    assert shown.count("…") == 1


def test_a_text_of_just_the_limit_is_left_alone() -> None:
    assert plain("x" * IN_PICTURE, IN_PICTURE) == "x" * IN_PICTURE


@given(st.text())
def test_any_text_becomes_one_printable_line(text: str) -> None:
    assert plain(text).isprintable()
    assert plain(plain(text)) == plain(text)


@given(st.text())
def test_a_limit_holds_for_what_is_shown(text: str) -> None:
    assert len(plain(text, 20)) <= 20


@given(st.text())
def test_escaped_text_reads_back_as_content_and_as_attribute(text: str) -> None:
    element = ElementTree.fromstring(f'<a b="{escaped(text)}">{escaped(text)}</a>')
    assert (element.text or "") == element.get("b") == plain(text)


@given(st.text())
def test_a_block_keeps_the_lines_and_nothing_but_text(text: str) -> None:
    element = ElementTree.fromstring(block(text))
    assert len(element) == 0
    assert (element.text or "").split("\n") == [plain(line) for line in text.split("\n")]
