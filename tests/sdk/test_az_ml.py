"""`az ml workspace`, and `az ad` beside create-for-rbac."""

import json
from typing import Any

import pytest

from labkit.azure import Authorization, Blueprints, ResourceManager
from labkit.core.errors import Forbidden
from labkit.furniture import CLIENT_ID
from labkit.lab import Lab
from labkit.sdk.az import AzError
from tests.services.state import everything

WS = "-w your-workspace-name -g your-resource-group-name"


@pytest.fixture
def az(lab: Lab) -> Lab:
    lab.az("extension add -n azure-cli-ml")
    lab.az("account show")
    return lab


def refused(lab: Lab, line: str) -> AzError:
    before = everything(lab)
    with pytest.raises(AzError) as caught:
        lab.az(line)
    assert everything(lab) == before
    return caught.value


class TestShare:
    def test_it_opens_one_workspace_and_no_other(self, az: Lab) -> None:
        az.az("role assignment delete --assignee your-client-id")
        token = az.sign_in(CLIENT_ID).bearer
        with pytest.raises(Forbidden):
            az.ask("app", ResourceManager.get, az.other_workspace, token)
        assert az.az(f"ml workspace share {WS} --user your-sp-object-id --role owner") == ""
        fresh = az.sign_in(CLIENT_ID).bearer
        assert az.ask("app", ResourceManager.get, az.other_workspace, fresh)
        with pytest.raises(Forbidden):
            az.ask("app", ResourceManager.get, az.workspace, fresh)

    @pytest.mark.parametrize("user", ["your-client-id", "http://ml-auth"])
    def test_a_client_id_is_no_object_id(self, az: Lab, user: str) -> None:
        error = refused(az, f"ml workspace share {WS} --user {user} --role owner")
        assert error.message == f"Principal {user} does not exist in the directory your-tenant-id."
        assert error.code == "PrincipalNotFound"
        assert f"az ad sp show --id {user} --query objectId" in error.advice

    def test_somebody_unknown_is_unknown(self, az: Lab) -> None:
        error = refused(az, f"ml workspace share {WS} --user nobody --role owner")
        assert "a client id is not an object id" in error.advice
        assert "Cannot find user" in refused(az, f"ml workspace share {WS} --user a@b.c --role owner").message

    def test_a_person_is_shared_with_by_name(self, az: Lab) -> None:
        az.az(f"ml workspace share {WS} --user rita@contoso.example --role contributor")
        error = refused(az, f"ml workspace share {WS} --user rita@contoso.example --role contributor")
        assert error.message == "The role assignment already exists."

    @pytest.mark.parametrize(
        ("line", "says"),
        [
            (f"{WS} --user x", "the following arguments are required: --role"),
            ("--user x --role y", "required: --workspace-name/-w, --resource-group/-g"),
            (
                "-w none -g your-resource-group-name --user x --role owner",
                "workspaces/none' under resource group",
            ),
            (f"{WS} --user your-sp-object-id --role king", "Role 'king' doesn't exist."),
            (f"{WS} --user your-sp-object-id --role ''", "Role '' doesn't exist."),
            ("-w '' -g '' --user your-sp-object-id --role owner", "That is not a scope."),
            ("-w a/b -g c --user your-sp-object-id --role owner", "That is not a scope."),
        ],
    )
    def test_what_cannot_be_is_refused(self, az: Lab, line: str, says: str) -> None:
        assert says in refused(az, f"ml workspace share {line}").message

    def test_a_contributor_shares_nothing(self, az: Lab) -> None:
        az.az("login -u carl")
        error = refused(az, f"ml workspace share {WS} --user your-sp-object-id --role owner")
        assert error.code == "AuthorizationFailed"
        assert error.message.startswith("The client 'carl@contoso.example' with object id '")


