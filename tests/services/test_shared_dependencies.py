"""Workspaces that share a vault or a registry: what is one's own is not the other's."""

from typing import Any

import pytest

from labkit.azure import (
    DataStores,
    Images,
    Models,
    Notebooks,
    ResourceManager,
    Runs,
    RunSecrets,
    RunToken,
    Snapshots,
    WebServices,
)
from labkit.core.errors import BadRequest, NotFound
from labkit.lab import Lab
from labkit.services.machine_learning.provider import DEFAULT_STORE
from labkit.services.machine_learning.workspace import TYPE
from tests.services.ml import GROUP, OTHER_GROUP, ask, dependency, model_at, share, unchanged, workspace

# Of the same name as the lab's workspace, in another group.
NEIGHBOUR = f"{OTHER_GROUP}/providers/{TYPE}/ml-example"


def given(lab: Lab) -> dict[str, Any]:
    depends_on = workspace(lab).depends_on
    return {"keyVault": depends_on["vault"], "containerRegistry": depends_on["registry"]}


@pytest.fixture
def bob(lab: Lab) -> Any:
    """Asks the neighbour as bob, who may use that workspace and nothing else."""
    owner = lab.sign_in("olivia").bearer
    lab.ask("olivia", ResourceManager.put, NEIGHBOUR, owner, "eastus", given(lab))
    share(lab, lab.hire("bob").object_id, "AzureML Data Scientist", NEIGHBOUR)
    return lambda op, *args: lab.ask("bob", op, NEIGHBOUR, lab.sign_in("bob").bearer, *args)


def test_a_run_secret_is_neither_read_nor_overwritten_by_the_other(lab: Lab, bob: Any) -> None:
    ask(lab, "carl", RunSecrets.put, "api", "ours")
    with pytest.raises(NotFound):
        bob(RunSecrets.get, "api")
    bob(RunSecrets.put, "api", "theirs")
    assert ask(lab, "carl", RunSecrets.get, "api").reveal() == "ours"
    assert bob(RunSecrets.get, "api").reveal() == "theirs"


def test_two_workspaces_of_a_name_keep_what_opens_their_own_data(lab: Lab, bob: Any) -> None:
    ours = ask(lab, "carl", DataStores.credential, DEFAULT_STORE).reveal()
    theirs = bob(DataStores.credential, DEFAULT_STORE).reveal()
    assert ours != theirs
    account = dependency(lab, "storage").name
    assert (f"AccountName={account};" in ours, f"AccountName={account};" in theirs) == (True, False)


def test_an_image_of_the_other_is_not_what_is_deployed(lab: Lab, bob: Any) -> None:
    ask(lab, "carl", Models.register, "churn", b"ours")
    ask(lab, "carl", Images.create, "scorer", "churn")
    bob(Models.register, "churn", b"theirs")
    bob(Images.create, "scorer", "churn")
    service = ask(lab, "carl", WebServices.deploy_aci, "one", "churn")
    endpoint: Any = lab.resources.find(service.endpoint)
    assert model_at(lab, endpoint) == b"ours"


@pytest.mark.usefixtures("bob")
def test_a_run_gets_run_secrets_alone_and_its_own_workspace_s(lab: Lab) -> None:
    ask(lab, "carl", RunSecrets.put, "api", "ours")
    ask(lab, "carl", Runs.submit, "train", lab.cluster, print)
    token = RunToken(lab.waiting_jobs()[0].token.reveal())
    assert lab.ask("run", RunSecrets.get, lab.workspace, token, "api").reveal() == "ours"
    kept = dependency(lab, "vault").secrets.names()
    assert len(kept) == 7
    for name in (*kept, *(one.partition("/")[2] for one in kept), DEFAULT_STORE):
        with pytest.raises(NotFound):
            lab.ask("mallory", RunSecrets.get, lab.workspace, token, name)


def test_the_next_workspace_of_a_name_has_none_of_the_secrets(lab: Lab) -> None:
    ask(lab, "carl", RunSecrets.put, "api", "old")
    ask(lab, "carl", DataStores.attach, "sales", "old")
    owner = lab.sign_in("olivia").bearer
    lab.ask("olivia", ResourceManager.delete, lab.workspace, owner)
    lab.ask("olivia", ResourceManager.put, lab.workspace, owner, "eastus")
    with pytest.raises(NotFound):
        ask(lab, "carl", RunSecrets.get, "api")
    assert ask(lab, "carl", DataStores.list_stores) == [DEFAULT_STORE]


def test_a_workspace_that_is_not_made_leaves_the_shared_vault_as_it_was(lab: Lab) -> None:
    owner = lab.sign_in("olivia").bearer
    for target in (NEIGHBOUR, f"{GROUP}/providers/{TYPE}/another"):
        with unchanged(lab), pytest.raises(BadRequest):
            lab.ask("x", ResourceManager.put, target, owner, "eastus", {**given(lab), "identity": "mine"})


def test_models_and_notebooks_of_the_other_are_its_own(lab: Lab) -> None:
    owner, sibling = lab.sign_in("olivia").bearer, f"{GROUP}/providers/{TYPE}/sibling"
    shared = {"storageAccount": workspace(lab).depends_on["storage"]}
    lab.ask("olivia", ResourceManager.put, sibling, owner, "eastus", shared)
    ask(lab, "carl", Models.register, "churn", b"ours")
    ask(lab, "carl", Notebooks.save, "plan.ipynb", "ours")
    with pytest.raises(NotFound):
        lab.ask("olivia", Notebooks.open, sibling, owner, "plan.ipynb")
    lab.ask("olivia", Models.register, sibling, owner, "churn", b"theirs")
    lab.ask("olivia", Notebooks.save, sibling, owner, "plan.ipynb", "theirs")
    assert ask(lab, "carl", Models.download, "churn") == b"ours"
    assert ask(lab, "carl", Notebooks.open, "plan.ipynb") == "ours"


def test_the_image_of_an_environment_is_nobody_else_s(lab: Lab, bob: Any) -> None:
    """Whoever may run something in one workspace does not choose what is pulled for the other's runs."""
    owner, files = lab.sign_in("olivia").bearer, {"a.py": b"def main(run):\n    pass\n"}
    lab.ask("olivia", ResourceManager.put, f"{NEIGHBOUR}/computes/cpu-cluster", owner, "eastus")
    images = []
    for home in (NEIGHBOUR, lab.workspace):
        made = lab.ask("olivia", Snapshots.create, home, owner, files).snapshot_id
        args = ("train", "cpu-cluster", "a.py")
        lab.trace.clear()
        images.append(lab.ask("olivia", Runs.submit, home, owner, *args, snapshot=made).image)
        assert [hop.resource for hop in lab.trace if hop.operation == "Build image"] == [
            dependency(lab, "registry").name
        ]
    assert len({*images}) == 2
    assert len({one.rpartition("/")[2] for one in images}) == 1
    with pytest.raises(NotFound):
        bob(Snapshots.get, made)
