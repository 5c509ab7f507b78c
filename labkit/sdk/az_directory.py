"""`az ad`: applications, service principals and users of the tenant, over Azure AD Graph."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from labkit.core.errors import brief
from labkit.sdk.az_commands import command, needed, option
from labkit.sdk.az_errors import GONE, AzError
from labkit.sdk.az_session import Session
from labkit.services.authorization import Authorization
from labkit.services.graph import Graph


def principals_named(session: Session, name: str) -> list[dict[str, Any]]:
    """The service principals with this name, which is a client id or an identifier uri. Raises a Refusal."""
    return session.ask_graph(Graph.service_principals, "servicePrincipals", name) if name else []


def objects(session: Session, ids: set[str]) -> dict[str, dict[str, Any]]:
    """Users, groups and service principals by object id. Raises a Refusal."""
    found = session.ask_graph(Graph.objects, "objects", ",".join(sorted(ids))) if ids else []
    return {one["objectId"]: one for one in found}


def find_principal(session: Session, identifier: str) -> dict[str, Any]:
    """A service principal by client id, identifier uri or object id. Raises AzError, or a Refusal."""
    named = principals_named(session, identifier)
    found = named[0] if named else objects(session, {identifier}).get(identifier)
    if found is None or found["objectType"] != "ServicePrincipal":
        raise AzError(
            f"service principal {brief(identifier)} doesn't exist", required="a client id or an object id"
        )
    return found


def object_id_of(session: Session, assignee: str) -> str:
    """The object id of a user (by user principal name), a service principal (by one of its names), or
    anybody (by the object id itself). Raises AzError, or a Refusal."""
    users = session.ask_graph(Graph.users, "users", assignee) if "@" in assignee else []
    found = users or principals_named(session, assignee) or [*objects(session, {assignee}).values()]
    if not found:
        raise AzError(
            f"Cannot find user or service principal in graph database for {brief(assignee)}. If the assignee "
            "is an appId, make sure the corresponding service principal is created with 'az ad sp create "
            f"--id {assignee[:60]}'.",
            required="a user principal name, a client id or an object id",
        )
    return str(found[0]["objectId"])


@command("ad sp show", needed("--id"))
def show(session: Session, given: Namespace) -> Any:
    """A service principal."""
    return find_principal(session, given.id)


@command("ad sp list", option("--display-name"), option("--all", kind="flag"))
def list_(session: Session, given: Namespace) -> Any:
    """Service principals, or those whose display name begins like this."""
    everybody = session.ask_graph(Graph.service_principals, "servicePrincipals")
    return [one for one in everybody if one["displayName"].startswith(given.display_name or "")]


@command("ad sp delete", needed("--id"))
def delete(session: Session, given: Namespace) -> None:
    """A service principal with its application, and with its role assignments, as far as whoever is logged in
    may take them away."""
    found = find_principal(session, given.id)
    held = session.ask(Authorization.assignments, session.subscription(), True)
    ids = [one["id"] for one in held if one["principalId"] == found["objectId"]]
    if ids:
        session.say("Removing role assignments")
    for id in ids:
        session.ask(Authorization.unassign, id)
    session.ask_graph(Graph.unregister, f"applications/{found['appId']}")


@command("ad user show", needed("--id", "--upn-or-object-id"))
def show_user(session: Session, given: Namespace) -> Any:
    """A user."""
    by_name = session.ask_graph(Graph.users, "users", given.id) if given.id else []
    found = by_name[0] if by_name else objects(session, {given.id}).get(given.id)
    if found is None or found["objectType"] != "User":
        raise AzError(GONE.format(brief(given.id)), required="a user principal name or an object id")
    return found


@command("ad signed-in-user show")
def show_me(session: Session, given: Namespace) -> Any:
    """The user who is logged in."""
    if session.account.kind != "user":
        raise AzError("Insufficient privileges to complete the operation.", required="a login as a user")
    return session.ask_graph(Graph.users, "users", session.account.name)[0]
