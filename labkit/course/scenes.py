"""What the scenes of exercises are made of: people, groups, roles and role assignments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from labkit.core.errors import BadInput, brief
from labkit.furniture import CLIENT_ID
from labkit.lab import Lab
from labkit.services.authorization import Authorization


def check_lab(lab: object) -> None:
    """Raises BadInput for what is no lab."""
    if type(lab) is not Lab:
        raise BadInput("A scene is set in a lab.", presented=brief(lab), required="labkit.start()")


def check_new(lab: Lab, *names: str) -> None:
    """Raises BadInput for what is no lab, and where somebody of these names is in the tenant already: a
    person or a group."""
    check_lab(lab)
    taken = {name.partition("@")[0] for _, name, _ in lab.directory.principals()} & set(names)
    if taken:
        raise BadInput(
            "This scene has its own people and groups.",
            presented=f"a lab that has {', '.join(sorted(taken))} already",
            required="a new lab",
            advice="lab = labkit.start()",
        )


def object_id(lab: Lab, who: str) -> str:
    """The object id of a person or a group by name (`carl` or `carl@contoso.example`), or of the application
    by its client id. Raises BadInput."""
    if who == CLIENT_ID and (application := lab.directory.principal_of(CLIENT_ID)):
        return application.object_id
    known = {name: id for id, name, kind in lab.directory.principals() if kind in ("user", "group")}
    short = {name.partition("@")[0]: id for name, id in known.items()}
    wanted = who.lower() if type(who) is str else ""
    found = next((id for name, id in (short | known).items() if name.lower() == wanted), None)
    if found is None:
        raise BadInput("The tenant has nobody of that name.", presented=brief(who), required=", ".join(short))
    return found


def give(lab: Lab, who: str, role: str, scope: str) -> str:
    """Assigns a role, as olivia, and returns the id of the assignment: the same in every lab, whatever its
    seed. Raises what the door raises."""
    name = str(uuid5(NAMESPACE_URL, f"{who}/{role}/{scope}"))
    token, principal = lab.sign_in("olivia").bearer, object_id(lab, who)
    return str(lab.ask("olivia", Authorization.assign, scope, token, role, principal, name)["id"])


def define(lab: Lab, definition: Mapping[str, Any]) -> str:
    """Makes a custom role, as olivia, and returns its name. Raises what the door raises."""
    token = lab.sign_in("olivia").bearer
    return str(lab.ask("olivia", Authorization.define, lab.subscription, token, definition)["Name"])
