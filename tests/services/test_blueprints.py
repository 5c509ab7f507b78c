"""Locks of blueprints: what they forbid, to whom, and who makes and removes them."""

from typing import Any

import pytest

from labkit.access.deny import EVERYONE
from labkit.access.errors import DeniedByAssignment, InvalidScope
from labkit.azure import Authorization, Blueprints, ResourceManager
from labkit.core.credential import Bearer
from labkit.core.errors import BadRequest, Conflict, Forbidden, NotFound
from labkit.furniture import CLIENT_ID, GROUPS, SUBSCRIPTION
from labkit.lab import Lab, start
from tests.services.state import everything, refused

GROUP, OTHER_GROUP = (f"{SUBSCRIPTION}/resourceGroups/{name}" for name in GROUPS)
READ_ONLY, KEEP = "AllResourcesReadOnly", "AllResourcesDoNotDelete"


@pytest.fixture
def owner(lab: Lab) -> Bearer:
    return lab.sign_in("olivia").bearer


def lock(lab: Lab, cred: Bearer, kind: str = READ_ONLY, *excluded: str, name: str = "golden") -> Any:
    return lab.ask("olivia", Blueprints.assign, SUBSCRIPTION, cred, name, GROUP, kind, list(excluded))


class TestLocks:
    def test_read_only_lets_owners_read_and_nothing_else(self, lab: Lab, owner: Bearer) -> None:
        lock(lab, owner)
        for target in (GROUP, lab.workspace, lab.vault):
            assert lab.attempt("olivia", ResourceManager.get, target, owner)
            refused(lab, DeniedByAssignment, ResourceManager.put, target, owner, "eastus")
            refused(lab, DeniedByAssignment, ResourceManager.delete, target, owner)

    def test_do_not_delete_lets_owners_change(self, lab: Lab, owner: Bearer) -> None:
        lock(lab, owner, KEEP)
        for target in (GROUP, lab.workspace):
            assert lab.attempt("olivia", ResourceManager.put, target, owner, "eastus")
            refusal = refused(lab, DeniedByAssignment, ResourceManager.delete, target, owner)
            assert "AllResourcesDoNotDelete of golden" in refusal.presented

    def test_nobody_shares_what_is_locked(self, lab: Lab, owner: Bearer) -> None:
        lock(lab, owner)
        dora = lab.hire("dora").object_id
        for target in (GROUP, lab.workspace):
            refused(lab, DeniedByAssignment, Authorization.assign, target, owner, "Reader", dora)

    def test_beside_the_group_and_in_its_subscription_nothing_is_locked(
        self, lab: Lab, owner: Bearer
    ) -> None:
        lock(lab, owner)
        assert lab.attempt("olivia", ResourceManager.delete, OTHER_GROUP, owner)

    def test_what_is_created_later_is_not_locked(self, lab: Lab, owner: Bearer) -> None:
        lock(lab, owner)
        new = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/later"
        assert lab.attempt("olivia", ResourceManager.put, new, owner, "eastus")
        assert lab.attempt("olivia", ResourceManager.delete, new, owner)

    def test_a_workspace_needs_a_role_in_its_group_and_is_not_made_in_a_locked_one(
        self, lab: Lab, owner: Bearer
    ) -> None:
        lock(lab, owner)
        refusal = refused(lab, DeniedByAssignment, ResourceManager.put, lab.workspace + "2", owner, "eastus")
        assert refusal.message.startswith("Azure Machine Learning may not")

    def test_who_is_excluded_is_not_held_up_and_nobody_else_is_spared(self, lab: Lab, owner: Bearer) -> None:
        lock(lab, owner, READ_ONLY, lab.people["carl"].object_id)
        carl = lab.sign_in("carl").bearer
        assert lab.attempt("carl", ResourceManager.put, lab.workspace, carl, "eastus")
        refused(lab, DeniedByAssignment, ResourceManager.put, lab.workspace, owner, "eastus")
        # Being excluded gives nothing that roles do not.
        refused(lab, Forbidden, Authorization.assign, GROUP, carl, "Owner", lab.people["carl"].object_id)

    def test_it_prints_itself_the_same_each_time(self, lab: Lab, owner: Bearer) -> None:
        # Sets of texts differ from process to process, so none is in it.
        for number, ids in enumerate((["a", "b", "c"], ["c", "a", "b", "a"])):
            denies = lock(lab, owner, READ_ONLY, *ids, name=f"lock-{number}")
            assert {one.excluded for one in denies} == {("a", "b", "c")}
            assert all(one.principals == (EVERYONE,) for one in denies)

    def test_a_group_is_excluded_with_its_members(self, lab: Lab, owner: Bearer) -> None:
        team = lab.directory.add_group("team", lab.people["carl"].object_id)
        lock(lab, owner, READ_ONLY, team.object_id)
        assert lab.attempt("carl", ResourceManager.put, lab.workspace, lab.sign_in("carl").bearer, "eastus")

    def test_it_holds_at_once_for_every_token_and_ends_at_once(self, lab: Lab, owner: Bearer) -> None:
        carl = lab.sign_in("carl").bearer
        assert lab.attempt("carl", ResourceManager.put, lab.workspace, carl, "eastus")
        lock(lab, owner)
        refused(lab, DeniedByAssignment, ResourceManager.put, lab.workspace, carl, "eastus")
        lab.ask("olivia", Blueprints.unassign, SUBSCRIPTION, owner, "GOLDEN")
        assert lab.attempt("carl", ResourceManager.put, lab.workspace, carl, "eastus")

    def test_two_locks_hold_until_both_are_gone(self, lab: Lab, owner: Bearer) -> None:
        lock(lab, owner, KEEP, name="one")
        lock(lab, owner, KEEP, name="two")
        for name in ("one", "two"):
            refused(lab, DeniedByAssignment, ResourceManager.delete, lab.workspace, owner)
            lab.ask("olivia", Blueprints.unassign, SUBSCRIPTION, owner, name)
        assert lab.attempt("olivia", ResourceManager.delete, lab.workspace, owner)

    def test_they_are_listed_where_they_count(self, lab: Lab, owner: Bearer) -> None:
        made = lock(lab, owner)
        everywhere = lab.ask("olivia", Authorization.deny_assignments, lab.workspace, owner)
        assert {one.scope for one in everywhere} == {GROUP, lab.workspace}
        assert set(everywhere) < set(made)
        assert lab.ask("olivia", Authorization.deny_assignments, OTHER_GROUP, owner) == []

    def test_what_is_created_again_is_not_locked_and_the_lock_is_still_removed(
        self, lab: Lab, owner: Bearer
    ) -> None:
        lock(lab, owner, KEEP, lab.people["carl"].object_id)
        carl = lab.sign_in("carl").bearer
        lab.ask("carl", ResourceManager.delete, lab.other_workspace, carl)
        lab.ask("carl", ResourceManager.put, lab.other_workspace, carl, "eastus")
        assert lab.attempt("olivia", ResourceManager.delete, lab.other_workspace, owner)
        lab.ask("olivia", Blueprints.unassign, SUBSCRIPTION, owner, "golden")
        assert list(lab.parts.access.roles.denies) == []

    def test_the_same_seed_gives_the_same_ids_and_none_twice(self) -> None:
        drawn = []
        for _ in range(2):
            lab = start(seed=7)
            owner, ids = lab.sign_in("olivia").bearer, []
            for name in ("one", "one", "two"):
                ids += [one.id for one in lock(lab, owner, name=name)]
                lab.ask("olivia", Blueprints.unassign, SUBSCRIPTION, owner, name)
            assert len(ids) == len(set(ids))
            drawn.append(ids)
        assert drawn[0] == drawn[1]


