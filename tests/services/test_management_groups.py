"""Management groups: who makes one, who moves a subscription, and what nobody gains by it."""

from typing import Any

import pytest

from labkit.access.errors import InvalidScope
from labkit.access.scope import management_group
from labkit.azure import Authorization, ManagementGroups, ResourceManager
from labkit.core.credential import Bearer
from labkit.core.errors import (
    BadInput,
    BadRequest,
    Conflict,
    CredentialNotAccepted,
    Forbidden,
    NotFound,
    UnknownHost,
)
from labkit.furniture import GROUPS, SUBSCRIPTION
from labkit.lab import Lab
from tests.services.state import everything, refused

GROUP = f"{SUBSCRIPTION}/resourceGroups/{GROUPS[0]}"
TEAM, OTHER = management_group("team"), management_group("other")
OWN = "Microsoft.Authorization/roleAssignments/write"


@pytest.fixture
def owner(lab: Lab) -> Bearer:
    return lab.sign_in("olivia").bearer


@pytest.fixture
def nobody(lab: Lab) -> str:
    """Somebody who holds nothing at all."""
    return lab.hire("nora").name


def create(lab: Lab, who: str, group: str, *parent: str) -> Bearer:
    lab.ask(who, ManagementGroups.create, group, lab.sign_in(who).bearer, *parent)
    return lab.sign_in(who).bearer


def owns(lab: Lab, who: str, scope: str) -> bool:
    return lab.access.explain(who, OWN, scope).allowed


class TestCreating:
    def test_anybody_makes_one_and_owns_it_and_nothing_else(self, lab: Lab, nobody: str) -> None:
        create(lab, nobody, TEAM)
        assert owns(lab, nobody, TEAM)
        for scope in (SUBSCRIPTION, GROUP, lab.workspace, management_group(lab.tenant), OTHER, "/"):
            assert not owns(lab, nobody, scope)

    @pytest.mark.parametrize(
        "scope", [SUBSCRIPTION, SUBSCRIPTION.upper(), GROUP, "workspace", "/subscriptions/new"]
    )
    def test_nobody_becomes_owner_of_a_subscription_by_making_a_group_of_it(
        self, lab: Lab, nobody: str, scope: str
    ) -> None:
        target = lab.workspace if scope == "workspace" else scope
        refused(lab, InvalidScope, ManagementGroups.create, target, lab.sign_in(nobody).bearer)
        assert not owns(lab, nobody, target)

    @pytest.mark.parametrize("name", ["", "a/b", "..", "x" * 91, "\ud800", "a//b", "t\u017fx", " x", "a\n"])
    def test_a_group_has_a_name(self, lab: Lab, nobody: str, name: str) -> None:
        refused(
            lab, InvalidScope, ManagementGroups.create, management_group(name), lab.sign_in(nobody).bearer
        )

    @pytest.mark.parametrize("target", ["", "/", "/providers/x/y/z", "x" * 5000])
    def test_what_is_no_group_is_not_reached(self, lab: Lab, nobody: str, target: str) -> None:
        refused(lab, UnknownHost, ManagementGroups.create, target, lab.sign_in(nobody).bearer)

    @pytest.mark.parametrize("group", [TEAM, TEAM.upper(), TEAM + "/"])
    def test_nobody_takes_over_a_group_by_making_it_again(self, lab: Lab, nobody: str, group: str) -> None:
        create(lab, "carl", TEAM)
        refused(lab, Conflict, ManagementGroups.create, group, lab.sign_in(nobody).bearer)
        refused(
            lab, Conflict, ManagementGroups.create, management_group(lab.tenant), lab.sign_in(nobody).bearer
        )

    def test_below_a_group_only_who_may_write_that_one(self, lab: Lab, nobody: str) -> None:
        create(lab, "carl", TEAM)
        refused(lab, Forbidden, ManagementGroups.create, OTHER, lab.sign_in(nobody).bearer, TEAM)
        create(lab, "carl", OTHER, TEAM.upper())
        assert lab.parts.access.roles.hierarchy.ancestors(OTHER)[-2:] == [TEAM.lower(), OTHER.lower()]

    @pytest.mark.parametrize(
        ("parent", "kind"),
        [
            (OTHER, NotFound),
            (SUBSCRIPTION, BadRequest),
            ("/", BadRequest),
            ("\ud800", BadRequest),
            (None, BadRequest),
            (5, BadRequest),
            ([], BadRequest),
        ],
    )
    def test_a_parent_is_a_group_that_exists(self, lab: Lab, owner: Bearer, parent: Any, kind: Any) -> None:
        refused(lab, kind, ManagementGroups.create, TEAM, owner, parent)


