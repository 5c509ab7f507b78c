"""An account's blobs and files: entity tags, what lies on the disks, and access keys that are made anew."""

from __future__ import annotations

import base64
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from labkit.authenticators.shared_key import SharedKey
from labkit.azure import (
    STORAGE,
    Authorization,
    BlobStorage,
    DataStores,
    FileStorage,
    Models,
    ResourceManager,
    Resync,
)
from labkit.core.errors import (
    BadRequest,
    CredentialNotAccepted,
    Forbidden,
    InsecureTransport,
    NotFound,
    Unauthenticated,
)
from labkit.core.operation import Call, Op, Service, operation
from labkit.crypto.envelope import Envelope
from labkit.crypto.errors import Damaged
from labkit.crypto.medium import Sealed
from labkit.lab import Lab
from labkit.services.storage import BlobAlreadyExists, ConditionNotMet, ObjectProperties
from tests.services.ml import ask, unchanged, workspace
from tests.services.stores import account, read, with_key, write

SERVICES: Any = pytest.mark.parametrize("service", [BlobStorage, FileStorage], ids=lambda one: one.__name__)
REGENERATE = "regenerateKey"


class TestConditions:
    """Of blobs alone."""

    def test_a_new_blob_replaces_none(self, lab: Lab) -> None:
        write(lab, "c/a", b"1", if_none_match="*")
        with unchanged(lab), pytest.raises(BlobAlreadyExists) as caught:
            write(lab, "c/a", b"2", if_none_match="*")
        assert (caught.value.status, caught.value.code) == (409, "BlobAlreadyExists")
        with_key(lab, BlobStorage.delete, "c/a")
        write(lab, "c/a", b"3", if_none_match="*")
        assert read(lab, "c/a") == b"3"

    @pytest.mark.parametrize("if_none_match", ["x", "0x1", " ", None, 5])
    def test_it_asks_for_nothing_to_be_there_and_for_nothing_else(self, lab: Lab, if_none_match: Any) -> None:
        with unchanged(lab), pytest.raises(BadRequest):
            write(lab, "c/a", b"1", if_none_match=if_none_match)

    def test_only_the_blob_that_is_meant_is_read(self, lab: Lab) -> None:
        first = write(lab, "c/a", b"1")
        assert read(lab, "c/a", if_match=first) == b"1"
        second = write(lab, "c/a", b"2")
        assert [read(lab, "c/a", if_match=tag) for tag in (second, "*")] == [b"2", b"2"]
        with pytest.raises(ConditionNotMet):
            read(lab, "c/a", if_match=first)
        with pytest.raises(BadRequest):
            read(lab, "c/a", if_match="x")


