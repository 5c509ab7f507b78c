"""Sharing through Resource Manager: role assignments and custom roles, and what nobody gains by them."""

from typing import Any
from uuid import UUID

import pytest

from labkit.access.errors import (
    InvalidActionOrNotAction,
    InvalidRoleAssignmentId,
    InvalidRoleDefinition,
    InvalidScope,
    LinkedAuthorizationFailed,
    LinkedInvalidPropertyId,
    MissingAssignableScopes,
    OutsideDocumentedRoles,
    PrincipalNotFound,
    RoleAssignmentExists,
    RoleAssignmentLimitExceeded,
    RoleAssignmentNotFound,
    RoleAssignmentUpdateNotPermitted,
    RoleDefinitionDoesNotExist,
    RoleDefinitionExists,
    RoleDefinitionHasAssignments,
    RoleDefinitionLimitExceeded,
    RoleDefinitionNameNullOrEmpty,
    RoleDefinitionWithSameNameExists,
)
from labkit.authenticators.platform import Forwarded
from labkit.azure import Authorization, ResourceManager
from labkit.core.credential import Anonymous, Bearer
from labkit.core.errors import (
    BadInput,
    BadRequest,
    CredentialMissing,
    CredentialNotAccepted,
    Forbidden,
    NotFound,
    Unauthenticated,
    UnknownHost,
)
from labkit.core.identity import Identity
from labkit.furniture import CLIENT_ID, GROUPS, SUBSCRIPTION
from labkit.lab import Lab, start
from tests.services.state import everything, refused

GROUP, OTHER_GROUP = (f"{SUBSCRIPTION}/resourceGroups/{name}" for name in GROUPS)
WORKSPACES = "Microsoft.MachineLearningServices/workspaces"
NAME, OTHER_NAME = "0f5c6b1e-1111-4a4a-8b8b-0123456789ab", "0f5c6b1e-2222-4a4a-8b8b-0123456789ab"
ROLE: dict[str, Any] = {"Name": "Mine", "Actions": [f"{WORKSPACES}/*/read"], "AssignableScopes": [GROUP]}


@pytest.fixture
def owner(lab: Lab) -> Bearer:
    return lab.sign_in("olivia").bearer


@pytest.fixture
def dora(lab: Lab) -> str:
    """Somebody new, who holds nothing."""
    return lab.hire("dora").object_id


def assign(lab: Lab, cred: Bearer, scope: str, role: str, principal: str, *name: str) -> dict[str, Any]:
    return lab.ask("somebody", Authorization.assign, scope, cred, role, principal, *name)


def define(lab: Lab, cred: Bearer, scope: str = GROUP, **changes: Any) -> dict[str, Any]:
    return lab.ask("somebody", Authorization.define, scope, cred, ROLE | changes)


def group_owner(lab: Lab, owner: Bearer, dora: str, group: str = GROUP) -> Bearer:
    """Dora, now Owner of one resource group."""
    assign(lab, owner, group, "Owner", dora)
    return lab.sign_in("dora").bearer


