"""Deny assignments: they win over every role, for whom and where they hold."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.access.deny import EVERYONE, DenyAssignment
from labkit.access.scope import management_group
from tests.access.tenant import GROUP, READ, SUBSCRIPTION, THING, WRITE, Tenant, person

LOCK = DenyAssignment("d", "lock", GROUP, frozenset({EVERYONE}), actions=("*",), not_actions=("*/read",))

names = st.frozensets(st.sampled_from(["ann", "bob", "group", EVERYONE]))


@pytest.fixture
def tenant(tenant: Tenant) -> Tenant:
    """Ann is Owner of everything."""
    tenant.give(tenant.definitions.find("Owner"), "/")
    return tenant


def test_it_wins_over_an_owner_and_spares_what_it_names(tenant: Tenant) -> None:
    tenant.roles.deny(LOCK)
    decision = tenant.decide(WRITE, THING)
    assert (decision.allowed, decision.why) == (
        False,
        "the deny assignment 'lock' at resource group g forbids * but */read",
    )
    assert tenant.may(READ, THING)


def test_it_holds_at_its_scope_and_below_and_nowhere_else(tenant: Tenant) -> None:
    tenant.roles.deny(LOCK)
    for scope in (GROUP, GROUP.upper(), GROUP + "/", THING):
        assert not tenant.may(WRITE, scope)
    for scope in (SUBSCRIPTION, GROUP + "2", "/"):
        assert tenant.may(WRITE, scope)


def test_it_reaches_through_management_groups(tenant: Tenant) -> None:
    tenant.hierarchy.place(SUBSCRIPTION, management_group("m"))
    tenant.roles.deny(replace(LOCK, scope=management_group("M")))
    assert not tenant.may(WRITE, THING)
    assert tenant.may(WRITE, "/subscriptions/b")


def test_one_for_its_scope_alone_does_not_reach_below(tenant: Tenant) -> None:
    tenant.roles.deny(replace(LOCK, only_here=True))
    assert not tenant.may(WRITE, GROUP + "/")
    assert tenant.may(WRITE, THING)


def test_actions_and_data_actions_are_denied_apart(tenant: Tenant) -> None:
    tenant.give(tenant.definitions.find("Storage Blob Data Owner"), "/")
    blob = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read"
    tenant.roles.deny(LOCK)
    assert tenant.may(blob, THING, data=True)
    data = replace(LOCK, actions=(), not_actions=(), data_actions=("*",), not_data_actions=("*/write",))
    tenant.roles.deny(data)
    assert not tenant.may(blob, THING, data=True)


@given(names, names, st.booleans())
def test_whoever_is_excluded_is_spared_and_nobody_else(
    principals: frozenset[str], excluded: frozenset[str], member: bool
) -> None:
    deny = DenyAssignment("d", "d", GROUP, principals, excluded, actions=("*",))
    mine = {"ann", "group"} if member else {"ann"}
    meant = EVERYONE in principals or bool(mine & principals)
    assert deny.concerns(sorted(mine)) is (meant and not mine & excluded)


def test_who_is_in_an_excluded_group_is_spared(tenant: Tenant) -> None:
    tenant.roles.deny(replace(LOCK, excluded=frozenset({"group"})))
    assert tenant.may(WRITE, THING, person("group"))
    assert not tenant.may(WRITE, THING, person("other"))


def test_it_takes_effect_at_once_also_for_a_token_in_use(tenant: Tenant) -> None:
    old = person(token="used before")
    assert tenant.may(WRITE, THING, old)
    tenant.roles.deny(LOCK)
    assert not tenant.may(WRITE, THING, old)
    tenant.roles.allow_again(LOCK)
    assert tenant.may(WRITE, THING, old)


def test_what_is_not_in_force_is_taken_out_of_force_in_peace(tenant: Tenant) -> None:
    tenant.roles.allow_again(LOCK)
    tenant.roles.deny(LOCK)
    tenant.roles.allow_again(replace(LOCK, id="another"))
    assert list(tenant.roles.denies) == [LOCK]


def test_an_interior_wildcard_is_read_as_in_roles(tenant: Tenant) -> None:
    tenant.roles.deny(replace(LOCK, actions=("Things/*/delete",), not_actions=()))
    assert not tenant.may("Things/delete", THING)
    tenant.definitions.one_segment = True
    assert tenant.may("Things/delete", THING)


@given(st.data())
def test_one_deny_more_never_allows_anything(data: st.DataObject) -> None:
    tenant = Tenant()
    tenant.give(tenant.definitions.find("Owner"), "/")
    patterns = st.lists(st.sampled_from(["*", "*/read", "Things/*", "*/write"]), max_size=2).map(tuple)
    scopes = st.sampled_from([SUBSCRIPTION, GROUP, THING])
    questions = [(action, scope) for action in (READ, WRITE) for scope in (SUBSCRIPTION, GROUP, THING)]
    before = {one: tenant.may(*one) for one in questions}
    for number in range(data.draw(st.integers(1, 3))):
        plus, minus, scope = data.draw(patterns), data.draw(patterns), data.draw(scopes)
        everyone = frozenset({EVERYONE})
        tenant.roles.deny(DenyAssignment(str(number), "d", scope, everyone, actions=plus, not_actions=minus))
        now = {one: tenant.may(*one) for one in questions}
        assert all(now[one] <= before[one] for one in questions)
        before = now
