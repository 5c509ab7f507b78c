"""Role assignments: they add up, inherit downward, and pass through groups."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.access.rbac import RoleAssignment, RoleAssignments
from labkit.access.roles import Role, built_in
from labkit.core.errors import Conflict
from labkit.core.identity import Identity

READ, WRITE = "Things/read", "Things/write"
READER = Role("reader", "Reader", "", actions=("*/read",))
WRITER = Role("writer", "Writer", "", actions=("*/write",))
DATA = Role("data", "Data", "", data_actions=("*",))
NOT_WRITER = Role("not writer", "Not writer", "", actions=("*",), not_actions=("*/write",))

segments = st.lists(st.sampled_from(["a", "ab", "A", "b"]), max_size=4)
principals = st.sampled_from(["ann", "bob", "group"])


def path(parts: list[str]) -> str:
    return "/" + "/".join(parts)


def person(*groups: str) -> Identity:
    return Identity("user", "ann", object_id="ann", groups=groups)


def holding(*assignments: RoleAssignment) -> RoleAssignments:
    roles = RoleAssignments()
    for one in assignments:
        roles.add(one)
    return roles


def may(
    roles: RoleAssignments, action: str, scope: str, who: Identity | None = None, data: bool = False
) -> bool:
    return roles.decide(who or person(), action, data, scope, now=0).allowed


@given(segments, segments)
def test_a_scope_inherits_from_those_above_it(held: list[str], asked: list[str]) -> None:
    roles = holding(RoleAssignment("ann", READER, path(held)))
    above = [part.lower() for part in asked][: len(held)] == [part.lower() for part in held]
    for end in ("", "/"):
        assert may(roles, READ, path(asked) + end) is above


@given(st.lists(st.tuples(principals, st.sampled_from([READER, WRITER]), segments), unique_by=str), segments)
def test_assignments_add_up(held: list[tuple[str, Role, list[str]]], asked: list[str]) -> None:
    roles = RoleAssignments()
    reach: set[str] = set()
    for principal, role, parts in held:
        try:
            roles.add(RoleAssignment(principal, role, path(parts)))
        except Conflict:
            continue
        inside = [part.lower() for part in asked][: len(parts)] == [part.lower() for part in parts]
        if inside and principal in ("ann", "group"):
            reach.add(role.id)
    assert may(roles, READ, path(asked), person("group")) is ("reader" in reach)
    assert may(roles, WRITE, path(asked), person("group")) is ("writer" in reach)


def test_a_scope_ends_at_a_slash() -> None:
    roles = holding(RoleAssignment("ann", READER, "/subscriptions/a"))
    assert may(roles, READ, "/SUBSCRIPTIONS/A/resourceGroups/g")
    assert not may(roles, READ, "/subscriptions/ab")
    assert not may(roles, READ, "/subscriptions")


def test_the_root_is_above_everything() -> None:
    roles = holding(RoleAssignment("ann", READER, "/"))
    assert may(roles, READ, "/subscriptions/a")
    assert may(roles, READ, "/")


def test_a_group_passes_on_what_it_holds_and_to_members_only() -> None:
    roles = holding(RoleAssignment("group", READER, "/a"))
    assert may(roles, READ, "/a", person("other", "group"))
    assert not may(roles, READ, "/a", person("other"))
    assert not may(roles, READ, "/a", person())


def test_what_one_role_subtracts_another_may_grant() -> None:
    assert not may(holding(RoleAssignment("ann", NOT_WRITER, "/a")), WRITE, "/a")
    both = holding(RoleAssignment("ann", NOT_WRITER, "/a"), RoleAssignment("ann", WRITER, "/a"))
    assert may(both, WRITE, "/a")


def test_data_actions_are_granted_as_data_actions_only() -> None:
    assert not may(holding(RoleAssignment("ann", built_in()["owner"], "/a")), READ, "/a", data=True)
    assert may(holding(RoleAssignment("ann", DATA, "/a")), READ, "/a", data=True)
    assert not may(holding(RoleAssignment("ann", DATA, "/a")), READ, "/a")


@pytest.mark.parametrize("scope", ["/a/b", "/A/B", "/a/b/"])
def test_a_duplicate_is_refused_whatever_the_spelling(scope: str) -> None:
    roles = holding(RoleAssignment("ann", READER, "/a/b"))
    with pytest.raises(Conflict):
        roles.add(RoleAssignment("ann", READER, scope))


def test_other_principals_roles_and_scopes_are_no_duplicates() -> None:
    roles = holding(RoleAssignment("ann", READER, "/a"))
    for one in (("bob", READER, "/a"), ("ann", WRITER, "/a"), ("ann", READER, "/a/b"), ("ann", READER, "/")):
        roles.add(RoleAssignment(*one))


def test_what_is_taken_back_is_gone_and_can_be_given_again() -> None:
    assignment = RoleAssignment("ann", READER, "/a")
    roles = holding(assignment, RoleAssignment("ann", WRITER, "/a"))
    roles.remove(RoleAssignment("ann", READER, "/A/"))
    assert not may(roles, READ, "/a")
    assert may(roles, WRITE, "/a")
    roles.remove(assignment)
    roles.add(assignment)
    assert may(roles, READ, "/a")


def test_a_decision_says_which_assignment_granted_it() -> None:
    decision = holding(RoleAssignment("ann", READER, "/a")).decide(person(), READ, False, "/a/b", now=0)
    assert decision.why == "Reader at /a grants */read"


def test_a_refusal_says_what_is_held_and_what_to_ask_for() -> None:
    roles = holding(RoleAssignment("ann", READER, "/a"), RoleAssignment("ann", WRITER, "/b"))
    decision = roles.decide(person(), WRITE, False, "/a", now=0)
    assert (decision.allowed, decision.why) == (False, "Reader at /a")
    assert WRITE in decision.advice
    nothing = roles.decide(person(), WRITE, False, "/c", now=0)
    assert nothing.why == "no role assignment at or above this scope"


def test_who_has_no_object_id_holds_nothing() -> None:
    roles = holding(RoleAssignment("ann", READER, "/"))
    assert not may(roles, READ, "/a", Identity("anonymous", "anonymous"))
