"""Roles over HTTP, in the shape that Azure's REST reference gives them."""

from typing import Any

import pytest

from labkit.lab import Lab
from tests.services.state import everything
from tests.wire.conftest import Arm

PROVIDER = "/providers/Microsoft.Authorization"
CONTRIBUTOR = "b24988ac-6180-42a0-ab88-20f7382dd24c"
READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
GUID = "11111111-2222-3333-4444-555555555555"
ROLE = {
    "roleName": "Data Scientist",
    "description": "Runs, and no compute.",
    "assignableScopes": ["/subscriptions/your-sub-id"],
    "permissions": [
        {
            "actions": ["Microsoft.MachineLearningServices/workspaces/*/read"],
            "notActions": ["Microsoft.MachineLearningServices/workspaces/delete"],
        }
    ],
}


def assignment(principal_id: str, role: str = CONTRIBUTOR) -> dict[str, Any]:
    role = f"/subscriptions/your-sub-id{PROVIDER}/roleDefinitions/{role}"
    return {"properties": {"roleDefinitionId": role, "principalId": principal_id}}


def at(lab: Lab, end: str, scope: str = "") -> str:
    return f"{scope or lab.workspace}{PROVIDER}/{end}"


class TestAssignments:
    def test_one_is_made_read_listed_and_deleted(self, attached: Lab, arm: Arm) -> None:
        dora = attached.hire("dora")
        assert arm("GET", attached.workspace, who="dora").status_code == 403
        path = at(attached, f"roleAssignments/{GUID}")
        made = arm("PUT", path, assignment(dora.object_id))
        assert made.status_code == 201
        shown = made.json()
        assert shown["id"] == path
        assert (shown["name"], shown["type"]) == (GUID, "Microsoft.Authorization/roleAssignments")
        assert shown["properties"] == {
            "roleDefinitionId": f"/subscriptions/your-sub-id{PROVIDER}/roleDefinitions/{CONTRIBUTOR}",
            "principalId": dora.object_id,
            "scope": attached.workspace,
        }
        assert arm("PUT", path, assignment(dora.object_id)).json() == shown
        assert arm("GET", path.upper().replace("%", "")).json() == shown
        assert shown in arm("GET", at(attached, "roleAssignments")).json()["value"]
        assert arm("GET", attached.workspace, who="dora").status_code == 200
        assert arm("DELETE", path).json() == shown
        gone = arm("GET", path)
        assert (gone.status_code, gone.json()["error"]["code"]) == (404, "RoleAssignmentNotFound")
        assert arm("DELETE", path).status_code == 404

    def test_a_list_has_what_lies_above_and_below(self, attached: Lab, arm: Arm) -> None:
        dora = attached.hire("dora")
        arm("PUT", at(attached, f"roleAssignments/{GUID}"), assignment(dora.object_id))

        def listed(filter: str) -> set[str]:
            params = {"api-version": "1", **({"$filter": filter} if filter else {})}
            answer = arm("GET", at(attached, "roleAssignments", attached.resource_group), params=params)
            return {one["properties"]["principalId"] for one in answer.json()["value"]}

        olivia, carl = attached.people["olivia"].object_id, attached.people["carl"].object_id
        assert {olivia, carl, dora.object_id} <= listed("")
        assert listed(f"principalId eq '{carl}'") == {carl}
        assert {olivia, carl} <= listed("atScope()")
        assert dora.object_id not in listed("atScope()")

    @pytest.mark.parametrize("filter", ["x", "assignedTo('x')", "principalId eq x", "principalId ne 'x'"])
    def test_a_filter_that_the_lab_does_not_know(self, attached: Lab, arm: Arm, filter: str) -> None:
        params = {"api-version": "1", "$filter": filter}
        answer = arm("GET", at(attached, "roleAssignments"), params=params)
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "InvalidFilter")

    def test_a_contributor_gives_no_roles(self, attached: Lab, arm: Arm) -> None:
        carl = attached.people["carl"].object_id
        before = everything(attached)
        answer = arm("PUT", at(attached, f"roleAssignments/{GUID}"), assignment(carl), who="carl")
        error = answer.json()["error"]
        assert (answer.status_code, error["code"]) == (403, "AuthorizationFailed")
        assert "Microsoft.Authorization/roleAssignments/write" in error["message"]
        assert everything(attached) == before

    @pytest.mark.parametrize(
        ("body", "status", "code"),
        [
            ({}, 400, "InvalidRequestContent"),
            ({"properties": {}}, 400, "InvalidRequestContent"),
            ({"properties": {"roleDefinitionId": 7, "principalId": "x"}}, 400, "InvalidRequestContent"),
            (assignment("nobody"), 400, "PrincipalNotFound"),
            (assignment("your-sp-object-id", "no-such-role"), 404, "RoleDefinitionDoesNotExist"),
            ([], 400, "InvalidRequestContent"),
        ],
    )
    def test_a_wrong_body(self, attached: Lab, arm: Arm, body: Any, status: int, code: str) -> None:
        before = everything(attached)
        answer = arm("PUT", at(attached, f"roleAssignments/{GUID}"), body)
        assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
        assert everything(attached) == before

    def test_a_name_that_is_no_guid(self, attached: Lab, arm: Arm) -> None:
        answer = arm("PUT", at(attached, "roleAssignments/mine"), assignment("your-sp-object-id", READER))
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "InvalidRoleAssignmentId")

    def test_another_verb(self, attached: Lab, arm: Arm) -> None:
        for verb, end in (("POST", "roleAssignments"), ("PATCH", f"roleDefinitions/{READER}")):
            assert arm(verb, at(attached, end)).status_code == 405


