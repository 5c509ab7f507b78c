"""What `--query` picks of an answer."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.sdk.az_errors import UsageError
from labkit.sdk.az_query import pick

VALUE: dict[str, Any] = {"b": [{"n": "x", "m": 1}, {"n": "y"}], "a": {"c": None, "d": True}, "e": "ü"}
PEOPLE = [
    {"name": "ann", "role": "Owner", "groups": ["a", "b"], "old": True},
    {"name": "bob", "role": "Reader", "groups": ["b"], "old": False},
    {"name": "cy", "groups": [], "age": 1},
]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("e", "ü"),
        ("a.d", True),
        ("a.c", None),
        ("b[0].n", "x"),
        ("b[-1].n", "y"),
        ("b[].n", ["x", "y"]),
        ("b[*].n", ["x", "y"]),
        ("b[].m", [1]),
        ("b[5]", None),
        ("b[-3]", None),
        ("e[]", None),
        ("x.y.z", None),
        ("b.n", None),
        ('"a"."d"', True),
        ("{one: e, two: a.d}", {"one": "ü", "two": True}),
        ("x.{one: e}", None),
        ("b[?n=='x']", [{"n": "x", "m": 1}]),
        ("a[?n=='x']", None),
        ("@", VALUE),
    ],
)
def test_a_path_leads_to_what_is_there(query: str, found: Any) -> None:
    assert pick(VALUE, query) == found


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("[].name", ["ann", "bob", "cy"]),
        ("[1].name", "bob"),
        ("[].groups", [["a", "b"], ["b"], []]),
        ("[].groups[]", ["a", "b", "b"]),
        ("[].groups[0]", ["a", "b"]),
        ("[].{n:name, first:groups[0]}", [{"n": "ann", "first": "a"}, {"n": "bob", "first": "b"}]),
        ("[?role=='Owner'].name", ["ann"]),
        ("[?role!='Owner'].name", ["bob", "cy"]),
        ("[?old==`true`].name", ["ann"]),
        ("[?age==`1`].name", ["cy"]),
        ("[?old==`1`].name", []),
        ("[?old].name", ["ann"]),
        ("[?contains(name, 'n')].name", ["ann"]),
        ("[?contains(groups, 'b')].name", ["ann", "bob"]),
        ("[?contains(age, 'b')].name", []),
        ("[?starts_with(name, 'b') || role=='Owner'].name", ["ann", "bob"]),
        ("[?starts_with(name, 'a') && old==`false`].name", []),
        ("[?starts_with(nothing, 'a')]", []),
        ("[?groups[0]=='b'].name", ["bob"]),
        ("[?role=='Owner'] [0].name", []),
        ("[*][*]", []),
        ("[].groups[][?@=='b']", []),
    ],
)
def test_a_list_is_spread_and_sieved(query: str, found: Any) -> None:
    if query.startswith("[].{"):
        found = [*found, {"n": "cy", "first": None}]
    assert pick(PEOPLE, query) == found


@pytest.mark.parametrize(
    "query",
    [
        *(
            "",
            " ",
            ".a",
            "a.",
            "a b",
            "a|b",
            "a..b",
            "[x]",
            "9" * 50,
            "[",
            "[?",
            "[?a==]",
            "[?a=='b'",
            "{",
            "{}",
        ),
        *(
            "{a}",
            "{a:}",
            "{a:b",
            "{1:b}",
            "[?contains(a)]",
            "[?contains(a,'b']",
            "a['b']",
            "length(a)",
            "a[0",
            "==",
        ),
        *("'a'", "`1`", "[?a==`{`]", '"a', "a.[0]", "b[99999999999]"),
        "{a:" * 30 + "b" + "}" * 30,
        "b[].{n:n}.n",
    ],
)
def test_what_is_no_query_is_refused(query: str) -> None:
    with pytest.raises(UsageError, match="invalid jmespath_type value"):
        pick(VALUE, query)


NAMES = st.text("abc", min_size=1, max_size=2)
TREES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | NAMES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=12,
)


@given(TREES, st.text("ab.[]{}:?'=!@*0,& |", max_size=12))
def test_any_query_answers_in_json_or_is_refused(value: Any, query: str) -> None:
    before = json.dumps(value)
    with suppress(UsageError):
        json.dumps(pick(value, query))
    assert json.dumps(value) == before


@given(st.lists(st.dictionaries(NAMES, st.integers(0, 2), max_size=3), max_size=4), NAMES, st.integers(0, 2))
def test_a_sieve_and_its_contrary_part_a_list(value: list[dict[str, int]], name: str, number: int) -> None:
    kept, left = (pick(value, f"[?{name}{sign}`{number}`]") for sign in ("==", "!="))
    assert kept == [one for one in value if one.get(name) == number]
    assert len(kept) + len(left) == len(value)
