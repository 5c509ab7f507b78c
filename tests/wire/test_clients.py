"""Unmodified adal and msal get their tokens from the lab, and its Resource Manager takes them."""

from typing import Any

import adal
import msal
import pytest
import requests

from labkit.authenticators.password import AZURE_CLI, Password
from labkit.furniture import CLIENT_ID, CLIENT_SECRET, PARTNER_TENANT
from labkit.lab import Lab
from labkit.services.azure_ad import ARM, AzureAD

AUTHORITIES = ["https://login.microsoftonline.com", "https://login.windows.net"]
SCOPES = [f"{ARM}.default"]
Answer = dict[str, Any]

# msal advises against passwords, and here is where one sees that they work.
pytestmark = pytest.mark.filterwarnings("ignore:This API has been deprecated:DeprecationWarning")


@pytest.fixture(autouse=True)
def no_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr("socket.socket.connect", refuse)
    monkeypatch.setattr("socket.getaddrinfo", refuse)


def opens(lab: Lab, token: str) -> str:
    """Calls Resource Manager with a token, and returns who called, by the trace."""
    answer = requests.get(
        f"https://management.azure.com{lab.workspace}",
        params={"api-version": "2020-01-01"},
        headers={"Authorization": f"Bearer {token}"},
        timeout=5,
    )
    assert (answer.status_code, answer.json()["id"]) == (200, lab.workspace)
    return lab.trace[-1].subject


def with_adal(lab: Lab, authority: str = AUTHORITIES[0], tenant: str = "") -> Any:
    return adal.AuthenticationContext(f"{authority}/{tenant or lab.tenant}", cache=adal.TokenCache())


def public(lab: Lab, tenant: str = "") -> msal.PublicClientApplication:
    return msal.PublicClientApplication(AZURE_CLI, authority=f"{AUTHORITIES[0]}/{tenant or lab.tenant}")


def confidential(lab: Lab, secret: str = CLIENT_SECRET, **options: Any) -> msal.ConfidentialClientApplication:
    authority = f"{options.pop('authority', AUTHORITIES[0])}/{options.pop('tenant', lab.tenant)}"
    client = options.pop("client_id", CLIENT_ID)
    return msal.ConfidentialClientApplication(client, authority=authority, client_credential=secret)


def approve(lab: Lab, user_code: str, name: str = "rita") -> None:
    person = lab.people[name]
    lab.ask(name, AzureAD.approve, lab.tenant, Password(person.upn, person.password), user_code)


class TestClientCredentials:
    @pytest.mark.parametrize("authority", AUTHORITIES)
    def test_adal(self, attached: Lab, authority: str) -> None:
        context = with_adal(attached, authority)
        answer = context.acquire_token_with_client_credentials(ARM, CLIENT_ID, CLIENT_SECRET)
        assert answer["expiresIn"] == 3599
        assert opens(attached, answer["accessToken"]) == "ml-auth (service principal)"

    @pytest.mark.parametrize("authority", AUTHORITIES)
    def test_msal(self, attached: Lab, authority: str) -> None:
        answer = confidential(attached, authority=authority).acquire_token_for_client(SCOPES)
        assert opens(attached, answer["access_token"]) == "ml-auth (service principal)"

    def test_both_endpoints_give_tokens_of_version_1(self, attached: Lab) -> None:
        confidential(attached).acquire_token_for_client(SCOPES)
        context = with_adal(attached)
        old = context.acquire_token_with_client_credentials(ARM, CLIENT_ID, CLIENT_SECRET)["accessToken"]
        new = confidential(attached).acquire_token_for_client(SCOPES)["access_token"]
        for token in (old, new):
            claims = msal.oauth2cli.oidc.decode_part(token.split(".")[1])
            assert '"ver":"1.0"' in claims
            assert '"iss":"https://sts.windows.net/your-tenant-id/"' in claims

    def test_the_older_name_of_resource_manager_with_two_slashes(self, attached: Lab) -> None:
        scopes = ["https://management.core.windows.net//.default"]
        answer = confidential(attached).acquire_token_for_client(scopes)
        assert opens(attached, answer["access_token"]) == "ml-auth (service principal)"


