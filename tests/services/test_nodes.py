"""The nodes of managed clusters: made for a run, with two disks, and gone when they are idle."""

from typing import Any

import pytest

import labkit
from labkit.azure import ResourceManager, Runs
from labkit.core.errors import BadInput, BadRequest, Forbidden
from labkit.crypto.errors import Damaged
from labkit.lab import Lab
from labkit.services.machine_learning.compute import RunContext
from labkit.services.machine_learning.disks import DiskEncryptionNotSupported
from labkit.services.machine_learning.nodes import IDLE, Scale, in_place
from labkit.services.machine_learning.run_history import RunHistory
from labkit.stores import COMPUTE_TEMPORARY, kinds
from tests.services.clusters import (
    SECRET,
    at_work,
    carry_out,
    cluster,
    disks,
    new_cluster,
    nodes,
    stage_secret,
    submit,
    temporary,
)
from tests.services.ml import attach, attach_cluster, unchanged
from tests.services.stores import put

RELEASES = ("2019-08", "2020-01", "2020-03")
KEY = {"keySource": "Microsoft.Keyvault", "keyvaultproperties": {"keyname": "k", "keyvaulturi": "https://v"}}


def own(lab: Lab) -> str:
    """The cluster that every lab starts with."""
    return f"{lab.workspace}/computes/{lab.cluster}"


def nothing(run: RunContext) -> None:
    """A script that does nothing."""


class TestDisks:
    @pytest.mark.parametrize("release", RELEASES)
    def test_an_os_disk_is_encrypted_with_microsofts_key_in_azure_mls_own_account(self, release: str) -> None:
        lab = labkit.start(release)
        assert disks(lab, "OS disk") == []
        assert carry_out(lab, own(lab), nothing) == ""
        [disk] = disks(lab, "OS disk")
        assert disk.key is not None
        assert (disk.key.owner, disk.kind.subscription) == ("Microsoft", "Microsoft subscription")
        [account] = [one for one in lab.resources if one.name == "amlnodeseastus"]
        assert account.boundary == "Microsoft subscription"
        assert disk in list(account.disks())  # type: ignore[attr-defined]
        [name] = disk.medium.names()
        assert name == "node-1/var/log/train_1"
        assert disk.medium.find("train_1") == []
        assert disk.medium.raw(name).startswith(b"LAB1")

    def test_what_is_encrypted_there_is_what_was_written(self, lab: Lab) -> None:
        carry_out(lab, own(lab), nothing)
        [disk] = disks(lab, "OS disk")
        here = in_place(cluster(lab, own(lab)), lab.clock.now)
        assert disk.read(here, "node-1/var/log/train_1") == b"train_1 begins\n"

    def test_whose_key_it_is_reads_back(self, lab: Lab) -> None:
        assert nodes(lab, own(lab)) == []
        carry_out(lab, own(lab), nothing)
        where = {"subscription": "Microsoft subscription"}
        assert nodes(lab, own(lab)) == [
            {
                "nodeId": "node-1",
                "nodeState": "idle",
                "osDisk": {"encryptedBy": "Microsoft", **where},
                "temporaryDisk": {"encryptedBy": "nobody", **where},
            }
        ]

    def test_a_reader_does_not_list_the_nodes(self, lab: Lab) -> None:
        with pytest.raises(Forbidden) as caught:
            lab.ask("rita", ResourceManager.post, own(lab), lab.sign_in("rita").bearer, "listNodes")
        assert "computes/listNodes/action" in caught.value.required

    @pytest.mark.parametrize("release", RELEASES)
    @pytest.mark.parametrize(
        "properties",
        [
            {"osDisk": {"encryptionSettings": {"enabled": True}}},
            {"osDisk": {"managedDisk": {"diskEncryptionSet": {"id": "/some/set"}}}},
            {"storageProfile": {"osDisk": {"encryptionSettings": {}}}},
            {"temporaryDisk": {"encryption": KEY}},
            {"encryption": KEY},
            {"diskEncryptionSetID": "/some/set"},
            {"securityProfile": {"EncryptionAtHost": True}},
            {"disks": [{"name": "os"}, {"diskEncryptionKey": {}}]},
        ],
        ids=str,
    )
    def test_disk_encryption_and_a_key_of_ones_own_are_refused(
        self, release: str, properties: dict[str, Any]
    ) -> None:
        lab = labkit.start(release)
        for name in ("new", lab.cluster):
            with unchanged(lab), pytest.raises(DiskEncryptionNotSupported) as caught:
                attach(lab, "carl", name, {"vmSize": "STANDARD_NC6", **properties})
            assert (caught.value.status, caught.value.code) == (400, "DiskEncryptionNotSupported")
            assert next(iter(properties)) in caught.value.presented

    def test_in_a_workspace_of_high_business_impact_too(self, lab: Lab) -> None:
        id = at_work(lab)
        with unchanged(lab), pytest.raises(DiskEncryptionNotSupported):
            new_cluster(lab, cluster(lab, id).workspace_id, "second", temporaryDisk={"encryption": KEY})

    def test_what_else_is_said_of_a_cluster_is_kept(self, lab: Lab) -> None:
        shown = attach(lab, "carl", "new", {"vmSize": "STANDARD_NC6", "disks": ["osDisk"]})
        assert shown["properties"]["vmSize"] == "STANDARD_NC6"

    def test_a_kubernetes_cluster_is_not_asked(self, lab: Lab) -> None:
        machine = attach_cluster(lab)
        given = {"computeType": "AKS", "resourceId": machine, "encryption": "as it is"}
        assert attach(lab, "carl", "again", given)["properties"]["encryption"] == "as it is"


