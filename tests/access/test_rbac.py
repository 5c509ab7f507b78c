"""Role assignments: they add up, inherit downward, pass through groups, and take time to be seen."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.access.assignment import RoleAssignment
from labkit.access.errors import (
    RoleAssignmentExists,
    RoleAssignmentLimitExceeded,
    RoleAssignmentNotFound,
    RoleAssignmentUpdateNotPermitted,
)
from labkit.access.rbac import PROPAGATION
from labkit.access.roles import Role
from labkit.access.scope import management_group
from labkit.core.identity import Identity
from tests.access.tenant import (
    DATA,
    GROUP,
    NOT_WRITER,
    READ,
    READER,
    SUBSCRIPTION,
    THING,
    WRITE,
    WRITER,
    Tenant,
    person,
)

names = st.sampled_from(["a", "ab", "A", "b"])
paths = st.lists(names, min_size=1, max_size=3)
principals = st.sampled_from(["ann", "bob", "group"])
# The beginnings of an id, each inside of the one before it.
FRAMES = ["/subscriptions/{}", "/resourceGroups/{}", "/providers/N.S/things/{}"]


def path(parts: list[str]) -> str:
    return "".join(frame.format(part) for frame, part in zip(FRAMES, parts, strict=False))


def inside(inner: list[str], outer: list[str]) -> bool:
    return [part.lower() for part in inner][: len(outer)] == [part.lower() for part in outer]


def state(tenant: Tenant) -> Any:
    """All that decisions and lists come from."""
    roles = tenant.roles
    held = {
        (principal, scope, one.assignment.id, one.since, one.until)
        for principal, by_scope in roles._index.items()
        for scope, ones in by_scope.items()
        for one in ones
    }
    counts = {place: count for place, count in roles._counts.items() if count}
    return list(roles), held, counts, list(roles._gone), list(roles.denies)


class TestWhatIsHeld:
    @given(paths, paths)
    def test_a_scope_inherits_from_those_above_it(self, held: list[str], asked: list[str]) -> None:
        tenant = Tenant()
        tenant.give(READER, path(held))
        for spelling in (path(asked), path(asked) + "/", path(asked).upper()):
            assert tenant.may(READ, spelling) is inside(asked, held)

    @given(
        st.lists(
            st.tuples(principals, st.sampled_from([READER, WRITER]), paths),
            unique_by=lambda one: (one[0], one[1].id, path(one[2]).lower()),
        ),
        paths,
    )
    def test_assignments_add_up(self, held: list[tuple[str, Role, list[str]]], asked: list[str]) -> None:
        tenant, reach = Tenant(), set()
        for principal, role, parts in held:
            tenant.give(role, path(parts), principal)
            if inside(asked, parts) and principal in ("ann", "group"):
                reach.add(role.id)
        assert tenant.may(READ, path(asked), person("group")) is ("reader" in reach)
        assert tenant.may(WRITE, path(asked), person("group")) is ("writer" in reach)

    @given(st.lists(st.sampled_from([READER, WRITER, NOT_WRITER, DATA]), unique=True), st.booleans())
    def test_one_role_more_takes_nothing_away(self, held: list[Role], data: bool) -> None:
        tenant, before = Tenant(), {READ: False, WRITE: False}
        for role in held:
            tenant.give(role, GROUP)
            now = {action: tenant.may(action, THING, data=data) for action in before}
            assert all(now[action] >= before[action] for action in before)
            before = now

    def test_a_name_ends_at_a_slash(self, tenant: Tenant) -> None:
        tenant.give(READER, SUBSCRIPTION)
        assert tenant.may(READ, "/SUBSCRIPTIONS/A/resourceGroups/g")
        assert not tenant.may(READ, "/subscriptions/ab")
        assert not tenant.may(READ, "/subscriptions")

    def test_the_root_is_above_everything(self, tenant: Tenant) -> None:
        tenant.give(READER, "/")
        for scope in ("/", "", SUBSCRIPTION, THING, management_group("m")):
            assert tenant.may(READ, scope)

    def test_a_management_group_is_above_what_lies_in_it_and_in_its_groups(self, tenant: Tenant) -> None:
        tenant.hierarchy.place(management_group("inner"), management_group("outer"))
        tenant.hierarchy.place(SUBSCRIPTION, management_group("inner"))
        tenant.give(READER, management_group("OUTER"))
        assert tenant.may(READ, THING)
        assert tenant.may(READ, management_group("inner"))
        assert not tenant.may(READ, "/subscriptions/b")
        tenant.hierarchy.place(SUBSCRIPTION, management_group("other"))
        assert not tenant.may(READ, THING)

    def test_a_group_passes_on_what_it_holds_and_to_members_only(self, tenant: Tenant) -> None:
        tenant.give(READER, GROUP, "group")
        assert tenant.may(READ, GROUP, person("other", "group"))
        assert not tenant.may(READ, GROUP, person("other"))
        assert not tenant.may(READ, GROUP)

    def test_what_one_role_subtracts_another_may_grant(self, tenant: Tenant) -> None:
        tenant.give(NOT_WRITER, GROUP)
        assert not tenant.may(WRITE, GROUP)
        tenant.give(WRITER, GROUP)
        assert tenant.may(WRITE, GROUP)

    def test_data_actions_are_granted_as_data_actions_only(self, tenant: Tenant) -> None:
        tenant.give(tenant.definitions.find("Owner"), GROUP)
        assert not tenant.may(READ, GROUP, data=True)
        tenant.give(DATA, GROUP, "bob")
        bob = person(name="bob")
        assert tenant.may(READ, GROUP, bob, data=True)
        assert not tenant.may(READ, GROUP, bob)

    def test_who_has_no_object_id_holds_nothing(self, tenant: Tenant) -> None:
        tenant.give(READER, "/")
        assert not tenant.may(READ, GROUP, Identity("anonymous", "anonymous"))

    def test_a_role_that_is_gone_grants_nothing_and_breaks_nothing(self, tenant: Tenant) -> None:
        tenant.give(READER, GROUP)
        tenant.definitions.remove(READER)
        assert not tenant.may(READ, GROUP)

    def test_a_role_that_is_changed_grants_what_it_says_now(self, tenant: Tenant) -> None:
        tenant.give(READER, GROUP)
        tenant.definitions.define(Role("reader", "Thing Reader", actions=("*/write",), custom=True))
        assert (tenant.may(READ, GROUP), tenant.may(WRITE, GROUP)) == (False, True)


class TestAdding:
    @pytest.mark.parametrize("scope", [GROUP, GROUP.upper(), GROUP + "/"])
    def test_the_same_again_is_refused_whatever_the_spelling(self, tenant: Tenant, scope: str) -> None:
        tenant.give(READER, GROUP)
        before = state(tenant)
        with pytest.raises(RoleAssignmentExists):
            tenant.give(READER, scope)
        assert state(tenant) == before

    def test_another_principal_role_or_scope_is_another_assignment(self, tenant: Tenant) -> None:
        tenant.give(READER, GROUP)
        for role, scope, principal in (
            (READER, GROUP, "bob"),
            (WRITER, GROUP, "ann"),
            (READER, THING, "ann"),
            (READER, "/", "ann"),
        ):
            tenant.give(role, scope, principal)
        assert len(list(tenant.roles)) == 5

    def test_no_id_is_there_twice(self, tenant: Tenant) -> None:
        tenant.give(READER, GROUP, id="x")
        before = state(tenant)
        with pytest.raises(RoleAssignmentUpdateNotPermitted):
            tenant.give(WRITER, GROUP, id="x")
        assert state(tenant) == before
        assert tenant.roles.get("x") == RoleAssignment("x", "ann", "reader", GROUP)

    @pytest.mark.parametrize(
        ("kind", "full", "elsewhere"),
        [
            ("subscription", [SUBSCRIPTION, GROUP.upper(), THING], "/subscriptions/b"),
            ("management group", [management_group("m"), management_group("M")], management_group("n")),
        ],
    )
    def test_a_place_holds_so_many_and_no_more(
        self, tenant: Tenant, kind: str, full: list[str], elsewhere: str
    ) -> None:
        tenant.roles.limits[kind] = len(full)
        for number, scope in enumerate(full):
            tenant.give(READER, scope, f"one-{number}", id=scope)
        before = state(tenant)
        with pytest.raises(RoleAssignmentLimitExceeded) as caught:
            tenant.give(WRITER, full[0])
        assert f"{len(full)} role assignments" in caught.value.presented
        assert state(tenant) == before
        tenant.give(WRITER, elsewhere)
        tenant.give(WRITER, "/")
        tenant.roles.remove(full[0])
        tenant.give(WRITER, full[1])


class TestRemoving:
    def test_what_is_taken_back_is_gone_and_can_be_given_again(self, tenant: Tenant) -> None:
        tenant.give(READER, GROUP, id="x")
        tenant.give(WRITER, GROUP)
        tenant.roles.remove("x")
        assert not tenant.may(READ, GROUP)
        assert tenant.may(WRITE, GROUP)
        tenant.give(READER, GROUP, id="x")
        assert tenant.may(READ, GROUP)

    @pytest.mark.parametrize("id", ["", "x", "1 "])
    def test_what_is_not_there_is_not_found(self, tenant: Tenant, id: str) -> None:
        tenant.give(READER, GROUP)
        before = state(tenant)
        with pytest.raises(RoleAssignmentNotFound):
            tenant.roles.remove(id)
        assert state(tenant) == before

    def test_what_was_removed_is_forgotten_after_half_an_hour(self, tenant: Tenant) -> None:
        for number in range(5):
            tenant.give(READER, GROUP, now=number, id="x")
            tenant.roles.remove("x", now=number)
        tenant.give(READER, GROUP, now=PROPAGATION + 2)
        assert len(tenant.roles._gone) == 2
        assert len(tenant.roles._index["ann"][GROUP.lower()]) == 3


class TestTakingBack:
    """A call that fails takes back what it did: as if nothing had been."""

    def test_what_was_added_was_never_there(self, tenant: Tenant) -> None:
        tenant.give(WRITER, GROUP)
        before = state(tenant)
        take_back = tenant.give(READER, GROUP)
        assert tenant.may(READ, GROUP, person(token="meanwhile"))
        take_back()
        assert state(tenant) == before
        # Nobody sees it for half an hour, not even who looked in between.
        assert not tenant.may(READ, GROUP, person(token="meanwhile"))

    @pytest.mark.parametrize("at_once", [False, True])
    def test_what_was_removed_was_never_gone(self, tenant: Tenant, at_once: bool) -> None:
        for id in ("x", "y", "z"):
            tenant.give(READER, GROUP, id, id=id)
        before = state(tenant)
        take_back = tenant.roles.remove("y", at_once=at_once)
        assert not tenant.may(READ, GROUP, person(name="y"))
        take_back()
        assert state(tenant) == before
        decision = tenant.decide(READ, GROUP, person(name="y"))
        assert decision.allowed
        assert "removed" not in decision.why

    @given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), max_size=12))
    def test_everything_taken_back_in_turn_leaves_the_beginning(self, steps: list[tuple[str, bool]]) -> None:
        tenant = Tenant()
        tenant.give(READER, GROUP, "a", id="a")
        before, undo = state(tenant), []
        for now, (id, at_once) in enumerate(steps):
            if tenant.roles.get(id):
                undo.append(tenant.roles.remove(id, now, at_once=at_once))
            else:
                undo.append(tenant.give(READER, GROUP, id, now, id=id))
        while undo:
            undo.pop()()
        assert state(tenant) == before


OLD = "used before"


class TestPropagation:
    """What a token sees is read when it is first used, and again half an hour later."""

    def test_a_token_in_use_sees_a_new_assignment_at_the_very_second(self, tenant: Tenant) -> None:
        old = person(token=OLD)
        assert not tenant.may(READ, GROUP, old, now=100)
        tenant.give(READER, GROUP, now=200)
        assert not tenant.may(READ, GROUP, old, now=100 + PROPAGATION - 1)
        assert tenant.may(READ, GROUP, old, now=100 + PROPAGATION)

    def test_a_token_in_use_sees_a_removed_one_to_the_very_second(self, tenant: Tenant) -> None:
        old = person(token=OLD)
        tenant.give(READER, GROUP, id="x")
        assert tenant.may(READ, GROUP, old, now=100)
        tenant.roles.remove("x", now=100)
        last = tenant.decide(READ, GROUP, old, now=100 + PROPAGATION - 1)
        assert last.allowed
        assert "removed and is still seen" in last.why
        assert not tenant.may(READ, GROUP, old, now=100 + PROPAGATION)

    def test_a_new_sign_in_sees_everything_at_once(self, tenant: Tenant) -> None:
        tenant.may(READ, GROUP, person(token=OLD))
        tenant.give(READER, GROUP, id="x")
        assert tenant.may(READ, GROUP, person(token="new"))
        tenant.roles.remove("x")
        assert not tenant.may(READ, GROUP, person(token="newer"))

    def test_a_token_that_was_not_used_before_the_change_sees_it(self, tenant: Tenant) -> None:
        # It is the first use that counts, on whatever scope, and not the sign-in.
        tenant.give(READER, GROUP)
        assert tenant.may(READ, GROUP, person(token=OLD))

    def test_what_is_gone_at_once_is_gone_for_every_token(self, tenant: Tenant) -> None:
        old = person(token=OLD)
        tenant.give(READER, GROUP, id="x")
        assert tenant.may(READ, GROUP, old)
        tenant.roles.remove("x", at_once=True)
        assert not tenant.may(READ, GROUP, old)

    def test_one_token_does_not_refresh_another(self, tenant: Tenant) -> None:
        first, second = person(token="1"), person(token="2")
        tenant.may(READ, GROUP, first, now=0)
        tenant.may(READ, GROUP, second, now=600)
        tenant.give(READER, GROUP, now=700)
        assert tenant.may(READ, GROUP, first, now=PROPAGATION)
        assert not tenant.may(READ, GROUP, second, now=PROPAGATION)

    def test_given_again_it_is_seen_by_all(self, tenant: Tenant) -> None:
        old = person(token=OLD)
        tenant.give(READER, GROUP, id="x")
        tenant.may(READ, GROUP, old)
        tenant.roles.remove("x")
        tenant.give(READER, GROUP, id="x")
        assert tenant.may(READ, GROUP, old)
        assert tenant.may(READ, GROUP, person(token="new"))
        assert tenant.may(READ, GROUP, old, now=PROPAGATION)

    def test_a_refusal_says_what_is_on_its_way_and_until_when(self, tenant: Tenant) -> None:
        old = person(token=OLD)
        tenant.may(READ, GROUP, old, now=0)
        tenant.give(READER, GROUP)
        decision = tenant.decide(READ, GROUP, old, now=60)
        assert [one.role for one in decision.pending] == [READER]
        assert "sign in again, or wait until 1970-01-01 00:30:00Z" in decision.advice

    def test_what_came_and_went_is_not_on_its_way(self, tenant: Tenant) -> None:
        old = person(token=OLD)
        tenant.may(READ, GROUP, old)
        tenant.give(READER, GROUP, id="x")
        tenant.roles.remove("x")
        assert tenant.decide(READ, GROUP, old).pending == ()

    def test_pruning_loses_no_view_that_still_counts(
        self, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("labkit.access.rbac._MOST_VIEWS", 8)
        tenant.roles._prune_at = 8
        old = person(token=OLD)
        tenant.may(READ, GROUP, old, now=100)
        tenant.give(READER, GROUP, now=100)
        for number in range(100):
            # To the last second: whatever is thrown away, this is not.
            assert tenant.may(READ, GROUP, person(token=str(number)), now=100 + PROPAGATION - 1)
            assert not tenant.may(READ, GROUP, old, now=100 + PROPAGATION - 1)
        for number in range(100):
            tenant.may(READ, GROUP, person(token=f"later {number}"), now=3 * PROPAGATION)
        assert OLD not in tenant.roles._views
        assert "later 0" in tenant.roles._views
        assert len(tenant.roles._views) < 250

    def test_without_a_token_the_present_counts(self, tenant: Tenant) -> None:
        assert not tenant.may(READ, GROUP)
        tenant.give(READER, GROUP)
        assert tenant.may(READ, GROUP)
        assert tenant.roles._views == {}
