"""The table of operations by role and its cells, as a notebook shows them."""

from xml.etree import ElementTree

import pytest

from labkit.access.matrix import Matrix
from labkit.course.role_matrix import role_matrix
from labkit.display import cell_view, matrix_view
from tests.display.test_colours import contrast


@pytest.fixture(scope="module")
def matrix() -> Matrix:
    """With cells that agree, that differ, and that the documents do not speak of."""
    return role_matrix(["Owner", "Reader", "AKS operator"], "workspace")


def parsed(html: str) -> ElementTree.Element:
    return ElementTree.fromstring(f"<div>{html}</div>")


def test_every_cell_is_a_field_with_its_symbol_and_its_word(matrix: Matrix) -> None:
    drawn = parsed(matrix_view.html(matrix))
    rows = [["".join(cell.itertext()) for cell in row] for row in drawn.iterfind(".//table/tbody/tr")]
    assert rows == [[operation, *map(str, row)] for operation, row in matrix.rows.items()]
    heads = [(cell.text, cell.get("scope")) for cell in drawn.iterfind(".//table/thead/tr/th")]
    assert heads == [(text, "col") for text in ("operation", *matrix.roles)]
    assert {cell.get("scope") for cell in drawn.iterfind(".//table/tbody/tr/th")} == {"row"}
    assert drawn.findtext(".//table/caption") == matrix.caption
    assert drawn.findtext("p") == matrix.summary


def test_the_colours_say_the_same_as_the_words_and_can_be_read(matrix: Matrix) -> None:
    found: dict[str, set[str]] = {}
    for cell in parsed(matrix_view.html(matrix)).iterfind(".//table/tbody/tr/td"):
        rules = dict(rule.split(":", 1) for rule in cell.get("style", "").split(";"))
        assert contrast(rules["color"], rules["background-color"]) >= 4.5
        text = cell.text or ""
        found.setdefault("≠" if "≠" in text else text[0], set()).add(rules["background-color"])
    assert set(found) == {"✓", "✗", "≠"}
    assert len(set.union(*found.values())) == 3
    assert all(len(grounds) == 1 for grounds in found.values())


def test_what_differs_is_explained_below_and_nothing_else(matrix: Matrix) -> None:
    [text] = [part.text or "" for part in parsed(matrix_view.html(matrix)).iterfind("details/pre")]
    assert [cell.question in text for cell in matrix] == [cell.agrees is False for cell in matrix]
    assert "<details" not in matrix_view.html(role_matrix(["Reader"]))


def test_a_cell_has_its_word_first_and_a_table_for_each_way(matrix: Matrix) -> None:
    cell = matrix.cell("Deploy web service", "AKS operator")
    drawn = parsed(cell_view.html(cell))
    assert next(drawn.iter("strong")).text == "✓ yes, on AKS"
    captions = [table.findtext("caption") or "" for table in drawn.iter("table")]
    assert [caption.partition(":")[0] for caption in captions] == ["on ACI", "on AKS"]
    assert "services/aci/write" in "".join(drawn.itertext())


def test_a_notebook_gets_text_and_html_of_both(matrix: Matrix) -> None:
    for shown, drawn in (
        (matrix, matrix_view.html(matrix)),
        (next(iter(matrix)), cell_view.html(next(iter(matrix)))),
    ):
        assert shown._repr_mimebundle_() == {"text/plain": repr(shown), "text/html": drawn}
