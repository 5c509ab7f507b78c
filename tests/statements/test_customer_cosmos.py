"""What the documents say about run history under the customer's key: attempted in a lab of each release that
states it. Each test does what the ledger's `shown_by` says of its statement."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests

import labkit
from labkit.azure import (
    Authorization,
    Features,
    ProviderRegistration,
    ResourceManager,
    Runs,
)
from labkit.core.errors import BadRequest, Forbidden, NotFound
from labkit.course.key_scene import enable, new_version
from labkit.course.store_trials import TEXT
from labkit.furniture import CLUSTER, GROUPS, SUBSCRIPTION, workspace_id
from labkit.lab import Lab
from labkit.network.regions import REGIONS
from labkit.services.encryption import KeyRefused
from labkit.services.key_vault import TYPE as VAULTS
from labkit.services.key_vault.errors import KeyDisabled
from labkit.services.machine_learning.permissions import PROVIDER_APP
from labkit.services.provider_registration import COSMOS_KEYS
from labkit.services.resource_id import group_of
from labkit.stores import OWN_RUN_HISTORY
from tests.sdk.azureml_lab import nothing_left_active
from tests.services.ml import GROUP, workspace
from tests.services.own_history import OWN, given, made, owner, prepare, register
from tests.services.own_history import account as history_of
from tests.services.stores import put
from tests.statements.at_rest import (
    EDITION,
    HOUR,
    in_each_release,
    keep,
    plain,
    raws,
    read,
    refusal,
    seen,
    versions,
    window,
)
from tests.statements.conftest import sdk

THREE = ("eastus", "westus2", "southcentralus")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    in_each_release(metafunc)


@pytest.fixture
def lab(release: str) -> Lab:
    return labkit.start(release)


# ---- Cosmos DB: what it is


def create(lab: Lab, properties: dict[str, Any], region: str = "eastus") -> Any:
    """olivia creates the workspace."""
    return put(lab, OWN, properties | EDITION, region)


def submit(lab: Lab) -> str:
    put(lab, f"{OWN}/computes/cpu")
    return str(owner(lab, Runs.submit, OWN, TEXT, "cpu", print).run_id)


@pytest.mark.proves("enc-cosmos-cmk")
def test_run_history_leaves_the_shared_account_for_one_in_the_customers_subscription(lab: Lab) -> None:
    store = keep(lab, OWN_RUN_HISTORY, own=True)
    assert seen(lab, store)[:2] == ("Customer subscription", "customer")
    assert (plain(lab, store), read(store)) == ([], TEXT)
    listed = owner(lab, ResourceManager.collection, lab.subscription, "Microsoft.DocumentDB/databaseAccounts")
    [history] = [one["id"] for one in listed]
    group = owner(lab, ResourceManager.get, group_of(history))
    assert group["properties"]["managedBy"] == workspace_id(GROUPS[0], "ml-own")
    assert group_of(history).startswith(f"{SUBSCRIPTION}/resourceGroups/ml-own_")
    shared: Any = lab.resources.find(workspace(lab).history)
    assert not [name for name in shared.documents.medium.names() if name.endswith(f"{TEXT}_1")]


@pytest.mark.proves("enc-cosmos-cmk")
def test_without_it_run_history_is_among_that_of_all_others(lab: Lab) -> None:
    prepare(lab)
    create(lab, {})
    name = submit(lab)
    shared: Any = lab.resources.find(workspace(lab).history)
    assert [one for one in shared.documents.medium.names() if one.endswith(name)]
    assert shared.boundary == "Microsoft subscription"


@pytest.mark.proves("enc-cosmos-cmk")
def test_in_2019_there_is_none_to_be_had() -> None:
    lab = labkit.start("2019-08")
    uri = prepare(lab)
    refused = refusal(lab, lambda: put(lab, OWN, given(lab, uri)), BadRequest)
    assert refused.required == "a lab of 2020-01 or 2020-03"
    put(lab, OWN)


# ---- what it takes


def _unregistered(namespace: str) -> Callable[[Lab], None]:
    def step(lab: Lab) -> None:
        if namespace == "Microsoft.MachineLearningServices":
            for id in [one.id for one in lab.resources if one.service == "Azure Machine Learning"]:
                owner(lab, ResourceManager.delete, id)
        owner(lab, ProviderRegistration.unregister, lab.subscription, namespace)

    return step


def _no_contributor(lab: Lab) -> None:
    application = lab.directory.principal_of(PROVIDER_APP)
    assert application is not None
    [held] = [
        one["id"]
        for one in owner(lab, Authorization.assignments, lab.subscription)
        if (one["principalId"], one["roleDefinitionName"]) == (application.object_id, "Contributor")
    ]
    owner(lab, Authorization.unassign, held)
    lab.clock.advance("31m")


# What leaves it out, by how the refusal is coded and what it names.
LEFT_OUT: dict[tuple[str, str], Callable[[Lab], Any]] = {
    ("SubscriptionNotRegisteredForFeature", COSMOS_KEYS): lambda lab: owner(
        lab, Features.unregister, lab.subscription, COSMOS_KEYS
    ),
    ("MissingSubscriptionRegistration", "namespace 'Microsoft.DocumentDB'"): _unregistered(
        "Microsoft.DocumentDB"
    ),
    ("MissingSubscriptionRegistration", "namespace 'Microsoft.MachineLearningServices'"): _unregistered(
        "Microsoft.MachineLearningServices"
    ),
    ("AuthorizationFailed", "Contributor of the subscription"): _no_contributor,
}


@pytest.mark.proves("enc-cosmos-cmk-steps")
@pytest.mark.parametrize("step", LEFT_OUT, ids=" ".join)
def test_each_step_that_is_left_out_is_the_one_that_is_said_to_be_missing(
    lab: Lab, step: tuple[str, str]
) -> None:
    properties = given(lab, prepare(lab))
    LEFT_OUT[step](lab)
    refused = refusal(lab, lambda: create(lab, properties))
    coded, name = step
    assert (refused.code, name in f"{refused.message} {refused.required}") == (coded, True)
    assert lab.resources.get(OWN) is None
    prepare_again(lab)
    create(lab, properties)
    assert history_of(lab).account_key.owner == "customer"


def prepare_again(lab: Lab) -> None:
    """Takes every step, also those that are taken already."""
    for namespace in ("Microsoft.DocumentDB", "Microsoft.MachineLearningServices"):
        owner(lab, ProviderRegistration.register, lab.subscription, namespace)
    owner(lab, Features.register, lab.subscription, COSMOS_KEYS)
    application = lab.directory.principal_of(PROVIDER_APP)
    assert application is not None
    role = (Authorization.assign, lab.subscription, lab.sign_in("olivia").bearer, "Contributor")
    lab.attempt("olivia", *role, application.object_id)
    lab.clock.advance("31m")


def by_sdk(lab: Lab, parameters: dict[str, str]) -> None:
    """With the SDK."""
    sku = EDITION["edition"].lower()
    place = {"subscription_id": "your-sub-id", "resource_group": GROUPS[0], "location": "eastus"}
    sdk("core", "Workspace").create("own-history", sku=sku, **place, **parameters)


def by_rest(lab: Lab, parameters: dict[str, str]) -> None:
    """With the REST API."""
    answer = requests.put(
        f"https://management.azure.com{OWN}",
        json={"location": "eastus", "properties": parameters | EDITION},
        params={"api-version": "2020-01-01"},
        headers={"Authorization": f"Bearer {lab.sign_in('olivia').reveal()}"},
        timeout=5,
    )
    assert answer.ok, answer.json()["error"]["message"]


@pytest.mark.proves("enc-cosmos-cmk-steps")
@pytest.mark.parametrize("way", [by_sdk, by_rest])
def test_both_parameters_are_given_when_the_workspace_is_created_through_the_sdk_or_rest(
    lab: Lab, way: Callable[[Lab, dict[str, str]], None]
) -> None:
    both = {"resource_cmk_uri": prepare(lab), "cmk_keyvault": lab.vault}
    with nothing_left_active(), lab.activate("olivia"):
        for missing in both:
            with pytest.raises(Exception, match=f"{missing} is missing"):
                way(lab, {name: value for name, value in both.items() if name != missing})
            assert lab.resources.get(OWN) is None
        way(lab, both)
    assert history_of(lab).account_key.owner == "customer"


@pytest.mark.proves("enc-cosmos-cmk-steps")
def test_later_it_cannot_be_had(lab: Lab) -> None:
    both = given(lab, prepare(lab))
    create(lab, {})
    refusal(lab, lambda: put(lab, OWN, both))
    assert made(lab).history == workspace(lab).history


# ---- which key, which vault, which region


def vault_in(lab: Lab, region: str = "eastus", group: str = GROUP) -> str:
    """Another vault. Returns its id."""
    id = f"{group}/providers/{VAULTS}/elsewhere"
    put(lab, id, region=region)
    return id


@pytest.mark.proves("enc-cosmos-cmk-uri")
def test_the_address_of_the_key_is_full_and_has_its_version(lab: Lab) -> None:
    uri = prepare(lab)
    without = uri.rpartition("/")[0]
    for wrong in (without, f"{without}/", uri.partition("/keys/")[0], uri.removeprefix("https://")):
        refusal(lab, lambda wrong=wrong: create(lab, given(lab, wrong)), BadRequest)  # type: ignore[misc]
    create(lab, given(lab, uri))
    assert uri.endswith(f"/keys/history-key/{history_of(lab).account_key.wrapped.version}")


@pytest.mark.proves("enc-cosmos-cmk-uri")
@pytest.mark.parametrize("which", ["workspace's", "other"])
def test_the_vault_may_be_that_of_the_workspace_or_another_one_in_region_and_subscription(
    lab: Lab, which: str
) -> None:
    vault = lab.vault if which == "workspace's" else vault_in(lab)
    own = {"keyVault": vault} if which == "workspace's" else {}
    create(lab, given(lab, prepare(lab, vault=vault), vault) | own)
    assert (made(lab).depends_on["vault"] == vault) is (which == "workspace's")
    assert history_of(lab).account_key.wrapped.key_id.startswith(f"https://{vault.rpartition('/')[2]}.vault.")


@pytest.mark.proves("enc-cosmos-cmk-uri")
def test_a_vault_in_another_region_or_subscription_is_refused(lab: Lab) -> None:
    far = vault_in(lab, "westus2")
    uri = prepare(lab, vault=far)
    refused = refusal(lab, lambda: create(lab, given(lab, uri, far)), BadRequest)
    assert (refused.message, refused.required) == ("The key vault is in another region.", "eastus")
    group = f"{lab.open_subscription('second')}/resourceGroups/keys"
    put(lab, group)
    owner(lab, ResourceManager.delete, far)
    foreign = vault_in(lab, group=group)
    key = new_version(lab, foreign).key_id
    refused = refusal(lab, lambda: create(lab, given(lab, key, foreign)), BadRequest)
    assert refused.message == "The key vault is in another subscription."


def history_in(lab: Lab, region: str) -> None:
    """A workspace in a region, and the vault of its key there."""
    vault = vault_in(lab, region)
    create(lab, given(lab, prepare(lab, vault=vault), vault), region)
    assert history_of(lab).region == region


@pytest.mark.proves("enc-cosmos-cmk-regions")
@pytest.mark.parametrize("region", REGIONS)
def test_it_is_offered_in_three_regions_only(lab: Lab, region: str) -> None:
    if region in THREE:
        history_in(lab, region)
        return
    with pytest.raises(BadRequest) as caught:
        history_in(lab, region)
    assert caught.value.required == "eastus or westus2 or southcentralus"
    assert lab.resources.get(OWN) is None
    # It is the key that is refused there, and not the workspace.
    put(lab, OWN, region=region)


@pytest.mark.proves("enc-cosmos-cmk-regions")
@pytest.mark.parametrize("region", REGIONS)
def test_in_the_next_release_it_is_offered_in_every_region(region: str) -> None:
    history_in(labkit.start("2020-03"), region)


# ---- the account


@pytest.mark.proves("enc-cosmos-cmk-delete")
def test_the_account_goes_with_its_workspace_and_not_before(lab: Lab) -> None:
    create(lab, given(lab, prepare(lab)))
    history = made(lab).history
    for id in (history, group_of(history)):
        refused = refusal(lab, lambda id=id: owner(lab, ResourceManager.delete, id), Forbidden)  # type: ignore[misc]
        assert refused.code == "DenyAssignmentAuthorizationFailed"
    assert owner(lab, ResourceManager.get, history)["id"] == history
    owner(lab, ResourceManager.delete, OWN)
    for id in (OWN, history, group_of(history)):
        refusal(lab, lambda id=id: owner(lab, ResourceManager.get, id), NotFound)  # type: ignore[misc]
    assert history not in [one.id for one in lab.resources]


@pytest.mark.proves("enc-cosmos-ru")
def test_it_has_8000_request_units_and_no_way_to_other_ones(lab: Lab) -> None:
    create(lab, given(lab, prepare(lab)))
    history = made(lab).history
    for units in (400, 7999, 8001, 16000):
        refusal(lab, lambda units=units: put(lab, history, {"throughput": units}), BadRequest)  # type: ignore[misc]
    assert owner(lab, ResourceManager.get, history)["properties"]["throughput"] == 8000
    # That of an account of one's own is changed as one likes.
    register(lab)
    mine = f"{GROUP}/providers/Microsoft.DocumentDB/databaseAccounts/mine"
    put(lab, mine, {"throughput": 400})
    assert put(lab, mine, {"throughput": 8000})["properties"]["throughput"] == 8000


@pytest.mark.proves("enc-cosmos-rotate")
def test_run_history_is_rotated_and_revoked_as_blobs_are(lab: Lab) -> None:
    store = keep(lab, OWN_RUN_HISTORY, own=True)
    old = raws(lab, store)
    first = seen(lab, store).version
    new_version(lab)
    lab.clock.advance(HOUR)
    assert read(store) == TEXT
    assert seen(lab, store).version == versions(lab)[-1] != first
    assert raws(lab, store) == old
    enable(lab, False)
    lab.clock.advance(HOUR)
    mine = workspace_id(GROUPS[0], "ml-own")
    asked = (Runs.submit, mine, "train", CLUSTER, print)
    for step in (lambda: read(store), lambda: owner(lab, *asked)):
        refused = refusal(lab, step, KeyRefused)
        assert (refused.service, refused.status) == ("Cosmos DB", 403)
        assert isinstance(refused.__cause__, KeyDisabled)
    # The history of other workspaces goes on.
    token = lab.sign_in("olivia").bearer
    assert lab.attempt("olivia", Runs.submit, lab.workspace, token, "train", lab.cluster, print)
    enable(lab, True)
    assert read(store) == TEXT
    assert owner(lab, *asked).run_id == "train_2"


@pytest.mark.proves("enc-cosmos-rotate")
@pytest.mark.parametrize("event", ["disable", "rotate"])
def test_with_the_same_delay(release: str, event: str) -> None:
    assert [window(release, OWN_RUN_HISTORY, event, at) for at in (1, 59)] == [59, 1]
