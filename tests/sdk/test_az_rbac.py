"""create-for-rbac: what it makes, what it takes over, and what it leaves when it is refused."""

import json
from typing import Any

import pytest

from labkit.authenticators.client_secret import ClientSecret
from labkit.azure import AzureAD, ResourceManager
from labkit.core.errors import Forbidden
from labkit.furniture import CLIENT_ID, CLIENT_SECRET, SUBSCRIPTION
from labkit.identity.errors import WrongClientSecret
from labkit.lab import Lab
from labkit.sdk.az import AzError
from tests.services.state import everything

CREATE = "ad sp create-for-rbac --name ml-auth"
GROUP = f"{SUBSCRIPTION}/resourceGroups/your-resource-group-name"


def create(lab: Lab, line: str = "ad sp create-for-rbac --name app") -> dict[str, Any]:
    made: dict[str, Any] = json.loads(lab.az(line))
    return made


def sign_in(lab: Lab, client_id: str, secret: str) -> Any:
    return lab.ask("app", AzureAD.token, lab.tenant, ClientSecret(client_id, secret)).access_token.bearer


def roles(lab: Lab, client_id: str) -> list[tuple[str, str]]:
    found = json.loads(lab.az(f"role assignment list --all --assignee {client_id}"))
    return [(one["roleDefinitionName"], one["scope"]) for one in found]


class TestMaking:
    def test_a_new_name_makes_everything_anew(self, lab: Lab, capsys: Any) -> None:
        made = create(lab)
        assert list(made) == ["appId", "displayName", "name", "password", "tenant"]
        assert (made["displayName"], made["name"]) == ("app", "http://app")
        assert made["password"].startswith("lab-")
        assert capsys.readouterr().out.splitlines() == [
            'Changing "app" to a valid URI of "http://app", which is the required format used for service '
            "principal names",
            f'Creating a role assignment under the scope of "{SUBSCRIPTION}"',
        ]
        assert roles(lab, made["appId"]) == [("Contributor", SUBSCRIPTION)]
        token = sign_in(lab, made["appId"], made["password"])
        # Nobody has shared these with it: Contributor of everything, in every workspace.
        for workspace in (lab.workspace, lab.other_workspace):
            assert lab.ask("app", ResourceManager.get, workspace, token)

    def test_for_the_sdk_it_is_the_same_in_ten_keys(self, lab: Lab) -> None:
        made = create(lab, "ad sp create-for-rbac --sdk-auth --name app -o tsv --query x")
        assert len(made) == 10
        assert sign_in(lab, made["clientId"], made["clientSecret"])

    def test_a_role_and_scopes_can_be_chosen(self, lab: Lab) -> None:
        made = create(lab, f"ad sp create-for-rbac -n app --role reader --scopes {GROUP} {lab.workspace}")
        assert sorted(roles(lab, made["appId"])) == [("Reader", GROUP), ("Reader", lab.workspace)]

    def test_or_no_role_at_all(self, lab: Lab) -> None:
        lab.az("login -u rita")
        made = create(lab, "ad sp create-for-rbac -n app --skip-assignment")
        token = sign_in(lab, made["appId"], made["password"])
        with pytest.raises(Forbidden):
            lab.ask("app", ResourceManager.get, lab.workspace, token)

    def test_the_secret_lasts_a_year_or_as_many_as_are_asked_for(self, lab: Lab) -> None:
        made = [create(lab, f"ad sp create-for-rbac -n app{n} --years {n}") for n in (1, 2)]
        lab.clock.advance("365d")
        sign_in(lab, made[1]["appId"], made[1]["password"])
        cred = ClientSecret(made[0]["appId"], made[0]["password"])
        assert lab.attempt("app", AzureAD.token, lab.tenant, cred).code == "AADSTS7000222"

    def test_without_a_name_it_takes_the_time(self, lab: Lab) -> None:
        assert create(lab, "ad sp create-for-rbac")["displayName"] == "azure-cli-2020-03-13-09-00-00"

    def test_a_uri_is_a_name_as_it_is(self, lab: Lab, capsys: Any) -> None:
        assert create(lab, "ad sp create-for-rbac -n http://other")["displayName"] == "other"
        assert "Changing" not in capsys.readouterr().out

    def test_it_is_the_same_in_the_same_lab_and_another_in_another(self, lab: Lab) -> None:
        import labkit

        assert create(labkit.start()) == create(lab)
        assert create(labkit.start(seed=1))["password"] != create(labkit.start())["password"]