@SERVICES
class TestObjects:
    def test_what_was_put_is_got_listed_and_deleted(self, lab: Lab, service: Any) -> None:
        for name, data in (("s/a", b"1"), ("s/b", b""), ("t/a", bytes(2**20))):
            with_key(lab, service.put, name, data)
            assert with_key(lab, service.get, name) == data
        listing = service.list_blobs if service is BlobStorage else service.list_files
        assert with_key(lab, listing, "s/") == ["s/a", "s/b"]
        with_key(lab, service.delete, "s/a")
        assert with_key(lab, listing, "s/") == ["s/b"]
        for op in (service.get, service.delete):
            with unchanged(lab), pytest.raises(NotFound) as caught:
                with_key(lab, op, "s/a")
            assert caught.value.status == 404

    def test_its_disk_holds_no_plaintext(self, lab: Lab, service: Any) -> None:
        with_key(lab, service.put, "s/a", b"call it secret")
        assert all(not disk.medium.find("secret") for disk in account(lab).disks())

    def test_of_two_writers_at_once_the_second_is_refused(self, lab: Lab, service: Any) -> None:
        seen = with_key(lab, service.put, "s/a", b"0")
        first = with_key(lab, service.put, "s/a", b"1", if_match=seen)
        with unchanged(lab), pytest.raises(ConditionNotMet) as caught:
            with_key(lab, service.put, "s/a", b"2", if_match=seen)
        assert (caught.value.status, caught.value.code) == (412, "ConditionNotMet")
        assert caught.value.required == f"If-Match: {first}"
        assert with_key(lab, service.get, "s/a") == b"1"
        with_key(lab, service.put, "s/a", b"2", if_match=first)
        assert with_key(lab, service.get, "s/a") == b"2"

    def test_any_that_is_there_may_be_meant_and_none_that_is_not(self, lab: Lab, service: Any) -> None:
        for tag in ("*", "0x1"):
            with unchanged(lab), pytest.raises(ConditionNotMet):
                with_key(lab, service.put, "s/a", b"1", if_match=tag)
        with_key(lab, service.put, "s/a", b"1")
        with_key(lab, service.put, "s/a", b"2", if_match="*")
        assert with_key(lab, service.get, "s/a") == b"2"

    def test_a_tag_never_comes_back(self, lab: Lab, service: Any) -> None:
        tags = set()
        for _ in range(3):
            tags.add(with_key(lab, service.put, "s/a", b"same"))
            tags.add(with_key(lab, service.put, "s/a", b"same"))
            with_key(lab, service.delete, "s/a")
        assert len(tags) == 6

    @pytest.mark.parametrize("if_match", ["x", "0x", "0x1g", " ", None, 5, b"0x1"])
    def test_a_condition_is_an_entity_tag(self, lab: Lab, service: Any, if_match: Any) -> None:
        with_key(lab, service.put, "s/a", b"1")
        with unchanged(lab), pytest.raises(BadRequest):
            with_key(lab, service.put, "s/a", b"2", if_match=if_match)

    @pytest.mark.parametrize("name", ["", "x" * 1025, None, 5])
    def test_a_name_is_a_text(self, lab: Lab, service: Any, name: Any) -> None:
        for op, args in ((service.put, (b"x",)), (service.get, ()), (service.delete, ())):
            with unchanged(lab), pytest.raises(BadRequest):
                with_key(lab, op, name, *args)

    def test_half_a_character_is_a_name_too(self, lab: Lab, service: Any) -> None:
        with_key(lab, service.put, "s/\ud800", b"1")
        assert with_key(lab, service.get, "s/\ud800") == b"1"

    def test_what_was_changed_on_the_disk_is_refused_and_not_handed_out(self, lab: Lab, service: Any) -> None:
        with_key(lab, service.put, "s/a", b"truth")
        with_key(lab, service.put, "s/b", b"other")
        disk = list(account(lab).disks())[service is FileStorage]
        raw = disk.medium.raw("s/a")
        for changed in (
            raw[:-1],
            raw + b"x",
            b"lies",
            b"",
            disk.medium.raw("s/b"),
            raw[:80] + b"x" + raw[81:],
        ):
            disk.medium.overwrite("s/a", changed)
            with pytest.raises(Damaged) as caught:
                with_key(lab, service.get, "s/a")
            assert (caught.value.status, caught.value.code) == (500, "InternalError")
        disk.medium.overwrite("s/a", raw)
        assert with_key(lab, service.get, "s/a") == b"truth"
        del disk.medium.records["s/a"]
        with pytest.raises(Damaged):
            with_key(lab, service.get, "s/a")

    def test_what_somebody_put_on_the_disk_alone_is_not_there(self, lab: Lab, service: Any) -> None:
        disk = list(account(lab).disks())[service is FileStorage]
        with_key(lab, service.put, "s/a", b"1")
        disk.medium.records["s/b"] = disk.medium.records["s/a"]
        with pytest.raises(NotFound):
            with_key(lab, service.get, "s/b")

    def test_an_earlier_state_of_an_object_is_not_taken_for_it(self, lab: Lab, service: Any) -> None:
        disk = list(account(lab).disks())[service is FileStorage]
        with_key(lab, service.put, "s/a", b"role: reader, once owner")
        old = disk.medium.raw("s/a")
        with_key(lab, service.put, "s/a", b"role: reader")
        disk.medium.overwrite("s/a", old)
        with pytest.raises(Damaged):
            with_key(lab, service.get, "s/a")


class Crash(Exception):
    """The machine stops here."""


