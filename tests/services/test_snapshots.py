"""Code snapshots: stored in the workspace's Blob storage, fetched again byte for byte, never changed."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import labkit
from labkit.authenticators.run_token import RunToken
from labkit.azure import BlobStorage, Runs, Snapshots
from labkit.core.errors import BadRequest, Conflict, Forbidden, GuestNotSupported, NotFound, Refusal
from labkit.lab import Lab
from labkit.services.machine_learning.snapshots import MOST_BYTES, MOST_FILES, check_files, packed, unpacked
from labkit.services.machine_learning.workspace import Snapshot
from tests.services.ml import ask, keep, kept, unchanged, workspace
from tests.services.training import FILES, carried_out, snapshot, submit

# Letters, numbers, punctuation and symbols of every script.
LETTERS = st.characters(categories=("Ll", "Lo", "Nd", "Po", "Sm"), exclude_characters="/\\.")
SEGMENT = st.text(LETTERS | st.sampled_from("ab_ "), min_size=1, max_size=8)
PATH = st.lists(SEGMENT, min_size=1, max_size=3).map("/".join)
ANY_FILES = st.dictionaries(PATH, st.binary(max_size=300), min_size=1, max_size=5)


def fit(files: dict[str, bytes]) -> bool:
    try:
        check_files(files)
    except BadRequest:
        return False
    return True


class TestByteForByte:
    @settings(max_examples=60)
    @given(ANY_FILES)
    def test_any_files_come_out_of_the_archive_as_they_went_in(self, files: dict[str, bytes]) -> None:
        assume(fit(files))
        assert unpacked(packed(files)) == files
        assert packed(dict(reversed(files.items()))) == packed(files)

    @settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(ANY_FILES)
    def test_and_out_of_the_workspace(self, lab: Lab, files: dict[str, bytes]) -> None:
        assume(fit(files))
        made = snapshot(lab, files)
        assert ask(lab, "rita", Snapshots.get, made.snapshot_id) == files
        assert made.files == tuple((path, len(files[path])) for path in sorted(files))
        assert made.size == sum(map(len, files.values()))

    def test_it_does_not_change_when_the_local_files_do(self, lab: Lab) -> None:
        local = dict(FILES)
        made = ask(lab, "carl", Snapshots.create, local)
        local["train.py"] = b"def main(run):\n    run.log('rate', 99)\n"
        local["more.py"] = b""
        assert ask(lab, "carl", Snapshots.get, made.snapshot_id) == FILES
        assert carried_out(lab, snapshot=made.snapshot_id).metrics == [("rate", 0.25)]

    def test_nor_when_what_came_back_is_changed(self, lab: Lab) -> None:
        made = snapshot(lab)
        ask(lab, "carl", Snapshots.get, made.snapshot_id).clear()
        assert ask(lab, "carl", Snapshots.get, made.snapshot_id) == FILES

    def test_nor_does_another_snapshot_take_its_place(self, lab: Lab) -> None:
        first, second = snapshot(lab), snapshot(lab, {"train.py": b"other"})
        again = snapshot(lab)
        assert len({first.snapshot_id, second.snapshot_id, again.snapshot_id}) == 3
        assert first.digest == again.digest != second.digest
        assert ask(lab, "carl", Snapshots.get, first.snapshot_id) == FILES
        assert ask(lab, "carl", Snapshots.list_snapshots) == [first, second, again]

    def test_it_tells_when_and_by_whom_it_was_made(self, lab: Lab) -> None:
        lab.clock.advance("1h")
        made = snapshot(lab)
        assert (made.created, made.created_by) == ("2020-03-13 10:00:00Z", "carl@contoso.example (user)")
        assert made.names == tuple(sorted(FILES))

    def test_the_same_seed_gives_the_same_ids_and_bytes(self) -> None:
        labs = [labkit.start(), labkit.start()]
        made = [snapshot(one) for one in labs]
        assert made[0] == made[1]
        assert kept(labs[0], "storage", made[0].blob) == kept(labs[1], "storage", made[1].blob)

    def test_a_refused_one_draws_no_id(self, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*_: object) -> None:
            raise Forbidden("No room.")

        with monkeypatch.context() as patch:
            patch.setattr(Snapshots, "to_storage", refuse)
            with unchanged(lab), pytest.raises(Forbidden, match="No room"):
                snapshot(lab)
        assert snapshot(lab).snapshot_id == snapshot(labkit.start()).snapshot_id


class TestWhereItLies:
    def test_in_a_blob_of_the_workspace_s_storage_encrypted(self, lab: Lab) -> None:
        made = snapshot(lab)
        archive = zipfile.ZipFile(io.BytesIO(kept(lab, "storage", made.blob)))
        assert {name: archive.read(name) for name in archive.namelist()} == FILES
        assert lab.media.find("def main(run)").rows == []
        [blobs] = [one for one in lab.media.disks if made.blob in one.medium.names()]
        assert blobs.medium.name.endswith(", blobs")

    def test_it_is_written_and_read_as_the_managed_identity(self, lab: Lab) -> None:
        carl = lab.sign_in("carl").bearer
        lab.trace.clear()
        made = lab.ask("carl", Snapshots.create, lab.workspace, carl, FILES)
        lab.ask("carl", Snapshots.get, lab.workspace, carl, made.snapshot_id)
        seen = [(hop.caller, hop.operation, hop.subject) for hop in lab.trace if hop.service != "Azure AD"]
        identity = "ml-example (managed identity)"
        assert seen == [
            ("carl", "Create snapshot", "carl@contoso.example (user)"),
            ("ml-example", "Put Blob", identity),
            ("carl", "Get snapshot", "carl@contoso.example (user)"),
            ("ml-example", "Get Blob", identity),
        ]

    @pytest.mark.parametrize("name", ["readme", "", "0" * 64, None, 5])
    def test_what_somebody_else_wrote_in_its_place_is_no_snapshot(self, lab: Lab, name: Any) -> None:
        made = snapshot(lab)
        keep(lab, "storage", made.blob, str(name).encode() * 200)
        with pytest.raises(Conflict) as caught:
            ask(lab, "carl", Snapshots.get, made.snapshot_id)
        assert "is no snapshot" in str(caught.value)

    def test_other_files_in_its_place_are_given_out_and_the_digest_shows_it(self, lab: Lab) -> None:
        made, other = snapshot(lab), {"train.py": b"def main(run):\n    run.log('stolen', 1)\n"}
        keep(lab, "storage", made.blob, packed(other))
        assert ask(lab, "carl", Snapshots.get, made.snapshot_id) == other
        fetched = packed(ask(lab, "carl", Snapshots.get, made.snapshot_id))
        assert snapshot(lab, other).digest != made.digest
        assert fetched == packed(other) != packed(FILES)

    @settings(max_examples=200)
    @given(st.data())
    def test_damaged_bytes_give_a_refusal_or_files_and_nothing_else(self, data: st.DataObject) -> None:
        archive = bytearray(packed({"a.py": b"x = 1\n", "b/c.txt": b"text"}))
        for _ in range(data.draw(st.integers(1, 4))):
            archive[data.draw(st.integers(0, len(archive) - 1))] = data.draw(st.integers(0, 255))
        try:
            found = unpacked(bytes(archive[: data.draw(st.integers(0, len(archive)))]))
        except Conflict:
            return
        assert fit(found)

    def test_a_bomb_is_not_unpacked(self) -> None:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("zeros", bytes(10**6))
        with pytest.raises(Conflict):
            unpacked(buffer.getvalue())

    def test_nothing_is_read_of_an_archive_that_says_it_is_too_large(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        archive = packed({f"{number}.py": b"" for number in range(MOST_FILES + 1)})
        monkeypatch.delattr(zipfile.ZipFile, "read")
        with pytest.raises(Conflict):
            unpacked(archive)


class TestBadInput:
    @pytest.mark.parametrize(
        "files",
        [
            *(None, {}, [], "train.py", 5, {"train.py": "text"}, {"train.py": None}, {5: b""}, {"": b""}),
            *({"/etc/passwd": b""}, {"../up.py": b""}, {"a/../b": b""}, {"a//b": b""}, {"a/": b""}),
            *({"./a": b""}, {".": b""}, {"a\\b": b""}, {"a\nb": b""}, {"a\0b": b""}, {"\ud800": b""}),
            {"a": b"", "a/b.py": b""},
            {"x" * 1025: b""},
            {"a.py": bytearray(b"x")},
        ],
        ids=lambda files: repr(files)[:30],
    )
    def test_what_is_no_directory_of_files_is_refused_and_changes_nothing(self, lab: Lab, files: Any) -> None:
        with unchanged(lab), pytest.raises(BadRequest):
            ask(lab, "carl", Snapshots.create, files)

    def test_more_than_2000_files_are_too_many(self, lab: Lab) -> None:
        files = {f"{number}.py": b"" for number in range(MOST_FILES)}
        assert len(snapshot(lab, files).files) == 2000
        with unchanged(lab), pytest.raises(BadRequest) as caught:
            ask(lab, "carl", Snapshots.create, files | {"one more": b""})
        assert "2001 files" in caught.value.presented
        assert ".amlignore" in caught.value.advice
        # Before their names are looked at, which may be as many as somebody likes.
        with pytest.raises(BadRequest, match="too large"):
            check_files({"../up.py": b"", **files})

    def test_more_than_300_megabytes_are_too_much(self) -> None:
        block = bytes(1024 * 1024)
        files = {f"{number}.bin": block for number in range(300)}
        assert sum(map(len, files.values())) == MOST_BYTES
        check_files(files)
        with pytest.raises(BadRequest, match="too large"):
            check_files(files | {"one more": b"x"})

    @pytest.mark.parametrize("id", ["", "none", "train_1", None, 5])
    def test_an_unknown_one_is_not_found(self, lab: Lab, id: Any) -> None:
        with pytest.raises((NotFound, BadRequest)):
            ask(lab, "carl", Snapshots.get, id)


class TestWhoMay:
    def test_a_reader_reads_the_code_and_makes_no_snapshot(self, lab: Lab) -> None:
        made = snapshot(lab)
        assert ask(lab, "rita", Snapshots.get, made.snapshot_id) == FILES
        with unchanged(lab), pytest.raises(Forbidden) as caught:
            ask(lab, "rita", Snapshots.create, FILES)
        assert "metadata/snapshots/write" in caught.value.required

    def test_a_guest_does_neither(self, lab: Lab) -> None:
        for op, given_ in ((Snapshots.create, FILES), (Snapshots.get, snapshot(lab).snapshot_id)):
            with pytest.raises(GuestNotSupported):
                ask(lab, "gita", op, given_)

    def test_the_blob_itself_neither_a_contributor_reads_nor_an_owner(self, lab: Lab) -> None:
        made = snapshot(lab)
        for who in ("carl", "rita", "olivia"):
            token = lab.sign_in(who, resource="https://storage.azure.com/").bearer
            with pytest.raises(Refusal) as caught:
                lab.ask(who, BlobStorage.get, lab.storage, token, made.blob)
            assert caught.value.stage == "authorization"

    def test_the_token_of_a_run_with_a_snapshot_reads_it_and_writes_none(self, lab: Lab) -> None:
        run = submit(lab)
        [job] = lab.waiting_jobs()
        token = RunToken(job.token.reveal())
        assert lab.ask("node", Snapshots.get, lab.workspace, token, run.snapshot_id) == FILES
        with pytest.raises(Refusal):
            lab.ask("node", Snapshots.create, lab.workspace, token, FILES)
        with pytest.raises(Refusal) as caught:
            lab.ask("node", Snapshots.get, lab.other_workspace, token, run.snapshot_id)
        assert caught.value.stage == "authentication"

    def test_that_of_a_run_without_one_does_not(self, lab: Lab) -> None:
        made = snapshot(lab)
        submit(lab, script=lambda run: None)
        [job] = lab.waiting_jobs()
        token = RunToken(job.token.reveal())
        with pytest.raises(Forbidden):
            lab.ask("node", Snapshots.get, lab.workspace, token, made.snapshot_id)

    def test_another_workspace_does_not_know_it(self, lab: Lab) -> None:
        made, token = snapshot(lab), lab.sign_in("carl").bearer
        with pytest.raises(NotFound):
            lab.ask("carl", Snapshots.get, lab.other_workspace, token, made.snapshot_id)
        with pytest.raises(NotFound):
            lab.ask(
                "carl",
                Runs.submit,
                lab.workspace,
                token,
                "churn",
                lab.cluster,
                "train.py",
                snapshot=made.snapshot_id[:-1],
            )


def test_a_deleted_workspace_s_snapshots_are_not_those_of_its_successor(lab: Lab) -> None:
    made = snapshot(lab)
    before = workspace(lab)
    assert isinstance(before.snapshots[made.snapshot_id], Snapshot)
    owner = lab.sign_in("olivia").bearer
    manager = labkit.azure.ResourceManager
    lab.ask("olivia", manager.delete, lab.workspace, owner)
    lab.ask("olivia", manager.put, lab.workspace, owner, "eastus")
    with pytest.raises(NotFound):
        ask(lab, "carl", Snapshots.get, made.snapshot_id)
    assert snapshot(lab).snapshot_id != made.snapshot_id
