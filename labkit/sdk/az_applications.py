"""`az ad app` and `az ad user list`: what an audit of a directory reads."""

from __future__ import annotations

import re
from argparse import Namespace
from typing import Any

from labkit.core.errors import brief
from labkit.sdk.az_commands import command, needed, option
from labkit.sdk.az_errors import GONE, AzError, UsageError
from labkit.sdk.az_session import Session
from labkit.services.graph import Graph

_ID = needed("--id")
_EQUALS = re.compile(r"\s*(\w+)\s+eq\s+'([^']*)'\s*")


@command("ad app list", option("--display-name"), option("--all", kind="flag"))
def list_(session: Session, given: Namespace) -> Any:
    """The app registrations, or those whose display name begins like this."""
    everything = session.ask_graph(Graph.applications, "applications")
    return [one for one in everything if one["displayName"].startswith(given.display_name or "")]


@command("ad app show", _ID)
def show(session: Session, given: Namespace) -> Any:
    """An app registration, by client id, identifier uri or object id."""
    for one in session.ask_graph(Graph.applications, "applications"):
        if given.id in (one["appId"], one["objectId"], *one["identifierUris"]):
            return one
    raise AzError(GONE.format(brief(given.id)), required="a client id, an identifier uri or an object id")


@command("ad app credential list", _ID)
def list_credentials(session: Session, given: Namespace) -> Any:
    """The client secrets of an application: when each ends, and never what it is."""
    return show(session, given)["passwordCredentials"]


@command("ad user list", option("--filter"), option("--upn"), option("--display-name"))
def list_users(session: Session, given: Namespace) -> Any:
    """The users and guests: all, one by name, or those that a filter such as "userType eq 'Guest'" leaves."""
    users = session.ask_graph(Graph.users, "users", given.upn or "")
    if given.filter:
        users = _filtered(users, given.filter)
    return [one for one in users if one["displayName"].startswith(given.display_name or "")]


def _filtered(users: list[dict[str, Any]], text: str) -> list[dict[str, Any]]:
    found = _EQUALS.fullmatch(text)
    name, wanted = found.groups() if found else ("", "")
    if not all(name in one for one in users):
        raise UsageError(
            "Invalid filter clause",
            presented=brief(text),
            required="""name eq 'value', for instance "userType eq 'Guest'\"""",
            advice="the lab reads one comparison; --query chooses among the answers",
        )
    return [one for one in users if str(one[name]).lower() == wanted.lower()]
