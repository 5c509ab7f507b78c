"""`az role`: assignments and definitions."""

import json
from pathlib import Path
from typing import Any

import pytest

from labkit.furniture import GROUPS, SUBSCRIPTION
from labkit.lab import Lab
from labkit.sdk.az import AzError
from tests.services.state import everything

ASSIGNMENT = [
    *("canDelegate", "id", "name", "principalId", "principalName", "principalType"),
    *("roleDefinitionId", "roleDefinitionName", "scope", "type"),
]
ROLE = {
    "Name": "Data Scientist",
    "IsCustom": True,
    "Description": "Can run experiments.",
    "Actions": ["Microsoft.MachineLearningServices/workspaces/*"],
    "NotActions": ["Microsoft.MachineLearningServices/workspaces/delete"],
    "AssignableScopes": [SUBSCRIPTION],
}


def ask(lab: Lab, line: str) -> Any:
    return json.loads(lab.az(line))


def refused(lab: Lab, line: str) -> AzError:
    before = everything(lab)
    with pytest.raises(AzError) as caught:
        lab.az(line)
    assert everything(lab) == before
    return caught.value


def define(role: Any) -> str:
    return f"role definition create --role-definition '{role if type(role) is str else json.dumps(role)}'"


class TestAssignments:
    def test_they_are_listed_with_names_and_types(self, lab: Lab) -> None:
        found = ask(lab, "role assignment list")
        assert all(list(one) == ASSIGNMENT for one in found)
        names = {(one["principalName"], one["principalType"], one["roleDefinitionName"]) for one in found}
        assert ("olivia@contoso.example", "User", "Owner") in names
        assert ("http://ml-auth", "ServicePrincipal", "Contributor") in names
        assert {one["scope"] for one in found} == {SUBSCRIPTION}

    def test_those_of_a_scope_alone_unless_inherited_ones_are_wanted(self, lab: Lab) -> None:
        own = ask(lab, f"role assignment list -g {GROUPS[0]}")
        with_above = ask(lab, f"role assignment list -g {GROUPS[0]} --include-inherited")
        everywhere = ask(lab, "role assignment list --all")
        assert {one["scope"] for one in own} == {f"{SUBSCRIPTION}/resourceGroups/{GROUPS[0]}"}
        assert len(own) < len(with_above) < len(everywhere)
        assert len(everywhere) == len(list(lab.parts.access.roles))

    def test_who_was_deleted_has_no_name(self, lab: Lab) -> None:
        carl = lab.directory.user("carl")
        assert carl is not None
        lab.directory.remove_user(carl)
        found = ask(lab, f"role assignment list -g {GROUPS[0]}")
        [one] = [one for one in found if one["principalId"] == carl.object_id]
        assert (one["principalName"], one["principalType"]) == ("", None)

    @pytest.mark.parametrize(
        "assignee", ["--assignee carl@contoso.example", "--assignee {id}", "--assignee-object-id {id}"]
    )
    def test_a_role_is_given_and_taken_back(self, lab: Lab, assignee: str) -> None:
        who = assignee.format(id=lab.people["carl"].object_id)
        made = ask(lab, f"role assignment create --role owner {who}")
        assert list(made) == [
            name for name in ASSIGNMENT if name not in ("principalName", "roleDefinitionName")
        ]
        assert made["roleDefinitionId"].startswith(
            f"{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDef"
        )
        assert ask(lab, f"role assignment create --role Owner {who}") == made
        assert lab.az("role assignment delete --assignee carl@contoso.example --role Owner") == ""
        assert ask(lab, "role assignment list --assignee carl@contoso.example") == []

    def test_a_client_id_is_looked_up(self, lab: Lab) -> None:
        made = ask(lab, f"role assignment create --role reader --assignee your-client-id -g {GROUPS[0]}")
        assert made["principalId"] == "your-sp-object-id"
        lab.az(f"role assignment delete --ids {made['id']}")
        assert refused(lab, f"role assignment delete --ids {made['id']}").code == "RoleAssignmentNotFound"

    @pytest.mark.parametrize(
        ("line", "says"),
        [
            ("create --role owner", "usage error: --assignee STRING | --assignee-object-id GUID"),
            (
                "create --role owner --assignee nobody",
                "Cannot find user or service principal in graph database",
            ),
            (
                "create --role owner --assignee nobody@x.example",
                "Cannot find user or service principal in graph",
            ),
            (
                "create --role owner --assignee-object-id nobody",
                "Principal nobody does not exist in the directory",
            ),
            ("create --role king --assignee your-client-id", "Role 'king' doesn't exist."),
            (
                "create --role owner --assignee your-client-id -g none",
                "Resource group 'none' could not be found.",
            ),
            (
                "create --role owner --assignee your-client-id --scope x",
                "Resource Manager does not serve this.",
            ),
            ("create --assignee your-client-id", "the following arguments are required: --role"),
            ("list -g a --scope b", "Resource group 'a' is redundant because scope is supplied"),
            ("list --all -g a", "group or scope are not required when --all is used"),
            ("delete", "Unable to prompt for confirmation as no tty available. Use --yes."),
            ("delete --ids x --role owner", "When assignment ids are used, other parameter values are not"),
            ("delete --assignee carl@contoso.example", "No matched assignments were found to delete"),
            ("delete --role king", "No matched assignments were found to delete"),
        ],
    )
    def test_what_cannot_be_is_said_as_az_says_it(self, lab: Lab, line: str, says: str) -> None:
        assert says in refused(lab, f"role assignment {line}").message

    def test_who_may_not_assign_is_told_so(self, lab: Lab) -> None:
        lab.az("login -u carl")
        error = refused(
            lab, f"role assignment create --role reader --assignee rita@contoso.example -g {GROUPS[0]}"
        )
        assert "perform action 'Microsoft.Authorization/roleAssignments/write'" in error.message
        refused(lab, "role assignment list")
        assert ask(lab, f"role assignment list -g {GROUPS[0]}")

    def test_in_columns_for_a_shell(self, lab: Lab) -> None:
        lines = lab.az("role assignment list -o tsv --query [].principalId").splitlines()
        assert "your-sp-object-id" in lines


