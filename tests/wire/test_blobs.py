"""Blobs over HTTP: what any client sees, and an unmodified azure-storage-blob."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import pytest
import requests

from labkit.azure import ARM, STORAGE, Authorization, BlobStorage
from labkit.lab import Lab
from tests.bench_blobs import Holder, blob_client
from tests.services.state import everything
from tests.services.stores import account, disable, give_key, new_version, read, write
from tests.wire.test_interception import refused

CLIENT = "azure.storage.blob"
BINARY = "application/octet-stream"
Ask = Callable[..., requests.Response]


def give_role(lab: Lab, who: str = "rita", role: str = "Storage Blob Data Contributor") -> None:
    owner = lab.sign_in("olivia").bearer
    lab.ask("olivia", Authorization.assign, account(lab).id, owner, role, lab.people[who].object_id)


def address(lab: Lab, path: str = "") -> str:
    return f"https://{account(lab).host}/{path}"


@pytest.fixture
def ask(attached: Lab) -> Ask:
    """A request for a path of the account, as somebody who may read and write there."""
    give_role(attached)
    token = attached.sign_in("rita", resource=STORAGE).reveal()

    def ask(verb: str, path: str, body: bytes = b"", **headers: str) -> requests.Response:
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        headers.setdefault("Authorization", f"Bearer {token}")
        return requests.request(verb, address(attached, path), data=body, headers=headers, timeout=5)

    return ask


def error(answer: requests.Response) -> tuple[int, str]:
    """Status and code, which an answer tells twice."""
    root = ElementTree.fromstring(answer.content)
    code = answer.headers["x-ms-error-code"]
    assert (root.tag, root.findtext("Code"), answer.headers["Content-Type"]) == (
        "Error",
        code,
        "application/xml",
    )
    assert root.findtext("Message")
    return answer.status_code, code


def listed(answer: requests.Response) -> tuple[list[str], str]:
    """The names, and where the next page begins."""
    root = ElementTree.fromstring(answer.content)
    return [one.text or "" for one in root.iterfind("Blobs/Blob/Name")], root.findtext("NextMarker") or ""


class TestRest:
    def test_a_blob_is_put_got_described_listed_and_deleted(self, attached: Lab, ask: Ask) -> None:
        put = ask("PUT", "models/a/b.pkl", b"weights", **{"x-ms-blob-type": "BlockBlob"})
        assert (put.status_code, put.content) == (201, b"")
        assert put.headers["x-ms-request-server-encrypted"] == "true"
        assert read(attached, "models/a/b.pkl") == b"weights"
        got, head = ask("GET", "models/a/b.pkl"), ask("HEAD", "models/a/b.pkl")
        assert (got.status_code, got.content) == (200, b"weights")
        assert (head.status_code, head.content, head.headers["Content-Length"]) == (200, b"", "7")
        assert put.headers["ETag"] == got.headers["ETag"] == head.headers["ETag"] == '"0x1"'
        assert listed(ask("GET", "models?restype=container&comp=list")) == (["a/b.pkl"], "")
        assert ask("DELETE", "models/a/b.pkl").status_code == 202
        assert error(ask("GET", "models/a/b.pkl")) == (404, "BlobNotFound")
        gone = ask("HEAD", "models/a/b.pkl")
        assert (gone.status_code, gone.content) == (404, b"")
        assert gone.headers["x-ms-error-code"] == "BlobNotFound"

    @pytest.mark.parametrize("name", ["x-ms-range", "Range"])
    @pytest.mark.parametrize(
        ("asked", "part", "told"),
        [
            ("bytes=0-3", b"weig", "bytes 0-3/7"),
            ("bytes=5-", b"ts", "bytes 5-6/7"),
            ("bytes=6-999", b"s", "bytes 6-6/7"),
        ],
    )
    def test_a_part_of_a_blob(
        self, attached: Lab, ask: Ask, name: str, asked: str, part: bytes, told: str
    ) -> None:
        write(attached, "c/a", b"weights")
        got = ask("GET", "c/a", **{name: asked})
        assert (got.status_code, got.content, got.headers["Content-Range"]) == (206, part, told)

    @pytest.mark.parametrize("asked", ["bytes=7-", "bytes=3-2", "bytes=-3", "bytes=x", "lines=0-1"])
    def test_a_range_in_which_nothing_lies(self, attached: Lab, ask: Ask, asked: str) -> None:
        write(attached, "c/a", b"weights")
        assert error(ask("GET", "c/a", Range=asked)) == (416, "InvalidRange")

    def test_a_list_comes_in_pages(self, attached: Lab, ask: Ask) -> None:
        for name in ("c/a", "c/b/1", "c/b/2", "c/z", "d/a", "cc/a"):
            write(attached, name, b"1")
        some = "c?restype=container&comp=list"
        assert listed(ask("GET", some)) == (["a", "b/1", "b/2", "z"], "")
        assert listed(ask("GET", f"{some}&prefix=b/")) == (["b/1", "b/2"], "")
        first, marker = listed(ask("GET", f"{some}&maxresults=3"))
        assert (first, listed(ask("GET", f"{some}&marker={marker}"))) == (["a", "b/1", "b/2"], (["z"], ""))
        for most in ("0", "x", "-1", "9" * 20):
            assert error(ask("GET", f"{some}&maxresults={most}")) == (400, "UnsupportedQueryParameter")

    @pytest.mark.parametrize("name", ["a//b", "a/", "/a", "<&>", "\x01\x7f", "a%2Fb", "é ü", "c?d#e"])
    def test_a_name_stays_what_it_is(self, attached: Lab, ask: Ask, name: str) -> None:
        quoted = requests.utils.quote(name, safe="/")
        assert ask("PUT", f"c/{quoted}", b"1").status_code == 201
        assert attached.resources.find(attached.storage).blobs.names() == [f"c/{name}"]  # type: ignore[attr-defined]
        [found], _ = listed(ask("GET", "c?restype=container&comp=list"))
        assert found in (name, requests.utils.quote(name))
        assert ask("GET", f"c/{quoted}").content == b"1"

    def test_conditions(self, attached: Lab, ask: Ask) -> None:
        first = ask("PUT", "c/a", b"1", If_None_Match="*").headers["ETag"]
        assert error(ask("PUT", "c/a", b"2", If_None_Match="*")) == (409, "BlobAlreadyExists")
        second = ask("PUT", "c/a", b"2", If_Match=first)
        assert (second.status_code, second.headers["ETag"] != first) == (201, True)
        assert error(ask("PUT", "c/a", b"3", If_Match=first)) == (412, "ConditionNotMet")
        assert error(ask("GET", "c/a", If_Match=first)) == (412, "ConditionNotMet")
        assert ask("GET", "c/a", If_Match=second.headers["ETag"]).content == b"2"
        assert read(attached, "c/a") == b"2"

    @pytest.mark.parametrize(
        "header",
        [
            {"x-ms-meta-owner": "me"},
            {"x-ms-blob-type": "PageBlob"},
            {"x-ms-blob-content-type": "text/plain"},
            {"x-ms-encryption-key": "aaaa"},
            {"x-ms-copy-source": "https://elsewhere.example/"},
            {"x-ms-range": "bytes=0-1"},
            {"If-Modified-Since": "Fri, 13 Mar 2020 09:00:00 GMT"},
            {"If-None-Match": '"0x1"'},
            {"Content-MD5": "x"},
        ],
        ids=lambda one: next(iter(one)),
    )
    def test_what_would_be_forgotten_is_refused(
        self, attached: Lab, ask: Ask, header: dict[str, str]
    ) -> None:
        before = everything(attached)
        assert error(ask("PUT", "c/a", b"1", **header)) == (400, "UnsupportedHeader")
        assert everything(attached) == before

    @pytest.mark.parametrize(
        ("verb", "path", "refusal"),
        [
            ("GET", "", (400, "InvalidUri")),
            ("GET", "?comp=list", (400, "InvalidUri")),
            ("GET", "c", (400, "UnsupportedQueryParameter")),
            ("GET", "c?restype=container&comp=acl", (400, "UnsupportedQueryParameter")),
            ("GET", "c?restype=container&comp=list&delimiter=/", (400, "UnsupportedQueryParameter")),
            ("PUT", "c/a?comp=block&blockid=AAAA", (400, "UnsupportedQueryParameter")),
            ("GET", "c/a?snapshot=x", (400, "UnsupportedQueryParameter")),
            ("PUT", "c?restype=container", (405, "UnsupportedHttpVerb")),
            ("POST", "c/a", (405, "UnsupportedHttpVerb")),
        ],
    )
    def test_what_the_lab_has_not_is_refused(
        self, attached: Lab, ask: Ask, verb: str, path: str, refusal: tuple[int, str]
    ) -> None:
        before = everything(attached)
        assert error(ask(verb, path, b"1")) == refusal
        assert everything(attached) == before

    def test_a_body_that_is_too_long(self, attached: Lab, ask: Ask) -> None:
        assert ask("PUT", "c/a", b"1" * 2**22).status_code == 201
        assert error(ask("PUT", "c/a", b"1" * (2**22 + 1))) == (413, "RequestBodyTooLarge")


class TestDoor:
    """Who may do what, the door says, and the account in its own words."""

    def test_a_request_is_one_hop(self, attached: Lab, ask: Ask) -> None:
        for verb, name in (("PUT", "Put Blob"), ("GET", "Get Blob"), ("DELETE", "Delete Blob")):
            attached.trace.clear()
            ask(verb, "c/a", b"1")
            [hop] = attached.trace
            assert (hop.operation, hop.outcome, hop.encrypted) == (name, "ok", True)
            assert hop.subject == "rita@contoso.example (user)"

    def test_without_a_role(self, attached: Lab) -> None:
        write(attached, "c/a", b"1")
        token = attached.sign_in("carl", resource=STORAGE).reveal()
        headers = {"Authorization": f"Bearer {token}"}
        answer = requests.get(address(attached, "c/a"), headers=headers, timeout=5)
        assert error(answer) == (403, "AuthorizationPermissionMismatch")
        assert token not in answer.text

    def test_without_a_token(self, attached: Lab) -> None:
        answer = requests.get(address(attached, "c/a"), timeout=5)
        assert error(answer) == (401, "NoAuthenticationInformation")
        assert "resource_id=https://storage.azure.com" in answer.headers["WWW-Authenticate"]

    def test_with_a_token_for_something_else(self, attached: Lab, ask: Ask) -> None:
        other = attached.sign_in("rita", resource=ARM).reveal()
        answer = ask("GET", "c/a", Authorization=f"Bearer {other}")
        assert error(answer) == (401, "InvalidAuthenticationInfo")

    def test_with_a_signature_of_rests_own_form(self, attached: Lab, ask: Ask) -> None:
        answer = ask("GET", "c/a", Authorization=f"SharedKey {account(attached).name}:AAAA")
        assert error(answer) == (403, "AuthenticationFailed")

    def test_not_encrypted_on_the_way(self, attached: Lab, ask: Ask) -> None:
        url = address(attached, "c/a").replace("https:", "http:")
        assert error(requests.get(url, timeout=5)) == (400, "HttpsRequired")

    def test_while_the_customers_key_cannot_be_used(self, attached: Lab, ask: Ask) -> None:
        new_version(attached)
        write(attached, "c/a", b"1")
        give_key(attached, attached.storage)
        disable(attached)
        attached.clock.advance("61m")
        token = attached.sign_in("rita", resource=STORAGE).reveal()
        answer = ask("GET", "c/a", Authorization=f"Bearer {token}")
        assert error(answer) == (403, "KeyVaultEncryptionKeyNotFound")
        assert error(ask("PUT", "c/a", b"2", Authorization=f"Bearer {token}"))[0] == 403
        names = ask("GET", "c?restype=container&comp=list", Authorization=f"Bearer {token}")
        assert listed(names) == (["a"], "")

    def test_an_account_that_is_not_there(self, attached: Lab) -> None:
        assert "outside of the lab" in refused("https://elsewhere.blob.core.windows.net/c/a")


@pytest.fixture
def client(attached: Lab) -> Any:
    """An unmodified azure-storage-blob that rita uses."""
    pytest.importorskip(CLIENT)
    give_role(attached)
    return blob_client(attached)


class TestClient:
    """An unmodified azure-storage-blob."""

    def test_it_puts_gets_lists_and_deletes(self, attached: Lab, client: Any) -> None:
        blob = client.get_blob_client("models", "a/b c.pkl")
        put = blob.upload_blob(b"weights")
        assert put["request_server_encrypted"] is True
        assert read(attached, "models/a/b c.pkl") == b"weights"
        assert blob.download_blob().readall() == b"weights"
        assert blob.download_blob(offset=2, length=3).readall() == b"igh"
        told = blob.get_blob_properties()
        assert (told.size, told.etag, told.server_encrypted) == (7, put["etag"], True)
        assert [one.name for one in client.get_container_client("models").list_blobs()] == ["a/b c.pkl"]
        blob.delete_blob()
        assert blob.exists() is False

    def test_an_empty_blob(self, client: Any) -> None:
        blob = client.get_blob_client("c", "a")
        blob.upload_blob(b"")
        assert blob.download_blob().readall() == b""

    def test_a_blob_in_chunks(self, attached: Lab) -> None:
        pytest.importorskip(CLIENT)
        give_role(attached)
        data = bytes(range(256)) * 100
        sizes = {"max_single_get_size": 4096, "max_chunk_get_size": 4096}
        blob = blob_client(attached, **sizes).get_blob_client("c", "a")
        blob.upload_blob(data)
        assert blob.download_blob(max_concurrency=2).readall() == data

    def test_pages_and_strange_names(self, attached: Lab, client: Any) -> None:
        names = ["a", "b/\x01", "b/<&>", "c//d", "é"]
        for name in names:
            client.get_blob_client("c", name).upload_blob(b"1")
        container = client.get_container_client("c")
        pages = [[one.name for one in page] for page in container.list_blobs(results_per_page=2).by_page()]
        assert [len(page) for page in pages] == [2, 2, 1]
        assert [name for page in pages for name in page] == names
        assert [one.name for one in container.list_blobs(name_starts_with="b/")] == names[1:3]

    def test_it_raises_its_own_errors(self, attached: Lab, client: Any) -> None:
        from azure.core import MatchConditions
        from azure.core.exceptions import (
            HttpResponseError,
            ResourceExistsError,
            ResourceModifiedError,
            ResourceNotFoundError,
        )

        blob = client.get_blob_client("c", "a")
        with pytest.raises(ResourceNotFoundError) as missing:
            blob.download_blob()
        assert missing.value.error_code == "BlobNotFound"
        first = blob.upload_blob(b"1")["etag"]
        with pytest.raises(ResourceExistsError):
            blob.upload_blob(b"2")
        same = {"etag": first, "match_condition": MatchConditions.IfNotModified, "overwrite": True}
        blob.upload_blob(b"2", **same)
        with pytest.raises(ResourceModifiedError):
            blob.upload_blob(b"3", **same)
        with pytest.raises(HttpResponseError) as forgotten:
            blob.upload_blob(b"3", metadata={"owner": "me"}, overwrite=True)
        assert forgotten.value.error_code == "UnsupportedHeader"
        assert read(attached, "c/a") == b"2"

    def test_somebody_without_a_role(self, attached: Lab) -> None:
        pytest.importorskip(CLIENT)
        from azure.core.exceptions import HttpResponseError

        with pytest.raises(HttpResponseError) as caught:
            blob_client(attached, "carl").get_blob_client("c", "a").upload_blob(b"1")
        assert (caught.value.status_code, caught.value.error_code) == (403, "AuthorizationPermissionMismatch")
        assert attached.trace[-1].operation == BlobStorage.put.name

    def test_it_asks_again_where_the_account_says_which_token(self, attached: Lab) -> None:
        pytest.importorskip(CLIENT)
        from azure.core.exceptions import ClientAuthenticationError

        give_role(attached)
        holder = Holder(attached, "rita")
        blob = blob_client(attached, credential=holder).get_blob_client("c", "a")
        blob.upload_blob(b"1")
        attached.clock.advance("61m")
        with pytest.raises(ClientAuthenticationError):
            blob.download_blob()
        assert set(holder.asked) == {"https://storage.azure.com/.default"}
        holder.token = attached.sign_in("rita", resource=STORAGE)
        assert blob.download_blob().readall() == b"1"
