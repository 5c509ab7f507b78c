"""Role definitions: patterns, what they subtract, and Azure's built-in ones."""

import json
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.access.roles import Role, built_in

# Letters of both cases, a separator, the wildcard, and characters that mean something to other matchers.
patterns = st.text("aAbB/*.?[+", max_size=8)
actions = st.text("aAbB/.?[+\n", max_size=8)


def matches(pattern: str, action: str) -> bool:
    """What a pattern means, spelled out: `*` is any run of characters, and case does not count."""
    if not pattern:
        return not action
    if pattern[0] == "*":
        return matches(pattern[1:], action) or (bool(action) and matches(pattern, action[1:]))
    return bool(action) and pattern[0].lower() == action[0].lower() and matches(pattern[1:], action[1:])


def role(*plus: str, minus: tuple[str, ...] = (), data: bool = False) -> Role:
    if data:
        return Role("id", "name", "", data_actions=plus, not_data_actions=minus)
    return Role("id", "name", "", actions=plus, not_actions=minus)


@given(patterns, actions)
def test_a_pattern_grants_what_it_spells(pattern: str, action: str) -> None:
    if pattern:
        assert bool(role(pattern).grants(action, data=False)) is matches(pattern, action)


@given(st.lists(patterns.filter(bool)), st.lists(patterns), actions, st.booleans())
def test_a_role_grants_what_some_pattern_adds_and_none_subtracts(
    plus: list[str], minus: list[str], action: str, data: bool
) -> None:
    granted = any(matches(one, action) for one in plus) and not any(matches(one, action) for one in minus)
    found = role(*plus, minus=tuple(minus), data=data).grants(action, data)
    assert bool(found) is granted
    assert not found or (found in plus and matches(found, action))


@given(patterns.filter(bool), actions)
def test_actions_and_data_actions_know_nothing_of_each_other(pattern: str, action: str) -> None:
    assert not role(pattern, data=True).grants(action, data=False)
    assert not role(pattern, data=False).grants(action, data=True)


def test_a_star_spans_segments() -> None:
    assert (
        role("*/read").grants("Microsoft.Storage/storageAccounts/blobServices/read", data=False) == "*/read"
    )
    assert not role("*/read").grants("read", data=False)
    assert not role("*/read").grants("Microsoft.Storage/storageAccounts/listKeys/action", data=False)


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
    assert reader.grants("Microsoft.MachineLearningServices/workspaces/read", data=False)
    assert not reader.grants("Microsoft.MachineLearningServices/workspaces/write", data=False)
    assert not reader.grants("Microsoft.Storage/storageAccounts/listKeys/action", data=False)


def test_the_built_in_roles_are_those_that_azure_publishes() -> None:
    published = json.loads(files("labkit.access").joinpath("roles.json").read_text("utf-8"))["roles"]
    assert [one.name for one in built_in().values()] == [entry["name"] for entry in published]
    assert len({one.id for one in built_in().values()}) == len(published)
    assert {"owner", "contributor", "reader", "storage blob data contributor"} <= set(built_in())