class TestCrash:
    @pytest.mark.parametrize("name", ["s/a", "s/new"])
    def test_one_between_the_wrap_and_the_write_leaves_everything_as_it_was(
        self, lab: Lab, name: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write(lab, "s/a", b"before")
        seal = Envelope.seal

        def stop(envelope: Envelope, *args: Any) -> Sealed:
            seal(envelope, *args)
            raise Crash

        with monkeypatch.context() as patched:
            patched.setattr(Envelope, "seal", stop)
            with unchanged(lab), pytest.raises(Crash):
                write(lab, name, b"after")
        assert read(lab, "s/a") == b"before"

    def test_what_was_written_or_deleted_for_a_call_that_fails_is_as_it_was(self, lab: Lab) -> None:
        lab.parts.door.install(Halfway())
        write(lab, "s/a", b"before")
        for op, args in (
            (BlobStorage.put, ("s/a", b"after")),
            (BlobStorage.put, ("s/new", b"after")),
            (BlobStorage.delete, ("s/a",)),
        ):
            request = op.request(lab.storage, args)
            key = account(lab).access_keys["key1"]
            cred = SharedKey.sign(account(lab).name, key, request, lab.clock.now)
            owner = lab.sign_in("olivia").bearer
            with unchanged(lab), pytest.raises(Crash):
                lab.ask("olivia", Halfway.go, lab.workspace, owner, op, lab.storage, cred, args)
        assert read(lab, "s/a") == b"before"

    def test_no_nonce_of_a_write_that_was_taken_back_comes_again(
        self, lab: Lab, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        seen: list[Sealed] = []
        seal = Envelope.seal

        def watched(envelope: Envelope, *args: Any) -> Sealed:
            seen.append(seal(envelope, *args))
            return seen[-1]

        monkeypatch.setattr(Envelope, "seal", watched)
        lab.parts.door.install(Halfway())
        for data in (b"one", b"two", b"two"):
            request = BlobStorage.put.request(lab.storage, ("s/a", data))
            key = account(lab).access_keys["key1"]
            cred = SharedKey.sign(account(lab).name, key, request, lab.clock.now)
            owner, args = lab.sign_in("olivia").bearer, ("s/a", data)
            with pytest.raises(Crash):
                lab.ask("olivia", Halfway.go, lab.workspace, owner, BlobStorage.put, lab.storage, cred, args)
        write(lab, "s/a", b"two")
        assert len({one.nonce for one in seen}) == len({one.wrap for one in seen}) == len(seen) == 4


class Halfway(Service):
    """Has something done, and stops after it."""

    name = "Halfway"

    @operation("Do and stop")
    def go(
        self, call: Call[Any], op: Op[..., Any], target: str, cred: SharedKey, arguments: tuple[Any, ...]
    ) -> None:
        call.ask(op, target, cred, *arguments)
        raise Crash


class TestBlobs:
    def test_properties_tell_size_and_tag_and_whose_key(self, lab: Lab) -> None:
        tag = write(lab, "c/a", b"12345")
        assert with_key(lab, BlobStorage.properties, "c/a") == ObjectProperties("c/a", 5, tag, "Microsoft")
        with pytest.raises(NotFound):
            with_key(lab, BlobStorage.properties, "c/b")

    def test_a_data_role_reads_and_lists_and_one_that_reads_deletes_nothing(self, lab: Lab) -> None:
        owner, id = lab.sign_in("olivia").bearer, account(lab).id
        role = "Storage Blob Data Reader"
        lab.ask("olivia", Authorization.assign, id, owner, role, lab.people["rita"].object_id)
        write(lab, "c/a", b"1")
        rita = lab.sign_in("rita", resource=STORAGE).bearer
        assert lab.ask("rita", BlobStorage.list_blobs, id, rita, "c/") == ["c/a"]
        for op, args in ((BlobStorage.delete, ("c/a",)), (BlobStorage.put, ("c/a", b"2"))):
            with unchanged(lab), pytest.raises(Forbidden) as caught:
                lab.ask("rita", op, id, rita, *args)
            assert caught.value.code == "AuthorizationPermissionMismatch"


class TestFiles:
    def test_they_lie_beside_the_blobs_and_not_among_them(self, lab: Lab) -> None:
        with_key(lab, FileStorage.put, "s/a", b"file")
        write(lab, "s/a", b"blob")
        assert with_key(lab, FileStorage.get, "s/a") == b"file"
        assert read(lab, "s/a") == b"blob"
        blobs, files = account(lab).disks()
        blobs.medium.overwrite("s/a", files.medium.raw("s/a"))
        with pytest.raises(Damaged):
            read(lab, "s/a")

    def test_their_address_is_another_one(self, lab: Lab) -> None:
        target = account(lab)
        request = FileStorage.put.request(target.id, ("s/a", b""))
        cred = SharedKey.sign(target.name, target.access_keys["key1"], request, lab.clock.now)
        host = f"{target.name}.file.core.windows.net"
        lab.ask("somebody", FileStorage.put, f"https://{host}/s/a", cred, "s/a", b"1")
        assert with_key(lab, FileStorage.get, "s/a") == b"1"
        with pytest.raises(InsecureTransport):
            lab.ask("somebody", FileStorage.put, f"http://{host}/s/a", cred, "s/a", b"1")

    def test_a_token_opens_none(self, lab: Lab) -> None:
        token = lab.sign_in("olivia", resource=STORAGE).bearer
        with pytest.raises(CredentialNotAccepted):
            lab.ask("olivia", FileStorage.get, account(lab).id, token, "s/a")


def by_connection_string(lab: Lab, name: str, key: bytes | None = None) -> Any:
    """What a run does with the connection string that the workspace gives it."""
    text = ask(lab, "carl", DataStores.credential, "workspaceblobstore").reveal()
    found = re.search(r"AccountName=([^;]+);AccountKey=([^;]+)", text)
    assert found is not None
    request = BlobStorage.get.request(account(lab).id, (name,))
    cred = SharedKey.sign(found[1], key or base64.b64decode(found[2]), request, lab.clock.now)
    return lab.ask("a run", BlobStorage.get, account(lab).id, cred, name)


def regenerate(lab: Lab, name: str = "key1", who: str = "olivia") -> Any:
    token = lab.sign_in(who).bearer
    return lab.ask(who, ResourceManager.post, lab.storage, token, REGENERATE, {"keyName": name})


class TestRegenerating:
    def test_the_workspace_s_use_by_connection_string_fails_until_its_keys_are_resynced(
        self, lab: Lab
    ) -> None:
        write(lab, "c/a", b"data")
        assert by_connection_string(lab, "c/a") == b"data"
        regenerate(lab)
        with pytest.raises(Unauthenticated) as caught:
            by_connection_string(lab, "c/a")
        assert (caught.value.status, caught.value.code) == (403, "AuthenticationFailed")
        assert "regenerated" in caught.value.advice
        ask(lab, "carl", Resync.resync)
        assert by_connection_string(lab, "c/a") == b"data"

    def test_what_the_workspace_does_as_its_identity_goes_on(self, lab: Lab) -> None:
        ask(lab, "carl", Models.register, "churn", b"weights")
        regenerate(lab)
        assert ask(lab, "rita", Models.download, "churn") == b"weights"

    def test_it_answers_with_both_keys_of_which_one_is_new(self, lab: Lab) -> None:
        before = dict(account(lab).access_keys)
        shown = {name: base64.b64decode(key.reveal()) for name, key in regenerate(lab, "key2").items()}
        assert shown == account(lab).access_keys
        assert shown["key1"] == before["key1"]
        assert shown["key2"] != before["key2"]

    def test_the_other_key_still_opens_everything_and_each_time_there_is_another(self, lab: Lab) -> None:
        write(lab, "c/a", b"data")
        seen = {account(lab).access_keys["key1"]}
        for _ in range(3):
            regenerate(lab)
            seen.add(account(lab).access_keys["key1"])
            assert with_key(lab, BlobStorage.get, "c/a", key="key2") == b"data"
        assert len(seen) == 4

    def test_it_touches_no_object(self, lab: Lab) -> None:
        write(lab, "c/a", b"data")
        raw = account(lab).blobs.medium.raw("c/a")
        regenerate(lab)
        assert account(lab).blobs.medium.raw("c/a") == raw
        assert read(lab, "c/a") == b"data"

    @pytest.mark.parametrize(
        "body", [None, {}, {"keyName": "key3"}, {"keyName": None}, {"keyName": "key1", "x": 1}, [], "key1"]
    )
    def test_it_wants_to_know_which(self, lab: Lab, body: Any) -> None:
        owner = lab.sign_in("olivia").bearer
        with unchanged(lab), pytest.raises(BadRequest):
            lab.ask("olivia", ResourceManager.post, lab.storage, owner, REGENERATE, body)

    def test_a_reader_may_not(self, lab: Lab) -> None:
        with unchanged(lab), pytest.raises(Forbidden) as caught:
            regenerate(lab, who="rita")
        assert caught.value.required.startswith("Microsoft.Storage/storageAccounts/regenerateKey/action on ")

    def test_the_workspace_still_has_what_it_depends_on(self, lab: Lab) -> None:
        regenerate(lab)
        assert workspace(lab).depends_on["storage"] == lab.storage


def test_writers_in_several_threads_have_a_number_each(lab: Lab) -> None:
    key = account(lab).account_key
    with ThreadPoolExecutor(8) as threads:
        numbers = list(threads.map(lambda _: key.next_write(), range(2000)))
    assert len(set(numbers)) == 2000
