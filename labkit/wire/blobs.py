"""The blobs of a storage account over REST: https://{account}.blob.core.windows.net/{container}/{blob}"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import parse_qsl, quote
from xml.etree.ElementTree import Element, SubElement, tostring

from labkit.core.credential import Anonymous, Bearer, Credential
from labkit.core.errors import BadRequest, LabError, brief
from labkit.services.azure_ad import AUTHORITY, STORAGE
from labkit.services.storage import BlobStorage, StorageAccount
from labkit.wire.message import (
    CALLER,
    Answer,
    AnyLab,
    BodyTooLarge,
    Request,
    VerbRefused,
    check_length,
    status_of,
    told,
)
from labkit.wire.tenants import tenants

Handler = Callable[[AnyLab, Request, Credential], Answer]

_RANGE = re.compile(r"bytes=(\d{1,18})-(\d{0,18})")
# What the characters of an XML document are not.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MOST_IN_A_LIST = 5000
_BINARY = "application/octet-stream"

# Headers that change what a request means, and those of them that the lab understands, with the one value
# that it understands of some. Whatever else there is would be forgotten, so it is refused.
_MEANT = re.compile(r"x-ms-.*|if-.*|content-md5|range")
_UNDERSTOOD = {
    "x-ms-version": "",
    "x-ms-date": "",
    "x-ms-client-request-id": "",
    "x-ms-return-client-request-id": "",
    "x-ms-blob-type": "BlockBlob",
    "x-ms-blob-content-type": _BINARY,
}
_OF_READING = {"x-ms-range": "", "range": "", "if-match": ""}
_OF_WRITING = {"if-match": "", "if-none-match": "*"}
_LIST = {"restype": "container", "comp": "list", "prefix": "", "marker": "", "maxresults": "", "timeout": ""}


class HeaderRefused(BadRequest):
    """A header that asks for what the lab does not do."""

    status = 400
    code = "UnsupportedHeader"


class QueryRefused(BadRequest):
    """The same of a query parameter."""

    status = 400
    code = "UnsupportedQueryParameter"


class NoSuchAddress(BadRequest):
    """A path that is neither a container's nor a blob's."""

    status = 400
    code = "InvalidUri"


class RangeRefused(BadRequest):
    """No byte of the blob lies in the range."""

    status = 416
    code = "InvalidRange"


@dataclass(frozen=True, repr=False)
class OtherScheme(Credential):
    """An Authorization that is no bearer token. What REST has an account key sign is something else than what
    the lab has it sign."""

    kind: ClassVar[str] = "another scheme of Authorization than Bearer"


# https://learn.microsoft.com/rest/api/storageservices/common-rest-api-error-codes
_CODES: dict[type[LabError], str] = {BodyTooLarge: "RequestBodyTooLarge", VerbRefused: "UnsupportedHttpVerb"}


def answer(lab: AnyLab, request: Request) -> Answer:
    """What the account answers, refusals included."""
    try:
        return _handler(request)(lab, request, _credential(request))
    except LabError as error:
        return _refused(lab, error)


def _credential(request: Request) -> Credential:
    scheme, _, token = request.headers.get("authorization", "").strip().partition(" ")
    if not scheme:
        return Anonymous()
    return Bearer(token.strip()) if scheme.lower() == "bearer" else OtherScheme()


def _refused(lab: AnyLab, error: LabError) -> Answer:
    status, code = status_of(error), _CODES.get(type(error)) or error.code or "InvalidInput"
    root = Element("Error")
    SubElement(root, "Code").text = code
    SubElement(root, "Message").text = _NOT_XML.sub("\ufffd", told(error))
    headers = {"x-ms-error-code": code}
    if status == 401:
        tenant = next(tenants(lab)).tenant_id
        headers["WWW-Authenticate"] = (
            f"Bearer authorization_uri=https://{AUTHORITY}/{tenant}/oauth2/authorize "
            f"resource_id={STORAGE.rstrip('/')}"
        )
    return _xml(status, root, headers)


def _xml(status: int, root: Element, headers: dict[str, str]) -> Answer:
    body = tostring(root, encoding="utf-8", xml_declaration=True)
    return Answer(status, body, {"Content-Type": "application/xml", **headers})


def _handler(request: Request) -> Handler:
    """Raises NoSuchAddress or VerbRefused."""
    container, _, blob = request.exact_path.lstrip("/").partition("/")
    if not container:
        raise NoSuchAddress(
            "This names no container.", presented=brief(request.path), required="/container/blob"
        )
    handlers = _BLOB if blob else _CONTAINER
    if request.method not in handlers:
        raise VerbRefused(
            f"{'A blob' if blob else 'A container'} does not take this verb here.",
            presented=brief(request.method),
            required=", ".join(handlers),
            advice="" if blob else "there is a container as soon as there is a blob in it",
        )
    return handlers[request.method]


def _check(request: Request, headers: dict[str, str], query: dict[str, str]) -> dict[str, str]:
    """The query. Raises HeaderRefused or QueryRefused for what the lab would have to forget."""
    understood = {**_UNDERSTOOD, **headers}
    for name, value in request.headers.items():
        if value and _MEANT.fullmatch(name) and not _fits(name, value, understood):
            raise HeaderRefused(
                "The lab does nothing of this kind.",
                presented=f"{brief(name)}: {brief(value)}",
                required=f"{name}: {understood[name]}" if name in understood else "no such header",
            )
    asked = dict(parse_qsl(request.query, keep_blank_values=True))
    for name, value in asked.items():
        if not _fits(name, value, query):
            raise QueryRefused(
                "The lab does nothing of this kind.",
                presented=f"{brief(name)}={brief(value)}",
                required=", ".join(query),
            )
    return asked


def _fits(name: str, value: str, understood: dict[str, str]) -> bool:
    return name in understood and understood[name] in ("", value)


def _blob(request: Request) -> str:
    """What the lab calls the blob: container/name."""
    return request.exact_path.lstrip("/")


def _condition(request: Request, name: str) -> str:
    """An entity tag, which has quotation marks over the wire."""
    return request.headers.get(name, "").strip('"')


def _account(request: Request) -> str:
    return request.at(request.host, "")


def _described(lab: AnyLab, request: Request, tag: str) -> dict[str, str]:
    """The headers that tell of a blob which is there."""
    account = lab.resources.at_host(request.host)
    encrypted = isinstance(account, StorageAccount) and account.blobs.key is not None
    return {
        "Content-Type": _BINARY,
        "ETag": f'"{tag}"',
        "Accept-Ranges": "bytes",
        "x-ms-blob-type": "BlockBlob",
        "x-ms-server-encrypted": str(encrypted).lower(),
    }


def _put(lab: AnyLab, request: Request, credential: Credential) -> Answer:
    _check(request, _OF_WRITING, {"timeout": ""})
    check_length(request.body)
    tag = lab.ask(
        *(CALLER, BlobStorage.put, _account(request), credential, _blob(request), request.body),
        if_match=_condition(request, "if-match"),
        if_none_match=_condition(request, "if-none-match"),
    )
    described = _described(lab, request, tag)
    encrypted = described["x-ms-server-encrypted"]
    return Answer(201, b"", {"ETag": described["ETag"], "x-ms-request-server-encrypted": encrypted})


def _get(lab: AnyLab, request: Request, credential: Credential) -> Answer:
    _check(request, _OF_READING, {"timeout": ""})
    name = _blob(request)
    same = _condition(request, "if-match")
    data = lab.ask(CALLER, BlobStorage.get, _account(request), credential, name, if_match=same)
    account = lab.resources.at_host(request.host)
    assert isinstance(account, StorageAccount)
    headers = _described(lab, request, account.blobs.tag(name))
    asked = request.headers.get("x-ms-range") or request.headers.get("range")
    if not asked:
        return Answer(200, data, headers)
    found = _RANGE.fullmatch(asked)
    first, last = (int(found[1]), int(found[2] or len(data))) if found else (len(data), 0)
    part = data[first : last + 1]
    if not part:
        raise RangeRefused(
            "No byte lies there.", presented=brief(asked), required=f"a part of {len(data)} bytes"
        )
    return Answer(
        206, part, {**headers, "Content-Range": f"bytes {first}-{first + len(part) - 1}/{len(data)}"}
    )


def _head(lab: AnyLab, request: Request, credential: Credential) -> Answer:
    _check(request, {}, {"timeout": ""})
    found = lab.ask(CALLER, BlobStorage.properties, _account(request), credential, _blob(request))
    headers = _described(lab, request, found.etag)
    return Answer(200, b"", {**headers, "Content-Length": str(found.size)})


def _delete(lab: AnyLab, request: Request, credential: Credential) -> Answer:
    _check(request, {}, {"timeout": ""})
    lab.ask(CALLER, BlobStorage.delete, _account(request), credential, _blob(request))
    return Answer(202)


def _list(lab: AnyLab, request: Request, credential: Credential) -> Answer:
    asked = _check(request, {}, _LIST)
    if not {"restype", "comp"} <= asked.keys():
        raise QueryRefused("Of a container the lab tells its blobs.", required="?restype=container&comp=list")
    most = asked.get("maxresults") or str(_MOST_IN_A_LIST)
    if not (most.isascii() and most.isdigit() and len(most) < 10 and int(most)):
        raise QueryRefused("That is not a number of blobs.", presented=f"maxresults={brief(most)}")
    container = _blob(request).rstrip("/") + "/"
    start = container + asked.get("prefix", "")
    found = lab.ask(CALLER, BlobStorage.list_blobs, _account(request), credential, start)
    names = [one for name in found if (one := name.removeprefix(container)) >= asked.get("marker", "")]
    end = min(int(most), _MOST_IN_A_LIST)
    return _xml(200, _page(request, asked, names[:end], "".join(names[end : end + 1])), {})


def _page(request: Request, asked: dict[str, str], names: list[str], after: str) -> Element:
    """A part of a list, and the name that the next one begins with."""
    root = Element("EnumerationResults", ServiceEndpoint=_account(request))
    # Clients go on with what they are told of their question.
    for what in ("Prefix", "Marker", "MaxResults"):
        if asked.get(what.lower()):
            _named(root, what, asked[what.lower()])
    blobs = SubElement(root, "Blobs")
    for name in names:
        one = SubElement(blobs, "Blob")
        _named(one, "Name", name)
        SubElement(SubElement(one, "Properties"), "BlobType").text = "BlockBlob"
    _named(root, "NextMarker", after)
    return root


def _named(above: Element, what: str, name: str) -> None:
    """A name, encoded where XML could not hold it."""
    strange = _NOT_XML.search(name) is not None
    SubElement(above, what, {"Encoded": "true"} if strange else {}).text = quote(name) if strange else name


_BLOB: dict[str, Handler] = {"PUT": _put, "GET": _get, "HEAD": _head, "DELETE": _delete}
_CONTAINER: dict[str, Handler] = {"GET": _list}
