"""Credentials that the platform makes and checks, and that nobody can forge."""

from dataclasses import replace
from typing import Any

import pytest

from labkit.authenticators.platform import Forwarded, ManagedIdentity, Platform
from labkit.core.entropy import Entropy
from labkit.core.errors import Unauthenticated
from labkit.core.identity import Identity
from labkit.core.resource import Resource
from labkit.identity.directory import Directory
from labkit.identity.errors import UnknownApplication, WrongClientSecret
from labkit.identity.issuer import SigningKeys
from labkit.identity.lab_keys import LabKeys
from labkit.identity.tenant import Tenant
from labkit.lab import Lab
from labkit.services.resource_manager import ResourceProviders

PLATFORM, NOW = Platform(b"key"), 0
ANN = Identity("user", "ann", object_id="ann-id")


@pytest.fixture
def tenant() -> Tenant:
    directory = Directory("t", "contoso.example", Entropy(1))
    return Tenant(
        "t", "Azure AD", "login.example", directory=directory, keys=SigningKeys(LabKeys(True), "azure-ad")
    )


@pytest.fixture
def object_id(tenant: Tenant) -> str:
    return tenant.directory.add_managed_identity("ws", "/workspaces/ws").object_id


def test_a_certificate_proves_its_managed_identity(tenant: Tenant, object_id: str) -> None:
    who = PLATFORM.managed_identity(PLATFORM.certificate(object_id), tenant, NOW)
    assert (who.kind, who.name, who.object_id) == ("managed identity", "ws", object_id)


def test_the_certificate_of_a_deleted_identity_proves_nothing(tenant: Tenant, object_id: str) -> None:
    tenant.directory.remove_principal(object_id)
    with pytest.raises(UnknownApplication):
        PLATFORM.managed_identity(PLATFORM.certificate(object_id), tenant, NOW)


@pytest.mark.parametrize("proof", [b"", b"x" * 32, Platform(b"other").certificate("x").proof])
def test_a_forged_certificate_proves_nothing(tenant: Tenant, object_id: str, proof: bytes) -> None:
    with pytest.raises(WrongClientSecret):
        PLATFORM.managed_identity(ManagedIdentity(object_id, proof), tenant, NOW)


def test_the_certificate_of_one_identity_proves_no_other(tenant: Tenant, object_id: str) -> None:
    other = tenant.directory.add_managed_identity("other", "/workspaces/other").object_id
    borrowed = replace(PLATFORM.certificate(other), object_id=object_id)
    with pytest.raises(WrongClientSecret):
        PLATFORM.managed_identity(borrowed, tenant, NOW)


def test_a_forwarded_call_carries_the_identity_that_was_verified() -> None:
    assert PLATFORM.forwarded(PLATFORM.forward(ANN), Resource("r", "r", "r"), NOW) == ANN


@pytest.mark.parametrize(
    "changed",
    [
        Forwarded(ANN, b""),
        replace(PLATFORM.forward(ANN), identity=replace(ANN, object_id="olivia-id")),
        replace(PLATFORM.forward(ANN), identity=replace(ANN, guest=True)),
        Platform(b"other").forward(ANN),
        Forwarded(ANN, PLATFORM.certificate("ann-id").proof),
    ],
)
def test_a_forged_or_changed_one_proves_nothing(changed: Forwarded) -> None:
    with pytest.raises(Unauthenticated):
        PLATFORM.forwarded(changed, Resource("r", "r", "r"), NOW)


def test_a_learner_cannot_pass_for_resource_manager(lab: Lab) -> None:
    forged: Any = Forwarded(Identity("user", "olivia"), b"x" * 32)
    verdict = lab.attempt("carl", ResourceProviders.act, lab.workspace, forged, "listKeys")
    assert isinstance(verdict.refusal, Unauthenticated)


def test_nothing_of_it_shows() -> None:
    assert repr(PLATFORM.certificate("ann-id")) == "<managed identity certificate>"
    assert repr(PLATFORM.forward(ANN)) == "<Resource Manager's certificate>"