class TestAssigning:
    @pytest.mark.parametrize("scope", [SUBSCRIPTION, GROUP, "workspace", "vault"])
    def test_an_owner_shares_at_every_level(self, lab: Lab, owner: Bearer, dora: str, scope: str) -> None:
        scope = {"workspace": lab.workspace, "vault": lab.vault}.get(scope, scope)
        shown = assign(lab, owner, scope, "reader", dora)
        assert UUID(shown["name"])
        assert shown == {
            "id": f"{scope}/providers/Microsoft.Authorization/roleAssignments/{shown['name']}",
            "name": shown["name"],
            "type": "Microsoft.Authorization/roleAssignments",
            "principalId": dora,
            "principalName": "dora@contoso.example",
            "roleDefinitionId": f"{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/"
            + lab.access.role("Reader").id,
            "roleDefinitionName": "Reader",
            "scope": scope,
        }
        assert lab.ask("dora", ResourceManager.get, scope, lab.sign_in("dora").bearer)["id"] == scope

    @pytest.mark.parametrize("who", ["carl", "rita", CLIENT_ID, "dora"])
    def test_only_who_may_assign_assigns(self, lab: Lab, dora: str, who: str) -> None:
        refusal = refused(
            lab, Forbidden, Authorization.assign, lab.workspace, lab.sign_in(who).bearer, "Reader", dora
        )
        assert (refusal.status, refusal.code) == (403, "AuthorizationFailed")
        assert refusal.required.startswith("Microsoft.Authorization/roleAssignments/write on ")

    def test_without_a_credential_nobody_does(self, lab: Lab, dora: str) -> None:
        refused(lab, CredentialMissing, Authorization.assign, GROUP, Anonymous(), "Reader", dora)

    def test_an_identity_that_nobody_has_verified_is_not_believed(self, lab: Lab, dora: str) -> None:
        forged = Forwarded(Identity("user", "x", object_id=lab.people["olivia"].object_id), b"x" * 32)
        refused(lab, Unauthenticated, Authorization.assign, GROUP, forged, "Owner", dora)

    @pytest.mark.parametrize("role", ["", "Nobody", "\ud800", "Owner ", "x" * 10**5])
    def test_an_unknown_role_does_not_exist(self, lab: Lab, owner: Bearer, dora: str, role: str) -> None:
        refusal = refused(lab, RoleDefinitionDoesNotExist, Authorization.assign, GROUP, owner, role, dora)
        assert (refusal.status, refusal.code) == (404, "RoleDefinitionDoesNotExist")

    @pytest.mark.parametrize("principal", ["", "nobody", CLIENT_ID, "carl", "\ud800", "x" * 10**5])
    def test_only_an_object_id_is_a_principal(self, lab: Lab, owner: Bearer, principal: str) -> None:
        refusal = refused(lab, PrincipalNotFound, Authorization.assign, GROUP, owner, "Reader", principal)
        assert (refusal.status, refusal.code) == (400, "PrincipalNotFound")

    def test_who_was_deleted_is_no_principal_and_keeps_a_nameless_assignment(
        self, lab: Lab, owner: Bearer, dora: str
    ) -> None:
        held = assign(lab, owner, GROUP, "Reader", dora)
        user = lab.directory.user("dora")
        assert user is not None
        lab.directory.remove_user(user)
        refused(lab, PrincipalNotFound, Authorization.assign, OTHER_GROUP, owner, "Reader", dora)
        listed = lab.ask("olivia", Authorization.assignments, GROUP, owner)
        assert held | {"principalName": ""} in listed
        lab.ask("olivia", Authorization.unassign, held["id"], owner)

    @pytest.mark.parametrize("value", [None, 5, b"Reader", [], {}, type("Shifty", (str,), {})("Reader")])
    @pytest.mark.parametrize("at", [0, 1, 2])
    def test_arguments_are_texts(self, lab: Lab, owner: Bearer, dora: str, at: int, value: Any) -> None:
        args: list[Any] = ["Reader", dora, NAME]
        args[at] = value
        assert refused(lab, BadRequest, Authorization.assign, GROUP, owner, *args).stage == "parse"

    @pytest.mark.parametrize(
        "scope", [f"{GROUP}-missing", "/subscriptions/other", f"{GROUP}/providers/N.S/t/n"]
    )
    def test_where_nothing_is_nothing_is_shared(self, lab: Lab, owner: Bearer, dora: str, scope: str) -> None:
        kind = Forbidden if "other" in scope else NotFound
        refused(lab, kind, Authorization.assign, scope, owner, "Reader", dora)

    @pytest.mark.parametrize(
        "scope",
        [
            *(f"{GROUP}//providers/N.S/t/n", f"{GROUP}/../{GROUPS[1]}", f"{GROUP}/%2e%2e", f"{GROUP}/\ud800"),
            *(f"{GROUP}/x/y", f"{GROUP}\n", f"{GROUP}/*", GROUP.replace("resourceG", "re\u017fourceG")),
        ],
    )
    def test_a_malformed_scope_is_refused(self, lab: Lab, owner: Bearer, dora: str, scope: str) -> None:
        refusal = refused(lab, InvalidScope, Authorization.assign, scope, owner, "Reader", dora)
        assert (refusal.status, refusal.code) == (400, "InvalidScope")

    @pytest.mark.parametrize(
        "scope",
        [
            "subscriptions/x",
            f"https://elsewhere.example{GROUP}",
            "/subscriptions/s" + "/x" * 10**5,
            "x" * 10**5,
        ],
    )
    def test_what_is_no_address_is_not_reached(self, lab: Lab, owner: Bearer, dora: str, scope: str) -> None:
        refused(lab, UnknownHost, Authorization.assign, scope, owner, "Reader", dora)

    @pytest.mark.parametrize("scope", [None, 5, [], b"/", type("Shifty", (str,), {})(GROUP)])
    def test_what_is_no_text_is_bad_input(self, lab: Lab, owner: Bearer, dora: str, scope: Any) -> None:
        refused(lab, BadInput, Authorization.assign, scope, owner, "Reader", dora)

    @pytest.mark.parametrize("scope", ["", "/", "?x"])
    def test_the_root_is_nobody_s_to_share(self, lab: Lab, owner: Bearer, dora: str, scope: str) -> None:
        refused(lab, Forbidden, Authorization.assign, scope, owner, "Reader", dora)

    def test_a_subscription_holds_so_many_and_no_more(self, lab: Lab, owner: Bearer, dora: str) -> None:
        roles = lab.parts.access.roles
        roles.limits["subscription"] = len(list(roles))
        refusal = refused(
            lab, RoleAssignmentLimitExceeded, Authorization.assign, GROUP, owner, "Reader", dora
        )
        assert refusal.code == "RoleAssignmentLimitExceeded"
        # A workspace needs some as well, and is not left half made.
        refused(lab, RoleAssignmentLimitExceeded, ResourceManager.put, lab.workspace + "2", owner, "eastus")

    def test_those_below_are_listed_where_they_are_wanted(self, lab: Lab, owner: Bearer) -> None:
        here, everywhere = (
            lab.ask("olivia", Authorization.assignments, SUBSCRIPTION, owner, below)
            for below in (False, True)
        )
        assert {one["scope"] for one in here} == {SUBSCRIPTION}
        assert {GROUP, lab.workspace, lab.vault} & {one["scope"] for one in everywhere}
        assert all(one in everywhere for one in here)


