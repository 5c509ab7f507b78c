"""adal and msal live by the lab's clock while a lab is attached, and by the machine's otherwise."""

import datetime
import subprocess
import sys
import time
from types import ModuleType
from typing import Any

import adal
import msal
import pytest
from msal import token_cache

from labkit import wire
from labkit.authenticators.password import AZURE_CLI
from labkit.furniture import CLIENT_ID, CLIENT_SECRET
from labkit.lab import Lab
from labkit.services.azure_ad import ARM
from labkit.wire.client_time import ClientDatetime, dress

SCOPES = [f"{ARM}.default"]


def tokens_given(lab: Lab) -> int:
    return sum(hop.operation == "Get token" and hop.caller == "client" and hop.ok for hop in lab.trace)


def test_msal_keeps_a_token_for_as_long_as_it_is_valid_in_the_lab(attached: Lab) -> None:
    authority = f"https://login.microsoftonline.com/{attached.tenant}"
    app = msal.ConfidentialClientApplication(CLIENT_ID, authority=authority, client_credential=CLIENT_SECRET)
    first = app.acquire_token_for_client(SCOPES)
    attached.clock.advance("50m")
    kept = app.acquire_token_for_client(SCOPES)
    assert (kept["access_token"], kept["token_source"]) == (first["access_token"], "cache")
    assert kept["expires_in"] == 3599 - 50 * 60
    attached.clock.advance("10m")
    fresh = app.acquire_token_for_client(SCOPES)
    assert (fresh["access_token"] != first["access_token"], fresh["token_source"]) == (
        True,
        "identity_provider",
    )
    assert tokens_given(attached) == 2


@pytest.mark.filterwarnings("ignore:This API has been deprecated:DeprecationWarning")
def test_msal_refreshes_a_users_token_when_it_expires_in_the_lab(attached: Lab) -> None:
    authority = f"https://login.microsoftonline.com/{attached.tenant}"
    app, carl = msal.PublicClientApplication(AZURE_CLI, authority=authority), attached.people["carl"]
    first = app.acquire_token_by_username_password(carl.upn, carl.password, SCOPES)
    [account] = app.get_accounts()
    assert app.acquire_token_silent(SCOPES, account)["access_token"] == first["access_token"]
    attached.clock.advance("61m")
    fresh = app.acquire_token_silent(SCOPES, account)
    assert fresh["access_token"] != first["access_token"]
    attached.clock.advance("91d")
    assert app.acquire_token_silent_with_error(SCOPES, account)["error_codes"] == [700082]


def test_adal_refreshes_a_users_token_when_it_expires_in_the_lab(attached: Lab) -> None:
    carl = attached.people["carl"]
    context = adal.AuthenticationContext(
        f"https://login.microsoftonline.com/{attached.tenant}", cache=adal.TokenCache()
    )
    first = context.acquire_token_with_username_password(ARM, carl.upn, carl.password, AZURE_CLI)
    assert first["expiresOn"].startswith(str(ClientDatetime.now() + datetime.timedelta(seconds=3599)))
    attached.clock.advance("50m")
    assert context.acquire_token(ARM, carl.upn, AZURE_CLI)["accessToken"] == first["accessToken"]
    attached.clock.advance("10m")
    fresh = context.acquire_token(ARM, carl.upn, AZURE_CLI)
    assert fresh["accessToken"] != first["accessToken"]
    assert tokens_given(attached) == 2


def test_adal_keeps_an_applications_token_until_it_expires_in_the_lab(attached: Lab) -> None:
    context = adal.AuthenticationContext(
        f"https://login.microsoftonline.com/{attached.tenant}", cache=adal.TokenCache()
    )
    first = context.acquire_token_with_client_credentials(ARM, CLIENT_ID, CLIENT_SECRET)
    assert context.acquire_token(ARM, None, CLIENT_ID)["accessToken"] == first["accessToken"]
    attached.clock.advance("1h")
    assert context.acquire_token(ARM, None, CLIENT_ID) is None


def test_the_machines_own_time_stays_what_it_is(attached: Lab) -> None:
    assert token_cache.time.time() == attached.clock.now
    assert abs(time.time() - attached.clock.now) > 10**7
    assert datetime.datetime.now().year > 2024
    assert type(datetime.datetime.now()) is datetime.datetime


def test_without_a_lab_clients_read_the_machines_clock(lab: Lab) -> None:
    wire.attach(lab)
    wire.detach(lab)
    before = time.time()
    assert before <= token_cache.time.time() <= time.time()
    assert ClientDatetime.now().year == ClientDatetime.utcnow().year == datetime.datetime.now().year


@pytest.fixture
def client() -> Any:
    """A module that a client could have."""
    module = ModuleType("msal.made_up")
    module.time, module.datetime, module.moment = time, datetime, datetime.datetime  # type: ignore[attr-defined]
    dress(module)
    return module


class TestTheirModules:
    def test_every_way_to_ask_for_the_time_gives_the_labs(self, attached: Lab, client: Any) -> None:
        now, utc = attached.clock.now, datetime.UTC
        assert client.time.time() == client.time.mktime(client.time.localtime()) == now
        assert client.time.gmtime()[:5] == (2020, 3, 13, 9, 0)
        local = datetime.datetime.fromtimestamp(now)
        assert client.moment.now() == client.datetime.datetime.today() == local
        assert client.moment.now(utc) == datetime.datetime.fromtimestamp(now, utc)
        assert client.moment.utcnow() == datetime.datetime.fromtimestamp(now, utc).replace(tzinfo=None)

    def test_everything_else_is_as_it_was(self, attached: Lab, client: Any) -> None:
        assert client.time.strftime("%Y", client.time.gmtime(0)) == "1970"
        assert client.datetime.timedelta is datetime.timedelta
        assert isinstance(client.moment(2020, 1, 1), datetime.datetime)
        with pytest.raises(AttributeError):
            _ = client.time.no_such_name

    def test_waiting_moves_the_labs_clock_and_takes_no_time(self, attached: Lab, client: Any) -> None:
        before, begun = attached.clock.now, time.monotonic()
        client.time.sleep(0.2)
        client.time.sleep(600)
        assert attached.clock.now == before + 601
        assert time.monotonic() - begun < 5
        with pytest.raises(ValueError, match="non-negative"):
            client.time.sleep(-1)

    def test_without_a_lab_they_really_wait(self, client: Any) -> None:
        begun = time.monotonic()
        client.time.sleep(0.05)
        assert time.monotonic() - begun >= 0.05


def test_clients_that_are_loaded_later_follow_the_lab_too() -> None:
    code = """
import sys, labkit, labkit.wire
lab = labkit.start()
assert "requests" not in sys.modules
labkit.wire.attach(lab)
import adal, msal
from importlib.resources import files
from inspect import getsource
assert msal.token_cache.time.time() == lab.clock.now
assert adal.cache_driver.datetime.now().year == 2020
assert "class TokenCache" in getsource(msal.token_cache)
assert files("msal").joinpath("__init__.py").is_file()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
