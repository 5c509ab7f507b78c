"""Training data: in storage of the customer's, seen by a run as a remote file system."""

import pytest

from labkit.azure import BlobStorage, DataStores, ResourceManager
from labkit.core.secret import Secret
from labkit.lab import Lab
from labkit.services import storage
from labkit.services.machine_learning.compute import RunContext
from tests.services.clusters import SECRET, carry_out, temporary
from tests.services.ml import GROUP, kept
from tests.services.stores import put, read, with_key, write

ACCOUNT = f"{GROUP}/providers/{storage.TYPE}/hospital"


def own(lab: Lab) -> str:
    return f"{lab.workspace}/computes/{lab.cluster}"


@pytest.fixture
def hospital(lab: Lab) -> None:
    """A storage account that no workspace has made, with training data, attached to the workspace as a data
    store."""
    put(lab, ACCOUNT)
    for name, data in (("scans/a.csv", SECRET), ("scans/b.csv", b"b"), ("scans2/c.csv", b"c")):
        write(lab, name, data, id=ACCOUNT)
    owner = lab.sign_in("olivia").bearer
    keys: dict[str, Secret] = lab.ask("olivia", ResourceManager.post, ACCOUNT, owner, "listKeys")
    connection = storage.connection_string("hospital", keys)
    lab.ask("olivia", DataStores.attach, lab.workspace, owner, "hospital", connection)


@pytest.mark.usefixtures("hospital")
class TestAMount:
    def test_a_run_reads_training_data_through_it(self, lab: Lab) -> None:
        seen: list[object] = []

        def train(run: RunContext) -> None:
            mount = run.as_mount("hospital", "scans")
            seen.extend([mount.names(), mount.read("a.csv")])

        assert carry_out(lab, own(lab), train) == ""
        assert seen == [["a.csv", "b.csv"], SECRET]
        # Nothing of it was copied to the node.
        assert temporary(lab).names() == []

    def test_what_is_read_comes_from_the_account_itself_with_its_key(self, lab: Lab) -> None:
        lab.trace.clear()
        carry_out(lab, own(lab), lambda run: run.as_mount("hospital", "scans/").read("a.csv"))
        hops = [(hop.caller, hop.resource, hop.operation, hop.credential) for hop in lab.trace]
        assert ("cpu-cluster", "hospital", "Get Blob", "account key") in hops
        assert ("cpu-cluster", "ml-example", "Get data store credential", "ML service token") in hops

    def test_it_shows_what_is_there_at_this_moment(self, lab: Lab) -> None:
        seen: list[bytes] = []

        def train(run: RunContext) -> None:
            mount = run.as_mount("hospital", "scans")
            write(lab, "scans/a.csv", b"newer", id=ACCOUNT)
            seen.append(mount.read("a.csv"))

        assert carry_out(lab, own(lab), train) == ""
        assert seen == [b"newer"]

    def test_without_a_path_it_is_the_whole_account(self, lab: Lab) -> None:
        seen: list[str] = []
        carry_out(lab, own(lab), lambda run: seen.extend(run.as_mount("hospital").names()))
        assert seen == ["scans/a.csv", "scans/b.csv", "scans2/c.csv"]

    def test_a_download_copies_it_to_the_temporary_disk(self, lab: Lab) -> None:
        names: list[str] = []
        assert carry_out(lab, own(lab), lambda run: names.extend(run.as_download("hospital", "scans"))) == ""
        assert names == temporary(lab).names() == ["a.csv", "b.csv"]
        # In the account it was encrypted. Here it is not.
        assert lab.media.find(SECRET).rows == [(temporary(lab).name, "a.csv")]

    def test_deleting_the_workspace_leaves_the_data(self, lab: Lab) -> None:
        carry_out(lab, own(lab), lambda run: run.as_download("hospital", "scans"))
        lab.ask("olivia", ResourceManager.delete, lab.workspace, lab.sign_in("olivia").bearer)
        assert read(lab, "scans/a.csv", id=ACCOUNT) == SECRET
        assert with_key(lab, BlobStorage.list_blobs, "scans/", id=ACCOUNT) == ["scans/a.csv", "scans/b.csv"]

    @pytest.mark.parametrize(
        ("script", "says"),
        [
            (lambda run: run.as_mount("hospital").read("missing"), "404 BlobNotFound"),
            (lambda run: run.as_mount("hospital").read(""), "A file has a name"),
            (lambda run: run.as_mount("clinic").names(), "404 NotFound"),
        ],
        ids=["no blob", "no name", "no data store"],
    )
    def test_what_is_not_there_is_the_runs_error(self, lab: Lab, script: object, says: str) -> None:
        assert says in carry_out(lab, own(lab), script)  # type: ignore[arg-type]

    def test_a_regenerated_key_ends_it(self, lab: Lab) -> None:
        owner = lab.sign_in("olivia").bearer
        lab.ask("olivia", ResourceManager.post, ACCOUNT, owner, "regenerateKey", {"keyName": "key1"})
        error = carry_out(lab, own(lab), lambda run: run.as_mount("hospital").read("scans/a.csv"))
        assert "403 AuthenticationFailed" in error


@pytest.mark.parametrize(
    ("connection", "says"),
    [
        ("Server=tcp:sql.example;Password=hunter2", "not a connection string of Azure Storage"),
        ("AccountName=a;AccountKey=%%%", "not a connection string of Azure Storage"),
        ("AccountName=nobody;AccountKey=AAAA", "HostNotFound"),
    ],
)
def test_another_connection_string_mounts_nothing_and_is_not_shown(
    lab: Lab, connection: str, says: str
) -> None:
    owner = lab.sign_in("olivia").bearer
    lab.ask("olivia", DataStores.attach, lab.workspace, owner, "other", connection)
    error = carry_out(lab, own(lab), lambda run: run.as_mount("other").names())
    assert says in error
    assert "hunter2" not in error


def test_outputs_and_logs_are_in_the_workspaces_blobs_under_microsofts_key(lab: Lab) -> None:
    blobs: list[str] = []

    def train(run: RunContext) -> None:
        blobs.extend([run.upload_file("outputs/model.pkl", SECRET), run.upload_file("logs/a.txt", b"log")])

    assert carry_out(lab, own(lab), train) == ""
    assert [blob.partition("/ExperimentRun/")[2] for blob in blobs] == [
        "dcid.train_1/outputs/model.pkl",
        "dcid.train_1/logs/a.txt",
    ]
    assert kept(lab, "storage", blobs[0]) == SECRET
    assert lab.media.find(SECRET).rows == []
    [disk] = [one for one in lab.media.disks if blobs[0] in one]
    assert disk.key is not None
    assert disk.key.owner == "Microsoft"