class TestWho:
    @pytest.mark.parametrize("who", ["carl", "rita", CLIENT_ID])
    def test_only_who_may_assign_blueprints_locks_and_unlocks(
        self, lab: Lab, owner: Bearer, who: str
    ) -> None:
        cred = lab.sign_in(who).bearer
        refused(lab, Forbidden, Blueprints.assign, SUBSCRIPTION, cred, "golden", GROUP, READ_ONLY)
        lock(lab, owner)
        refused(lab, Forbidden, Blueprints.unassign, SUBSCRIPTION, cred, "golden")

    def test_who_owns_one_group_does_not_lock_the_subscription_s_owner_out(
        self, lab: Lab, owner: Bearer
    ) -> None:
        dora = lab.hire("dora").object_id
        lab.ask("olivia", Authorization.assign, GROUP, owner, "Owner", dora)
        mine = lab.sign_in("dora").bearer
        refused(lab, BadRequest, Blueprints.assign, GROUP, mine, "mine", GROUP, READ_ONLY, [dora])
        refused(lab, Forbidden, Blueprints.assign, SUBSCRIPTION, mine, "mine", GROUP, READ_ONLY, [dora])

    def test_a_lock_can_always_be_removed_by_who_made_it(self, lab: Lab, owner: Bearer) -> None:
        before = everything(lab)
        lock(lab, owner)
        lab.ask("olivia", Blueprints.unassign, SUBSCRIPTION, owner, "golden")
        assert everything(lab) == before


