"""The roles of a tenant: found, made, changed, deleted, and the smallest one that is enough."""

from collections.abc import Callable
from typing import Any

import pytest

from labkit.access.errors import (
    RoleDefinitionDoesNotExist,
    RoleDefinitionLimitExceeded,
    RoleDefinitionWithSameNameExists,
)
from labkit.access.operations import operations
from labkit.access.role_definitions import RoleDefinitions
from labkit.access.roles import Role, built_in

OWNER = built_in()["owner"]
MINE = Role("id-1", "Mine", actions=("*/read",), custom=True)


@pytest.fixture
def definitions() -> RoleDefinitions:
    return RoleDefinitions()


def state(definitions: RoleDefinitions) -> Any:
    return list(definitions._roles.items()), list(definitions._by_name.items())


class TestFinding:
    @pytest.mark.parametrize("name", ["Owner", "OWNER", OWNER.id, OWNER.id.upper()])
    def test_by_name_or_id_in_whatever_case(self, definitions: RoleDefinitions, name: str) -> None:
        assert definitions.find(name) == OWNER

    @pytest.mark.parametrize("name", [None, "", 5, b"Owner", [], {}, "Owner ", "\ud800", "x" * 10**5, "Own"])
    def test_what_is_not_there_is_not_found_and_the_error_names_those_that_are(
        self, definitions: RoleDefinitions, name: Any
    ) -> None:
        with pytest.raises(RoleDefinitionDoesNotExist) as caught:
            definitions.find(name)
        assert "Owner, Contributor, Reader" in caught.value.required
        assert len(str(caught.value)) < 1500

    def test_a_text_that_changes_its_mind_finds_nothing(self, definitions: RoleDefinitions) -> None:
        class Shifty(str):
            def lower(self) -> str:
                return "owner"

        with pytest.raises(RoleDefinitionDoesNotExist):
            definitions.find(Shifty("Reader"))

    def test_nobody_takes_a_role_s_place_by_being_named_after_its_id(
        self, definitions: RoleDefinitions
    ) -> None:
        definitions.define(Role("id-1", OWNER.id, actions=("*",), custom=True))
        assert definitions.find(OWNER.id) == OWNER

    def test_an_id_that_is_not_there_has_no_role(self, definitions: RoleDefinitions) -> None:
        assert definitions.get("Owner") is None
        assert definitions.get(OWNER.id) == OWNER


class TestDefining:
    def test_a_new_role_is_found_by_its_name(self, definitions: RoleDefinitions) -> None:
        definitions.define(MINE)
        assert definitions.find("mine") == definitions.find("ID-1") == MINE

    def test_another_name_of_the_same_role_replaces_the_first(self, definitions: RoleDefinitions) -> None:
        definitions.define(MINE)
        renamed = Role("id-1", "Yours", actions=("*/write",), custom=True)
        definitions.define(renamed)
        assert definitions.find("yours") == renamed
        with pytest.raises(RoleDefinitionDoesNotExist):
            definitions.find("mine")

    @pytest.mark.parametrize("name", ["Owner", "oWNER", "Mine", "mine"])
    def test_no_two_roles_have_one_name(self, definitions: RoleDefinitions, name: str) -> None:
        definitions.define(MINE)
        before = state(definitions)
        with pytest.raises(RoleDefinitionWithSameNameExists) as caught:
            definitions.define(Role("id-2", name, actions=("*",), custom=True))
        assert caught.value.presented == name
        assert state(definitions) == before

    def test_a_tenant_has_so_many_custom_roles_and_no_more(self, definitions: RoleDefinitions) -> None:
        definitions.limit = 1
        definitions.define(MINE)
        before = state(definitions)
        with pytest.raises(RoleDefinitionLimitExceeded):
            definitions.define(Role("id-2", "Another", actions=("*",), custom=True))
        assert state(definitions) == before
        # One that is there can be changed all the same, and one for another.
        definitions.define(Role("id-1", "Renamed", actions=("*",), custom=True))
        definitions.remove(definitions.find("id-1"))
        definitions.define(Role("id-2", "Another", actions=("*",), custom=True))

    def test_every_change_can_be_taken_back(self, definitions: RoleDefinitions) -> None:
        states, undo = [], []
        steps: tuple[Callable[[], Callable[[], None]], ...] = (
            lambda: definitions.define(MINE),
            lambda: definitions.define(Role("id-2", "Another", actions=("*",), custom=True)),
            lambda: definitions.define(Role("id-1", "Renamed", actions=("*",), custom=True)),
            lambda: definitions.remove(definitions.find("id-1")),
        )
        for step in steps:
            states.append(state(definitions))
            undo.append(step())
        while undo:
            undo.pop()()
            assert state(definitions) == states.pop()

    def test_tenants_share_no_role(self, definitions: RoleDefinitions) -> None:
        definitions.define(MINE)
        assert RoleDefinitions().get("id-1") is None
        assert "mine" not in built_in()


class TestSmallest:
    @pytest.mark.parametrize("one_segment", [False, True])
    def test_it_grants_the_action_and_no_smaller_one_does(
        self, definitions: RoleDefinitions, one_segment: bool
    ) -> None:
        definitions.one_segment = one_segment
        found = 0
        for one in operations().values():
            able = [r for r in built_in().values() if r.grants(one.name, one.data, one_segment)]
            smallest = definitions.smallest(one.name, one.data)
            assert (smallest is None) is (able == [])
            if smallest is not None:
                found += 1
                assert smallest in able
                assert definitions.size(smallest) == min(map(definitions.size, able))
        assert found > len(operations()) / 2

    def test_a_custom_role_does_not_count(self, definitions: RoleDefinitions) -> None:
        action = "Microsoft.MachineLearningServices/workspaces/read"
        before = definitions.smallest(action, data=False)
        definitions.define(Role("id-1", "Mine", actions=(action,), custom=True))
        assert definitions.smallest(action, data=False) == before

    def test_what_no_role_has_no_role_is_enough_for(self, definitions: RoleDefinitions) -> None:
        assert definitions.smallest("Nobody.Knows/this/action", data=True) is None

    def test_the_size_is_how_many_operations_a_role_grants(self, definitions: RoleDefinitions) -> None:
        control = [one for one in operations().values() if not one.data]
        assert definitions.size(OWNER) == len(control)
        assert definitions.size(Role("x", "X", actions=(control[0].name,))) == 1
