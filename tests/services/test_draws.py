"""A call that is refused changes nothing that is drawn later: ids, keys, identities."""

from collections.abc import Callable

import pytest

from labkit.azure import Authorization, ResourceManager
from labkit.core.errors import BadRequest, Conflict, Refusal
from labkit.furniture import GROUPS, SUBSCRIPTION, workspace_id
from labkit.lab import Lab, start
from labkit.services import storage
from labkit.services.machine_learning.workspace import TYPE, Workspace

GROUP, OTHER_GROUP = (f"{SUBSCRIPTION}/resourceGroups/{name}" for name in GROUPS)
ACCOUNT = f"providers/{storage.TYPE}/sales"
NEW = workspace_id(GROUPS[0], "new-workspace")
# Tries something that is refused as this, or leaves it alone.
Disturb = Callable[[Callable[[], object], type[Refusal]], None]


def put(lab: Lab, id: str, region: str = "eastus", properties: dict[str, str] | None = None) -> None:
    lab.ask("olivia", ResourceManager.put, id, lab.sign_in("olivia").bearer, region, properties)


def delete(lab: Lab, id: str) -> None:
    lab.ask("olivia", ResourceManager.delete, id, lab.sign_in("olivia").bearer)


def define(lab: Lab) -> str:
    role = {"Name": "Looker", "Actions": [f"{TYPE}/read"], "AssignableScopes": [GROUP]}
    owner = lab.sign_in("olivia").bearer
    return str(lab.ask("olivia", Authorization.define, GROUP, owner, role)["Id"])


def role(lab: Lab, disturb: Disturb) -> object:
    define(lab)
    disturb(lambda: define(lab), Conflict)
    lab.ask("olivia", Authorization.undefine, GROUP, lab.sign_in("olivia").bearer, "Looker")
    return define(lab)


def account_keys(lab: Lab, disturb: Disturb) -> object:
    mine, theirs = f"{GROUP}/{ACCOUNT}", f"{OTHER_GROUP}/{ACCOUNT}"
    put(lab, theirs)
    disturb(lambda: put(lab, mine), Conflict)
    delete(lab, theirs)
    put(lab, mine)
    found = lab.resources.find(mine)
    assert isinstance(found, storage.StorageAccount)
    return found.access_keys


def workspace(lab: Lab, disturb: Disturb) -> object:
    # In a region that has no support application yet. The property is looked at when everything is made.
    disturb(lambda: put(lab, NEW, "westus2", {"identity": "mine"}), BadRequest)
    put(lab, NEW, "westus2")
    found = lab.resources.find(NEW)
    assert isinstance(found, Workspace)
    account = lab.resources.find(found.depends_on["storage"])
    assert isinstance(account, storage.StorageAccount)
    return found.identity_id, account.access_keys, sorted(lab.directory.principals())


def assignment(lab: Lab, disturb: Disturb) -> object:
    disturb(lambda: put(lab, NEW, "eastus", {"identity": "mine"}), BadRequest)
    put(lab, NEW)
    found, owner = lab.resources.find(NEW), lab.sign_in("olivia").bearer
    assert isinstance(found, Workspace)
    [held] = [
        one["id"]
        for one in lab.ask("olivia", Authorization.assignments, NEW, owner)
        if one["principalId"] == found.identity_id and one["scope"] == NEW
    ]
    lab.ask("olivia", Authorization.unassign, held, owner)
    return lab.ask("olivia", Authorization.assign, NEW, owner, "Contributor", found.identity_id)["id"]


@pytest.mark.parametrize("draw", [role, account_keys, workspace, assignment], ids=lambda one: one.__name__)
def test_what_was_refused_changes_nothing_that_is_drawn_later(
    draw: Callable[[Lab, Disturb], object],
) -> None:
    def refused(act: Callable[[], object], kind: type[Refusal]) -> None:
        with pytest.raises(kind):
            act()

    assert draw(start(), lambda act, kind: None) == draw(start(), refused)
