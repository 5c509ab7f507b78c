"""Signing in under the SDK's names: a person who answers a prompt, and a service principal."""

import copy
import pickle
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from labkit.furniture import PARTNER_TENANT
from labkit.identity.token import Token
from labkit.lab import Lab
from labkit.sdk.azureml import session
from tests.sdk.azureml_lab import PLACE, PROMPT, hops, nothing_left_active

PRINCIPAL = {
    "tenant_id": "your-tenant-id",
    "service_principal_id": "your-client-id",
    "service_principal_password": "your-client-secret",
}
SIGN_IN = ("Get device code", "Approve device code", "Get token")


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    with nothing_left_active():
        yield


def sdk(module: str, name: str) -> Any:
    return getattr(__import__(f"azureml.{module}", fromlist=[name]), name)


def workspace(**more: Any) -> Any:
    return sdk("core", "Workspace")(**PLACE, **more)


def interactive(**arguments: Any) -> Any:
    return sdk("core.authentication", "InteractiveLoginAuthentication")(**arguments)


def principal(**other: Any) -> Any:
    return sdk("core.authentication", "ServicePrincipalAuthentication")(**{**PRINCIPAL, **other})


def claims(lab: Lab, auth: Any) -> dict[str, Any]:
    return Token(auth.bearer().token, lab.clock).claims


def refused(name: str, call: Any) -> Any:
    """What the SDK raises, which is of this name."""
    with pytest.raises(sdk("exceptions", name)) as caught:
        call()
    return caught.value


