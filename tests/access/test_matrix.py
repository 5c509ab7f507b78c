"""Cells and tables made by hand: what they say, whatever was found."""

from dataclasses import replace

import pytest

from labkit.access.decision import Decision
from labkit.access.matrix import Cell, Matrix, Way
from labkit.access.role_definitions import RoleDefinitions
from labkit.core.errors import BadInput, Forbidden
from labkit.core.identity import ANONYMOUS
from labkit.core.verdict import Verdict

DECISION = Decision(ANONYMOUS, "a/write", False, "/subscriptions/s", (), (), (), 0, RoleDefinitions())
OPEN = Way("on AKS", Verdict(True), (), DECISION)
SHUT = Way("on ACI", Verdict(False, refusal=Forbidden("no")), (), DECISION)
KEY = Way("by a key", Verdict(True), (), None)


def cell(*ways: Way, documents: str = "") -> Cell:
    return Cell("Deploy", "Reader", "workspace", ways, documents)


@pytest.mark.parametrize(
    ("ways", "found"),
    [
        ((OPEN,), "✓ yes"),
        ((SHUT,), "✗ no"),
        ((OPEN, SHUT), "✓ yes, on AKS"),
        ((SHUT, OPEN, replace(OPEN, name="by hand")), "✓ yes, on AKS and by hand"),
        ((KEY,), "✗ no"),
        ((SHUT, KEY), "✗ no"),
        ((OPEN, KEY), "✓ yes"),
    ],
)
def test_a_cell_says_what_the_role_opens_and_not_what_a_key_opens(ways: tuple[Way, ...], found: str) -> None:
    assert str(cell(*ways)) == found
    assert cell(*ways).allowed is found.startswith("✓")


@pytest.mark.parametrize(
    ("way", "documents", "agrees", "shown"),
    [
        (OPEN, "yes", True, "✓ yes"),
        (OPEN, "no", False, "✓ yes ≠ documents: no"),
        (SHUT, "no", True, "✗ no"),
        (SHUT, "yes", False, "✗ no ≠ documents: yes"),
        (SHUT, "", None, "✗ no"),
    ],
)
def test_a_cell_that_differs_from_the_documents_says_so(
    way: Way, documents: str, agrees: bool | None, shown: str
) -> None:
    one = cell(way, documents=documents)
    assert one.agrees is agrees
    assert str(one) == shown
    assert ("≠" in repr(one)) is (agrees is False)


def test_the_text_names_what_was_missing() -> None:
    assert SHUT.missing == "a/write at subscription s"
    assert "missing  a/write at subscription s" in repr(cell(SHUT))
    assert KEY.missing == ""
    assert "accepted, no role was asked" in repr(cell(KEY))


def test_the_summary_counts_every_cell_once() -> None:
    ways = [("yes", OPEN), ("no", OPEN), ("", SHUT)]
    row = tuple(
        Cell("Deploy", role, "workspace", (way,), said) for role, (said, way) in zip("abc", ways, strict=True)
    )
    matrix = Matrix("2020-03", "workspace", ("a", "b", "c"), {"Deploy": row})
    assert matrix.summary == (
        "3 cells, each found by trying: 1 as the documents say, 1 otherwise, 1 of which they do not speak"
    )
    assert [one.role for one in matrix.disagreements] == ["b"]
    assert repr(matrix).splitlines() == [
        "Operations by role in a lab of 2020-03; roles assigned at: workspace",
        "operation  a      b                      c",
        "---------  -----  ---------------------  ----",
        "Deploy     ✓ yes  ✓ yes ≠ documents: no  ✗ no",
        matrix.summary,
    ]
    assert matrix.cell("Deploy", "b") is row[1]
    for operation, role, options in (("Fly", "a", '"Deploy"'), ("Deploy", "Owner", '"a", "b", "c"')):
        with pytest.raises(BadInput) as caught:
            matrix.cell(operation, role)
        assert caught.value.required == options
