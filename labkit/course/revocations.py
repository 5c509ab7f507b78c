"""What a workspace loses with each permission of its managed identity, found by taking them away in turn."""

from __future__ import annotations

from dataclasses import dataclass

import labkit
from labkit.core.errors import BadInput, brief
from labkit.core.table import Table, Tabular
from labkit.course.deeds import make_ready, tried
from labkit.course.prepared import prepared
from labkit.course.stepping import uncounted
from labkit.furniture import GROUPS, REGION, SUBSCRIPTION, workspace_id
from labkit.lab import Lab
from labkit.services import key_vault
from labkit.services.authorization import Authorization
from labkit.services.machine_learning.permissions import Permission, permissions
from labkit.services.machine_learning.resync import Resync
from labkit.services.machine_learning.workspace import Workspace
from labkit.services.resource_manager import ResourceManager
from labkit.services.vault_access import VaultAccess

VAULT = "key vault"
# What carl does in his workspace, and what each needs the managed identity for, or does not.
TRIED = (
    *("register a model", "save a notebook", "save a run secret", "open a data store", "submit a run"),
    *("create an image", "deploy to ACI", "deploy to AKS", "list the keys"),
)


@dataclass(frozen=True)
class Revocation:
    """A permission that was taken away: what failed then, as (deed, Azure's code), and whether all of it
    worked again after the keys were resynchronized."""

    permission: str
    broke: tuple[tuple[str, str], ...]
    restored: bool


@dataclass(frozen=True, repr=False)
class Revocations(Tabular):
    """All permissions of the managed identity, each revoked in a lab of its own."""

    each: tuple[Revocation, ...]

    @property
    def harmless(self) -> frozenset[str]:
        """The permissions whose loss broke nothing."""
        return frozenset(one.permission for one in self.each if not one.broke)

    def as_table(self) -> Table:
        """One row for each permission and deed that failed without it."""
        rows = [
            (one.permission, deed, code, ("works again" if one.restored else "still broken") if deed else "")
            for one in self.each
            for deed, code in one.broke or (("", ""),)
        ]
        return Table(
            ("revoked", "broke", "code", "after resync"),
            [(what, deed or "nothing", *rest) for what, deed, *rest in rows],
            caption=f"{len(self.harmless)} of {len(self.each)} revocations broke nothing",
        )


def revocations(release: str = "2020-03", seed: int = 2020, vault_elsewhere: bool = False) -> Revocations:
    """Revokes each permission of a workspace's managed identity in a fresh lab and tries what carl does
    there; then resynchronizes the keys and tries again what had failed. With `vault_elsewhere` it is a
    workspace whose key vault is in another resource group. Raises BadInput. Statements mi-permissions,
    mi-do-not-revoke."""
    if vault_elsewhere is not True and vault_elsewhere is not False:
        raise BadInput("Is the vault elsewhere?", presented=brief(vault_elsewhere), required="True or False")

    def all_of_them() -> Revocations:
        lab = labkit.start(release=release, seed=seed)
        workspace = _workspace(lab, vault_elsewhere)
        rows, furnished = permissions(workspace), prepared((lab, workspace))
        return Revocations(tuple(_without(*furnished.copy(), row) for row in (*rows, None)))

    return uncounted(all_of_them)


def _workspace(lab: Lab, vault_elsewhere: bool) -> Workspace:
    id = lab.workspace
    if vault_elsewhere:
        id, token = workspace_id(GROUPS[0], "ml-apart"), lab.sign_in("olivia").bearer
        vault = f"{SUBSCRIPTION}/resourceGroups/{GROUPS[1]}/providers/{key_vault.TYPE}/vaultapart"
        lab.ask("olivia", ResourceManager.put, vault, token, REGION)
        lab.ask("olivia", ResourceManager.put, id, token, REGION, {"keyVault": vault})
    make_ready(lab, id)
    found = lab.resources.find(id)
    assert isinstance(found, Workspace)
    return found


def _without(lab: Lab, workspace: Workspace, row: Permission | None) -> Revocation:
    """What breaks without a role of the table; None stands for the vault's access policy."""
    revoke(lab, workspace, row)
    broke = _broken(lab, workspace, TRIED)
    lab.ask("carl", Resync.resync, workspace.id, lab.sign_in("carl").bearer)
    still = _broken(lab, workspace, tuple(deed for deed, _ in broke))
    return Revocation(row.on if row else VAULT, broke, not still)


def revoke(lab: Lab, workspace: Workspace, row: Permission | None) -> None:
    """Takes a role of the table from the workspace's managed identity, or (None) its place in the vault's
    access policy, as olivia. Raises what the door raises."""
    token, identity = lab.sign_in("olivia").bearer, workspace.identity_id
    if row is None:
        lab.ask("olivia", VaultAccess.remove_policy, workspace.depends_on["vault"], token, identity)
        return
    for one in lab.ask("olivia", Authorization.assignments, row.scope, token):
        if (one["principalId"], one["roleDefinitionName"], one["scope"]) == (identity, row.role, row.scope):
            lab.ask("olivia", Authorization.unassign, one["id"], token)


def _broken(lab: Lab, workspace: Workspace, deeds: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    verdicts = [(deed, tried(lab, "carl", deed, workspace.id)) for deed in deeds]
    return tuple((deed, verdict.code) for deed, verdict in verdicts if not verdict.accepted)
