"""What az prints, and what `--query` picks of it."""

import json
from typing import Any

import pytest

from labkit.sdk.az_errors import UsageError
from labkit.sdk.az_output import Verbatim, pick, shown
from labkit.sdk.az_rbac import _Made

VALUE = {"b": [{"n": "x", "m": 1}, {"n": "y"}], "a": {"c": None, "d": True}, "e": "ü"}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("e", "ü"),
        ("a.d", True),
        ("a.c", None),
        ("b[0].n", "x"),
        ("b[-1].n", "y"),
        ("b[].n", ["x", "y"]),
        ("b[].m", [1]),
        ("b[5]", None),
        ("b[-3]", None),
        ("e[]", None),
        ("x.y.z", None),
        ("b.n", None),
    ],
)
def test_a_path_leads_to_what_is_there(query: str, found: Any) -> None:
    assert pick(VALUE, query) == found


@pytest.mark.parametrize("query", ["", " ", ".a", "a.", "a b", "a|b", "[?n=='x']", "a..b", "[x]", "9" * 50])
def test_what_is_no_path_is_refused(query: str) -> None:
    with pytest.raises(UsageError, match="invalid jmespath_type value"):
        pick(VALUE, query)


def test_a_list_at_the_top() -> None:
    assert pick([{"n": 1}, {"n": 2}], "[].n") == [1, 2]
    assert pick([{"n": 1}, {"n": 2}], "[1].n") == 2


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