class TestDefinitions:
    def test_a_built_in_role_in_az_s_shape(self, lab: Lab) -> None:
        [found] = ask(lab, "role definition list --name Contributor")
        assert found["roleType"] == "BuiltInRole"
        assert found["permissions"][0]["actions"] == ["*"]
        assert found["id"].endswith(f"/roleDefinitions/{found['name']}")
        assert [found] == ask(lab, f"role definition list -n {found['name']}")
        assert ask(lab, "role definition list --custom-role-only") == []

    def test_a_custom_role_is_made_given_and_deleted(self, lab: Lab) -> None:
        made = ask(lab, define(ROLE))
        assert made["roleType"] == "CustomRole"
        assert made["assignableScopes"] == [SUBSCRIPTION]
        assert [made] == ask(lab, "role definition list --custom-role-only")
        lab.az("extension add -n azure-cli-ml")
        share = "ml workspace share -w ml-example -g your-resource-group-name --role 'Data Scientist'"
        lab.az(f"{share} --user rita@contoso.example")
        assert (
            refused(lab, "role definition delete -n 'Data Scientist'").code == "RoleDefinitionHasAssignments"
        )
        lab.az(f"role assignment delete --role 'Data Scientist' --scope {lab.workspace}")
        lab.az("role definition delete --name 'Data Scientist'")
        assert ask(lab, "role definition list --custom-role-only") == []

    @pytest.mark.parametrize("mark", ["", "@"])
    def test_from_a_file(self, lab: Lab, tmp_path: Path, mark: str) -> None:
        (tmp_path / "role.json").write_text(json.dumps(ROLE | {"Id": "x"}, indent=2), "utf-8")
        made = ask(lab, f"role definition create --role-definition {mark}{tmp_path / 'role.json'}")
        assert made["roleName"] == "Data Scientist"

    def test_a_built_in_one_is_not_changed_by_naming_its_id(self, lab: Lab) -> None:
        id = lab.access.role("Owner").id
        assert ask(lab, define(ROLE | {"Id": id}))["name"] != id

    @pytest.mark.parametrize(
        ("role", "says"),
        [
            ("no.json", "Failed to parse string as JSON: 'no.json'"),
            ("{", "Failed to parse string as JSON"),
            ("[" * 20_000, "Failed to parse string as JSON"),
            ("[]", "Invalid role definition. A valid dictionary JSON representation is expected."),
            ("{}", "please provide role name"),
            ({"Name": "x"}, "please provide 'assignableScopes'"),
            ({"Name": "x", "AssignableScopes": "x"}, "please provide 'assignableScopes'"),
            (ROLE | {"AssignableScopes": [5]}, "Resource Manager does not serve this."),
            (ROLE | {"Actions": ["x/y"]}, "x/y"),
            (ROLE | {"Nonsense": 1}, "A role definition has no such part."),
            (ROLE | {"Name": "Owner"}, "A role of this name exists in the tenant."),
        ],
    )
    def test_what_is_no_role_is_refused(self, lab: Lab, role: Any, says: str) -> None:
        assert says in refused(lab, define(role)).message

    def test_a_contributor_makes_none(self, lab: Lab) -> None:
        lab.az("login -u carl")
        assert refused(lab, define(ROLE)).code == "AuthorizationFailed"
