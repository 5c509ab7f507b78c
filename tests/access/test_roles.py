"""Role definitions: patterns, what they subtract, and Azure's built-in ones."""

import json
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.access.roles import Role, built_in
from tests.access.oracle import matches

# Letters of both cases, a separator, the wildcard, and characters that mean something to other matchers.
patterns = st.one_of(st.text("aAbB/*.?[+", min_size=1, max_size=8), st.sampled_from(["a/*/b", "*/a/*/b"]))
actions = st.one_of(st.text("aAbB/.?[+\n", max_size=8), st.sampled_from(["a/b", "a/a/b", "a/a/b/b"]))

WORKSPACES = "Microsoft.MachineLearningServices/workspaces"


def role(*plus: str, minus: tuple[str, ...] = (), data: bool = False) -> Role:
    if data:
        return Role("id", "name", data_actions=plus, not_data_actions=minus)
    return Role("id", "name", actions=plus, not_actions=minus)


@given(patterns, actions, st.booleans())
def test_a_pattern_grants_what_it_spells(pattern: str, action: str, one_segment: bool) -> None:
    assert role(pattern).grants(action, False, one_segment) is matches(pattern, action, one_segment)


@given(patterns, actions, st.booleans())
def test_case_does_not_count(pattern: str, action: str, one_segment: bool) -> None:
    found = {
        role(one).grants(other, False, one_segment)
        for one in (pattern, pattern.upper(), pattern.swapcase())
        for other in (action, action.lower(), action.swapcase())
    }
    assert len(found) == 1


@given(st.lists(patterns), st.lists(patterns), actions, st.booleans())
def test_a_role_grants_what_some_pattern_adds_and_none_subtracts(
    plus: list[str], minus: list[str], action: str, data: bool
) -> None:
    made = role(*plus, minus=tuple(minus), data=data)
    granting, taking = made.match(action, data)
    assert granting == next((one for one in plus if matches(one, action)), "")
    assert taking == (granting and next((one for one in minus if matches(one, action)), ""))
    assert made.grants(action, data) is (granting != "" and taking == "")


@given(patterns, actions)
def test_actions_and_data_actions_know_nothing_of_each_other(pattern: str, action: str) -> None:
    assert not role(pattern, data=True).grants(action, data=False)
    assert not role(pattern, data=False).grants(action, data=True)


@given(patterns, actions)
def test_what_needs_a_segment_grants_no_more_than_what_does_not(pattern: str, action: str) -> None:
    assert role(pattern).grants(action, False, False) >= role(pattern).grants(action, False, True)


def test_a_star_spans_segments() -> None:
    assert role("*/read").match("Microsoft.Storage/storageAccounts/blobServices/read", False)[0] == "*/read"
    assert not role("*/read").grants("read", data=False)
    assert not role("*/read").grants("Microsoft.Storage/storageAccounts/listKeys/action", data=False)


@pytest.mark.parametrize(("one_segment", "covers"), [(False, True), (True, False)])
def test_a_star_in_the_middle_stands_for_nothing_in_one_reading(one_segment: bool, covers: bool) -> None:
    inner = role(f"{WORKSPACES}/*/delete")
    assert inner.grants(f"{WORKSPACES}/delete", False, one_segment) is covers
    assert inner.grants(f"{WORKSPACES}/computes/delete", False, one_segment)
    assert inner.grants(f"{WORKSPACES}/computes/nodes/delete", False, one_segment)
    assert not inner.grants(f"{WORKSPACES}2/delete", False, one_segment)


def test_a_star_grants_no_data_action() -> None:
    for name in ("owner", "contributor"):
        assert not built_in()[name].grants("Microsoft.KeyVault/vaults/secrets/getSecret/action", data=True)


@pytest.mark.parametrize("verb", ["write", "Write", "delete"])
def test_a_contributor_may_do_anything_but_hand_out_rights(verb: str) -> None:
    action = f"Microsoft.Authorization/roleAssignments/{verb}"
    assert not built_in()["contributor"].grants(action, data=False)
    assert built_in()["owner"].grants(action, data=False)
    assert built_in()["contributor"].grants("Microsoft.Authorization/roleAssignments/read", data=False)


def test_a_reader_reads() -> None:
    reader = built_in()["reader"]
    assert reader.grants(f"{WORKSPACES}/read", data=False)
    assert not reader.grants(f"{WORKSPACES}/write", data=False)
    assert not reader.grants("Microsoft.Storage/storageAccounts/listKeys/action", data=False)


def test_the_built_in_roles_are_those_that_azure_publishes() -> None:
    published = json.loads(files("labkit.access").joinpath("roles.json").read_text("utf-8"))["roles"]
    assert [one.name for one in built_in().values()] == [entry["name"] for entry in published]
    assert len({one.id for one in built_in().values()}) == len(published)
    assert {"owner", "contributor", "reader", "storage blob data contributor"} <= set(built_in())
    assert {(one.custom, one.assignable_scopes) for one in built_in().values()} == {(False, ("/",))}


def test_a_role_shows_everything_that_it_is_made_of() -> None:
    shown = Role("id", "Mine", "What it is for.", ("a/*", "b"), ("c",), ("d",), ("e",), ("/x",), custom=True)
    lines = [line.split() for line in repr(shown).splitlines()]
    assert lines == [
        ["Mine", "(custom)"],
        ["What", "it", "is", "for."],
        ["Actions", "a/*"],
        ["b"],
        ["NotActions", "c"],
        ["DataActions", "d"],
        ["NotDataActions", "e"],
        ["AssignableScopes", "/x"],
    ]
    assert repr(built_in()["reader"]).startswith("Reader (built-in)\n")
