"""`az login`, `az logout`, `az account` and `az extension`."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from labkit.core.errors import brief
from labkit.sdk.az_commands import ML_EXTENSION, command, needed, option
from labkit.sdk.az_errors import AzError, UsageError
from labkit.sdk.az_session import Session

# The version of the month in which the how-to was written.
_VERSION = "1.0.79"
_ALLOW = "--allow-no-subscriptions"


def _subscriptions(session: Session, cloud: str) -> list[dict[str, Any]]:
    account = session.account
    return [
        {
            cloud: "AzureCloud",
            "id": one["id"].rpartition("/")[2],
            "isDefault": one["id"] == account.chosen,
            "name": one["name"],
            "state": "Enabled",
            "tenantId": account.tenant,
            "user": {"name": account.name, "type": account.kind},
        }
        for one in account.subscriptions
    ]


@command(
    "login",
    option("--username", "-u"),
    option("--password", "-p"),
    option("--service-principal", kind="flag"),
    option("--tenant", "-t"),
    option("--use-device-code", kind="flag"),
    option(_ALLOW, kind="flag"),
)
def login(session: Session, given: Namespace) -> Any:
    """As a person with a code in a browser, as one with a password, or as an application."""
    tenant, allow_none = given.tenant or "", given.allow_no_subscriptions
    if given.service_principal:
        if given.username is None or given.password is None or not tenant:
            raise UsageError(
                "az login: error: usage error: '--service-principal' needs '--username', '--password' and "
                "'--tenant'",
                required="az login --service-principal -u CLIENT-ID -p SECRET --tenant TENANT-ID",
            )
        session.login_as_application(given.username, given.password, tenant, allow_none)
    elif given.username is not None:
        session.login_as_person(given.username, given.password, tenant, allow_none)
    elif given.password is not None:
        raise UsageError("az login: error: usage error: '--username' is required with '--password'")
    else:
        session.login_at_the_screen(tenant, allow_none)
    return _subscriptions(session, "cloudName")


@command("logout")
def logout(session: Session, given: Namespace) -> None:
    """Nobody is logged in any more."""
    session.logout()


@command("account show")
def show(session: Session, given: Namespace) -> Any:
    """The subscription that commands are about, and who is logged in."""
    session.subscription()
    return next(one for one in _subscriptions(session, "environmentName") if one["isDefault"])


@command("account list")
def list_(session: Session, given: Namespace) -> Any:
    """All subscriptions that were there at the login."""
    return _subscriptions(session, "cloudName")


@command("extension add", needed("--name", "-n"))
def add_extension(session: Session, given: Namespace) -> None:
    """Installs an extension; there is one."""
    if given.name != ML_EXTENSION:
        raise AzError(
            f"No matching extensions for {brief(given.name)}. Use --debug for more information.",
            required=ML_EXTENSION,
        )
    if given.name in session.extensions:
        session.say(f"Extension '{given.name}' is already installed.")
    session.extensions.add(given.name)


@command("extension remove", needed("--name", "-n"))
def remove_extension(session: Session, given: Namespace) -> None:
    """Takes it away again."""
    if given.name not in session.extensions:
        raise AzError(f"The extension {brief(given.name)} is not installed.")
    session.extensions.discard(given.name)


@command("extension list")
def list_extensions(session: Session, given: Namespace) -> Any:
    """What is installed."""
    return [{"extensionType": "whl", "name": one, "version": _VERSION} for one in sorted(session.extensions)]