class TestPatching:
    def test_an_application_of_that_name_is_used_again(self, lab: Lab, capsys: Any) -> None:
        before = {one.client_id for one in lab.directory.applications()}
        create(lab, CREATE)
        assert capsys.readouterr().out.splitlines()[1:] == [
            'Found an existing application instance of "your-client-id". We will patch it',
            f'Creating a role assignment under the scope of "{SUBSCRIPTION}"',
            "  Role assignment already exists.",
            "",
        ]
        assert {one.client_id for one in lab.directory.applications()} == before

    def test_the_second_run_s_secret_takes_the_place_of_the_first(self, lab: Lab) -> None:
        assert create(lab, CREATE)["password"] == CLIENT_SECRET
        sign_in(lab, CLIENT_ID, CLIENT_SECRET)
        second, third = (create(lab, CREATE)["password"] for _ in range(2))
        assert len({CLIENT_SECRET, second, third}) == 3
        sign_in(lab, CLIENT_ID, third)
        for old in (CLIENT_SECRET, second):
            with pytest.raises(WrongClientSecret):
                sign_in(lab, CLIENT_ID, old)

    @pytest.mark.parametrize("who", ["carl", "rita"])
    def test_who_does_not_own_it_gets_no_further(self, lab: Lab, capsys: Any, who: str) -> None:
        lab.az(f"login -u {who}")
        before = everything(lab)
        with pytest.raises(AzError, match="Insufficient privileges to complete the operation") as caught:
            lab.az(CREATE)
        assert caught.value.code == "Authorization_RequestDenied"
        assert everything(lab) == before
        assert "deleted again" not in capsys.readouterr().out
        sign_in(lab, CLIENT_ID, CLIENT_SECRET)

    def test_what_was_deleted_is_another_application_afterwards(self, lab: Lab) -> None:
        lab.az("ad sp delete --id your-client-id")
        made = create(lab, CREATE)
        assert made["appId"] != CLIENT_ID
        assert made["password"] != CLIENT_SECRET
        assert roles(lab, made["appId"]) == [("Contributor", SUBSCRIPTION)]


class TestRefused:
    @pytest.mark.parametrize("who", ["carl", "rita"])
    def test_it_gets_as_far_as_the_role_assignment(self, lab: Lab, capsys: Any, who: str) -> None:
        lab.az(f"login -u {who}")
        before = everything(lab)
        lab.trace.clear()
        with pytest.raises(AzError) as caught:
            create(lab)
        error = caught.value
        assert error.message == (
            f"The client '{who}@contoso.example' with object id '{lab.people[who].object_id}' does not have "
            "authorization to perform action 'Microsoft.Authorization/roleAssignments/write' over scope "
            "'/subscriptions/your-sub-id' or the scope is invalid. If access was recently granted, please "
            "refresh your credentials."
        )
        assert (error.code, error.exit_code) == ("AuthorizationFailed", 1)
        changes = [one.operation for one in lab.trace if not one.operation.startswith(("List", "Get"))]
        assert changes == [
            *("Create application", "Update application", "Create service principal"),
            *("Create role assignment", "Delete application"),
        ]
        said = capsys.readouterr().out
        assert "  Role assignment creation failed.\n" in said
        assert "Created until then and deleted again: application " in said
        assert "lab-" not in said + str(error)
        assert everything(lab) == before

    def test_assignments_made_before_it_go_too(self, lab: Lab, capsys: Any) -> None:
        before = everything(lab)
        with pytest.raises(AzError, match="could not be found"):
            create(lab, f"ad sp create-for-rbac -n app --scopes {GROUP} {SUBSCRIPTION}/resourceGroups/none")
        assert "deleted again: role assignment" in capsys.readouterr().out
        assert everything(lab)["applications"] == before["applications"]
        assert everything(lab)["access"][0] == before["access"][0]

    def test_an_unknown_role_is_refused_and_nothing_stays(self, lab: Lab) -> None:
        before = everything(lab)
        with pytest.raises(AzError, match="Role 'king' doesn't exist"):
            create(lab, "ad sp create-for-rbac -n app --role king")
        assert everything(lab) == before

    def test_of_one_s_own_application_the_secret_is_lost(self, lab: Lab, capsys: Any) -> None:
        lab.az("login -u carl")
        made = create(lab, "ad sp create-for-rbac -n app --skip-assignment")
        with pytest.raises(AzError):
            create(lab)
        assert f"The application {made['appId']} was there before and stays." in capsys.readouterr().out
        with pytest.raises(WrongClientSecret):
            sign_in(lab, made["appId"], made["password"])

    def test_where_members_may_not_register_it_says_where_to_read_on(self, lab: Lab) -> None:
        lab.directory.members_may_register = False
        with pytest.raises(AzError, match="Directory permission is needed") as caught:
            create(lab)
        assert "Original error: Insufficient privileges" in caught.value.message
        assert caught.value.advice

    @pytest.mark.parametrize("name", ["'a b'", "' '", "é", "x" * 300, "http://", "'http://a\nb'"])
    def test_what_is_no_name_is_refused(self, lab: Lab, name: str) -> None:
        before = everything(lab)
        with pytest.raises(AzError):
            lab.az(f"ad sp create-for-rbac --name {name}")
        assert everything(lab) == before

    @pytest.mark.parametrize("years", ["0", "-1", "101", "9" * 500])
    def test_what_is_no_lifetime_leaves_nothing(self, lab: Lab, years: str) -> None:
        before = everything(lab)
        with pytest.raises(AzError):
            lab.az(f"ad sp create-for-rbac --name app --years={years}")
        assert everything(lab) == before