class TestBadInput:
    @pytest.mark.parametrize(
        "args",
        [
            ("", GROUP, READ_ONLY),
            ("\ud800", GROUP, READ_ONLY),
            ("x" * 91, GROUP, READ_ONLY),
            ("a/b", GROUP, READ_ONLY),
            (None, GROUP, READ_ONLY),
            ("b", None, READ_ONLY),
            ("b", GROUP, None),
            ("b", GROUP, ""),
            ("b", GROUP, "None"),
            ("b", GROUP, READ_ONLY, "carl"),
            ("b", GROUP, READ_ONLY, None),
            ("b", GROUP, READ_ONLY, [None]),
            ("b", GROUP, READ_ONLY, [""]),
            ("b", GROUP, READ_ONLY, {"x"}),
            ("b", GROUP, READ_ONLY, [EVERYONE]),
            ("b", GROUP, READ_ONLY, list("abcdef")),
            ("b",),
            ("b", GROUP, READ_ONLY, [], 1),
            ("b", SUBSCRIPTION, READ_ONLY),
            ("b", f"{GROUP}/providers/N.S/t/n", READ_ONLY),
            ("b", GROUP.replace("your-sub-id", "other"), READ_ONLY),
        ],
        ids=repr,
    )
    def test_what_is_no_lock_is_refused(self, lab: Lab, owner: Bearer, args: Any) -> None:
        refused(lab, BadRequest, Blueprints.assign, SUBSCRIPTION, owner, *args)

    @pytest.mark.parametrize("group", ["", "g", f"{GROUP}/..", f"{GROUP}//", f"{GROUP}?x", "\ud800"])
    def test_a_group_is_named_by_its_id(self, lab: Lab, owner: Bearer, group: str) -> None:
        refused(lab, InvalidScope, Blueprints.assign, SUBSCRIPTION, owner, "b", group, READ_ONLY)

    def test_a_group_that_is_not_there_is_not_found(self, lab: Lab, owner: Bearer) -> None:
        refused(lab, NotFound, Blueprints.assign, SUBSCRIPTION, owner, "b", f"{GROUP}2", READ_ONLY)

    def test_a_name_is_used_once(self, lab: Lab, owner: Bearer) -> None:
        lock(lab, owner)
        refused(lab, Conflict, Blueprints.assign, SUBSCRIPTION.upper(), owner, "Golden", GROUP, KEEP)

    @pytest.mark.parametrize("name", ["", "nothing", "\ud800"])
    def test_a_name_that_is_not_used_is_not_found(self, lab: Lab, owner: Bearer, name: str) -> None:
        refused(lab, NotFound, Blueprints.unassign, SUBSCRIPTION, owner, name)
