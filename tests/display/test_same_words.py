"""The text and the HTML of everything that is shown say the same: who reads the one misses nothing."""

import re
from xml.etree import ElementTree

import pytest

from labkit.access.decision import Decision
from labkit.access.matrix import Cell, Matrix
from labkit.access.scope import label
from labkit.core.noted import Noted
from labkit.core.show import Shown
from labkit.core.table import Table, Tabular
from labkit.core.text import plain
from labkit.course.explorer import Exploration
from labkit.course.flow_player import FlowStep
from labkit.display.heat_map import HeatMap
from labkit.identity.token import Token
from labkit.openings import Openings
from tests.display.drawn import drawn, everything, pictures

# Words that end in a sign, or begin with one, are the same words.
EDGES = ".,:;()[]`'"
# What the text draws with letters, and the words that stand in for a column.
DRAWN = re.compile(r"[-.#>|]+|\[[#.]*\]|\d+\.")
VERDICTS = ("ACCEPTED", "REFUSED", "ALLOWED", "NOT ENCRYPTED", "UNCOVERED", "ANSWERED")


def text_of(element: ElementTree.Element) -> str:
    """All text, with spaces between the parts."""
    return " ".join(text for text in element.itertext())


def words(text: str) -> set[str]:
    return {word.strip(EDGES).lower() for word in text.split() if not DRAWN.fullmatch(word)} - {""}


def said(shown: Shown) -> str:
    """The text, with what the HTML has by its design: a scope by the last part of its name, and of a step the
    whole way to it."""
    if isinstance(shown, Decision):
        return repr(shown).replace(shown.scope, label(shown.scope))
    return f"{shown!r}\n{shown.trace[: shown.step]!r}" if isinstance(shown, FlowStep) else repr(shown)


@pytest.mark.parametrize("name", everything())
def test_the_html_says_every_word_of_the_text(name: str) -> None:
    shown = everything()[name]
    # The columns of the HTML are called "would pass" and "refused"; the text says so in every line.
    known = {"opens", "at"} if isinstance(shown, Openings) else set()
    assert words(said(shown)) - words(text_of(drawn(shown))) - known == set()


@pytest.mark.parametrize("name", everything())
def test_the_html_has_no_number_that_the_text_has_not(name: str) -> None:
    shown = everything()[name]
    if not isinstance(shown, Token | Openings):
        # Of a token it says what each part is for, of openings it counts what the text lists.
        assert numbers(text_of(drawn(shown))) <= numbers(said(shown))


def numbers(text: str) -> set[str]:
    return set(re.findall(r"\d+", text))


@pytest.mark.parametrize("name", everything())
def test_both_have_the_same_verdicts(name: str) -> None:
    shown = everything()[name]
    text, html = repr(shown), text_of(drawn(shown))
    # How far a call got is a table of the HTML alone: the text names the last stage.
    marks = ["✓", "✗", "≠"] if isinstance(shown, Matrix | HeatMap | Cell) else []
    for word in (*VERDICTS, *marks):
        # The decision below what was explored is of one way; the text has the last word on all of them.
        if not (isinstance(shown, Exploration) and word in ("ALLOWED", "REFUSED")):
            assert (word in text) == (word in html)


def tables(shown: Shown) -> list[Table]:
    if pictures(shown):
        return []
    if isinstance(shown, Tabular):
        return [shown.as_table()]
    return [shown] if isinstance(shown, Table) else list(shown.tables()) if isinstance(shown, Noted) else []


@pytest.mark.parametrize("name", [name for name, shown in everything().items() if tables(shown)])
def test_every_cell_of_a_table_is_a_cell_of_the_html(name: str) -> None:
    shown = everything()[name]
    for table, found in zip(tables(shown), drawn(shown).iter("table"), strict=True):
        cells = [[cell.text or "" for cell in row] for row in found.iter("tr")]
        rows = [[plain(cell) for cell in row] for row in (table.headers, *table.rows)]
        assert cells == (rows if table.rows else [*rows, ["none"]])
        assert (found.findtext("caption") or "") == plain(table.caption)
