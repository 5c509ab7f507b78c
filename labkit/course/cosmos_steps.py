"""What it takes to have run history under one's own key: each step left out in turn, and other keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import labkit
from labkit.core.table import Table, Tabular
from labkit.core.verdict import Verdict
from labkit.course.key_scene import OWNER, let_in, new_version, put
from labkit.course.prepared import prepared
from labkit.course.stepping import uncounted
from labkit.course.store_trials import request_own_cosmos
from labkit.furniture import GROUPS, SUBSCRIPTION, workspace_id
from labkit.identity.first_party import COSMOS
from labkit.lab import Lab
from labkit.services.authorization import Authorization
from labkit.services.key_vault import TYPE, KeyVersion
from labkit.services.machine_learning.permissions import PROVIDER_APP
from labkit.services.machine_learning.workspace import Workspace
from labkit.services.provider_registration import COSMOS_KEYS, Features, ProviderRegistration
from labkit.services.resource_manager import ResourceManager

_WORKSPACE = workspace_id(GROUPS[0], "ml-own")
Named = dict[str, str]


@dataclass(frozen=True, repr=False)
class Attempts(Tabular):
    """Creations of a workspace, as (what was different, verdict, what was said)."""

    rows: tuple[tuple[str, str, str], ...]

    def as_table(self) -> Table:
        """One row for each."""
        return Table(("what is different", "creation", "what is said"), self.rows)


def _unregister(namespace: str) -> Callable[[Lab, Named], object]:
    def step(lab: Lab, named: Named) -> None:
        token = lab.sign_in(OWNER).bearer
        lab.ask(OWNER, ProviderRegistration.unregister, lab.subscription, token, namespace)

    return step


def _no_machine_learning(lab: Lab, named: Named) -> None:
    """A provider that is used cannot be unregistered: the workspaces go first. The vaults stay."""
    for one in [one for one in lab.resources if isinstance(one, Workspace)]:
        lab.ask(OWNER, ResourceManager.delete, one.id, lab.sign_in(OWNER).bearer)
    _unregister("Microsoft.MachineLearningServices")(lab, named)


def _no_feature(lab: Lab, named: Named) -> None:
    token = lab.sign_in(OWNER).bearer
    lab.ask(OWNER, Features.unregister, lab.subscription, token, COSMOS_KEYS)


def _no_contributor(lab: Lab, named: Named) -> None:
    provider, token = lab.directory.principal_of(PROVIDER_APP), lab.sign_in(OWNER).bearer
    assert provider is not None
    for one in lab.ask(OWNER, Authorization.assignments, lab.subscription, token):
        if (one["principalId"], one["roleDefinitionName"]) == (provider.object_id, "Contributor"):
            lab.ask(OWNER, Authorization.unassign, one["id"], token)


# What is left out, by the documents' words; each undoes one step of all.
STEPS: Mapping[str, Callable[[Lab, Named], object]] = {
    "": lambda lab, named: None,
    "the feature, on request": _no_feature,
    "Microsoft.MachineLearningServices registered": _no_machine_learning,
    "Microsoft.DocumentDB registered": _unregister("Microsoft.DocumentDB"),
    "Azure ML as Contributor": _no_contributor,
    "resource_cmk_uri": lambda lab, named: named.pop("resource_cmk_uri"),
    "cmk_keyvault": lambda lab, named: named.pop("cmk_keyvault"),
}


def cosmos_steps(release: str = "2020-03", seed: int | None = 2020) -> Attempts:
    """Creates a workspace with run history under olivia's key, one step left out at a time, each in a lab
    of its own. Raises BadInput. Statement enc-cosmos-cmk-steps."""
    named = {f"without {what}" if what else "all of it": step for what, step in STEPS.items()}
    return _attempts(named, labkit.start(release, seed))


def _other_vault(lab: Lab, named: Named, region: str = "eastus", group: str = "") -> None:
    group = group or f"{SUBSCRIPTION}/resourceGroups/{GROUPS[0]}"
    vault = f"{group}/providers/{TYPE}/vaultforkeys"
    put(lab, vault, region=region)
    named.update(_named(lab, vault))


def _other_subscription(lab: Lab, named: Named) -> None:
    group = f"{lab.open_subscription('second')}/resourceGroups/keys"
    put(lab, group)
    _other_vault(lab, named, group=group)


KEYS: Mapping[str, Callable[[Lab, Named], object]] = {
    "key in the workspace's own vault": lambda lab, named: None,
    "key in another vault": _other_vault,
    "address without a version": lambda lab, named: named.update(
        resource_cmk_uri=named["resource_cmk_uri"].rpartition("/")[0]
    ),
    "vault in another region": lambda lab, named: _other_vault(lab, named, "westeurope"),
    "vault in another subscription": _other_subscription,
}


def cosmos_keys(release: str = "2020-03", seed: int | None = 2020) -> Attempts:
    """The same with other addresses of keys. In the release that has the feature in three regions only, the
    workspace is in one of them. Raises BadInput. Statement enc-cosmos-cmk-uri."""
    return _attempts(KEYS, labkit.start(release, seed))


def _named(lab: Lab, vault: str) -> Named:
    """A new key of a vault that Azure Cosmos DB may use, as a workspace is told about it."""
    key: KeyVersion = new_version(lab, vault)
    cosmos = lab.directory.principal_of(COSMOS.client_id)
    assert cosmos is not None
    let_in(lab, cosmos.object_id, vault=vault)
    return {"resource_cmk_uri": key.key_id, "cmk_keyvault": vault}


def _attempts(steps: Mapping[str, Callable[[Lab, Named], object]], lab: Lab) -> Attempts:
    """Each of them in a lab like this one, in which all has been done that it takes."""

    def tried() -> Attempts:
        request_own_cosmos(lab)
        ready = prepared((lab, _named(lab, lab.vault)))
        return Attempts(tuple(_attempt(what, step, *ready.copy()) for what, step in steps.items()))

    return uncounted(tried)


def _attempt(what: str, step: Callable[[Lab, Named], object], lab: Lab, named: Named) -> tuple[str, str, str]:
    step(lab, named)
    properties: dict[str, Any] = named | ({"edition": "Enterprise"} if lab.release.editions else {})
    verdict = Verdict.of(lambda: put(lab, _WORKSPACE, properties))
    return what, verdict.word, verdict.refusal.message if verdict.refusal else ""
