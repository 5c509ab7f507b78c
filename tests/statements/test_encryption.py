"""What the documents say about data at rest of which nobody has said anything: attempted in a lab of each
release that states it. Each test does what the ledger's `shown_by` says of its statement."""

from __future__ import annotations

import zlib
from typing import Any

import pytest

import labkit
from labkit.azure import (
    DATABRICKS,
    BlobStorage,
    ContainerRegistry,
    Databricks,
    DataStores,
    Models,
    ResourceManager,
    Resync,
    Runs,
    Scoring,
    WebServices,
)
from labkit.core.credential import Anonymous
from labkit.core.errors import Forbidden, Refusal
from labkit.course.key_scene import enable, new_version
from labkit.course.store_trials import TEXT
from labkit.crypto.errors import Damaged
from labkit.furniture import SUBSCRIPTION
from labkit.lab import Lab
from labkit.services import storage
from labkit.services.machine_learning.compute import RunContext
from labkit.services.machine_learning.nodes import in_place
from labkit.stores import DBFS, IMAGES, RUN_HISTORY
from tests.services.clusters import carry_out
from tests.services.ml import GROUP, ask, dependency, workspace
from tests.services.own_history import owner, register
from tests.services.stores import account, put, with_key, write
from tests.services.stores import read as get
from tests.statements.at_rest import (
    HOUR,
    code,
    in_each_release,
    keep,
    medium,
    plain,
    raws,
    read,
    refusal,
    seen,
)

HOSPITAL = f"{GROUP}/providers/{storage.TYPE}/hospital"
SCAN = TEXT.encode()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    in_each_release(metafunc)


@pytest.fixture
def lab(release: str) -> Lab:
    return labkit.start(release)


def own(lab: Lab) -> str:
    return f"{lab.workspace}/computes/{lab.cluster}"


# ---- Blob storage


@pytest.mark.proves("enc-blob-mmk")
def test_outputs_and_logs_of_a_run_are_ciphertext_on_the_disk_and_come_back_through_the_service(
    lab: Lab,
) -> None:
    blobs: list[str] = []

    def train(run: RunContext) -> None:
        blobs.extend([run.upload_file("outputs/model.pkl", SCAN), run.upload_file("logs/a.txt", SCAN)])
        run.stage("rows.csv", SCAN)

    assert carry_out(lab, own(lab), train) == ""
    # What somebody finds who carries every disk of the lab away: the node's temporary disk alone is readable.
    assert [record for _, record in lab.media.find(TEXT).rows] == ["rows.csv"]
    disk = account(lab).blobs.medium
    assert set(blobs) <= set(disk.names())
    assert [get(lab, blob) for blob in blobs] == [SCAN, SCAN]
    assert dependency(lab, "storage") is account(lab)
    assert account(lab).id.startswith(f"{SUBSCRIPTION}/")
    [row] = [row for row in lab.media.rows if row[0] == disk.name]
    assert row[2:5] == ("Customer subscription", "Microsoft", "Microsoft's key")


