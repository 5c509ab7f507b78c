"""The container registry: pushing and pulling, and who may."""

import hashlib
from typing import Any

import pytest

from labkit.azure import Anonymous, Bearer, ContainerRegistry, ResourceManager
from labkit.core.errors import BadRequest, CredentialMissing, Forbidden, NotFound, UnknownHost
from labkit.identity.errors import WrongAudience
from labkit.lab import Lab
from labkit.services.azure_ad import STORAGE
from tests.services.ml import dependency, unchanged


@pytest.fixture
def registry(lab: Lab) -> str:
    id: str = dependency(lab, "registry").id
    return id


def token(lab: Lab, who: str) -> Bearer:
    return lab.sign_in(who).bearer


def test_what_was_pushed_can_be_pulled_under_its_name_and_nothing_else(lab: Lab, registry: str) -> None:
    carl = token(lab, "carl")
    digest = lab.ask("carl", ContainerRegistry.push, registry, carl, "churn:1", b"layers")
    assert digest == "sha256:" + hashlib.sha256(b"layers").hexdigest()
    assert lab.ask("carl", ContainerRegistry.pull, registry, carl, "churn:1") == b"layers"
    with pytest.raises(NotFound) as caught:
        lab.ask("carl", ContainerRegistry.pull, registry, carl, "churn:2")
    assert (caught.value.status, caught.value.code) == (404, "MANIFEST_UNKNOWN")


def test_it_answers_at_the_host_that_azure_documents(lab: Lab, registry: str) -> None:
    host = f"https://{dependency(lab, 'registry').name}.azurecr.io"
    lab.ask("carl", ContainerRegistry.push, host, token(lab, "carl"), "churn:1", b"x")
    assert lab.ask("carl", ContainerRegistry.pull, registry, token(lab, "carl"), "churn:1") == b"x"


def test_a_reader_pulls_and_does_not_push(lab: Lab, registry: str) -> None:
    lab.ask("carl", ContainerRegistry.push, registry, token(lab, "carl"), "churn:1", b"layers")
    rita = token(lab, "rita")
    assert lab.ask("rita", ContainerRegistry.pull, registry, rita, "churn:1") == b"layers"
    with unchanged(lab), pytest.raises(Forbidden) as caught:
        lab.ask("rita", ContainerRegistry.push, registry, rita, "churn:1", b"other")
    assert (caught.value.status, caught.value.code) == (403, "DENIED")
    assert caught.value.required.startswith("Microsoft.ContainerRegistry/registries/push/write on ")


def test_nobody_and_tokens_for_others_are_turned_away(lab: Lab, registry: str) -> None:
    with pytest.raises(CredentialMissing) as nobody:
        lab.ask("x", ContainerRegistry.pull, registry, Anonymous(), "churn:1")
    storage = lab.sign_in("carl", resource=STORAGE).bearer
    with pytest.raises(WrongAudience) as other:
        lab.ask("carl", ContainerRegistry.pull, registry, storage, "churn:1")
    assert {(one.value.status, one.value.code) for one in (nobody, other)} == {(401, "UNAUTHORIZED")}


@pytest.mark.parametrize(
    "name",
    ["", "churn", ":", "churn:", ":1", "Churn:1", "a//b:1", "a b:1", "churn:1\n", "-:1", "a:" + "1" * 129],
)
def test_a_name_that_no_registry_takes_is_a_bad_request(lab: Lab, registry: str, name: str) -> None:
    for op, args in ((ContainerRegistry.push, (b"x",)), (ContainerRegistry.pull, ())):
        with unchanged(lab), pytest.raises(BadRequest):
            lab.ask("carl", op, registry, token(lab, "carl"), name, *args)


@pytest.mark.parametrize(
    "args", [(), ("a:1",), (None, b"x"), (5, b"x"), ("a:1", "text"), ("a:1", None), ([], b"")]
)
def test_arguments_of_other_types_are_a_bad_request(lab: Lab, registry: str, args: Any) -> None:
    with unchanged(lab), pytest.raises(BadRequest):
        lab.ask("carl", ContainerRegistry.push, registry, token(lab, "carl"), *args)


@pytest.mark.parametrize("name", ["a:1", "a/b/c:latest", "a-b_c.d:V1.2-x", "a" * 200 + ":1"])
def test_names_of_every_shape_that_registries_take_are_good(lab: Lab, registry: str, name: str) -> None:
    assert lab.ask("carl", ContainerRegistry.push, registry, token(lab, "carl"), name, b"")


def test_a_deleted_registry_has_nothing_any_more(lab: Lab, registry: str) -> None:
    carl = token(lab, "carl")
    lab.ask("carl", ContainerRegistry.push, registry, carl, "churn:1", b"layers")
    lab.ask("carl", ResourceManager.delete, registry, carl)
    with pytest.raises(UnknownHost):
        lab.ask("carl", ContainerRegistry.pull, registry, carl, "churn:1")
    lab.ask("carl", ResourceManager.put, registry, carl, "eastus")
    with pytest.raises(NotFound):
        lab.ask("carl", ContainerRegistry.pull, registry, carl, "churn:1")