class TestNames:
    @pytest.mark.parametrize(
        "scope", [GROUP, GROUP.upper(), GROUP + "/", f"https://management.azure.com{GROUP}"]
    )
    @pytest.mark.parametrize("role", ["Reader", "READER"])
    def test_the_same_again_exists_however_it_is_spelled(
        self, lab: Lab, owner: Bearer, dora: str, scope: str, role: str
    ) -> None:
        assign(lab, owner, GROUP, "Reader", dora)
        refusal = refused(lab, RoleAssignmentExists, Authorization.assign, scope, owner, role, dora)
        assert (refusal.status, refusal.code) == (409, "RoleAssignmentExists")

    def test_the_same_name_with_the_same_content_changes_nothing(
        self, lab: Lab, owner: Bearer, dora: str
    ) -> None:
        first = assign(lab, owner, GROUP, "Reader", dora, NAME)
        before = everything(lab)
        for name, scope in ((NAME, GROUP), (NAME.upper(), GROUP.upper()), (NAME, GROUP + "/")):
            assert assign(lab, owner, scope, "reader", dora, name) == first
        assert everything(lab) == before

    def test_the_same_name_with_anything_else_is_refused(self, lab: Lab, owner: Bearer, dora: str) -> None:
        assign(lab, owner, GROUP, "Reader", dora, NAME)
        carl = lab.people["carl"].object_id
        for scope, role, principal in (
            (OTHER_GROUP, "Reader", dora),
            (GROUP, "Owner", dora),
            (GROUP, "Owner", carl),
        ):
            for name in (NAME, NAME.upper()):
                refusal = refused(
                    *(lab, RoleAssignmentUpdateNotPermitted, Authorization.assign, scope, owner),
                    *(role, principal, name),
                )
                assert (refusal.status, refusal.code) == (400, "RoleAssignmentUpdateNotPermitted")

    @pytest.mark.parametrize(
        "name",
        ["x", "../x", f"{NAME} ", NAME.replace("-", ""), f"{{{NAME}}}", "\ud800", "x" * 10**5, f"a/{NAME}"],
    )
    def test_a_name_is_a_guid(self, lab: Lab, owner: Bearer, dora: str, name: str) -> None:
        refusal = refused(
            lab, InvalidRoleAssignmentId, Authorization.assign, GROUP, owner, "Reader", dora, name
        )
        assert (refusal.status, refusal.code) == (400, "InvalidRoleAssignmentId")

    def test_the_same_seed_draws_the_same_ids_and_none_twice(self) -> None:
        drawn: list[list[str]] = []
        for _ in range(2):
            lab = start(seed=7)
            owner, dora = lab.sign_in("olivia").bearer, lab.hire("dora").object_id
            ids = [one.id for one in lab.parts.access.roles]
            for scope, role in ((GROUP, "Reader"), (GROUP, "Owner"), (OTHER_GROUP, "Reader")):
                for _ in range(3):
                    shown = assign(lab, owner, scope, role, dora)
                    lab.ask("olivia", Authorization.unassign, shown["id"], owner)
                    ids.append(shown["name"])
            ids += [define(lab, owner, Name=name)["Id"] for name in ("a", "b")]
            lab.ask("olivia", Authorization.undefine, GROUP, owner, "a")
            ids.append(define(lab, owner, Name="a")["Id"])
            assert len(ids) == len(set(ids))
            drawn.append(ids)
        assert drawn[0] == drawn[1]

    def test_what_was_refused_changes_no_id_that_is_drawn_later(
        self, lab: Lab, owner: Bearer, dora: str
    ) -> None:
        quiet = start()
        there = quiet.hire("dora").object_id
        expected = assign(quiet, quiet.sign_in("olivia").bearer, GROUP, "Reader", there)
        roles = lab.parts.access.roles
        roles.limits["subscription"] = 0
        refused(lab, RoleAssignmentLimitExceeded, Authorization.assign, GROUP, owner, "Reader", dora)
        roles.limits["subscription"] = 2000
        assert assign(lab, owner, GROUP, "Reader", dora) == expected


