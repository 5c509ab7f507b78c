"""http:// is refused everywhere in the lab but at web services without TLS: by every service, for everything
that it serves, before anybody looks at a credential."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from labkit.azure import (
    ARM,
    KEY_VAULT,
    Anonymous,
    AzureAD,
    BlobStorage,
    ClientSecret,
    KeyVault,
    ResourceManager,
)
from labkit.core.errors import InsecureTransport, Refusal
from labkit.core.operation import Op, Service
from labkit.core.resource import Component
from labkit.furniture import CLIENT_ID, CLIENT_SECRET
from labkit.lab import Lab
from tests.services.ml import deploy

SOMEBODY = Component("somebody")
# What has no resources of its own: Resource Manager answers for it, or nothing yet.
PATHS = {"Azure AD": "{id}", "Azure Resource Manager": "subscriptions/your-sub-id"}


def services(lab: Lab) -> Iterator[tuple[Service, Op[..., Any]]]:
    for service in lab.parts.door.services.values():
        yield from ((service, op) for op in service.operations())


def test_every_operation_on_everything_is_refused_over_http(lab: Lab) -> None:
    deploy(lab, "plain", "aks", "none")
    tried = set()
    for service, op in services(lab):
        for one in lab.resources:
            if isinstance(one, service.resource) and not one.plain_http:
                path = PATHS.get(one.service or service.name, "").format(id=one.id)
                with pytest.raises(Refusal) as caught:
                    lab.parts.door.probe(SOMEBODY, op, f"http://{one.host}/{path}", Anonymous())
                assert caught.value.stage == "reach", (op, one.id)
                if type(caught.value) is InsecureTransport:
                    tried.add(service.name)
    # A host name that several services share is answered by one of them.
    assert {AzureAD.name, KeyVault.name, BlobStorage.name, ResourceManager.name} <= tried
    assert len(tried) > 10


def test_it_is_refused_with_a_credential_that_opens_it_as_well(lab: Lab) -> None:
    carl = lab.sign_in("carl").bearer
    vault = lab.resources.find(lab.vault).host
    calls: list[tuple[Op[..., Any], str, Any, tuple[Any, ...]]] = [
        (ResourceManager.get, f"management.azure.com{lab.workspace}", carl, ()),
        (KeyVault.list_secrets, vault, lab.sign_in("carl", resource=KEY_VAULT).bearer, ()),
        (
            AzureAD.token,
            f"login.microsoftonline.com/{lab.tenant}",
            ClientSecret(CLIENT_ID, CLIENT_SECRET),
            (ARM,),
        ),
    ]
    for op, address, cred, arguments in calls:
        with pytest.raises(InsecureTransport):
            lab.ask("carl", op, f"http://{address}", cred, *arguments)
        hop = lab.trace[-1]
        assert (hop.stage, hop.encrypted, hop.subject, hop.outcome) == (
            *("reach", False, ""),
            "400 HttpsRequired",
        )