class TestMoving:
    def test_who_owns_both_moves_and_holds_from_then_on_what_lies_below(
        self, lab: Lab, owner: Bearer
    ) -> None:
        mine = create(lab, "olivia", TEAM)
        reader = lab.hire("dora").object_id
        lab.ask("olivia", Authorization.assign, TEAM, mine, "Reader", reader)
        refused(lab, Forbidden, ResourceManager.get, lab.workspace, lab.sign_in("dora").bearer)
        lab.ask("olivia", ManagementGroups.add_subscription, TEAM, mine, SUBSCRIPTION.upper() + "/")
        assert lab.attempt("dora", ResourceManager.get, lab.workspace, lab.sign_in("dora").bearer)

    @pytest.mark.parametrize("who", ["nora", "carl", "rita", "your-client-id"])
    def test_a_subscription_is_moved_by_nobody_who_may_not_share_it(
        self, lab: Lab, nobody: str, who: str
    ) -> None:
        mine = create(lab, who, TEAM)
        for spelling in (SUBSCRIPTION, SUBSCRIPTION.upper(), SUBSCRIPTION + "/"):
            refused(lab, Forbidden, ManagementGroups.add_subscription, TEAM, mine, spelling)
        assert not owns(lab, "nora", SUBSCRIPTION)

    def test_into_a_group_that_one_may_not_write_nothing_is_moved(
        self, lab: Lab, owner: Bearer, nobody: str
    ) -> None:
        create(lab, nobody, TEAM)
        refused(lab, Forbidden, ManagementGroups.add_subscription, TEAM, owner, SUBSCRIPTION)

    def test_nobody_takes_a_subscription_away_from_a_group_that_one_may_not_write(
        self, lab: Lab, owner: Bearer, nobody: str
    ) -> None:
        mine = create(lab, "olivia", TEAM)
        lab.ask("olivia", ManagementGroups.add_subscription, TEAM, mine, SUBSCRIPTION)
        lab.ask("olivia", Authorization.assign, SUBSCRIPTION, mine, "Owner", lab.people[nobody].object_id)
        theirs = create(lab, nobody, OTHER)
        refused(lab, Forbidden, ManagementGroups.add_subscription, OTHER, theirs, SUBSCRIPTION)
        assert owns(lab, "olivia", SUBSCRIPTION)

    @pytest.mark.parametrize(
        ("what", "kind"),
        [
            (GROUP, BadRequest),
            ("", InvalidScope),
            ("/subscriptions/other", Forbidden),
            (f"https://management.azure.com{SUBSCRIPTION}", InvalidScope),
            (f"{SUBSCRIPTION}?x", InvalidScope),
            (f"{SUBSCRIPTION}/..", InvalidScope),
            ("\ud800", InvalidScope),
            (OTHER, BadRequest),
            (None, BadRequest),
            (5, BadRequest),
        ],
    )
    def test_only_a_subscription_is_moved(self, lab: Lab, what: Any, kind: Any) -> None:
        create(lab, "olivia", OTHER)
        mine = create(lab, "olivia", TEAM)
        refused(lab, kind, ManagementGroups.add_subscription, TEAM, mine, what)

    def test_into_what_is_no_group_nothing_is_moved(self, lab: Lab, owner: Bearer) -> None:
        refused(lab, NotFound, ManagementGroups.add_subscription, SUBSCRIPTION, owner, SUBSCRIPTION)
        refused(lab, Forbidden, ManagementGroups.add_subscription, OTHER, owner, SUBSCRIPTION)

    def test_what_is_asked_on_the_way_takes_nobody_else_s_call(self, lab: Lab, owner: Bearer) -> None:
        for op, target in ((ManagementGroups.move, SUBSCRIPTION), (ManagementGroups.change, TEAM)):
            refused(lab, CredentialNotAccepted, op, target, owner)

    def test_a_target_is_a_text(self, lab: Lab, owner: Bearer) -> None:
        target: Any = None
        refused(lab, BadInput, ManagementGroups.create, target, owner)

    def test_a_crash_around_it_takes_everything_back(
        self, lab: Lab, owner: Bearer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        mine = create(lab, "olivia", TEAM)
        move: Any = ManagementGroups.add_subscription
        original = move.function

        def fail_afterwards(*args: Any) -> None:
            original(*args)
            raise ZeroDivisionError

        monkeypatch.setattr(move, "function", fail_afterwards)
        before = everything(lab)
        with pytest.raises(ZeroDivisionError):
            lab.ask("olivia", move, TEAM, mine, SUBSCRIPTION)
        assert everything(lab) == before