@pytest.mark.proves("enc-blob-mmk")
def test_what_lies_there_is_noise_and_whoever_changes_a_bit_of_it_gets_no_other_text(lab: Lab) -> None:
    zeros = bytes(2**16)
    write(lab, "c/zeros", zeros)
    first = account(lab).blobs.medium.raw("c/zeros")
    assert len(zlib.compress(first, 9)) > len(zeros) > 100 * len(zlib.compress(zeros, 9))
    write(lab, "c/zeros", zeros)
    disk = account(lab).blobs.medium
    second = disk.raw("c/zeros")
    assert sum(a == b for a, b in zip(first, second, strict=True)) < len(first) / 64
    for place in range(0, len(second), len(second) // 40):
        disk.overwrite("c/zeros", second[:place] + bytes([second[place] ^ 1]) + second[place + 1 :])
        with pytest.raises(Damaged):
            get(lab, "c/zeros")
    disk.overwrite("c/zeros", first)
    with pytest.raises(Damaged):
        get(lab, "c/zeros")
    disk.overwrite("c/zeros", second)
    assert get(lab, "c/zeros") == zeros


@pytest.fixture
def hospital(lab: Lab) -> Lab:
    """A lab with training data in an account that no workspace has made, known to one as a data store."""
    put(lab, HOSPITAL)
    write(lab, "scans/a.csv", SCAN, id=HOSPITAL)
    keys = owner(lab, ResourceManager.post, HOSPITAL, "listKeys")
    owner(lab, DataStores.attach, lab.workspace, "hospital", storage.connection_string("hospital", keys))
    return lab


def mounted(lab: Lab, store: str = "hospital") -> tuple[str, list[bytes]]:
    """How a run fails, or "", that mounts the scans, and what it reads there."""
    found: list[bytes] = []

    def train(run: RunContext) -> None:
        mount = run.as_mount(store, "scans")
        found.extend(mount.read(name) for name in mount.names())

    return carry_out(lab, own(lab), train), found


@pytest.mark.proves("enc-blob-training-data")
def test_a_run_reads_training_data_through_a_mount_of_another_account_and_copies_nothing(
    hospital: Lab,
) -> None:
    assert HOSPITAL not in workspace(hospital).depends_on.values()
    hospital.trace.clear()
    assert mounted(hospital) == ("", [SCAN])
    assert ("cpu-cluster", "hospital") in [
        (hop.caller, hop.resource) for hop in hospital.trace if hop.operation == "Get Blob"
    ]
    assert hospital.media.find(TEXT).rows == []
    # It is remote: what comes later to the account is there, even while it is mounted, and what goes is not.
    found: list[bytes] = []

    def late(run: RunContext) -> None:
        mount = run.as_mount("hospital", "scans")
        write(hospital, "scans/a.csv", b"newest", id=HOSPITAL)
        found.append(mount.read("a.csv"))

    write(hospital, "scans/a.csv", b"newer", id=HOSPITAL)
    assert mounted(hospital) == ("", [b"newer"])
    assert carry_out(hospital, own(hospital), late) == ""
    assert found == [b"newest"]
    with_key(hospital, BlobStorage.delete, "scans/a.csv", id=HOSPITAL)
    assert mounted(hospital) == ("", [])
    assert "no such data store" in mounted(hospital, "clinic")[0]


@pytest.mark.proves("enc-blob-training-data")
def test_the_workspace_goes_and_the_training_data_stay(hospital: Lab) -> None:
    assert mounted(hospital) == ("", [SCAN])
    owner(hospital, ResourceManager.delete, hospital.workspace)
    assert hospital.resources.get(hospital.workspace) is None
    assert with_key(hospital, BlobStorage.list_blobs, id=HOSPITAL) == ["scans/a.csv"]
    assert get(hospital, "scans/a.csv", id=HOSPITAL) == SCAN


def uploads(lab: Lab) -> str:
    """How a run fails that writes an output, or ""."""
    return carry_out(lab, own(lab), lambda run: run.upload_file("outputs/m", b"m"))


def regenerate(lab: Lab, key: str) -> None:
    owner(lab, ResourceManager.post, lab.storage, "regenerateKey", {"keyName": key})


@pytest.mark.proves("enc-storage-key-regen")
def test_the_workspace_loses_its_storage_and_a_resync_gives_it_back(lab: Lab) -> None:
    write(lab, "scans/a.csv", SCAN)
    assert uploads(lab) == ""
    assert mounted(lab, "workspaceblobstore") == ("", [SCAN])
    old = account(lab).access_keys["key1"]
    regenerate(lab, "key1")
    assert account(lab).access_keys["key1"] != old
    for _ in range(2):
        assert "403 AuthenticationFailed" in uploads(lab)
        assert "403 AuthenticationFailed" in mounted(lab, "workspaceblobstore")[0]
        lab.clock.advance("1d")
    ask(lab, "carl", Resync.resync)
    assert uploads(lab) == ""
    assert mounted(lab, "workspaceblobstore") == ("", [SCAN])


@pytest.mark.proves("enc-storage-key-regen")
def test_the_key_that_the_workspace_does_not_use_can_be_made_anew_and_it_notices_nothing(lab: Lab) -> None:
    write(lab, "c/a", SCAN)
    seen = [dict(account(lab).access_keys)]
    for _ in range(2):
        regenerate(lab, "key2")
        seen.append(dict(account(lab).access_keys))
        assert uploads(lab) == ""
        assert with_key(lab, BlobStorage.get, "c/a", key="key2") == SCAN
    # Each time it is another one, and the other key stays.
    assert [len({keys[name] for keys in seen}) for name in ("key1", "key2")] == [1, 3]
    rita = lab.sign_in("rita").bearer
    asked = lab.attempt("rita", ResourceManager.post, lab.storage, rita, "regenerateKey", {"keyName": "key1"})
    assert asked.code == "AuthorizationFailed"
    assert uploads(lab) == ""


# ---- Cosmos DB


def on_disks(lab: Lab) -> dict[tuple[str, str], bytes]:
    """What lies on all disks, by disk and record."""
    return {(one.name, name): one.raw(name) for one in lab.media for name in one.names()}


@pytest.mark.proves("enc-cosmos-mmk")
def test_metrics_and_metadata_lie_in_a_subscription_of_microsofts_under_its_key(lab: Lab) -> None:
    store = keep(lab, RUN_HISTORY)
    disk = medium(lab, store)
    [name] = [name for name in disk.names() if name.endswith(f"{TEXT}_1")]
    before = on_disks(lab)
    ask(lab, "carl", Runs.log_metric, f"{TEXT}_1", "mortality", 0.25)
    assert {one for one, raw in on_disks(lab).items() if raw != before.get(one)} == {(disk.name, name)}
    assert seen(lab, store) == ("Microsoft subscription", "Microsoft", "Microsoft's key", "1")
    assert lab.media.find("mortality").rows == lab.media.find(TEXT).rows == []
    run = ask(lab, "carl", Runs.get, f"{TEXT}_1")
    assert (run.experiment, run.metrics) == (TEXT, [("mortality", 0.25)])
    # It is in that document, as Microsoft reads it, and nowhere else: without the document the run is gone.
    account: Any = lab.resources.find(workspace(lab).history)
    assert b'["mortality", 0.25]' in account.documents.read(in_place(account, lab.clock.now), name)
    disk.overwrite(name, disk.raw(name)[:-1])
    with pytest.raises(Damaged):
        ask(lab, "carl", Runs.get, f"{TEXT}_1")


@pytest.mark.proves("enc-cosmos-mmk")
def test_the_customers_subscription_holds_no_such_thing_and_its_owner_does_not_get_at_it(lab: Lab) -> None:
    keep(lab, RUN_HISTORY)
    accounts = "Microsoft.DocumentDB/databaseAccounts"
    assert owner(lab, ResourceManager.collection, lab.subscription, accounts) == []
    # The list shows one where there is one.
    register(lab)
    put(lab, f"{GROUP}/providers/{accounts}/mine")
    shown = owner(lab, ResourceManager.collection, lab.subscription, accounts)
    assert [one["name"] for one in shown] == ["mine"]
    history = workspace(lab).history
    for op, *args in ((ResourceManager.get,), (ResourceManager.delete,), (ResourceManager.post, "listKeys")):
        refusal(lab, lambda op=op, args=args: owner(lab, op, history, *args), Forbidden)  # type: ignore[misc]
    key = {"keyVaultKeyUri": "https://mine.vault.azure.net/keys/mine"}
    refusal(lab, lambda: put(lab, history, key), Forbidden)


# ---- Container Registry


@pytest.mark.proves("enc-acr")
def test_layers_are_ciphertext_before_they_are_stored_and_azure_ml_pulls_plaintext(lab: Lab) -> None:
    ask(lab, "carl", Models.register, "rows", SCAN)
    lab.trace.clear()
    service = ask(lab, "carl", WebServices.deploy_aci, "rows", "rows")
    disk = dependency(lab, "registry").images.medium
    assert disk.names()
    assert disk.find(SCAN) == []
    pulls = [(hop.subject, hop.outcome) for hop in lab.trace if hop.operation == "Pull image"]
    assert pulls == [("ml-example (managed identity)", "ok")]
    before = lab.ask("client", Scoring.score, service.address, Anonymous(), "[1]")
    assert before["model"] == "rows:1"
    # The answer depends on the model's bytes, which came by that pull.
    ask(lab, "carl", Models.register, "rows", SCAN + b"!")
    other = ask(lab, "carl", WebServices.deploy_aci, "other", "rows")
    after = lab.ask("client", Scoring.score, other.address, Anonymous(), "[1]")
    assert after["checksum"] != before["checksum"]


@pytest.mark.proves("enc-acr")
def test_an_image_comes_back_to_the_last_byte_or_not_at_all(lab: Lab) -> None:
    store = keep(lab, IMAGES)
    assert (plain(lab, store), read(store)) == ([], SCAN)
    assert seen(lab, store)[:2] == ("Customer subscription", "Microsoft")
    disk = medium(lab, store)
    raw = disk.raw("rows:1")
    disk.overwrite("rows:1", raw[:-20] + bytes([raw[-20] ^ 1]) + raw[-19:])
    with pytest.raises(Damaged):
        read(store)
    disk.overwrite("rows:1", raw)
    assert read(store) == SCAN
    rita = lab.sign_in("rita").bearer
    registry = dependency(lab, "registry").id
    assert lab.attempt("rita", ContainerRegistry.push, registry, rita, "rows:1", b"").refusal is not None


# ---- Databricks


@pytest.mark.proves("enc-databricks")
def test_dbfs_is_under_microsofts_key_and_the_customers_disabled_key_is_nothing_to_it(lab: Lab) -> None:
    store = keep(lab, DBFS)
    assert (plain(lab, store), read(store)) == ([], SCAN)
    assert seen(lab, store)[1:] == ("Microsoft", "Microsoft's key", "1")
    new_version(lab)
    enable(lab, False)
    lab.clock.advance("1d")
    assert read(store) == SCAN
    # The same bytes in another account are other bytes on the disk.
    elsewhere = labkit.start(lab.release.name, seed=5)
    assert not {*raws(lab, store).values()} & {*raws(elsewhere, keep(elsewhere, DBFS)).values()}


@pytest.mark.proves("enc-databricks")
def test_the_root_can_be_set_to_the_customers_key_and_then_depends_on_it(lab: Lab) -> None:
    store = keep(lab, DBFS, own=True)
    assert (plain(lab, store), read(store)) == ([], SCAN)
    assert seen(lab, store).owner == "customer"
    assert seen(lab, store).key.endswith("/keys/at-rest")
    enable(lab, False)
    lab.clock.advance(HOUR)
    assert code(lambda: read(store)) == "403 PERMISSION_DENIED"
    enable(lab, True)
    assert read(store) == SCAN
    # What is mounted is not the root.
    bricks: Any = next(one.id for one in lab.resources if one.name == "bricks")
    token = lab.sign_in("olivia", resource=DATABRICKS).bearer
    with pytest.raises(Refusal, match="no path in the root"):
        lab.ask("olivia", Databricks.put, bricks, token, "/mnt/elsewhere/x", SCAN)
