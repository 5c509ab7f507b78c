"""Which arrangements take which edition, whichever half of one comes first."""

from typing import Any

import pytest

import labkit
from labkit.azure import Editions, ResourceManager
from labkit.core.errors import BadRequest
from labkit.furniture import workspace_id
from labkit.lab import Lab
from labkit.releases import RELEASES, TAKES
from labkit.services.machine_learning.edition import EditionRequired
from tests.services.ml import GROUP, ask, dependency
from tests.services.networks import ENDPOINTS, SUBNET, delete, link, locked, networks, to
from tests.services.state import refused
from tests.services.stores import put

NEW = workspace_id("your-resource-group-name", "new")
ROLES = ("storage", "vault", "registry")
OLD = {
    "storage": ("storageAccount", f"{GROUP}/providers/Microsoft.Storage/storageAccounts/old"),
    "vault": ("keyVault", f"{GROUP}/providers/Microsoft.KeyVault/vaults/old"),
    "registry": ("containerRegistry", f"{GROUP}/providers/Microsoft.ContainerRegistry/registries/old"),
}
REGISTRY = {"networkRuleSet": locked(SUBNET)}


@pytest.fixture
def lab(lab: Lab) -> Lab:
    networks(lab)
    return lab


def put_refused(lab: Lab, id: str, given: Any) -> Any:
    refusal = refused(
        lab, EditionRequired, ResourceManager.put, id, lab.sign_in("olivia").bearer, "eastus", given
    )
    assert isinstance(refusal, BadRequest)
    assert refusal.code == "EditionNotSupported"
    assert refusal.required == "edition: Enterprise"
    return refusal


@pytest.mark.parametrize("role", ROLES)
def test_private_link_on_what_a_basic_workspace_depends_on(lab: Lab, role: str) -> None:
    store = dependency(lab, role)
    refusal = put_refused(lab, f"{ENDPOINTS}/one", to(store.id))
    assert (refusal.stage, store.name in refusal.presented) == ("operation", True)
    ask(lab, "olivia", Editions.upgrade)
    link(lab, store.id)


@pytest.mark.parametrize("role", ROLES)
def test_a_basic_workspace_over_something_that_has_private_link(lab: Lab, role: str) -> None:
    name, id = OLD[role]
    put(lab, id)
    endpoint = link(lab, id)
    put_refused(lab, NEW, {name: id})
    put(lab, NEW, {name: id, "edition": "Enterprise"})
    delete(lab, NEW)
    delete(lab, endpoint)
    put(lab, NEW, {name: id})


def test_the_registry_of_a_basic_workspace_into_a_virtual_network(lab: Lab) -> None:
    registry = dependency(lab, "registry").id
    put_refused(lab, registry, REGISTRY)
    put_refused(lab, registry, {"networkRuleSet": locked(SUBNET) | {"defaultAction": "Allow"}})
    # Closed to everybody it is in no network.
    put(lab, registry, {"networkRuleSet": locked()})
    ask(lab, "olivia", Editions.upgrade)
    put(lab, registry, REGISTRY)


def test_a_basic_workspace_over_a_registry_in_one(lab: Lab) -> None:
    name, id = OLD["registry"]
    put(lab, id, REGISTRY)
    put_refused(lab, NEW, {name: id})
    put(lab, NEW, {name: id, "edition": "Enterprise"})


@pytest.mark.parametrize("role", ["storage", "vault"])
def test_others_can_be_in_a_virtual_network_in_either_order(lab: Lab, role: str) -> None:
    put(lab, dependency(lab, role).id, {"networkAcls": locked(SUBNET)})
    name, id = OLD[role]
    put(lab, id, {"networkAcls": locked(SUBNET)})
    put(lab, NEW, {name: id})


def test_a_resource_that_no_workspace_uses_is_nobodys_business(lab: Lab) -> None:
    for number, (_, id) in enumerate(OLD.values()):
        put(lab, id)
        link(lab, id, name=f"to-{number}")
    put(lab, OLD["registry"][1], REGISTRY)


def test_one_basic_workspace_among_those_that_use_it_is_enough(lab: Lab) -> None:
    ask(lab, "olivia", Editions.upgrade)
    store = dependency(lab, "storage")
    put(
        lab, NEW, {"storageAccount": store.id.upper().replace("/SUBSCRIPTIONS/YOUR-SUB-ID", lab.subscription)}
    )
    refusal = put_refused(lab, f"{ENDPOINTS}/one", to(store.id))
    assert refusal.presented.startswith("new, edition: Basic")


def test_where_there_are_no_editions_there_is_nothing_to_take() -> None:
    lab = labkit.start("2019-08")
    networks(lab)
    for role in ROLES:
        link(lab, dependency(lab, role).id, name=role)
    put(lab, dependency(lab, "registry").id, REGISTRY)
    link(lab, lab.workspace, name="workspace")


def test_what_takes_an_edition_takes_one_that_there_is() -> None:
    for release in RELEASES.values():
        assert not release.editions or set(TAKES.values()) <= set(release.editions)
    assert len(TAKES) == 3


def test_a_store_that_comes_again_in_other_letters_is_still_the_one_that_is_used(lab: Lab) -> None:
    store = dependency(lab, "storage").id
    delete(lab, store)
    again = store.replace("Microsoft.Storage/storageAccounts", "microsoft.storage/StorageAccounts")
    put(lab, again)
    put_refused(lab, f"{ENDPOINTS}/one", to(again))
