"""Pictures by matplotlib: the same bytes whatever the settings are, and text beside them."""

import logging
import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import matplotlib
import pytest
from matplotlib.figure import Figure

from labkit.core.text import plain
from labkit.display.picture import figure, svg
from tests.display.test_heat_map import SVG
from tests.display.test_number_grid import image

HOSTILE = [
    "<script>alert(1)</script>",
    "\"'&quot;",
    "two\nlines\x00\x1b[31m",
    "half \ud800",
    "\u202eturned",
    "100% #1 ?a=b;c",
    "$x^2$ \\frac",
    "x" * 3_000,
    "",
]
SETTINGS: list[dict[str, Any]] = [
    {"font.size": 30, "font.family": "serif", "axes.facecolor": "red", "figure.facecolor": "red"},
    {"svg.fonttype": "path", "svg.hashsalt": "x", "svg.image_inline": False, "text.parse_math": True},
    {"lines.markersize": 20, "xtick.direction": "in", "axes.grid": True, "axes.unicode_minus": False},
    {"figure.dpi": 30, "savefig.dpi": 300, "savefig.bbox": "tight", "savefig.facecolor": "red"},
    {"axes.prop_cycle": "cycler('color', ['red'])", "figure.autolayout": True, "path.sketch": (1, 2, 3)},
]


def some(empty: Figure) -> None:
    axes = empty.add_axes((0.1, 0.1, 0.8, 0.8))
    axes.plot([0, -1, 2], label="a line")
    axes.scatter([0, 1], [1, 0], label="$x^2$ and _")
    axes.legend()
    axes.set_title("a_1 for $5 or $6")


@pytest.fixture(scope="module")
def usual() -> str:
    return svg(4, 3, "t", some)


def drawn_texts(draw: Callable[[Figure], object]) -> list[ElementTree.Element]:
    return list(ElementTree.fromstring(svg(4, 3, "t", draw)).iter(f"{SVG}text"))  # type: ignore[arg-type]


def test_the_same_calls_make_the_same_bytes() -> None:
    assert svg(4, 3, "twice", some) == svg(4, 3, "twice", some)
    assert svg(4, 3, "twice", some) != svg(4, 3, "another", some)


@pytest.mark.parametrize("settings", SETTINGS, ids=lambda settings: next(iter(settings)))
def test_the_users_settings_neither_count_nor_change(usual: str, settings: dict[str, Any]) -> None:
    with matplotlib.rc_context(settings):
        before = dict(matplotlib.rcParams)
        assert svg(4, 3, "t", some) == usual
        assert dict(matplotlib.rcParams) == before


def test_the_users_settings_are_back_after_a_drawing_that_failed() -> None:
    before = dict(matplotlib.rcParams)
    with pytest.raises(ZeroDivisionError):
        svg(4, 3, "t", lambda empty: 1 / 0)  # type: ignore[arg-type,return-value]
    assert dict(matplotlib.rcParams) == before


def test_text_stays_text_dollars_and_all() -> None:
    texts = [text.text for text in drawn_texts(some)]
    assert {"a line", "$x^2$ and _", "a_1 for $5 or $6"} <= set(texts)


def test_letters_are_of_the_font_and_the_size_that_widths_are_reckoned_with() -> None:
    styles = " ".join(text.get("style", "") for text in drawn_texts(lambda empty: empty.text(0, 0, "a")))
    assert re.findall("font-family: ([^;]+)", styles) == ["'DejaVu Sans'"]
    assert re.findall("font-size: ([^;]+)", styles) == ["10px"]


def test_it_has_the_size_that_was_asked_for_and_a_white_ground() -> None:
    drawn = ElementTree.fromstring(svg(4, 3, "t", lambda empty: None))
    assert drawn.get("viewBox") == "0 0 288 216"
    [paper] = drawn.iter(f"{SVG}path")
    assert "fill: #ffffff" in paper.get("style", "")


def test_no_date_no_version_and_no_address_of_a_document_type_are_in_it() -> None:
    drawn = svg(4, 3, "t", some)
    assert drawn.startswith("<svg")
    assert not re.search(r"dc:date|dc:creator|DOCTYPE|<\?xml", drawn)
    assert matplotlib.__version__ not in drawn


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda text: ascii(text[:12]))
def test_a_title_of_any_kind_stays_text(hostile: str) -> None:
    title = ElementTree.fromstring(svg(1, 1, hostile, lambda empty: None)).find(f"{SVG}title")
    shown = "" if title is None else title.text or ""
    assert shown == plain(hostile)
    assert shown.isprintable()


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda text: ascii(text[:12]))
def test_the_figure_is_an_image_with_its_text_and_nothing_else(hostile: str) -> None:
    drawn = svg(4, 3, hostile, some)
    html = figure(drawn, hostile, f"{hostile}\nline 2")
    html.encode()
    assert [one.tag for one in ElementTree.fromstring(html).iter()] == [
        "figure",
        "img",
        "details",
        "summary",
        "pre",
    ]
    picture, alt, text = image(html)
    assert ElementTree.tostring(picture) == ElementTree.tostring(ElementTree.fromstring(drawn))
    assert alt.isprintable()
    assert text.endswith("\nline 2")
    if hostile.isprintable():
        assert (alt, text) == (hostile, f"{hostile}\nline 2")


def test_it_listens_to_matplotlib_once() -> None:
    svg(1, 1, "t", lambda empty: None)
    before = list(logging.getLogger("matplotlib").handlers)
    svg(1, 1, "t", lambda empty: None)
    assert logging.getLogger("matplotlib").handlers == before
    assert any(isinstance(one, logging.NullHandler) for one in before)


def test_it_draws_without_a_window_and_matplotlib_loads_only_then() -> None:
    source = (
        "import sys; from labkit.course import timeline, token_latency; repr(timeline('holds a key'));"
        "print('matplotlib' in sys.modules); timeline('holds a key')._repr_mimebundle_();"
        "print('matplotlib' in sys.modules, 'matplotlib.pyplot' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True", "False"]
    assert done.stderr == ""