class TestUnassigning:
    def test_what_is_taken_back_is_gone_for_a_new_token(self, lab: Lab, owner: Bearer, dora: str) -> None:
        held = assign(lab, owner, GROUP, "Reader", dora)
        assert lab.attempt("dora", ResourceManager.get, GROUP, lab.sign_in("dora").bearer)
        assert lab.ask("olivia", Authorization.unassign, held["id"].upper(), owner) == held
        refused(lab, Forbidden, ResourceManager.get, GROUP, lab.sign_in("dora").bearer)
        refused(lab, RoleAssignmentNotFound, Authorization.unassign, held["id"], owner)

    def test_an_assignment_is_deleted_under_its_own_scope_alone(
        self, lab: Lab, owner: Bearer, dora: str
    ) -> None:
        # Whoever owns one group deletes nothing of another one by naming it under the own group.
        mine = group_owner(lab, owner, dora)
        theirs = assign(lab, owner, OTHER_GROUP, "Reader", dora)
        above = assign(lab, owner, SUBSCRIPTION, "Reader", dora)
        for one in (theirs, above):
            moved = f"{GROUP}/providers/Microsoft.Authorization/roleAssignments/{one['name']}"
            refused(lab, RoleAssignmentNotFound, Authorization.unassign, moved, mine)
            refused(lab, Forbidden, Authorization.unassign, one["id"], mine)

    @pytest.mark.parametrize(
        "end", ["", "/", "/providers/Microsoft.Authorization/roleAssignments/x", "/\ud800"]
    )
    def test_what_is_no_assignment_is_not_found(self, lab: Lab, owner: Bearer, end: str) -> None:
        refusal = refused(lab, RoleAssignmentNotFound, Authorization.unassign, GROUP + end, owner)
        assert refusal.code == "RoleAssignmentNotFound"

    @pytest.mark.parametrize("who", ["carl", "rita"])
    def test_only_who_may_take_back_does(self, lab: Lab, owner: Bearer, dora: str, who: str) -> None:
        held = assign(lab, owner, GROUP, "Reader", dora)
        refused(lab, Forbidden, Authorization.unassign, held["id"], lab.sign_in(who).bearer)

    def test_listed_are_those_that_count_at_the_scope(self, lab: Lab, owner: Bearer, dora: str) -> None:
        here, below, beside = (
            assign(lab, owner, scope, "Reader", dora) for scope in (GROUP, lab.workspace, OTHER_GROUP)
        )
        listed = lab.ask("olivia", Authorization.assignments, GROUP.upper(), owner)
        assert here in listed
        assert below not in listed
        assert beside not in listed
        assert {one["scope"] for one in listed} == {SUBSCRIPTION, GROUP}