class TestTheTemporaryDisk:
    def test_whose_key_it_can_have_is_a_fact_of_the_release(self) -> None:
        found = {release: kinds(release)[COMPUTE_TEMPORARY] for release in RELEASES}
        assert {one.key for one in found.values()} == {"nobody"}
        assert {one.customer_key for one in found.values()} == {""}
        assert [found[release].hbi_key for release in RELEASES] == ["", "Microsoft", "Microsoft"]

    def test_in_2019_staged_data_lie_there_in_the_clear(self) -> None:
        lab = labkit.start("2019-08")
        stage_secret(lab, own(lab))
        assert temporary(lab).find(SECRET) == ["patients.csv"]
        assert temporary(lab).raw("patients.csv") == SECRET
        assert len(lab.media.find(SECRET).rows) == 1

    @pytest.mark.parametrize("release", RELEASES)
    def test_a_run_reads_what_it_has_staged(self, release: str) -> None:
        lab, seen = labkit.start(release), []

        def script(run: RunContext) -> None:
            run.stage("a", b"one")
            run.stage("a", b"two")
            seen.extend([run.staged("a"), run.list_staged()])

        assert carry_out(lab, own(lab), script) == ""
        assert seen == [b"two", ["a"]]

    def test_staging_is_no_call_and_leaves_no_hop(self, lab: Lab) -> None:
        run_id = submit(lab, own(lab), lambda run: run.stage("a", SECRET))
        lab.trace.clear()
        assert lab.work() == [run_id]
        assert [hop.operation for hop in lab.trace if hop.parent == 0] == ["Complete run"]

    @pytest.mark.parametrize(
        ("script", "says"),
        [
            (lambda run: run.stage("", b"x"), "A file has a name"),
            (lambda run: run.stage(5, b"x"), "A file has a name"),
            (lambda run: run.stage("a", "text"), "A file is bytes"),
            (lambda run: run.stage("a", bytearray(b"x")), "A file is bytes"),
            (lambda run: run.staged("missing"), "There is no such object"),
            (lambda run: run.staged(None), "A file has a name"),
            (lambda run: run.upload_file("", b"x"), "A file has a name"),
            (lambda run: run.as_mount("workspaceblobstore", 5), "A path is a text"),
        ],
        ids=range(8),
    )
    def test_what_is_no_file_is_the_runs_error_and_writes_nothing(
        self, lab: Lab, script: Any, says: str
    ) -> None:
        assert says in carry_out(lab, own(lab), script)
        assert temporary(lab).names() == []

    def test_an_encrypted_disk_that_was_tampered_with_is_not_believed(self, lab: Lab) -> None:
        id = at_work(lab)

        def script(run: RunContext) -> None:
            run.stage("patients.csv", SECRET)
            medium = temporary(lab)
            raw = medium.raw("patients.csv")
            medium.overwrite("patients.csv", raw[:-1] + bytes([raw[-1] ^ 1]))
            with pytest.raises(Damaged):
                run.staged("patients.csv")

        assert carry_out(lab, id, script) == ""

    def test_nodes_of_clusters_with_the_same_name_have_keys_of_their_own(self, lab: Lab) -> None:
        id = at_work(lab)
        stage_secret(lab, id)
        first = temporary(lab).raw("patients.csv")
        lab.ask("olivia", ResourceManager.delete, id, lab.sign_in("olivia").bearer)
        assert disks(lab, "temporary disk") == disks(lab, "OS disk") == []
        new_cluster(lab, id.rpartition("/computes/")[0])
        stage_secret(lab, id)
        assert temporary(lab).raw("patients.csv") != first


