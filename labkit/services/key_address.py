"""A key by its full address, and the vault that it is in by its id: how most services are told about one."""

from __future__ import annotations

from typing import Any

from labkit.core.credential import Credential
from labkit.core.errors import BadRequest, brief
from labkit.core.operation import Call
from labkit.services.customer_keys import customer_key
from labkit.services.encryption import CustomerKey
from labkit.services.key_vault import TYPE
from labkit.services.resource_id import name_of, resource_type
from labkit.services.resource_manager import ResourceManager

FORM = "https://name.vault.azure.net/keys/name/version"


def key_at(what: str, address: object, identity_id: str, *, version: bool) -> CustomerKey:
    """The key at an address, which has to name its version if `version` says so. `what` is what the address
    is called. Raises BadRequest."""
    vault, found, key = address.partition("/keys/") if type(address) is str else ("", "", "")
    name, _, its_version = key.partition("/")
    if not found or (version and not its_version):
        raise BadRequest(
            f"{what} is no full address of a key{', with its version' if version else ''}.",
            presented=brief(address, 160),
            required=FORM if version else FORM.removesuffix("/version"),
        )
    return customer_key(vault, name, its_version, identity_id)


def check_vault(
    call: Call[Any], cred: Credential, what: str, vault: object, key: CustomerKey, *, above: str
) -> str:
    """The id of the vault that a key is in, as Resource Manager spells it. It has to be in the region of the
    target and in the same subscription. `what` is what the id is called, `above` is something in that
    subscription, and `cred` is who looks. Raises BadRequest and NotFound."""
    if type(vault) is not str or resource_type(vault).lower() != TYPE.lower():
        raise BadRequest(f"{what} is no id of a key vault.", presented=brief(vault, 160), required=TYPE)
    if key.vault.lower() != f"https://{name_of(vault)}.vault.azure.net".lower():
        raise BadRequest(
            "The key is in another vault.",
            presented=key.vault,
            required=f"a key of {name_of(vault)}, which is {what}",
        )
    found: dict[str, Any] = call.ask(ResourceManager.get, vault, cred)
    subscription, region = above.split("/")[2], call.target.region
    if vault.split("/")[2].lower() != subscription.lower():
        raise BadRequest("The key vault is in another subscription.", presented=vault, required=subscription)
    if found["location"] != region:
        raise BadRequest(
            "The key vault is in another region.",
            presented=f"{found['name']} in {found['location']}",
            required=region,
        )
    return str(found["id"])