class TestLooking:
    def test_everybody_sees_what_they_may_read(self, az: Lab) -> None:
        assert len(json.loads(az.az("ml workspace list"))) == 3
        assert len(json.loads(az.az("ml workspace list -g your-resource-group-id"))) == 1
        az.hire("nora")
        nora, owner = az.people["nora"].object_id, az.sign_in("olivia").bearer
        az.ask("olivia", Authorization.assign, az.workspace, owner, "reader", nora)
        az.az("login -u nora")
        assert json.loads(az.az("ml workspace list")) == [
            {
                "resourceGroup": "your-resource-group-name",
                "subscriptionId": "your-sub-id",
                "workspaceName": "ml-example",
            }
        ]
        assert "workspaces/read'" in refused(az, f"ml workspace show {WS}").message
        assert json.loads(az.az("account list"))[0]["id"] == "your-sub-id"

    def test_resource_manager_knows_guests_as_their_roles_have_it(self, az: Lab) -> None:
        az.az("login -u gita")
        assert len(json.loads(az.az("ml workspace list"))) == 3
        assert "Insufficient privileges" in refused(az, "ad sp show --id your-client-id").message

    def test_a_workspace_with_what_it_depends_on(self, az: Lab) -> None:
        shown = json.loads(az.az("ml workspace show -w ML-example -g your-resource-group-name"))
        assert shown["id"] == az.workspace
        assert shown["keyVault"] == az.vault
        assert shown["storageAccount"] == az.storage
        assert shown["identityType"] == "SystemAssigned"
        assert az.az(f"ml workspace show {WS} --query location -o tsv") == "eastus"
        error = refused(az, "ml workspace show -w none -g none")
        assert error.message == (
            "The Resource 'Microsoft.MachineLearningServices/workspaces/none' under resource group 'none' "
            "was not found."
        )

    def test_a_deny_assignment_is_named_as_the_reason(self, az: Lab) -> None:
        token = az.sign_in("olivia").bearer
        group = f"{az.subscription}/resourceGroups/your-resource-group-name"
        az.ask("olivia", Blueprints.assign, az.subscription, token, "b", group, "AllResourcesReadOnly")
        error = refused(az, f"ml workspace share {WS} --user your-sp-object-id --role owner")
        assert error.message.endswith("however, the access is denied because of a deny assignment.")


class TestDirectory:
    def test_a_service_principal_by_each_of_its_names(self, az: Lab) -> None:
        texts = {
            az.az(f"ad sp show --id {id}") for id in ("your-client-id", "http://ml-auth", "your-sp-object-id")
        }
        assert len(texts) == 1
        assert az.az("ad sp show --id your-client-id --query objectId -o tsv") == "your-sp-object-id"

    @pytest.mark.parametrize("id", ["nobody", "ml-auth", "''", "your-client-id,your-sp-object-id"])
    def test_nobody_else_is_shown(self, az: Lab, id: str) -> None:
        assert "doesn't exist" in refused(az, f"ad sp show --id {id}").message

    def test_a_user_is_no_service_principal(self, az: Lab) -> None:
        id = az.people["carl"].object_id
        assert "doesn't exist" in refused(az, f"ad sp show --id {id}").message
        assert json.loads(az.az(f"ad user show --id {id}"))["userPrincipalName"] == "carl@contoso.example"
        assert json.loads(az.az("ad user show --id carl@contoso.example"))["objectId"] == id
        assert (
            "does not exist or one of its queried"
            in refused(az, "ad user show --id your-sp-object-id").message
        )

    def test_who_am_i(self, az: Lab) -> None:
        az.az("login -u rita")
        assert json.loads(az.az("ad signed-in-user show"))["objectId"] == az.people["rita"].object_id

    def test_a_list_by_the_beginning_of_the_name(self, az: Lab) -> None:
        assert len(json.loads(az.az("ad sp list"))) > 2
        assert az.az("ad sp list --display-name ml-a --query [].appId -o tsv") == "your-client-id"

    def test_deleting_takes_roles_and_application_along(self, az: Lab, capsys: Any) -> None:
        az.az("ad sp delete --id http://ml-auth")
        assert capsys.readouterr().out == "Removing role assignments\n"
        assert az.directory.application(CLIENT_ID) is None
        assert az.directory.principal("your-sp-object-id") is None
        assert "your-sp-object-id" not in az.az("role assignment list --all")

    def test_what_is_somebody_else_s_stays(self, az: Lab) -> None:
        az.az("login -u carl")
        refused(az, "ad sp delete --id your-client-id")
