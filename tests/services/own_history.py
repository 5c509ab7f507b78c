"""What the tests ask of a lab to have run history under the customer's key."""

from __future__ import annotations

from typing import Any

from labkit.azure import Authorization, Features, ProviderRegistration, Runs
from labkit.furniture import GROUPS, SUBSCRIPTION, workspace_id
from labkit.identity.first_party import COSMOS
from labkit.lab import Lab
from labkit.services.cosmos import CosmosAccount
from labkit.services.machine_learning.permissions import PROVIDER_APP
from labkit.services.machine_learning.workspace import Run, Workspace
from labkit.services.provider_registration import COSMOS_KEYS
from tests.services.stores import ENOUGH, allow, new_version, put

OWN = workspace_id(GROUPS[0], "own-history")
KEY = "history-key"
COSMOS_PROVIDER = "Microsoft.DocumentDB"


def owner(lab: Lab, op: Any, target: str, *args: Any) -> Any:
    """olivia asks."""
    return lab.ask("olivia", op, target, lab.sign_in("olivia").bearer, *args)


def contributor(lab: Lab) -> None:
    """Azure ML's application becomes a Contributor of the subscription."""
    application = lab.directory.principal_of(PROVIDER_APP)
    assert application is not None
    owner(lab, Authorization.assign, SUBSCRIPTION, "Contributor", application.object_id)


def register(lab: Lab) -> None:
    owner(lab, ProviderRegistration.register, SUBSCRIPTION, COSMOS_PROVIDER)


def feature(lab: Lab) -> None:
    owner(lab, Features.register, SUBSCRIPTION, COSMOS_KEYS)


def let_in(lab: Lab, vault: str = "") -> None:
    """Azure Cosmos DB may use the keys of a vault."""
    principal = COSMOS.principal(lab.directory)
    assert principal is not None
    allow(lab, principal.object_id, *ENOUGH, vault=vault)


def prepare(lab: Lab, without: str = "", vault: str = "") -> str:
    """All that it takes, but for one thing: "contributor" or "feature". Returns the key's full address."""
    for name, step in (("contributor", contributor), ("feature", feature)):
        if name != without:
            step(lab)
    register(lab)
    let_in(lab, vault)
    return new_version(lab, KEY, vault).key_id


def given(lab: Lab, uri: str, vault: str = "") -> dict[str, Any]:
    """The two parameters, under the documents' names."""
    key = {"resource_cmk_uri": uri, "cmk_keyvault": vault or lab.vault}
    return key | ({"edition": "Enterprise"} if lab.release.editions else {})


def own_workspace(lab: Lab, region: str = "eastus", **more: Any) -> Workspace:
    """A workspace whose run history is under the customer's key."""
    put(lab, OWN, given(lab, prepare(lab)) | more, region)
    return made(lab)


def made(lab: Lab) -> Workspace:
    found = lab.resources.find(OWN)
    assert isinstance(found, Workspace)
    return found


def account(lab: Lab) -> CosmosAccount:
    found = lab.resources.find(made(lab).history)
    assert isinstance(found, CosmosAccount)
    return found


def cluster(lab: Lab) -> None:
    put(lab, f"{OWN}/computes/cpu")


def submit(lab: Lab, experiment: str = "secret-experiment") -> Run:
    run = owner(lab, Runs.submit, OWN, experiment, "cpu", print)
    assert isinstance(run, Run)
    return run


def read(lab: Lab, run_id: str) -> Run:
    run = owner(lab, Runs.get, OWN, run_id)
    assert isinstance(run, Run)
    return run