class TestUsers:
    def test_adal_with_a_password(self, attached: Lab) -> None:
        rita = attached.people["rita"]
        context = with_adal(attached)
        answer = context.acquire_token_with_username_password(ARM, rita.upn, rita.password, AZURE_CLI)
        assert (answer["userId"], answer["oid"], answer["tenantId"]) == (
            rita.upn,
            rita.object_id,
            attached.tenant,
        )
        assert opens(attached, answer["accessToken"]) == f"{rita.upn} (user)"

    @pytest.mark.parametrize("tenant", ["", "common", "organizations", "contoso.example"])
    def test_msal_with_a_password(self, attached: Lab, tenant: str) -> None:
        rita, app = attached.people["rita"], public(attached, tenant)
        answer = app.acquire_token_by_username_password(rita.upn, rita.password, SCOPES)
        assert answer["id_token_claims"]["preferred_username"] == rita.upn
        assert [one["username"] for one in app.get_accounts()] == [rita.upn]
        assert opens(attached, answer["access_token"]) == f"{rita.upn} (user)"

    def test_common_leads_a_user_home(self, attached: Lab) -> None:
        gita, app = attached.people["gita"], public(attached, "common")
        answer = app.acquire_token_by_username_password(gita.upn, gita.password, SCOPES)
        assert answer["id_token_claims"]["tid"] == PARTNER_TENANT

    def test_adal_with_a_device_code(self, attached: Lab) -> None:
        context = with_adal(attached)
        code = context.acquire_user_code(ARM, AZURE_CLI)
        assert isinstance(code["interval"], int)
        approve(attached, code["user_code"])
        answer = context.acquire_token_with_device_code(ARM, code, AZURE_CLI)
        assert opens(attached, answer["accessToken"]) == "rita@contoso.example (user)"

    def test_msal_with_a_device_code(self, attached: Lab) -> None:
        app = public(attached)
        flow = app.initiate_device_flow(SCOPES)
        assert flow["user_code"] in flow["message"]
        pending = app.acquire_token_by_device_flow(flow, exit_condition=lambda flow: True)
        assert pending["error"] == "authorization_pending"
        approve(attached, flow["user_code"])
        # msal warns of a second try that comes at the same moment, on the lab's clock too.
        attached.clock.advance(flow["interval"])
        answer = app.acquire_token_by_device_flow(flow)
        assert opens(attached, answer["access_token"]) == "rita@contoso.example (user)"

    def test_a_device_code_that_nobody_approves_ends_on_the_labs_clock(self, attached: Lab) -> None:
        before = attached.clock.now
        answer = public(attached).acquire_token_by_device_flow(public(attached).initiate_device_flow(SCOPES))
        assert answer["error"] in ("authorization_pending", "expired_token")
        assert 900 <= attached.clock.now - before < 1000
        context = with_adal(attached)
        with pytest.raises(adal.AdalError, match=r"Timeout|expired_token"):
            context.acquire_token_with_device_code(ARM, context.acquire_user_code(ARM, AZURE_CLI), AZURE_CLI)

    def test_adal_with_a_refresh_token(self, attached: Lab) -> None:
        rita, context = attached.people["rita"], with_adal(attached)
        first = context.acquire_token_with_username_password(ARM, rita.upn, rita.password, AZURE_CLI)
        again = context.acquire_token_with_refresh_token(first["refreshToken"], AZURE_CLI, ARM)
        assert opens(attached, again["accessToken"]) == f"{rita.upn} (user)"

    def test_msal_with_a_refresh_token(self, attached: Lab) -> None:
        rita = attached.people["rita"]
        first = public(attached).acquire_token_by_username_password(rita.upn, rita.password, SCOPES)
        again = public(attached).acquire_token_by_refresh_token(first["refresh_token"], SCOPES)
        assert opens(attached, again["access_token"]) == f"{rita.upn} (user)"

    def test_a_second_factor_cannot_be_given_with_a_password_alone(self, attached: Lab) -> None:
        attached.directory.mfa_required = True
        rita, app = attached.people["rita"], public(attached)
        answer = app.acquire_token_by_username_password(rita.upn, rita.password, SCOPES)
        assert (answer["error"], answer["error_codes"]) == ("interaction_required", [50076])


class TestWrong:
    @pytest.mark.parametrize(
        ("change", "codes"),
        [
            ({"secret": "wrong"}, [7000215]),
            ({"client_id": "nobody"}, [700016]),
            ({"tenant": PARTNER_TENANT}, [700016]),
        ],
        ids=["secret", "client", "tenant"],
    )
    def test_both_say_why(self, attached: Lab, change: Answer, codes: list[int]) -> None:
        answer = confidential(attached, **change).acquire_token_for_client(SCOPES)
        assert answer["error_codes"] == codes
        assert answer["error_description"].startswith(f"AADSTS{codes[0]}: ")
        context = with_adal(attached, tenant=change.get("tenant", ""))
        with pytest.raises(adal.AdalError) as caught:
            context.acquire_token_with_client_credentials(
                ARM, change.get("client_id", CLIENT_ID), change.get("secret", CLIENT_SECRET)
            )
        assert caught.value.error_response["error_codes"] == codes

    def test_a_tenant_that_does_not_exist(self, attached: Lab) -> None:
        with pytest.raises(ValueError, match="double check your tenant"):
            confidential(attached, tenant="nowhere")
        with pytest.raises(adal.AdalError, match="AADSTS90002"):
            with_adal(attached, tenant="nowhere").acquire_token_with_client_credentials(
                ARM, CLIENT_ID, CLIENT_SECRET
            )

    def test_an_expired_secret(self, attached: Lab) -> None:
        attached.clock.advance(f"{3 * 366}d")
        answer = confidential(attached).acquire_token_for_client(SCOPES)
        assert (answer["error"], answer["error_codes"]) == ("invalid_client", [7000222])

    def test_a_wrong_password(self, attached: Lab) -> None:
        answer = public(attached).acquire_token_by_username_password("rita@contoso.example", "guess", SCOPES)
        assert (answer["error"], answer["error_codes"]) == ("invalid_grant", [50126])

    def test_an_authority_that_no_cloud_has(self, attached: Lab) -> None:
        with pytest.raises(ValueError, match="invalid_instance"):
            msal.PublicClientApplication(AZURE_CLI, authority="https://login.evil.example/your-tenant-id")
        context = adal.AuthenticationContext("https://login.evil.example/common")
        with pytest.raises(adal.AdalError, match="invalid_instance"):
            context.acquire_token_with_client_credentials(ARM, CLIENT_ID, CLIENT_SECRET)