class TestDefinitions:
    def test_a_custom_role_is_made_changed_assigned_and_deleted(self, attached: Lab, arm: Arm) -> None:
        path = at(attached, f"roleDefinitions/{GUID}", attached.subscription)
        made = arm("PUT", path, {"properties": ROLE})
        assert made.status_code == 201
        shown = made.json()
        assert (shown["id"], shown["name"]) == (path, GUID)
        assert shown["type"] == "Microsoft.Authorization/roleDefinitions"
        given = {**ROLE["permissions"][0], "dataActions": [], "notDataActions": []}  # type: ignore[dict-item]
        assert shown["properties"] == {**ROLE, "type": "CustomRole", "permissions": [given]}
        assert arm("GET", path).json() == shown
        changed = arm("PUT", path, {"properties": {**ROLE, "description": "Less."}}).json()
        assert (changed["name"], changed["properties"]["description"]) == (GUID, "Less.")
        dora = attached.hire("dora")
        held = at(attached, f"roleAssignments/{GUID}")
        assert arm("PUT", held, assignment(dora.object_id, GUID)).status_code == 201
        assert arm("GET", attached.workspace, who="dora").status_code == 200
        assert arm("DELETE", path).json()["error"]["code"] == "RoleDefinitionHasAssignments"
        assert arm("DELETE", held).status_code == 200
        assert arm("DELETE", path).status_code == 204
        gone = arm("GET", path)
        assert (gone.status_code, gone.json()["error"]["code"]) == (404, "RoleDefinitionDoesNotExist")

    def test_a_role_is_found_by_its_name(self, attached: Lab, arm: Arm) -> None:
        params = {"api-version": "1", "$filter": "roleName eq 'contributor'"}
        [one] = arm("GET", at(attached, "roleDefinitions"), params=params).json()["value"]
        assert (one["name"], one["properties"]["type"]) == (CONTRIBUTOR, "BuiltInRole")
        assert "Microsoft.Authorization/*/Write" in one["properties"]["permissions"][0]["notActions"]

    def test_all_of_them(self, attached: Lab, arm: Arm) -> None:
        all_of_them = arm("GET", at(attached, "roleDefinitions")).json()["value"]
        assert {one["properties"]["roleName"] for one in all_of_them} >= {"Owner", "Contributor", "Reader"}

    @pytest.mark.parametrize(
        ("change", "code"),
        [
            ({"permissions": []}, "InvalidRequestContent"),
            ({"permissions": [7]}, "InvalidRequestContent"),
            ({"permissions": [{}, {}]}, "InvalidRequestContent"),
            ({"roleName": None}, "RoleDefinitionNameNullOrEmpty"),
            ({"roleName": "Reader"}, "RoleDefinitionWithSameNameExists"),
            ({"assignableScopes": []}, "MissingAssignableScopes"),
            ({"permissions": [{"actions": ["no/such/action"]}]}, "InvalidActionOrNotAction"),
        ],
    )
    def test_a_wrong_role(self, attached: Lab, arm: Arm, change: dict[str, Any], code: str) -> None:
        before = everything(attached)
        path = at(attached, f"roleDefinitions/{GUID}", attached.subscription)
        answer = arm("PUT", path, {"properties": {**ROLE, **change}})
        assert (answer.status_code // 100, answer.json()["error"]["code"]) == (4, code)
        assert everything(attached) == before

    @pytest.mark.parametrize(
        ("name", "code"), [("mine", "InvalidRoleDefinition"), (READER, "RoleDefinitionExists")]
    )
    def test_a_name_that_cannot_be_had(self, attached: Lab, arm: Arm, name: str, code: str) -> None:
        path = at(attached, f"roleDefinitions/{name}", attached.subscription)
        assert arm("PUT", path, {"properties": ROLE}).json()["error"]["code"] == code
