"""What az prints."""

import json
from typing import Any

import pytest

from labkit.sdk.az_output import Verbatim, shown
from labkit.sdk.az_rbac import _Made

VALUE = {"b": [{"n": "x", "m": 1}, {"n": "y"}], "a": {"c": None, "d": True}, "e": "ü"}


def test_json_is_sorted_and_readable() -> None:
    text = shown(VALUE, "json")
    assert json.loads(text) == VALUE
    assert text.startswith('{\n  "a": {\n    "c": null,')
    assert "ü" in text


@pytest.mark.parametrize(("value", "text"), [(None, ""), ([], "[]"), ("x", '"x"'), (True, "true")])
def test_little_is_shown_as_little(value: Any, text: str) -> None:
    assert shown(value, "json") == text
    assert shown(value, "none") == ""


def test_columns_have_the_plain_values() -> None:
    assert shown(VALUE, "tsv") == "2\t2\tü"
    assert shown(["x", "y"], "tsv") == "x\ny"
    assert shown("x", "tsv") == "x"
    assert shown([{"b": None, "a": True, "c": []}], "tsv") == "True\tNone\t"


def test_what_is_printed_as_it_is_does_not_show_in_what_holds_it() -> None:
    assert "hidden" not in f"{Verbatim('hidden')!r} {_Made('name', 'uri', secret='hidden')!r}"


def test_a_table_has_a_column_for_each_plain_value() -> None:
    rows = [
        {"name": "a", "id": "/x", "size": 10, "parts": [], "region": None},
        {"name": "longer", "more": True},
    ]
    assert shown(rows, "table").split("\n") == [
        "Name    Size  More",
        "------  ----  ----",
        "a       10",
        "longer        True",
    ]


def test_a_table_is_sorted_by_name_unless_a_query_chose() -> None:
    value = {"b": 1, "a": 2}
    assert shown(value, "table").split("\n")[0] == "A  B"
    assert shown(value, "table", chosen=True).split("\n")[0] == "B  A"


@pytest.mark.parametrize(
    ("value", "lines"),
    [
        ([], [""]),
        ([{}], [""]),
        ([{"a": None}], [""]),
        ("x", ["Result", "------", "x"]),
        (["x", "y"], ["Result", "------", "x", "y"]),
        ([["x", "y"]], ["Column1  Column2", "-------  -------", "x        y"]),
    ],
)
def test_little_makes_a_little_table(value: Any, lines: list[str]) -> None:
    assert shown(value, "table").split("\n") == lines
