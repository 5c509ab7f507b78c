"""Which facts decide, and questions about them."""

from typing import Any

import pytest

from labkit.access.control import AccessControl
from labkit.access.decision import Decision
from labkit.access.directory_permissions import DirectoryPermissions
from labkit.access.errors import InvalidScope, RoleDefinitionDoesNotExist
from labkit.access.operations import operations
from labkit.access.questions import ANY, ONE
from labkit.access.vault_policy import VaultPolicies
from labkit.azure import Authorization, ResourceManager
from labkit.core.entropy import Entropy
from labkit.core.errors import BadInput
from labkit.furniture import GROUPS, SUBSCRIPTION
from labkit.identity.directory import Directory
from labkit.lab import Lab
from tests.access.tenant import DATA, GROUP, READ, READER, Tenant, person

VAULT = f"{GROUP}/providers/Microsoft.KeyVault/vaults/v"
WRITE_WORKSPACE = "Microsoft.MachineLearningServices/workspaces/write"
READ_WORKSPACE = "Microsoft.MachineLearningServices/workspaces/read"


class TestControl:
    @pytest.fixture
    def control(self, tenant: Tenant) -> AccessControl:
        tenant.give(READER, "/")
        tenant.give(DATA, "/")
        directory = DirectoryPermissions(Directory("tenant", "tenant.example", Entropy(1)))
        return AccessControl(tenant.roles, VaultPolicies(), directory)

    def test_a_vault_with_a_policy_follows_it_in_the_data_plane_alone(self, control: AccessControl) -> None:
        assert control(person(), READ, True, VAULT, 0).allowed
        control.policies.open(VAULT)
        assert not control(person(), READ, True, VAULT.upper(), 0).allowed
        assert control(person(), READ, False, VAULT, 0).allowed
        control.policies.grant(VAULT, "ann", ("*/read",))
        assert control(person(), READ, True, VAULT, 0).allowed

    def test_a_policy_is_the_vault_s_own(self, control: AccessControl) -> None:
        control.policies.open(VAULT)
        assert control(person(), READ, True, VAULT + "2", 0).allowed

    def test_without_a_policy_roles_decide_again(self, control: AccessControl) -> None:
        control.policies.open(VAULT)
        control.policies.close(VAULT)
        assert control(person(), READ, True, VAULT, 0).allowed


