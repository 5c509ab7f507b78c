"""Lists of things to type, as text and as HTML."""

from __future__ import annotations

from dataclasses import dataclass
from xml.etree import ElementTree

import pytest

from labkit.core.listing import Item, Listing
from labkit.display import render

HOSTILE = ["a\tb", "<script>alert(1)</script>", '"quoted"', "a & b", "\u202e", "\x1b[31m", "x" * 5_000]


@dataclass(frozen=True, repr=False)
class Some(Listing):
    items: tuple[Item, ...] = ()
    caption: str = "To type"
    closing: tuple[tuple[str, str], ...] = ()


def html_of(listing: Listing) -> str:
    return "".join(ElementTree.fromstring(render(listing)["text/html"]).itertext())


def test_the_text_has_everything_in_its_order() -> None:
    items = (
        Item("one\n  two", (("look for", "a `word`"),), "said\n\nthis"),
        Item("three", (("x", "y " * 60),)),
    )
    assert repr(Some(items, closing=(("<a>", "one"), ("longer", "two")))).split("\n") == [
        "To type",
        "",
        " 1. one",
        "      two",
        "    | said",
        "    |",
        "    | this",
        "    look for  a `word`",
        "",
        " 2. three",
        "    x  " + "y " * 46 + "y",
        "       " + ("y " * 13).rstrip(),
        "",
        "    <a>     one",
        "    longer  two",
    ]


def test_what_was_not_run_has_no_output() -> None:
    assert "|" not in repr(Some((Item("one"),)))
    assert "what it says" not in html_of(Some((Item("one"),)))
    assert "what it says" in html_of(Some((Item("one", output=""),)))


@pytest.mark.parametrize("hostile", HOSTILE, ids=range(len(HOSTILE)))
def test_whatever_is_in_it_can_be_shown(hostile: str) -> None:
    listing = Some((Item(hostile, ((hostile, hostile),), hostile),), hostile, ((hostile, hostile),))
    assert all(line.isprintable() for line in repr(listing).split("\n"))
    text = html_of(listing)
    if hostile.isprintable():
        assert text.count(hostile) >= 4
        assert "<script" not in render(listing)["text/html"]


def test_addresses_of_microsoft_s_pages_are_links_and_no_others() -> None:
    page, other = "https://learn.microsoft.com/cli/azure/ml(v1)/computetarget", "https://evil.example/x"
    drawn = ElementTree.fromstring(
        render(Some((Item("x", (("today", f"see {page}. And {other}"),)),)))["text/html"]
    )
    assert [link.get("href") for link in drawn.iter("a")] == [page]


def test_words_in_backticks_are_code() -> None:
    drawn = ElementTree.fromstring(render(Some((Item("x", (("n", "a `b <c>` d"),)),)))["text/html"])
    assert [one.text for one in drawn.iter("code")] == ["b <c>"]
