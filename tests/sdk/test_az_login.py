"""Who is logged in to az: people, applications, nobody; and how long that lasts."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest

from labkit.azure import Authorization
from labkit.furniture import CLIENT_ID, CLIENT_SECRET
from labkit.lab import Lab
from labkit.sdk.az import AzError
from labkit.wire import routes
from labkit.wire.message import Request

AS_APPLICATION = "login --service-principal -u {} -p {} --tenant {}"


def who(lab: Lab) -> str:
    return str(json.loads(lab.az("account show"))["user"]["name"])


def refused(lab: Lab, line: str) -> AzError:
    with pytest.raises(AzError) as caught:
        lab.az(line)
    return caught.value


class TestPeople:
    def test_a_new_lab_is_the_shell_of_its_administrator(self, lab: Lab) -> None:
        shown = json.loads(lab.az("account show"))
        assert shown == {
            "environmentName": "AzureCloud",
            "id": "your-sub-id",
            "isDefault": True,
            "name": "your-sub-id",
            "state": "Enabled",
            "tenantId": "your-tenant-id",
            "user": {"name": "olivia@contoso.example", "type": "user"},
        }

    def test_nobody_is_signed_in_before_it_is_needed(self, lab: Lab) -> None:
        lab.az("extension list")
        assert len(lab.trace) == 0

    @pytest.mark.parametrize("name", ["carl", "CARL", "carl@contoso.example", "rita", "gita"])
    def test_a_person_types_their_password(self, lab: Lab, name: str) -> None:
        [shown] = json.loads(lab.az(f"login -u {name}"))
        assert shown["cloudName"] == "AzureCloud"
        assert shown["user"]["name"] == who(lab)
        assert who(lab).lower().startswith(name.lower().partition("@")[0])

    def test_or_gives_it_on_the_line(self, lab: Lab) -> None:
        lab.az(f"login -u carl -p {lab.people['carl'].password}")
        assert who(lab) == "carl@contoso.example"

    @pytest.mark.parametrize(
        ("line", "code"),
        [
            ("login -u carl -p wrong", "AADSTS50126"),
            ("login -u carl -p ''", "AADSTS50126"),
            ("login -u nobody -p x", "AADSTS50034"),
            ("login -u nobody", "AADSTS50034"),
            ("login -u carl --tenant nowhere", "AADSTS90002"),
            ("login --tenant nowhere", "AADSTS90002"),
            (AS_APPLICATION.format(CLIENT_ID, "wrong", "your-tenant-id"), "AADSTS7000215"),
            (AS_APPLICATION.format("nobody", CLIENT_SECRET, "your-tenant-id"), "AADSTS700016"),
            (AS_APPLICATION.format(CLIENT_ID, CLIENT_SECRET, "partner-tenant-id"), "AADSTS700016"),
            (AS_APPLICATION.format(CLIENT_ID, CLIENT_SECRET, "nowhere"), "AADSTS90002"),
        ],
    )
    def test_a_wrong_login_leaves_the_right_one(self, lab: Lab, line: str, code: str) -> None:
        lab.az("login -u rita")
        error = refused(lab, line)
        assert error.code == code
        assert code in error.message
        assert "http error: 40" in error.message
        assert who(lab) == "rita@contoso.example"

    @pytest.mark.parametrize(
        ("client", "secret", "tenant", "error"),
        [
            (CLIENT_ID, "wrong", "your-tenant-id", "invalid_client"),
            ("nobody", CLIENT_SECRET, "your-tenant-id", "unauthorized_client"),
            (CLIENT_ID, CLIENT_SECRET, "partner-tenant-id", "unauthorized_client"),
            (CLIENT_ID, CLIENT_SECRET, "nowhere", "invalid_request"),
        ],
    )
    def test_az_repeats_what_azure_ad_answers_over_http(
        self, lab: Lab, client: str, secret: str, tenant: str, error: str
    ) -> None:
        said = refused(lab, AS_APPLICATION.format(client, secret, tenant))
        form = {"grant_type": "client_credentials", "client_id": client, "client_secret": secret}
        body = urlencode({**form, "resource": "https://management.azure.com/"}).encode()
        url = f"https://login.microsoftonline.com/{tenant}/oauth2/token"
        answer = routes.answer(lab, Request.to("POST", url, {}, body))
        assert answer is not None
        told = json.loads(answer.body)
        printed = json.loads(said.message.partition("server response: ")[2])
        assert f"http error: {answer.status} " in said.message
        assert printed["error"] == told["error"] == error
        assert printed["error_codes"] == told["error_codes"]

    @pytest.mark.parametrize(
        "line", ["login -p x", "login --service-principal", "login --service-principal -u x -p y"]
    )
    def test_half_a_login_is_none(self, lab: Lab, line: str) -> None:
        assert refused(lab, line).message.startswith("az login: error: usage error:")

    def test_in_a_browser_with_a_code(self, lab: Lab, capsys: Any) -> None:
        lab.az("login")
        said = capsys.readouterr().out
        assert said.startswith(
            "To sign in, use a web browser to open the page https://microsoft.com/devicelogin"
        )
        assert [one.operation for one in lab.trace][:3] == [
            *("Get device code", "Approve device code", "Get token")
        ]

    def test_a_second_factor_is_for_the_browser(self, lab: Lab) -> None:
        lab.directory.mfa_required = True
        assert refused(lab, "login -u carl").code == "AADSTS50076"
        lab.az("login")
        assert lab.sign_in("olivia", second_factor=True)
        assert who(lab) == "olivia@contoso.example"

    def test_somebody_without_a_role_sees_no_subscription(self, lab: Lab) -> None:
        lab.hire("nora")
        error = refused(lab, "login -u nora")
        assert error.message.startswith("No subscriptions were found for 'nora@contoso.example'.")
        assert lab.az("login -u nora --allow-no-subscriptions") == "[]"
        assert refused(lab, "account show").message == "No subscription found."
        assert json.loads(lab.az("ad sp show --id your-client-id"))["objectId"] == "your-sp-object-id"

    def test_the_partner_s_tenant_has_no_subscription_here(self, lab: Lab) -> None:
        assert "No subscriptions" in refused(lab, "login -u gita --tenant partner-tenant-id").message


class TestApplications:
    def test_with_id_and_secret(self, lab: Lab) -> None:
        [shown] = json.loads(lab.az(AS_APPLICATION.format(CLIENT_ID, CLIENT_SECRET, lab.tenant)))
        assert shown["user"] == {"name": CLIENT_ID, "type": "servicePrincipal"}

    def test_without_any_role_left_it_sees_nothing(self, lab: Lab) -> None:
        lab.az("role assignment delete --assignee your-client-id")
        line = AS_APPLICATION.format(CLIENT_ID, CLIENT_SECRET, lab.tenant)
        assert "No subscriptions were found for 'your-client-id'." in refused(lab, line).message

    def test_it_knows_nothing_of_the_directory(self, lab: Lab) -> None:
        lab.az(AS_APPLICATION.format(CLIENT_ID, CLIENT_SECRET, lab.tenant))
        for line in (
            "ad sp show --id your-client-id",
            "ad signed-in-user show",
            "ad sp create-for-rbac --name x",
        ):
            assert "Insufficient privileges to complete the operation." in refused(lab, line).message
        [first, *_] = json.loads(lab.az("role assignment list"))
        assert "principalName" not in first
        assert first["roleDefinitionName"] == "Owner"


class TestSession:
    def test_it_goes_on_when_its_token_has_expired(self, lab: Lab) -> None:
        for line in ("login -u carl", AS_APPLICATION.format(CLIENT_ID, CLIENT_SECRET, lab.tenant)):
            lab.az(line)
            lab.clock.advance("3h")
            lab.az("role definition list -g your-resource-group-name --name Reader")
            assert lab.trace[-1].outcome == "ok"

    def test_it_ends_when_the_secret_was_changed(self, lab: Lab) -> None:
        lab.az(AS_APPLICATION.format(CLIENT_ID, CLIENT_SECRET, lab.tenant))
        application = lab.directory.application(CLIENT_ID)
        assert application is not None
        application.secrets.clear()
        lab.az("role definition list --name Reader")
        lab.clock.advance("1h")
        assert refused(lab, "role definition list --name Reader").code == "AADSTS7000215"

    def test_it_ends_with_the_password(self, lab: Lab) -> None:
        lab.az("login -u carl")
        carl = lab.directory.user("carl")
        assert carl is not None
        lab.directory.set_password(carl, "another")
        lab.clock.advance("1h")
        assert refused(lab, "role definition list -g your-resource-group-name").code == "AADSTS50173"

    def test_a_new_login_sees_new_roles_at_once(self, lab: Lab) -> None:
        lab.az("login -u rita")
        refused(lab, "role definition list")
        token = lab.sign_in("olivia").bearer
        rita = lab.people["rita"].object_id
        lab.ask("olivia", Authorization.assign, lab.subscription, token, "reader", rita)
        assert "please refresh your credentials" in refused(lab, "role definition list").message
        lab.az("login -u rita")
        lab.az("role definition list")

    def test_a_logout_ends_it(self, lab: Lab) -> None:
        assert lab.az("logout") == ""
        for line in ("account show", "account list", "ad sp show --id x", "role assignment list"):
            assert refused(lab, line).message == "Please run 'az login' to setup account."
        assert refused(lab, "logout").message == "There are no active accounts."
        lab.az("login")
        assert who(lab) == "olivia@contoso.example"


class TestExtensions:
    def test_one_is_added_listed_and_removed(self, lab: Lab, capsys: Any) -> None:
        assert lab.az("extension list") == "[]"
        lab.az("extension add --name azure-cli-ml")
        assert json.loads(lab.az("extension list"))[0]["name"] == "azure-cli-ml"
        assert capsys.readouterr().out == ""
        lab.az("extension add -n azure-cli-ml")
        assert capsys.readouterr().out == "Extension 'azure-cli-ml' is already installed.\n"
        lab.az("extension remove -n azure-cli-ml")
        assert "is not in the 'az' command group" in refused(lab, "ml workspace list").message
        assert "is not installed" in refused(lab, "extension remove -n azure-cli-ml").message

    def test_there_is_one(self, lab: Lab) -> None:
        assert refused(lab, "extension add -n ml").message.startswith("No matching extensions for 'ml'.")