class TestQuestions:
    @pytest.mark.parametrize("who", ["rita", "RITA", "rita@contoso.example", None])
    def test_a_principal_is_named_or_given_by_its_id(self, lab: Lab, who: Any) -> None:
        decision = lab.access.explain(who or lab.people["rita"].object_id, READ_WORKSPACE, lab.workspace)
        assert isinstance(decision, Decision)
        assert decision.allowed
        assert decision.who.name == "rita@contoso.example"

    @pytest.mark.parametrize("who", ["", "nobody", None, 5, [], b"rita", "\ud800", "rit", "x" * 10**5])
    def test_an_unknown_principal_is_bad_input(self, lab: Lab, who: Any) -> None:
        for ask in (
            lambda: lab.access.explain(who, READ_WORKSPACE, lab.workspace),
            lambda: lab.access.what_can(who, lab.workspace),
        ):
            with pytest.raises(BadInput, match="nobody of that name"):
                ask()

    def test_a_name_of_several_is_refused_with_their_ids(self, lab: Lab) -> None:
        lab.directory.add_group("rita")
        with pytest.raises(BadInput, match="Several") as caught:
            lab.access.explain("rita", READ_WORKSPACE, lab.workspace)
        assert lab.people["rita"].object_id in caught.value.required

    @pytest.mark.parametrize("scope", [None, "", "subscriptions/x", "//", "/subscriptions/s//", "\ud800", 5])
    def test_what_is_no_scope_is_refused(self, lab: Lab, scope: Any) -> None:
        for ask in (
            lambda: lab.access.explain("rita", READ_WORKSPACE, scope),
            lambda: lab.access.who_can(READ_WORKSPACE, scope),
            lambda: lab.access.what_can("rita", scope),
        ):
            with pytest.raises(InvalidScope):
                ask()

    @pytest.mark.parametrize("action", [None, "", "*", "*/read", 5, "\ud800"])
    def test_what_is_no_operation_is_refused(self, lab: Lab, action: Any) -> None:
        for ask in (
            lambda: lab.access.explain("rita", action, lab.workspace),
            lambda: lab.access.who_can(action, lab.workspace),
            lambda: lab.access.smallest_role(action),
        ):
            with pytest.raises(BadInput):
                ask()

    def test_who_can_is_everybody_of_whom_it_is_true(self, lab: Lab) -> None:
        for action in (WRITE_WORKSPACE, READ_WORKSPACE, "Microsoft.Authorization/roleAssignments/write"):
            table = lab.access.who_can(action, lab.workspace)
            able = [
                (name, kind)
                for object_id, name, kind in lab.directory.principals()
                if lab.access.explain(object_id, action, lab.workspace).allowed
            ]
            assert sorted((row[0], row[1]) for row in table.rows) == sorted(able)
            assert ("olivia@contoso.example", "user") in able
            assert (("rita@contoso.example", "user") in able) is (action == READ_WORKSPACE)

    def test_a_group_is_not_somebody_who_can(self, lab: Lab) -> None:
        olivia = lab.sign_in("olivia").bearer
        team = lab.directory.add_group("team", lab.hire("dora").object_id)
        lab.ask("olivia", Authorization.assign, lab.workspace, olivia, "Contributor", team.object_id)
        rows = {row[0]: row[2] for row in lab.access.who_can(WRITE_WORKSPACE, lab.workspace).rows}
        assert "team" not in rows
        assert str(rows["dora@contoso.example"]).endswith("held through the group team")

    def test_what_can_is_every_operation_of_which_it_is_true(self, lab: Lab) -> None:
        rows = {str(row[0]) for row in lab.access.what_can("rita", lab.workspace).rows}
        for one in operations().values():
            assert (one.name in rows) is lab.access.explain("rita", one.name, lab.workspace).allowed
        assert READ_WORKSPACE in rows
        assert WRITE_WORKSPACE not in rows

    def test_answers_are_those_of_a_call(self, lab: Lab) -> None:
        for who in ("olivia", "carl", "rita"):
            bearer = lab.sign_in(who).bearer
            put = lab.attempt(who, ResourceManager.put, lab.workspace, bearer, "eastus")
            assert bool(put) is lab.access.explain(who, WRITE_WORKSPACE, lab.workspace).allowed

    def test_answers_change_nothing_and_are_of_this_moment(self, lab: Lab) -> None:
        olivia = lab.sign_in("olivia").bearer
        dora = lab.hire("dora").object_id
        before = len(lab.trace)
        assert not lab.access.explain("dora", READ_WORKSPACE, lab.workspace).allowed
        assert len(lab.trace) == before
        lab.ask("olivia", Authorization.assign, lab.workspace, olivia, "Reader", dora)
        assert lab.access.explain("dora", READ_WORKSPACE, lab.workspace).allowed

    def test_assignments_are_listed_by_principal_and_by_scope(self, lab: Lab) -> None:
        group = f"{SUBSCRIPTION}/resourceGroups/{GROUPS[0]}"
        assert [tuple(row)[:3] for row in lab.access.assignments("rita", lab.workspace).rows] == [
            ("rita@contoso.example", "Reader", group)
        ]
        assert len(lab.access.assignments("rita").rows) == len(GROUPS)
        everything = lab.access.assignments().rows
        assert len(everything) == len(list(lab.parts.access.roles))
        at_root = lab.access.assignments(scope=SUBSCRIPTION.upper() + "/").rows
        assert {row[2] for row in at_root} == {SUBSCRIPTION}

    @pytest.mark.parametrize("containing", [None, 5, [], b"x"])
    def test_operations_are_searched_by_a_text(self, lab: Lab, containing: Any) -> None:
        assert len(lab.access.operations().rows) == len(operations())
        found = lab.access.operations("WORKSPACES/computes").rows
        assert found
        assert all("workspaces/computes" in str(row[0]) for row in found)
        with pytest.raises(BadInput):
            lab.access.operations(containing)

    def test_a_role_is_looked_up(self, lab: Lab) -> None:
        assert lab.access.role("reader").name == "Reader"
        with pytest.raises(RoleDefinitionDoesNotExist):
            lab.access.role("nobody")
        smallest = lab.access.smallest_role(WRITE_WORKSPACE)
        assert smallest is not None
        assert smallest.grants(WRITE_WORKSPACE, data=False)


class TestReadings:
    def test_the_interior_wildcard_is_read_in_one_of_two_ways(self, lab: Lab) -> None:
        assert lab.access.interior_wildcard == ANY
        lab.access.interior_wildcard = ONE
        assert lab.parts.access.roles.definitions.one_segment
        assert lab.access.interior_wildcard == ONE

    def test_custom_roles_follow_one_of_two_rules(self, lab: Lab) -> None:
        assert lab.access.custom_roles == "documents"
        lab.access.custom_roles = "azure"
        assert not lab.parts.access.roles.definitions.as_documented

    @pytest.mark.parametrize("value", [None, "", "any", True, 0, [], "AZURE", b"azure"])
    def test_anything_else_is_bad_input_and_changes_nothing(self, lab: Lab, value: Any) -> None:
        for name in ("interior_wildcard", "custom_roles"):
            before = getattr(lab.access, name)
            with pytest.raises(BadInput, match="no such reading"):
                setattr(lab.access, name, value)
            assert getattr(lab.access, name) == before