class TestTheyComeAndGo:
    def test_without_a_run_there_is_no_node(self, lab: Lab) -> None:
        submit(lab, own(lab), nothing)
        assert (nodes(lab, own(lab)), disks(lab, "temporary disk")) == ([], [])

    def test_a_node_and_its_disks_are_there_while_it_is_idle_and_gone_afterwards(self, lab: Lab) -> None:
        stage_secret(lab, own(lab))
        lab.clock.advance(IDLE - 1)
        assert [one["nodeId"] for one in nodes(lab, own(lab))] == ["node-1"]
        assert len(disks(lab, "OS disk")) == len(disks(lab, "temporary disk")) == 1
        lab.clock.advance(1)
        assert nodes(lab, own(lab)) == []
        assert disks(lab, "OS disk") == disks(lab, "temporary disk") == []
        assert lab.media.find(SECRET).rows == []

    def test_the_next_run_gets_a_new_node_with_empty_disks(self, lab: Lab) -> None:
        stage_secret(lab, own(lab))
        lab.clock.advance(IDLE)
        left: list[str] = []
        carry_out(lab, own(lab), lambda run: left.extend(run.list_staged()))
        assert left == []
        assert [one["nodeId"] for one in nodes(lab, own(lab))] == ["node-2"]
        [disk] = disks(lab, "OS disk")
        assert disk.medium.names() == ["node-2/var/log/train_2"]

    def test_a_node_in_time_takes_the_next_run_and_starts_to_be_idle_anew(self, lab: Lab) -> None:
        carry_out(lab, own(lab), nothing)
        lab.clock.advance(IDLE - 1)
        carry_out(lab, own(lab), nothing)
        lab.clock.advance(IDLE - 1)
        assert [one["nodeId"] for one in nodes(lab, own(lab))] == ["node-1"]

    def test_a_run_that_waits_keeps_the_node(self, lab: Lab) -> None:
        stage_secret(lab, own(lab))
        submit(lab, own(lab), nothing)
        lab.clock.advance("1d")
        assert temporary(lab).find(SECRET) == ["patients.csv"]
        lab.work()
        assert [one["nodeId"] for one in nodes(lab, own(lab))] == ["node-1"]
        lab.clock.advance(IDLE)
        assert nodes(lab, own(lab)) == []

    def test_a_run_that_comes_too_late_does_not_bring_the_node_back(self, lab: Lab) -> None:
        stage_secret(lab, own(lab))
        lab.clock.advance(IDLE)
        submit(lab, own(lab), nothing)
        assert nodes(lab, own(lab)) == []

    def test_a_refused_submission_does_not_keep_the_node(
        self, lab: Lab, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(*_: object) -> None:
            assert len(lab.waiting_jobs()) == 1
            raise Forbidden("The run history is full.")

        carry_out(lab, own(lab), nothing)
        monkeypatch.setattr(RunHistory, "write", refuse)
        with pytest.raises(Forbidden, match="full"):
            submit(lab, own(lab), nothing)
        monkeypatch.undo()
        assert lab.waiting_jobs() == ()
        lab.clock.advance(IDLE)
        assert nodes(lab, own(lab)) == []

    def test_a_long_run_keeps_its_node(self, lab: Lab) -> None:
        seen: list[str] = []

        def script(run: RunContext) -> None:
            lab.clock.advance("5h")
            seen.extend(one["nodeState"] for one in nodes(lab, own(lab)))

        carry_out(lab, own(lab), script)
        assert seen == ["running"]
        lab.clock.advance(IDLE - 1)
        assert [one["nodeState"] for one in nodes(lab, own(lab))] == ["idle"]

    def test_a_run_inside_of_a_run_does_not_make_the_node_idle(self, lab: Lab) -> None:
        seen: list[int] = []

        def outer(run: RunContext) -> None:
            submit(lab, own(lab), nothing)
            lab.work()
            lab.clock.advance("5h")
            seen.append(len(nodes(lab, own(lab))))

        assert carry_out(lab, own(lab), outer) == ""
        assert seen == [1]

    def test_an_interrupted_run_keeps_its_node(self, lab: Lab) -> None:
        def script(run: RunContext) -> None:
            run.stage("patients.csv", SECRET)
            raise KeyboardInterrupt

        submit(lab, own(lab), script)
        with pytest.raises(KeyboardInterrupt):
            lab.work()
        lab.clock.advance("1d")
        assert temporary(lab).names() == ["patients.csv"]

    def test_a_failed_run_leaves_its_node_idle(self, lab: Lab) -> None:
        assert "division" in carry_out(lab, own(lab), lambda run: 1 / 0)
        lab.clock.advance(IDLE)
        assert nodes(lab, own(lab)) == []

    def test_a_cluster_that_is_told_to_keep_a_node_keeps_it(self, lab: Lab) -> None:
        id = new_cluster(lab, lab.workspace, "kept", scaleSettings={"minNodeCount": 1, "maxNodeCount": 4})
        stage_secret(lab, id)
        lab.clock.advance("30d")
        assert temporary(lab).find(SECRET) == ["patients.csv"]

    def test_a_cluster_says_how_long_its_nodes_are_idle(self, lab: Lab) -> None:
        id = new_cluster(lab, lab.workspace, "quick", scaleSettings={"nodeIdleTimeBeforeScaleDown": "PT2M"})
        carry_out(lab, id, nothing)
        lab.clock.advance(119)
        assert len(nodes(lab, id)) == 1
        lab.clock.advance(1)
        assert nodes(lab, id) == []

    @pytest.mark.parametrize(
        "settings",
        [
            None,
            5,
            [],
            {"minNodeCount": -1},
            {"minNodeCount": True},
            {"minNodeCount": "1"},
            {"maxNodeCount": 0},
            {"minNodeCount": 2, "maxNodeCount": 1},
            {"minNodeCount": 2},
            {"nodeIdleTimeBeforeScaleDown": 120},
            {"nodeIdleTimeBeforeScaleDown": "2m"},
            {"nodeIdleTimeBeforeScaleDown": "PT-2M"},
            {"nodeIdleTimeBeforeScaleDown": "PT2M\n"},
            {"minNodes": 1},
        ],
        ids=str,
    )
    def test_a_cluster_does_not_scale_in_another_way(self, lab: Lab, settings: Any) -> None:
        with unchanged(lab), pytest.raises(BadRequest):
            new_cluster(lab, lab.workspace, "odd", scaleSettings=settings)

    def test_what_is_not_said_of_scale_is_azures_default(self, lab: Lab) -> None:
        assert cluster(lab, own(lab)).scale == Scale(0, 1800)

    def test_a_deleted_workspace_takes_its_nodes_along(self, lab: Lab) -> None:
        stage_secret(lab, own(lab))
        lab.ask("olivia", ResourceManager.delete, lab.workspace, lab.sign_in("olivia").bearer)
        assert disks(lab, "OS disk") == disks(lab, "temporary disk") == []

    def test_disks_lie_in_the_account_of_their_region(self, lab: Lab) -> None:
        put(lab, f"{lab.workspace}/computes/far", None, "westeurope")
        carry_out(lab, f"{lab.workspace}/computes/far", nothing)
        carry_out(lab, own(lab), nothing)
        held = {one.name: len(list(one.disks())) for one in lab.resources if one.name.startswith("amlnodes")}  # type: ignore[attr-defined]
        assert held == {"amlnodeseastus": 1, "amlnodeswesteurope": 1}

    def test_the_same_seed_gives_the_same_bytes(self) -> None:
        raws = []
        for _ in range(2):
            lab = labkit.start()
            stage_secret(lab, at_work(lab))
            raws.append(temporary(lab).raw("patients.csv"))
        assert raws[0] == raws[1]


class TestTheCluster:
    def test_of_another_workspace_is_named_by_its_id(self, lab: Lab) -> None:
        id = new_cluster(lab, lab.other_workspace)
        run_id = submit(lab, id, nothing)
        assert [job.run_id for job in lab.waiting_jobs(id)] == [run_id]
        assert lab.work(id) == [run_id]
        token = lab.sign_in("olivia").bearer
        assert lab.ask("olivia", Runs.get, lab.other_workspace, token, run_id).status == "Completed"

    @pytest.mark.parametrize("name", ["/subscriptions/none", "", None, 5, "other"])
    def test_that_is_not_there_does_no_work(self, lab: Lab, name: Any) -> None:
        with pytest.raises(BadInput):
            lab.work(name)