class TestTime:
    """A token in use sees a change half an hour after its first use; a new sign-in at once."""

    def test_a_token_used_before_is_refused_for_half_an_hour(
        self, lab: Lab, owner: Bearer, dora: str
    ) -> None:
        old = lab.sign_in("dora").bearer
        refused(lab, Forbidden, ResourceManager.get, GROUP, old)
        assign(lab, owner, GROUP, "Reader", dora)
        late = lab.attempt("dora", ResourceManager.get, GROUP, old)
        assert "sign in again, or wait until 2020-03-13 09:30:00Z" in str(late.refusal)
        assert lab.attempt("dora", ResourceManager.get, GROUP, lab.sign_in("dora").bearer)
        lab.clock.advance(1799)
        assert not lab.attempt("dora", ResourceManager.get, GROUP, old)
        lab.clock.advance(1)
        assert lab.attempt("dora", ResourceManager.get, GROUP, old)

    def test_a_token_used_before_is_still_let_in_for_half_an_hour(
        self, lab: Lab, owner: Bearer, dora: str
    ) -> None:
        held = assign(lab, owner, GROUP, "Reader", dora)
        old = lab.sign_in("dora").bearer
        assert lab.attempt("dora", ResourceManager.get, GROUP, old)
        lab.ask("olivia", Authorization.unassign, held["id"], owner)
        assert not lab.attempt("dora", ResourceManager.get, GROUP, lab.sign_in("dora").bearer)
        lab.clock.advance(1799)
        assert lab.attempt("dora", ResourceManager.get, GROUP, old)
        lab.clock.advance(1)
        assert not lab.attempt("dora", ResourceManager.get, GROUP, old)

    def test_a_call_in_a_call_sees_what_its_caller_s_token_sees(
        self, lab: Lab, owner: Bearer, dora: str
    ) -> None:
        assign(lab, owner, GROUP, "Owner", dora)
        old = lab.sign_in("dora").bearer
        define(lab, old)
        assign(lab, owner, OTHER_GROUP, "Owner", dora)
        both: dict[str, Any] = {"AssignableScopes": [GROUP, OTHER_GROUP], "Name": "Both"}
        refused(lab, LinkedAuthorizationFailed, Authorization.define, GROUP, old, ROLE | both)
        assert define(lab, lab.sign_in("dora").bearer, **both)


