"""Cosmos DB: documents by name, in an account that is opened with its key."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from labkit.authenticators.shared_key import SharedKey
from labkit.core.errors import BadRequest, Conflict, NotFound, brief
from labkit.core.operation import Call, Service, operation
from labkit.core.resource import Resource
from labkit.crypto.errors import Damaged
from labkit.services.encryption import AccountKey, Disk, KeyUnavailable

TYPE = "Microsoft.DocumentDB/databaseAccounts"
HOST = "documents.azure.com"
_CONTAINERS = f"{TYPE}/sqlDatabases/containers"
_ETAG = re.compile(r"0x[0-9A-F]+")


class PreconditionFailed(Conflict):
    """Somebody else has written the document since."""


@dataclass(eq=False)
class CosmosAccount(Resource):
    """An account. Documents by name, sealed under its account key. In those years every request was signed
    with one of its access keys; tokens of Azure AD opened no data. `throughput` is in request units a second;
    `managed_by` is the id of what it is kept for, and deleted with."""

    service: ClassVar[str] = "Cosmos DB"
    access_keys: dict[str, bytes] = field(default_factory=dict, repr=False, kw_only=True)
    account_key: AccountKey = field(repr=False, kw_only=True)
    documents: Disk = field(repr=False, kw_only=True)
    throughput: int = field(default=400, kw_only=True)
    managed_by: str = field(default="", kw_only=True)

    def disks(self) -> Iterator[Disk]:
        """All documents lie on one."""
        yield self.documents


@dataclass(frozen=True)
class Document:
    """A document, and the entity tag of the write that it comes from."""

    name: str
    body: bytes = field(repr=False)
    etag: str


def _check_document(name: str, if_match: str = "") -> None:
    if not 0 < len(name) <= 1023:
        raise BadRequest(
            "A document has a name.", presented=brief(name), required="1 to 1023 characters, and bytes"
        )
    if if_match and not _ETAG.fullmatch(if_match):
        raise BadRequest(
            "That is no entity tag.", presented=brief(if_match), required="what a write returned"
        )


class Cosmos(Service):
    """The data plane of an account."""

    name = "Cosmos DB"
    resource = CosmosAccount
    dialect = {
        # https://learn.microsoft.com/rest/api/cosmos-db/http-status-codes-for-cosmosdb
        KeyUnavailable: (403, "Forbidden"),
        PreconditionFailed: (412, "PreconditionFailed"),
        Damaged: (500, "InternalServerError"),
    }

    @operation(
        "Upsert document",
        data_action=f"{_CONTAINERS}/items/upsert",
        accepts=(SharedKey,),
        parse=_check_document,
    )
    def upsert(self, call: Call[CosmosAccount], name: str, body: bytes, if_match: str = "") -> str:
        """Writes a document, replacing what was there, and returns its entity tag. With `if_match` only over
        the document with that tag. Raises PreconditionFailed, and KeyUnavailable while a customer's key
        cannot be used."""
        documents = call.target.documents
        present = documents.tag(name) if name in documents else ""
        if if_match and if_match != present:
            raise PreconditionFailed(
                "The document is another one by now.",
                presented=f"If-Match: {if_match}",
                required=f"If-Match: {present or 'nothing, it is not there'}",
                advice="read it again, and write what should become of it now",
            )
        return documents.write(call, name, body)

    @operation(
        "Read document", data_action=f"{_CONTAINERS}/items/read", accepts=(SharedKey,), parse=_check_document
    )
    def read(self, call: Call[CosmosAccount], name: str) -> Document:
        """A document. Raises NotFound, KeyUnavailable, and Damaged for what was changed on the disk."""
        documents = call.target.documents
        if name not in documents:
            raise NotFound("There is no such document.", presented=brief(name, 200))
        return Document(name, documents.read(call, name), documents.tag(name))

    @operation("Query documents", data_action=f"{_CONTAINERS}/executeQuery", accepts=(SharedKey,))
    def query(self, call: Call[CosmosAccount], prefix: str) -> list[str]:
        """The names that begin like this."""
        return call.target.documents.names(prefix)
