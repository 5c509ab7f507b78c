"""The operations that the lab knows: those that roles are made of, and those that the lab asks for."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.access.operations import find_operation, matching, operations
from labkit.core.errors import BadInput
from labkit.core.operation import Op
from labkit.lab import Lab
from labkit.services.resource_id import resource_type
from labkit.services.resource_manager import ResourceManager, ResourceProviders
from tests.access.oracle import matches

READ = "Microsoft.MachineLearningServices/workspaces/read"


def demands(lab: Lab) -> set[tuple[str, bool]]:
    """All that authorization can be asked for in this lab: an action, and whether it is one of data."""
    providers = lab.parts.door.services[ResourceProviders]
    assert isinstance(providers, ResourceProviders)
    found = set()
    for service in lab.parts.door.services.values():
        for op in service.operations():
            # What a POST asks for hangs on the action in it: see below.
            for target in service.targets(lab.resources) if op is not ResourceManager.post else ():
                found.add((demand := op.demand(target, (), {})).action and (demand.action, demand.data))
    for type_, provider in providers._providers.items():
        id = f"/subscriptions/s/resourceGroups/g/providers/{type_}/x"
        if type_.count("/") == 2:
            id = f"{id.removesuffix('/x').rpartition('/')[0]}/x/{type_.rpartition('/')[2]}/y"
        if "resources/subscriptions" in type_:
            id = "/subscriptions/s/resourceGroups/g"
        assert resource_type(id).lower() == type_
        ops: list[tuple[Op[..., Any], str]] = [
            (ResourceManager.put, ""),
            (ResourceManager.get, ""),
            (ResourceManager.delete, ""),
            *((ResourceManager.post, action) for action in provider.actions),
        ]
        found |= {(op.demand(id, (action,) if action else (), {}).action, False) for op, action in ops}
    # What a directory lets its users do is no operation of Resource Manager, and no role of it has that.
    return {one for one in found if one and not lab.parts.access.directory.governs(one[0])}


def test_the_lab_knows_every_operation_that_it_asks_for(lab: Lab) -> None:
    asked = demands(lab)
    known = {(one.name.lower(), one.data) for one in operations().values()}
    missing = {one[0] for one in asked if (one[0].lower(), one[1]) not in known}
    # Azure's subscriptions are cancelled and not deleted, which the lab refuses after asking for it.
    assert missing == {"Microsoft.Resources/subscriptions/delete"}
    assert len(asked) > 30


def test_names_are_in_order_and_no_operation_is_in_both_planes() -> None:
    assert list(operations()) == sorted(operations())
    assert all(key == one.name.lower() for key, one in operations().items())
    assert {one.data for one in operations().values()} == {False, True}


@pytest.mark.parametrize("name", [READ, READ.upper(), READ.lower()])
def test_an_operation_is_found_in_whatever_case(name: str) -> None:
    assert str(find_operation(name)) == READ


@pytest.mark.parametrize(
    "name",
    [None, "", 5, b"x", [], {}, "*", f"{READ} ", "\ud800", "x" * 10**5, "Microsoft.MachineLearning/read"],
    ids=lambda name: repr(name)[:30],
)
def test_an_unknown_one_is_bad_input(name: Any) -> None:
    with pytest.raises(BadInput, match="no such operation") as caught:
        find_operation(name)
    assert caught.value.required
    assert len(str(caught.value)) < 1000


def test_a_slip_of_the_pen_is_answered_with_what_was_meant() -> None:
    with pytest.raises(BadInput) as caught:
        find_operation(READ.replace("workspaces", "workspace"))
    assert READ in caught.value.required


@given(
    st.sampled_from(["*", "*/read", "Microsoft.KeyVault/*", "Microsoft.Storage/*/read", READ, "x/*"]),
    st.booleans(),
    st.booleans(),
)
def test_a_pattern_stands_for_the_operations_of_its_plane(
    pattern: str, data: bool, one_segment: bool
) -> None:
    expected = [
        one for one in operations().values() if one.data is data and matches(pattern, one.name, one_segment)
    ]
    assert matching(pattern, data, one_segment) == expected