class TestRoles:
    def test_a_custom_role_is_made_assigned_and_works(self, lab: Lab, owner: Bearer, dora: str) -> None:
        made = define(lab, owner)
        empty: dict[str, Any] = {part: [] for part in ("NotActions", "DataActions", "NotDataActions")}
        assert made == {**ROLE, **empty, "Id": made["Id"], "IsCustom": True, "Description": ""}
        assert made in lab.ask("olivia", Authorization.definitions, lab.workspace, owner)
        assert made not in lab.ask("olivia", Authorization.definitions, OTHER_GROUP, owner)
        assign(lab, owner, lab.workspace, "mine", dora)
        token = lab.sign_in("dora").bearer
        assert lab.attempt("dora", ResourceManager.get, lab.workspace, token)
        refused(lab, Forbidden, ResourceManager.put, lab.workspace, token, "eastus")

    def test_it_is_assigned_within_its_scopes_and_nowhere_else(
        self, lab: Lab, owner: Bearer, dora: str
    ) -> None:
        made = define(lab, owner, AssignableScopes=[GROUP.upper() + "/"])
        for scope in (OTHER_GROUP, SUBSCRIPTION):
            for role in ("Mine", made["Id"]):
                refusal = refused(
                    lab, RoleDefinitionDoesNotExist, Authorization.assign, scope, owner, role, dora
                )
                assert "scope at or below" in refusal.required
        assert assign(lab, owner, GROUP, "Mine", dora)

    @pytest.mark.parametrize(
        ("kind", "changes"),
        [
            (RoleDefinitionNameNullOrEmpty, {"Name": ""}),
            (InvalidRoleDefinition, {"Name": "half \ud800"}),
            (InvalidRoleDefinition, {"Name": "Owner "}),
            (RoleDefinitionWithSameNameExists, {"Name": "OWNER"}),
            (MissingAssignableScopes, {"AssignableScopes": []}),
            (LinkedInvalidPropertyId, {"AssignableScopes": ["Invalid_Scope"]}),
            (InvalidRoleDefinition, {"AssignableScopes": ["/"]}),
            (InvalidActionOrNotAction, {"Actions": ["Nobody/knows"]}),
            (OutsideDocumentedRoles, {"Actions": ["Microsoft.Storage/*/read"]}),
            (NotFound, {"AssignableScopes": [f"{GROUP}-missing"]}),
            (RoleDefinitionDoesNotExist, {"Id": NAME}),
            (RoleDefinitionDoesNotExist, {"Id": "Reader"}),
            (RoleDefinitionDoesNotExist, {"Id": "\ud7ff"}),
        ],
    )
    def test_what_is_no_role_is_refused_in_azure_s_words(
        self, lab: Lab, owner: Bearer, kind: Any, changes: Any
    ) -> None:
        refusal = refused(lab, kind, Authorization.define, GROUP, owner, ROLE | changes)
        assert refusal.code == (kind.fixed_code or "NotFound")
        assert refusal.status in (400, 404, 409)

    @pytest.mark.parametrize("definition", [None, 5, "", [], b"{}"])
    def test_what_is_no_mapping_is_refused(self, lab: Lab, owner: Bearer, definition: Any) -> None:
        refused(lab, InvalidRoleDefinition, Authorization.define, GROUP, owner, definition)

    def test_a_name_is_there_once_in_the_tenant(self, lab: Lab, owner: Bearer) -> None:
        define(lab, owner)
        other = ROLE | {"Name": "MINE", "AssignableScopes": [OTHER_GROUP]}
        refusal = refused(
            lab, RoleDefinitionWithSameNameExists, Authorization.define, OTHER_GROUP, owner, other
        )
        assert (refusal.status, refusal.code) == (409, "RoleDefinitionWithSameNameExists")

    def test_a_tenant_has_so_many_and_no_more(self, lab: Lab, owner: Bearer) -> None:
        lab.parts.access.roles.definitions.limit = 1
        define(lab, owner)
        refused(lab, RoleDefinitionLimitExceeded, Authorization.define, GROUP, owner, ROLE | {"Name": "b"})

    @pytest.mark.parametrize("who", ["carl", "rita", CLIENT_ID])
    def test_only_who_may_write_roles_does(self, lab: Lab, owner: Bearer, who: str) -> None:
        define(lab, owner)
        cred = lab.sign_in(who).bearer
        refused(lab, Forbidden, Authorization.define, GROUP, cred, ROLE | {"Name": "b"})
        refused(lab, Forbidden, Authorization.undefine, GROUP, cred, "Mine")

    def test_a_role_that_is_changed_grants_what_it_says_now_to_every_token(
        self, lab: Lab, owner: Bearer, dora: str
    ) -> None:
        made = define(lab, owner)
        assign(lab, owner, lab.workspace, "Mine", dora)
        token = lab.sign_in("dora").bearer
        assert lab.attempt("dora", ResourceManager.get, lab.workspace, token)
        changed = define(lab, owner, Id=made["Id"].upper(), Actions=[f"{WORKSPACES}/delete"], Name="Renamed")
        assert (changed["Id"], changed["Name"]) == (made["Id"], "Renamed")
        refused(lab, Forbidden, ResourceManager.get, lab.workspace, token)

    @pytest.mark.parametrize("by_id", [False, True])
    def test_built_in_roles_are_azure_s(self, lab: Lab, owner: Bearer, by_id: bool) -> None:
        reader = lab.access.role("Reader")
        for id in (reader.id, reader.id.upper()):
            refusal = refused(
                lab, RoleDefinitionExists, Authorization.define, GROUP, owner, ROLE | {"Id": id}
            )
            assert (refusal.status, refusal.code) == (409, "RoleDefinitionExists")
        name = reader.id if by_id else "reader"
        refused(lab, RoleDefinitionExists, Authorization.undefine, GROUP, owner, name)

    def test_a_role_in_use_is_not_deleted(self, lab: Lab, owner: Bearer, dora: str) -> None:
        define(lab, owner)
        held = assign(lab, owner, lab.workspace, "Mine", dora)
        refusal = refused(lab, RoleDefinitionHasAssignments, Authorization.undefine, GROUP, owner, "Mine")
        assert "dora@contoso.example" in refusal.presented
        lab.ask("olivia", Authorization.unassign, held["id"], owner)
        lab.ask("olivia", Authorization.undefine, GROUP, owner, "Mine")
        refused(lab, RoleDefinitionDoesNotExist, Authorization.undefine, GROUP, owner, "Mine")


