"""Resync keys: what it brings back, who may ask for it, and with whose rights it is done."""

from typing import Any

import pytest

from labkit.azure import Authorization, DataStores, ResourceManager, Resync, VaultAccess
from labkit.core.credential import Bearer
from labkit.core.errors import BadRequest, Conflict, Forbidden, UnknownHost
from labkit.lab import Lab
from labkit.services.machine_learning.permissions import permissions
from labkit.services.machine_learning.workspace import Workspace
from tests.services.ml import dependency, secret
from tests.services.state import everything, refused

STORE = "workspaceblobstore"


@pytest.fixture
def owner(lab: Lab) -> Bearer:
    return lab.sign_in("olivia").bearer


@pytest.fixture
def carl(lab: Lab) -> Bearer:
    return lab.sign_in("carl").bearer


def workspace(lab: Lab) -> Workspace:
    found = lab.resources.find(lab.workspace)
    assert isinstance(found, Workspace)
    return found


def roles(lab: Lab) -> set[tuple[str, str]]:
    held = lab.parts.access.roles
    me = workspace(lab).identity_id
    return {(lab.access.role(one.role_id).name, one.scope) for one in held if one.principal_id == me}


def revoke(lab: Lab, owner: Bearer, scope: str) -> None:
    me = workspace(lab).identity_id
    for one in [one for one in lab.parts.access.roles if (one.principal_id, one.scope) == (me, scope)]:
        lab.ask("olivia", Authorization.unassign, one.resource_id, owner)


def test_it_brings_back_each_row_of_the_table(lab: Lab, owner: Bearer, carl: Bearer) -> None:
    complete = roles(lab)
    for row in permissions(workspace(lab)):
        revoke(lab, owner, row.scope)
        assert roles(lab) == complete - {(row.role, row.scope)}
        lab.ask("carl", Resync.resync, lab.workspace, carl)
        assert roles(lab) == complete


def test_it_brings_back_all_of_them_and_the_vault_s_policy(lab: Lab, owner: Bearer, carl: Bearer) -> None:
    complete, me = roles(lab), workspace(lab).identity_id
    for row in permissions(workspace(lab)):
        revoke(lab, owner, row.scope)
    lab.ask("olivia", VaultAccess.remove_policy, lab.vault, owner, me)
    assert not lab.attempt("carl", DataStores.credential, lab.workspace, carl, STORE)
    lab.ask("carl", Resync.resync, lab.workspace, carl)
    assert roles(lab) == complete
    assert lab.attempt("carl", DataStores.credential, lab.workspace, carl, STORE)


def test_where_nothing_is_missing_access_stays_as_it_is(lab: Lab, carl: Bearer) -> None:
    before, vault = everything(lab), dependency(lab, "vault")
    kept = {name: secret(vault, name) for name in vault.secrets.names()}
    for _ in range(2):
        lab.ask("carl", Resync.resync, lab.workspace, carl)
    after = everything(lab)
    # The same values, each as another version of its secret.
    assert {name: secret(vault, name) for name in vault.secrets.names()} == kept
    del before["resources"][vault.id]["secrets"], after["resources"][vault.id]["secrets"]
    assert after == before


def test_what_somebody_gave_by_hand_is_left_alone(lab: Lab, owner: Bearer, carl: Bearer) -> None:
    registry, me = workspace(lab).depends_on["registry"], workspace(lab).identity_id
    revoke(lab, owner, registry)
    by_hand = lab.ask("olivia", Authorization.assign, registry, owner, "Contributor", me)
    complete = roles(lab)
    lab.ask("carl", Resync.resync, lab.workspace, carl)
    assert roles(lab) == complete
    assert by_hand in lab.ask("olivia", Authorization.assignments, registry, owner)


def test_the_trace_shows_who_does_it(lab: Lab, owner: Bearer, carl: Bearer) -> None:
    lab.trace.clear()
    lab.ask("carl", Resync.resync, lab.workspace, carl)
    subjects = {(hop.operation, hop.subject) for hop in lab.trace}
    assert ("Resync keys", "carl@contoso.example (user)") in subjects
    assert ("Create role assignment", "Azure Machine Learning (service principal)") in subjects
    assert ("Set access policy", "ml-example (managed identity)") in subjects
    assert {hop.initiator for hop in lab.trace} == {"carl"}


@pytest.mark.parametrize("who", ["rita", "nora"])
def test_who_may_not_is_refused(lab: Lab, owner: Bearer, who: str) -> None:
    lab.hire("nora")
    refused(lab, Forbidden, Resync.resync, lab.workspace, lab.sign_in(who).bearer)


def test_whoever_asks_gains_nothing(lab: Lab, carl: Bearer) -> None:
    share = "Microsoft.Authorization/roleAssignments/write"
    before = [tuple(row) for row in lab.access.assignments("carl").rows]
    lab.ask("carl", Resync.resync, lab.workspace, carl)
    assert [tuple(row) for row in lab.access.assignments("carl").rows] == before
    assert not lab.access.explain("carl", share, lab.workspace).allowed


@pytest.mark.parametrize("failing", [VaultAccess.set_policy, ResourceManager.post], ids=str)
def test_one_that_fails_takes_everything_back(
    lab: Lab, owner: Bearer, carl: Bearer, failing: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object) -> None:
        raise Conflict("This step fails.")

    for row in permissions(workspace(lab)):
        revoke(lab, owner, row.scope)
    before = everything(lab)
    monkeypatch.setattr(failing, "function", fail)
    with pytest.raises(Conflict):
        lab.ask("carl", Resync.resync, lab.workspace, carl)
    assert everything(lab) == before


def test_other_calls_are_refused(lab: Lab, carl: Bearer) -> None:
    for target in (lab.vault, f"{lab.workspace}x", ""):
        refused(lab, UnknownHost, Resync.resync, target, carl)
    refused(lab, BadRequest, Resync.resync, lab.workspace, carl, "x")
    forwarded = Resync.resync.accepted(workspace(lab))
    assert [kind.__name__ for kind in forwarded] == ["Bearer"]


def test_it_gives_nothing_away_that_the_caller_may_not_write(lab: Lab, owner: Bearer) -> None:
    apart, vault = (
        f"{lab.resource_group}-apart",
        f"{lab.resource_group}-apart/providers/Microsoft.KeyVault/vaults/apart",
    )
    id = f"{lab.workspace}-apart"
    for each, properties in ((apart, {}), (vault, {}), (id, {"keyVault": vault})):
        lab.ask("olivia", ResourceManager.put, each, owner, "eastus", properties)
    refusal = refused(lab, Forbidden, Resync.resync, id, lab.sign_in("carl").bearer)
    assert refusal.required.endswith(f" on {apart}")
    lab.ask("olivia", Resync.resync, id, owner)
