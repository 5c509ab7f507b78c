"""A decision says why, and what to do about it."""

import re

from labkit.access.deny import EVERYONE, DenyAssignment
from labkit.core.identity import Identity
from tests.access.tenant import (
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

REAL = "Microsoft.MachineLearningServices/workspaces/read"


def test_it_says_which_assignment_granted_it(tenant: Tenant) -> None:
    tenant.give(READER, GROUP)
    decision = tenant.decide(READ, THING)
    assert decision.why == "Thing Reader at resource group g grants */read"
    assert decision.advice == ""
    assert decision.granting is not None
    assert decision.granting.assignment.scope == GROUP


def test_it_says_through_which_group(tenant: Tenant) -> None:
    tenant.give(READER, GROUP, "team")
    decision = tenant.decide(READ, THING, person("team"))
    assert decision.why.endswith("grants */read, held through the group Team")


def test_the_widest_scope_is_named_first(tenant: Tenant) -> None:
    for scope in (THING, SUBSCRIPTION, GROUP):
        tenant.give(READER, scope)
    decision = tenant.decide(READ, THING)
    assert [one.assignment.scope for one in decision.considered] == [SUBSCRIPTION, GROUP, THING]
    assert "subscription a" in decision.why


def test_a_refusal_says_what_is_held_and_what_it_lacks(tenant: Tenant) -> None:
    tenant.give(READER, GROUP)
    tenant.give(NOT_WRITER, SUBSCRIPTION)
    tenant.give(WRITER, "/subscriptions/b")
    decision = tenant.decide(WRITE, THING)
    assert not decision.allowed
    assert (
        decision.why == "Not Thing Writer at subscription a without */write, Thing Reader at resource group g"
    )


def test_who_holds_nothing_is_told_so(tenant: Tenant) -> None:
    tenant.give(READER, GROUP)
    assert tenant.decide(READ, SUBSCRIPTION).why == "no role assignment at or above this scope"


def test_the_advice_is_the_smallest_built_in_role(tenant: Tenant) -> None:
    smallest = tenant.definitions.smallest(REAL, data=False)
    assert smallest is not None
    assert f"ask an Owner for {smallest.name}" in tenant.decide(REAL, THING).advice


def test_the_advice_is_a_custom_role_where_no_other_has_it(tenant: Tenant) -> None:
    decision = tenant.decide("Nobody.Knows/this/action", THING, data=True)
    assert "it takes a custom role" in decision.advice


def test_who_is_denied_is_not_told_to_ask_for_a_role(tenant: Tenant) -> None:
    tenant.roles.deny(DenyAssignment("d", "lock", GROUP, frozenset({EVERYONE}), actions=("*",)))
    for given in (False, True):
        if given:
            tenant.give(READER, GROUP)
        decision = tenant.decide(READ, THING)
        assert "deny assignment wins over every role" in decision.advice
        assert "role for" not in decision.advice


def test_its_text_is_complete(tenant: Tenant) -> None:
    tenant.give(NOT_WRITER, SUBSCRIPTION)
    tenant.give(READER, GROUP, "team")
    tenant.roles.deny(DenyAssignment("d", "lock", GROUP, frozenset({EVERYONE}), actions=("*/write",)))
    assert repr(tenant.decide(WRITE, THING, person("team"))).splitlines() == [
        "REFUSED  ann (user)",
        f"  action   {WRITE}",
        f"  scope    {THING}",
        "  because  the deny assignment 'lock' at resource group g forbids */write",
        "  looked at Not Thing Writer at subscription a, held directly: * would grant it, "
        "its NotActions take out */write",
        "  looked at Thing Reader at resource group g, held through the group Team: has no pattern for it",
        "  denied by the deny assignment 'lock' at resource group g: */write",
        "  what to do  a deny assignment wins over every role: whatever made it has to be taken away",
    ]
    assert repr(tenant.decide(READ, SUBSCRIPTION)).startswith("ALLOWED  ann (user)\n")
    assert f"{READ} (data)" in repr(tenant.decide(READ, SUBSCRIPTION, data=True))


def test_a_removed_assignment_that_is_still_seen_says_so(tenant: Tenant) -> None:
    tenant.give(READER, GROUP, id="x")
    old = person(token="old")
    assert tenant.may(READ, THING, old)
    tenant.roles.remove("x")
    shown = repr(tenant.decide(READ, THING, old))
    assert len(re.findall("removed", shown)) == 2
    assert "this token has not noticed" in shown


def test_whoever_asks_is_the_same_whatever_it_is_called(tenant: Tenant) -> None:
    tenant.give(READER, GROUP, "team")
    nameless = Identity("user", "", object_id="ann", groups=("team",))
    assert tenant.decide(READ, GROUP, nameless).allowed