class TestGainingRights:
    """What somebody who owns one resource group does not gain in another."""

    def test_a_role_is_made_where_one_may_write_and_counts_nowhere_else(
        self, lab: Lab, owner: Bearer, dora: str
    ) -> None:
        mine = group_owner(lab, owner, dora)
        for further in (OTHER_GROUP, SUBSCRIPTION, OTHER_GROUP.upper(), SUBSCRIPTION + "/"):
            for scopes in ([further], [GROUP, further]):
                refusal = refused(
                    *(lab, LinkedAuthorizationFailed, Authorization.define, GROUP, mine),
                    ROLE | {"AssignableScopes": scopes},
                )
                assert (refusal.status, refusal.code) == (403, "LinkedAuthorizationFailed")

    def test_a_role_of_others_is_neither_changed_nor_taken_nor_deleted(
        self, lab: Lab, owner: Bearer, dora: str
    ) -> None:
        mine = group_owner(lab, owner, dora)
        theirs = define(lab, owner, OTHER_GROUP, AssignableScopes=[OTHER_GROUP])
        assign(lab, owner, OTHER_GROUP, "Mine", lab.people["rita"].object_id)
        stolen = ROLE | {"Id": theirs["Id"], "Actions": [f"{WORKSPACES}/*"]}
        refused(lab, LinkedAuthorizationFailed, Authorization.define, GROUP, mine, stolen)
        # Nor does one learn who holds it.
        refusal = refused(lab, LinkedAuthorizationFailed, Authorization.undefine, GROUP, mine, "Mine")
        assert "rita" not in str(refusal)

    def test_asking_for_a_further_scope_is_nobody_s_but_resource_manager_s(
        self, lab: Lab, owner: Bearer
    ) -> None:
        refused(lab, CredentialNotAccepted, Authorization.make_available, GROUP, owner)

    def test_a_role_named_after_an_id_takes_nobody_s_place(self, lab: Lab, owner: Bearer, dora: str) -> None:
        reader = lab.access.role("Reader")
        define(lab, owner, Name=reader.id)
        shown = assign(lab, owner, GROUP, reader.id, dora)
        assert shown["roleDefinitionName"] == "Reader"

    def test_no_spelling_of_a_scope_leads_elsewhere(self, lab: Lab, owner: Bearer, dora: str) -> None:
        mine = group_owner(lab, owner, dora)
        rita = lab.people["rita"].object_id
        for scope in (
            *(f"{GROUP}/../{GROUPS[1]}", f"{GROUP}//../{GROUPS[1]}", f"{GROUP}/%2e%2e/{GROUPS[1]}"),
            *(f"{GROUP}?/../{GROUPS[1]}", f"/{GROUP}", f"{GROUP}/..", GROUP.rpartition("/")[0]),
            *(f"{OTHER_GROUP}?{GROUP}", f"{SUBSCRIPTION}?{GROUP}", f"{GROUP}\x00{OTHER_GROUP}", OTHER_GROUP),
            *(f"https://management.azure.com/{GROUP}", f"https://management.azure.com{OTHER_GROUP}"),
        ):
            lab.attempt("dora", Authorization.assign, scope, mine, "Reader", rita)
        gained = {one.scope.lower() for one in lab.parts.access.roles if one.principal_id == rita} - {
            GROUP.lower(),
            OTHER_GROUP.lower(),
        }
        assert gained == set()

    def test_a_query_string_is_not_part_of_the_scope(self, lab: Lab, owner: Bearer, dora: str) -> None:
        shown = assign(lab, owner, f"{GROUP}?api-version=2015-07-01", "Reader", dora)
        assert shown["scope"] == GROUP

    def test_what_is_created_again_is_not_shared_with_who_had_the_first(
        self, lab: Lab, owner: Bearer, dora: str
    ) -> None:
        assign(lab, owner, lab.other_workspace, "Owner", dora)
        old = lab.sign_in("dora").bearer
        assert lab.attempt("dora", ResourceManager.get, lab.other_workspace, old)
        lab.ask("olivia", ResourceManager.delete, lab.other_workspace, owner)
        lab.ask("olivia", ResourceManager.put, lab.other_workspace, owner, "eastus")
        refused(lab, Forbidden, ResourceManager.get, lab.other_workspace, old)
        refused(lab, Forbidden, ResourceManager.get, lab.other_workspace, lab.sign_in("dora").bearer)

    def test_a_deletion_that_fails_leaves_every_assignment(self, lab: Lab, owner: Bearer, dora: str) -> None:
        assign(lab, owner, lab.workspace, "Owner", dora)
        lab.switchboard.down("eastus")
        before = everything(lab)
        assert not lab.attempt("olivia", ResourceManager.delete, lab.workspace, owner)
        assert everything(lab) == before