class TestInteractive:
    def test_the_prompt_is_shown_and_somebody_answers_it(
        self, lab: Lab, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with lab.activate("rita"):
            assert workspace().name == "ml-example"
        first, prompt, last = capsys.readouterr().out.splitlines()
        assert first.startswith("Performing interactive authentication.")
        assert prompt.startswith(f"{PROMPT} and enter the code ")
        assert last == "Interactive authentication successfully completed."
        assert hops(lab, *SIGN_IN) == [
            ("rita", "Get device code", "no credential", "ok"),
            ("rita", "Approve device code", "password", "ok"),
            ("rita", "Get token", "device code", "ok"),
        ]

    def test_it_is_shown_once_and_with_force_again(
        self, lab: Lab, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with lab.activate():
            workspace()
            workspace()
            assert capsys.readouterr().out.count(PROMPT) == 1
            interactive(force=True)
            assert capsys.readouterr().out.count(PROMPT) == 1

    def test_each_activation_asks_anew(self, lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
        found = []
        for _ in range(2):
            with lab.activate():
                found.append(workspace())
        assert capsys.readouterr().out.count(PROMPT) == 2
        assert found[0] == found[1]

    def test_nothing_that_opens_is_printed(self, lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
        with lab.activate():
            auth = interactive()
            shown = f"{auth!r} {auth.session!r} {vars(auth)} {vars(auth.session)}" + capsys.readouterr().out
            token = auth.bearer().token
        assert lab.people["carl"].password not in shown
        assert token.rpartition(".")[2] not in shown

    def test_a_second_factor_is_entered_where_the_tenant_asks_for_it(self, lab: Lab) -> None:
        lab.directory.mfa_required = True
        with lab.activate():
            assert claims(lab, interactive())["amr"] == ["pwd", "mfa"]
        outcomes = [outcome for *_, outcome in hops(lab, "Approve device code")]
        assert outcomes == ["400 AADSTS50076", "ok"]

    def test_an_hour_later_the_token_is_renewed_without_a_prompt(
        self, lab: Lab, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with lab.activate():
            ws = workspace()
            capsys.readouterr()
            for minutes in ("54m", "2m", "61m", "2d"):
                lab.clock.advance(minutes)
                assert ws.get_details()
        assert capsys.readouterr().out == ""
        renewed = [credential for _, operation, credential, _ in hops(lab, "Get token")]
        assert renewed == ["device code", *["refresh token"] * 3]

    def test_somebody_whose_account_is_disabled_is_asked_again_and_refused(
        self, lab: Lab, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with lab.activate():
            ws = workspace()
            capsys.readouterr()
            account = lab.directory.user(lab.people["carl"].upn)
            assert account is not None
            account.enabled = False
            lab.clock.advance("1h")
            error = refused("AuthenticationException", ws.get_details)
        assert str(error).startswith("400 AADSTS50057: The account is disabled.")
        assert capsys.readouterr().out.count(PROMPT) == 1

    def test_two_threads_show_one_prompt(self, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
        shown: list[str] = []
        started: list[threading.Thread] = []

        def say(text: str) -> None:
            shown.append(text)
            if len(started) < 3:
                # While this prompt is on the screen, somebody else wants a workspace too.
                started.append(threading.Thread(target=workspace))
                started[-1].start()
                started[-1].join(0.05)

        monkeypatch.setattr(session, "say", say)
        with lab.activate():
            workspace()
            for one in started:
                one.join()
        assert (len(started), len(shown)) == (3, 3)
        assert len(hops(lab, "Get token")) == 1
        assert len(hops(lab, "GET")) == 4

    @pytest.mark.parametrize("tenant", ["", 5, "a/b", b"your-tenant-id", []])
    def test_a_tenant_that_is_no_name_is_refused(self, lab: Lab, tenant: Any) -> None:
        with lab.activate():
            assert "tenant_id" in str(refused("UserErrorException", lambda: interactive(tenant_id=tenant)))

    def test_an_unknown_tenant_is_refused_in_the_labs_words(self, lab: Lab) -> None:
        with lab.activate():
            error = refused("AuthenticationException", lambda: interactive(tenant_id="nowhere"))
        assert "nowhere" in error.presented
        assert error.inner_exception.service == "Azure AD"

    def test_there_is_one_cloud(self, lab: Lab) -> None:
        with lab.activate():
            assert interactive(cloud="AzureCloud")
            refused("UserErrorException", lambda: interactive(cloud="AzureChinaCloud"))
            refused("UserErrorException", lambda: principal(cloud="AzureChinaCloud"))


class TestTwoTenants:
    def test_somebody_who_is_known_in_two_is_asked_which(
        self, lab: Lab, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with lab.activate("gita"):
            error = refused("AuthenticationException", workspace)
        assert error.message.startswith("Which tenant?")
        for tenant in (lab.tenant, PARTNER_TENANT):
            assert f'InteractiveLoginAuthentication(tenant_id="{tenant}")' in error.required
        assert (capsys.readouterr().out, len(lab.trace)) == ("", 0)

    @pytest.mark.parametrize("tenant", ["your-tenant-id", PARTNER_TENANT])
    def test_the_explicit_form_selects_it(self, lab: Lab, tenant: str) -> None:
        with lab.activate("gita"):
            assert claims(lab, interactive(tenant_id=tenant))["tid"] == tenant

    def test_what_was_selected_holds_from_then_on(self, lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
        with lab.activate("gita"):
            home, here = interactive(tenant_id=PARTNER_TENANT), interactive(tenant_id="your-tenant-id")
            capsys.readouterr()
            assert workspace().location == "eastus"
            assert [claims(lab, one)["tid"] for one in (home, here)] == [PARTNER_TENANT, "your-tenant-id"]
            error = refused("AuthenticationException", lambda: workspace(auth=home))
        assert error.code == "InvalidAuthenticationTokenTenant"
        assert capsys.readouterr().out == ""

    def test_azure_ml_does_not_serve_the_guest_all_the_same(self, lab: Lab) -> None:
        with lab.activate("gita"):
            interactive(tenant_id="your-tenant-id")
            models = sdk("core", "Model")
            error = refused("WebserviceException", lambda: models.list(workspace()))
        assert (error.status_code, error.code) == (403, "GuestUserNotSupported")

    def test_somebody_of_one_tenant_may_name_it_and_no_other(self, lab: Lab) -> None:
        with lab.activate("carl"):
            assert claims(lab, interactive(tenant_id="your-tenant-id"))["tid"] == "your-tenant-id"
            error = refused("AuthenticationException", lambda: interactive(tenant_id=PARTNER_TENANT))
        assert error.code == "AADSTS50034"


class TestHeadless:
    def test_interactive_sign_in_fails_and_names_the_other_way(
        self, lab: Lab, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with lab.activate(person=None):
            for call in (workspace, interactive, lambda: interactive(force=True)):
                error = refused("AuthenticationException", call)
                assert "ServicePrincipalAuthentication(tenant_id=..." in error.required
        assert (capsys.readouterr().out, len(lab.trace)) == ("", 0)

    def test_the_same_work_passes_with_a_service_principal(
        self, lab: Lab, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with lab.activate(person=None):
            assert workspace(auth=principal()).name == "ml-example"
        assert capsys.readouterr().out == ""
        assert hops(lab, "Get token") == [("automation", "Get token", "client secret", "ok")]


class TestServicePrincipal:
    def test_it_signs_in_when_the_first_token_is_needed_and_not_before(self, lab: Lab) -> None:
        with lab.activate():
            auth = principal()
            assert len(lab.trace) == 0
            ws = workspace(auth=auth)
            assert ws.get_details()["name"] == "ml-example"
        assert len(hops(lab, "Get token")) == 1

    def test_an_hour_later_it_signs_in_again(self, lab: Lab) -> None:
        with lab.activate():
            ws = workspace(auth=principal())
            for minutes in ("54m", "2m", "61m"):
                lab.clock.advance(minutes)
                assert ws.get_details()
        assert [credential for *_, credential, _ in hops(lab, "Get token")] == ["client secret"] * 3

    @pytest.mark.parametrize(
        ("wrong", "code"),
        [
            ({"service_principal_password": "another-secret"}, "AADSTS7000215"),
            ({"service_principal_id": "another-client"}, "AADSTS700016"),
            ({"tenant_id": PARTNER_TENANT}, "AADSTS700016"),
        ],
        ids=["secret", "client", "tenant"],
    )
    def test_what_is_wrong_fails_with_its_code(self, lab: Lab, wrong: dict[str, str], code: str) -> None:
        with lab.activate():
            auth = principal(**wrong)
            error = refused("AuthenticationException", lambda: workspace(auth=auth))
        assert error.code == code
        assert str(error) == str(error.inner_exception)
        assert "another-secret" not in f"{error} {error!r} {vars(error)}"

    def test_a_secret_expires(self, lab: Lab) -> None:
        with lab.activate():
            ws = workspace(auth=principal())
            lab.clock.advance("366d")
            assert refused("AuthenticationException", ws.get_details).code == "AADSTS7000222"

    @pytest.mark.parametrize("name", PRINCIPAL)
    @pytest.mark.parametrize("value", [None, "", 5, b"bytes"])
    def test_what_is_missing_is_named(self, lab: Lab, name: str, value: Any) -> None:
        with lab.activate():
            error = refused("UserErrorException", lambda: principal(**{name: value}))
        assert error.message.startswith(name)
        assert "environment variable" in error.advice
        assert len(lab.trace) == 0

    def test_the_secret_does_not_print(self, lab: Lab) -> None:
        with lab.activate():
            auth = principal()
            shown = f"{auth!r} {auth} {vars(auth)}"
        assert "your-client-secret" not in shown
        assert "your-client-id" in shown

    def test_the_header_is_one_that_a_rest_call_carries(self, lab: Lab) -> None:
        with lab.activate():
            auth = principal()
            assert auth.get_authentication_header() == {"Authorization": f"Bearer {auth.bearer().token}"}

    @pytest.mark.parametrize("auth", ["token", 5, PRINCIPAL, object()])
    def test_what_is_no_sign_in_is_refused(self, lab: Lab, auth: Any) -> None:
        with lab.activate():
            assert "auth is no sign-in" in str(refused("UserErrorException", lambda: workspace(auth=auth)))


def test_what_holds_a_sign_in_is_not_pickled_and_a_copy_is_itself(lab: Lab) -> None:
    with lab.activate():
        ws = workspace()
        for one in (ws, ws.auth, principal()):
            with pytest.raises(TypeError, match="belongs to a lab of this kernel"):
                pickle.dumps(one)
            assert copy.copy(one) is one
            assert copy.deepcopy([one]) == [one]
