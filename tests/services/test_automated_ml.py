"""Automated machine learning: intermediate data in the workspace's data store, under its access control."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from labkit.azure import (
    STORAGE,
    AutomatedML,
    BlobStorage,
    ResourceManager,
    Runs,
)
from labkit.core.errors import BadRequest, Forbidden, NotFound, Refusal
from labkit.core.resource import Component
from labkit.core.secret import Secret
from labkit.lab import Lab
from labkit.services.machine_learning.mount import BlobClient
from labkit.services.machine_learning.workspace import Run
from labkit.services.storage import connection_string
from tests.services.ml import ask, share, unchanged
from tests.services.stores import write
from tests.services.training import attach_machine, history

DATA = b"age,city,churned\n20,Oslo,yes\n30,Rome,no\n,Oslo,yes\n40,Rome,no\n50,Rome,no\n"
WHERE = "training/patients/first.csv"
READ = "Storage Blob Data Reader"


@pytest.fixture(autouse=True)
def data(lab: Lab) -> None:
    write(lab, WHERE, DATA, id=lab.storage)


def submit(lab: Lab, compute: str = "", path: str = WHERE, label: str = "churned") -> Run:
    args = ("auto", compute or lab.cluster, "workspaceblobstore", path, label)
    run = ask(lab, "carl", AutomatedML.submit, *args)
    assert isinstance(run, Run)
    return run


def done(lab: Lab, compute: str = "", **more: str) -> Run:
    run = submit(lab, compute, **more)
    assert lab.work(compute or lab.cluster) == [run.run_id]
    return history(lab, run)


def blob(lab: Lab, run: Run) -> str:
    [name] = ask(lab, "rita", AutomatedML.intermediate, run.run_id)
    return str(name)


def connection(lab: Lab) -> Secret:
    owner = lab.sign_in("olivia").bearer
    keys = lab.ask("olivia", ResourceManager.post, lab.storage, owner, "listKeys")
    return Secret(connection_string(lab.storage.rpartition("/")[2], keys))


def with_the_key(lab: Lab, name: str) -> bytes:
    return BlobClient(lab.parts.door, Component("keyholder"), connection(lab)).ask(BlobStorage.get, name)


class TestWhatItMakes:
    def test_numbers_of_what_was_read_with_nothing_missing(self, lab: Lab) -> None:
        rows = list(csv.DictReader(io.StringIO(with_the_key(lab, blob(lab, done(lab))).decode())))
        assert [row["churned"] for row in rows] == ["yes", "no", "yes", "no", "no"]
        assert [row["age"] for row in rows] == ["0", "0.333333", "0.5", "0.666667", "1"]
        assert [row["city=Oslo"] for row in rows] == ["1", "0", "1", "0", "0"]

    def test_metrics_of_models_that_were_tried(self, lab: Lab) -> None:
        run = done(lab)
        metrics = dict(run.metrics)
        assert (run.status, run.error) == ("Completed", "")
        assert metrics == {"rows": 5.0, "accuracy, majority": 0.6, "accuracy, nearest neighbour": 1.0}

    def test_other_data_give_others(self, lab: Lab) -> None:
        write(lab, WHERE, b"x,y\n0,a\n10,b\n1,b\n9,a\n", id=lab.storage)
        assert dict(done(lab, label="y").metrics)["accuracy, nearest neighbour"] == 0.0

    def test_a_column_of_labels_alone_gives_no_features(self, lab: Lab) -> None:
        write(lab, WHERE, b"y\na\nb\na\n", id=lab.storage)
        assert done(lab, label="y").status == "Completed"

    @pytest.mark.parametrize(
        ("content", "label"),
        [
            (b"", "y"),
            (b"\n\n", "y"),
            (b"y\na\n", "y"),
            (b"\xff\xfe\x00", "y"),
            (b"x,y\n1,a\n2,b\n", "z"),
            (b"x,y\n" + b"1,a\n" * 501, "y"),
        ],
        ids=range(6),
    )
    def test_what_is_no_training_data_is_the_run_s_error(self, lab: Lab, content: bytes, label: str) -> None:
        write(lab, WHERE, content, id=lab.storage)
        run = done(lab, label=label)
        assert run.status == "Failed"
        assert run.error in ("Those are no training data.", "There is no such column.")
        assert ask(lab, "rita", AutomatedML.intermediate, run.run_id) == []

    @pytest.mark.parametrize("number", [b"nan", b"inf", b"1e999", b"-inf", b"1e308"])
    def test_what_only_looks_like_a_number_is_a_word(self, lab: Lab, number: bytes) -> None:
        write(lab, WHERE, b"x,y\n" + number + b",a\n2,b\n", id=lab.storage)
        run = done(lab, label="y")
        assert run.status == "Completed"
        assert b"nan" not in with_the_key(lab, blob(lab, run)).split(b"\n", 1)[1]

    def test_it_runs_on_an_attached_machine_too(self, lab: Lab) -> None:
        assert done(lab, attach_machine(lab)).status == "Completed"


class TestWhereItLies:
    def test_in_the_workspace_s_storage_with_its_run_s_outputs(self, lab: Lab) -> None:
        run = done(lab)
        assert blob(lab, run).endswith("/ExperimentRun/dcid.auto_1/preprocessed/features.csv")
        assert run.data_stores == ["workspaceblobstore"]
        [put] = [hop for hop in lab.trace if hop.operation == "Put Blob" and hop.caller == lab.cluster]
        assert (put.resource, put.boundary) == (lab.storage.rpartition("/")[2], "Customer subscription")

    def test_encrypted(self, lab: Lab) -> None:
        run = done(lab)
        name = blob(lab, run)
        assert b"city=Oslo" in with_the_key(lab, name)
        assert lab.media.find("city=Oslo").rows == []
        [disk] = [one for one in lab.media.disks if name in one.medium.names()]
        assert disk.key is not None


class TestWhoReadsIt:
    @pytest.mark.parametrize("who", ["olivia", "carl", "rita"])
    def test_nobody_without_a_role_for_data(self, lab: Lab, who: str) -> None:
        name, token = blob(lab, done(lab)), lab.sign_in(who, resource=STORAGE).bearer
        with pytest.raises(Refusal) as caught:
            lab.ask(who, BlobStorage.get, lab.storage, token, name)
        assert (caught.value.status, caught.value.code) == (403, "AuthorizationPermissionMismatch")

    @pytest.mark.parametrize("who", ["carl", "rita"])
    def test_whoever_has_one_does(self, lab: Lab, who: str) -> None:
        name = blob(lab, done(lab))
        share(lab, lab.people[who].object_id, READ, lab.storage)
        lab.clock.advance("30m")
        token = lab.sign_in(who, resource=STORAGE).bearer
        assert b"city=Oslo" in lab.ask(who, BlobStorage.get, lab.storage, token, name)

    def test_whoever_has_the_account_s_key_does(self, lab: Lab) -> None:
        assert b"city=Oslo" in with_the_key(lab, blob(lab, done(lab)))

    def test_a_reader_sees_the_names_alone_and_starts_no_run(self, lab: Lab) -> None:
        run = done(lab)
        assert len(ask(lab, "rita", AutomatedML.intermediate, run.run_id)) == 1
        args = ("auto", lab.cluster, "workspaceblobstore", WHERE, "churned")
        with unchanged(lab), pytest.raises(Forbidden):
            ask(lab, "rita", AutomatedML.submit, *args)


@pytest.mark.parametrize(
    "args",
    [
        ("", "cpu-cluster", "workspaceblobstore", WHERE, "churned"),
        ("auto", "cpu-cluster", "workspaceblobstore", "", "churned"),
        ("auto", "cpu-cluster", "workspaceblobstore", "training/", "churned"),
        ("auto", "cpu-cluster", "workspaceblobstore", WHERE, ""),
        ("auto", "cpu-cluster", "workspaceblobstore", WHERE, None),
        ("auto", "cpu-cluster", "workspaceblobstore", 5, "churned"),
        ("auto", "cpu-cluster", "none", WHERE, "churned"),
        ("auto", "none", "workspaceblobstore", WHERE, "churned"),
    ],
)
def test_bad_input_changes_nothing(lab: Lab, args: Any) -> None:
    with unchanged(lab), pytest.raises((BadRequest, NotFound)):
        ask(lab, "carl", AutomatedML.submit, *args)


def test_a_file_that_is_not_there_is_the_run_s_error(lab: Lab) -> None:
    assert "404 BlobNotFound" in done(lab, path="training/none.csv").error
    assert ask(lab, "carl", Runs.get, "auto_1").status == "Failed"


def test_data_with_a_word_for_each_row_are_the_run_s_error(lab: Lab) -> None:
    """Every word is a feature: comparing all rows by all of them would take minutes."""
    for words, error in ((101, "too many features"), (100, "")):
        rows = "".join(f"w{number},{number % 2}\n" for number in range(words))
        write(lab, WHERE, f"id,churned\n{rows}".encode(), id=lab.storage)
        assert error in (failed := done(lab).error)
        assert bool(error) is bool(failed)


def test_an_unknown_run_has_no_intermediate_data(lab: Lab) -> None:
    for run_id in ("none", "", "../", "auto_1/preprocessed"):
        with unchanged(lab), pytest.raises(NotFound):
            ask(lab, "rita", AutomatedML.intermediate, run_id)
