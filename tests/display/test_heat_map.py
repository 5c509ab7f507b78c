"""The table of operations by role as a picture, checked through its data."""

import os
import re
import subprocess
import sys
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest

from labkit.access.matrix import Matrix
from labkit.core.errors import BadInput
from labkit.course.role_matrix import role_matrix
from labkit.display.heat_map import heat_map, html, svg
from tests.display.test_colours import contrast

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def matrix() -> Matrix:
    return role_matrix(["Owner", "Reader", "AKS operator"], "workspace")


@pytest.fixture(scope="module")
def picture(matrix: Matrix) -> ElementTree.Element:
    """The picture, out of the image that a notebook gets."""
    image = next(ElementTree.fromstring(html(heat_map(matrix))).iter("img"))
    kind, _, source = image.get("src", "").partition(",")
    assert kind == "data:image/svg+xml;charset=utf-8"
    return ElementTree.fromstring(unquote(source))


def test_symbol_and_word_of_every_cell_are_written_in_it_as_text(
    matrix: Matrix, picture: ElementTree.Element
) -> None:
    written = [text.text for text in picture.iter(f"{SVG}text")]
    cells = [text for operation, row in matrix.rows.items() for text in (operation, *map(str, row))]
    assert written == [matrix.caption, *matrix.roles, *cells, matrix.summary]


def boxes(picture: ElementTree.Element) -> list[tuple[str, float, float, float, float]]:
    """The fields: background, left, right, top, bottom. The first shape is the paper."""
    found = []
    for path in list(picture.iter(f"{SVG}path"))[1:]:
        fill = re.search("fill: (#[0-9a-f]{6})", path.get("style", ""))
        numbers = [float(number) for number in re.findall(r"[\d.]+", path.get("d", ""))]
        if fill and len(numbers) == 8:
            found.append(
                (fill[1], min(numbers[::2]), max(numbers[::2]), min(numbers[1::2]), max(numbers[1::2]))
            )
    return found


def test_every_cell_has_its_field_and_the_colours_can_be_read(
    matrix: Matrix, picture: ElementTree.Element
) -> None:
    fields = [box for box in boxes(picture) if box[0] != "#ffffff"]
    assert len(fields) == len(list(matrix)) == 39
    assert len({box[0] for box in fields}) == 3
    words = {str(cell) for cell in matrix}
    for text in picture.iter(f"{SVG}text"):
        if text.text in words:
            ink = re.search("fill: (#[0-9a-f]{6})", text.get("style", ""))
            x, y = (float(number) for number in re.findall(r"[\d.]+", text.get("transform", ""))[-2:])
            [ground] = [box[0] for box in fields if box[1] < x < box[2] and box[3] < y < box[4]]
            assert contrast(ink[1] if ink else "#000000", ground) >= 4.5


@pytest.mark.parametrize("roles", [["Reader"], ["Owner", "Contributor", "Reader"], ["Data scientist"]])
def test_the_fields_do_not_overlap_and_lie_in_the_picture(roles: list[str]) -> None:
    drawn = ElementTree.fromstring(svg(role_matrix(roles, "workspace")))
    _, _, width, height = (float(number) for number in drawn.get("viewBox", "").split())
    fields = boxes(drawn)
    assert len(fields) == 13 * len(roles)
    for at, (_, left, right, top, bottom) in enumerate(fields):
        assert 0 < left < right <= width
        assert 0 < top < bottom < height
        for _, other_left, other_right, other_top, other_bottom in fields[:at]:
            apart = other_right <= left + 0.01 or right <= other_left + 0.01
            assert apart or other_bottom <= top + 0.01 or bottom <= other_top + 0.01


def test_whoever_does_not_see_it_is_told_what_it_says(matrix: Matrix) -> None:
    drawn = ElementTree.fromstring(html(heat_map(matrix)))
    assert next(drawn.iter("img")).get("alt") == f"{matrix.caption}. {matrix.summary}."
    assert next(drawn.iter("pre")).text == repr(matrix)
    assert heat_map(matrix)._repr_mimebundle_() == {
        "text/plain": repr(matrix),
        "text/html": html(heat_map(matrix)),
    }


DRAW = """
import hashlib, sys
from labkit.course import heat_map, role_matrix
exec(sys.argv[1])
shown = heat_map(role_matrix(["Reader"]))._repr_mimebundle_()["text/html"]
print(hashlib.sha256(shown.encode()).hexdigest(), "matplotlib.pyplot" in sys.modules)
"""


def drawn_elsewhere(before: str, **environment: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", DRAW, before],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **environment},
    )
    assert done.stderr == ""
    return done.stdout.split()


def test_it_is_the_same_to_the_last_byte_whatever_the_settings_are() -> None:
    settings = {"font.size": 30, "svg.fonttype": "path", "svg.hashsalt": "x", "axes.facecolor": "red"}
    own = f"import matplotlib; matplotlib.rcParams.update({settings!r})"
    plain = drawn_elsewhere("", PYTHONHASHSEED="1")
    assert plain == drawn_elsewhere(own, PYTHONHASHSEED="2", MPLBACKEND="pdf", LC_ALL="C", TZ="Asia/Tokyo")
    assert plain[1] == "False"


def test_the_learners_own_settings_are_left_alone(matrix: Matrix) -> None:
    import matplotlib

    before = dict(matplotlib.rcParams)
    svg(matrix)
    assert dict(matplotlib.rcParams) == before


def test_no_date_and_no_version_are_in_it(matrix: Matrix) -> None:
    import matplotlib

    assert not re.search(r"dc:date|dc:creator|DOCTYPE", svg(matrix))
    assert matplotlib.__version__ not in svg(matrix)


def test_matplotlib_loads_when_something_is_drawn_and_not_before() -> None:
    source = (
        "import sys; from labkit.course import heat_map, role_matrix;"
        "repr(heat_map(role_matrix(['Reader']))); print('matplotlib' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize("value", [None, 3, "matrix", [["✓"]], Matrix])
def test_what_is_no_matrix_is_bad_input(value: Any) -> None:
    with pytest.raises(BadInput, match="no matrix"):
        heat_map(value)
