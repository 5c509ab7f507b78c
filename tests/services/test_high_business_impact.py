"""Workspaces of high business impact: the flag, and what it does to clusters."""

import re
from typing import Any

import pytest

import labkit
from labkit.azure import SCRATCH_DISKS, Anonymous, BlobStorage, ResourceManager, Resync, Support
from labkit.core.errors import BadInput, BadRequest, Forbidden, NetworkDenied, NotFound, Refusal
from labkit.core.resource import Component
from labkit.lab import Lab
from labkit.ledger import statements
from labkit.network.places import AZURE_ML
from labkit.services.machine_learning.compute import Compute, Job, RunContext
from labkit.services.machine_learning.high_business_impact import Passed
from labkit.services.machine_learning.mount import BlobClient
from labkit.services.machine_learning.nodes import IDLE
from labkit.services.machine_learning.workspace import TYPE, Workspace
from tests.services.clusters import (
    SECRET,
    at_work,
    carry_out,
    cluster,
    disks,
    new_cluster,
    new_group,
    new_workspace,
    nodes,
    stage_secret,
    submit,
    temporary,
    workspace_of,
)
from tests.services.ml import attach_cluster, unchanged
from tests.services.stores import allow, put

WITH_THE_FLAG = ("2020-01", "2020-03")


def shown(lab: Lab, id: str) -> dict[str, Any]:
    token = lab.sign_in("olivia").bearer
    return dict(lab.ask("olivia", ResourceManager.get, id, token)["properties"])


def nothing(run: RunContext) -> None:
    """A script that does nothing."""


class TestTheFlag:
    @pytest.mark.parametrize("release", WITH_THE_FLAG)
    def test_two_workspaces_side_by_side(self, release: str) -> None:
        lab = labkit.start(release)
        group = new_group(lab)
        given = {"on": True, "off": False, "silent": None}
        ids = {name: new_workspace(lab, hbi, name, group) for name, hbi in given.items()}
        read = {name: shown(lab, id)["hbiWorkspace"] for name, id in ids.items()}
        assert read == {"on": True, "off": False, "silent": False}
        kept = {name: lab.resources.find(id).hbi for name, id in ids.items()}  # type: ignore[attr-defined]
        assert kept == read

    @pytest.mark.parametrize("release", WITH_THE_FLAG)
    @pytest.mark.parametrize("before", [True, False])
    def test_it_cannot_be_changed_later(self, release: str, before: bool) -> None:
        lab = labkit.start(release)
        id = new_workspace(lab, before)
        with unchanged(lab), pytest.raises(BadRequest, match="hbiWorkspace"):
            put(lab, id, {"hbiWorkspace": not before})
        assert put(lab, id, {"hbiWorkspace": before, "description": "d"})["properties"]["description"] == "d"

    @pytest.mark.parametrize("value", [None, 1, 0, "true", "", [], {}])
    def test_it_is_true_or_false(self, lab: Lab, value: Any) -> None:
        id = f"{new_group(lab)}/providers/{TYPE}/odd"
        with unchanged(lab), pytest.raises(BadRequest, match="hbiWorkspace is true or false"):
            put(lab, id, {"hbiWorkspace": value})

    @pytest.mark.parametrize("value", [True, False])
    def test_in_2019_there_is_none(self, value: bool) -> None:
        lab = labkit.start("2019-08")
        id = f"{new_group(lab)}/providers/{TYPE}/clinic"
        with unchanged(lab), pytest.raises(BadRequest, match="release"):
            put(lab, id, {"hbiWorkspace": value})
        put(lab, id)
        assert "hbiWorkspace" not in shown(lab, id)
        with unchanged(lab), pytest.raises(BadRequest, match="hbiWorkspace"):
            put(lab, id, {"hbiWorkspace": value})

    def test_which_documents_speak_of_it(self) -> None:
        said = statements()
        for id, words in {
            "enc-amlcompute-temp-hbi": ("says otherwise", "states", "states"),
            "enc-hbi-effects": ("is silent", "is silent", "states"),
        }.items():
            found = tuple(said[id].stance(release) for release in ("2019-08", "2020-01", "2020-03"))
            assert found == words


class TestTheScratchDisk:
    @pytest.mark.parametrize("release", WITH_THE_FLAG)
    def test_with_the_flag_and_no_earlier_cluster_it_is_encrypted(self, release: str) -> None:
        lab = labkit.start(release)
        id = at_work(lab)
        stage_secret(lab, id)
        assert temporary(lab).names() == ["patients.csv"]
        assert temporary(lab).find(SECRET) == []
        assert lab.media.find(SECRET).rows == []
        [node] = nodes(lab, id)
        assert node["temporaryDisk"]["encryptedBy"] == "Microsoft"

    @pytest.mark.parametrize("release", WITH_THE_FLAG)
    def test_without_the_flag_it_is_not(self, release: str) -> None:
        lab = labkit.start(release)
        stage_secret(lab, at_work(lab, hbi=False))
        assert temporary(lab).find(SECRET) == ["patients.csv"]

    @pytest.mark.parametrize("release", WITH_THE_FLAG)
    def test_with_the_flag_and_an_earlier_cluster_it_is_not(self, release: str) -> None:
        lab = labkit.start(release)
        group = new_group(lab)
        new_cluster(lab, new_workspace(lab, False, "earlier", group))
        id = new_cluster(lab, new_workspace(lab, True, "clinic", group))
        stage_secret(lab, id)
        assert temporary(lab).find(SECRET) == ["patients.csv"]
        assert nodes(lab, id)[0]["temporaryDisk"]["encryptedBy"] == "nobody"

    def test_an_earlier_cluster_that_was_deleted_counts_too(self, lab: Lab) -> None:
        group = new_group(lab)
        earlier = new_cluster(lab, new_workspace(lab, False, "earlier", group))
        lab.ask("olivia", ResourceManager.delete, earlier, lab.sign_in("olivia").bearer)
        stage_secret(lab, new_cluster(lab, new_workspace(lab, True, "clinic", group)))
        assert temporary(lab).find(SECRET) == ["patients.csv"]

    def test_a_cluster_of_another_subscription_does_not_count(self, lab: Lab) -> None:
        new_cluster(lab, new_workspace(lab, False, "earlier", new_group(lab, "another")))
        stage_secret(lab, at_work(lab))
        assert temporary(lab).find(SECRET) == []

    def test_a_machine_that_was_attached_is_no_cluster(self, lab: Lab) -> None:
        group = new_group(lab)
        workspace = new_workspace(lab, True, "clinic", group)
        machine = attach_cluster(lab, group=group)
        put(lab, f"{workspace}/computes/aks", {"computeType": "AKS", "resourceId": machine})
        stage_secret(lab, new_cluster(lab, workspace))
        assert temporary(lab).find(SECRET) == []

    def test_a_cluster_that_could_not_be_made_does_not_count(self, lab: Lab) -> None:
        group = new_group(lab)
        clinic = lab.resources.find(new_workspace(lab, True, "clinic", group))
        assert isinstance(clinic, Workspace)
        # Its SSH password cannot be stored, and that is noticed late.
        allow(lab, clinic.identity_id, vault=clinic.depends_on["vault"])
        with unchanged(lab), pytest.raises(Forbidden, match="may not do this"):
            new_cluster(lab, clinic.id)
        new_cluster(lab, new_workspace(lab, False, "earlier", group))
        lab.ask("olivia", Resync.resync, clinic.id, lab.sign_in("olivia").bearer)
        stage_secret(lab, new_cluster(lab, clinic.id))
        assert temporary(lab).find(SECRET) == ["patients.csv"]

    def test_the_second_cluster_of_high_business_impact_is_encrypted_as_well(self, lab: Lab) -> None:
        first = at_work(lab)
        second = new_cluster(lab, first.rpartition("/computes/")[0], "second")
        stage_secret(lab, second)
        assert temporary(lab).find(SECRET) == []


class TestASupportTicket:
    def ticket(
        self, lab: Lab, who: str = "olivia", subscription: str = "", problem: Any = SCRATCH_DISKS
    ) -> None:
        target, token = subscription or lab.subscription, lab.sign_in(who).bearer
        lab.ask(who, Support.create_ticket, target, token, problem)

    def test_turns_encryption_on_for_nodes_made_from_then_on(self, lab: Lab) -> None:
        id = new_cluster(lab, new_workspace(lab, True, group=lab.resource_group))
        stage_secret(lab, id)
        self.ticket(lab)
        # The disk of a node that is there stays as it is.
        stage_secret(lab, id)
        assert temporary(lab).find(SECRET) == ["patients.csv"]
        lab.clock.advance(IDLE)
        stage_secret(lab, id)
        assert temporary(lab).find(SECRET) == []

    def test_turns_on_nothing_without_the_flag(self, lab: Lab) -> None:
        self.ticket(lab)
        stage_secret(lab, f"{lab.workspace}/computes/{lab.cluster}")
        assert temporary(lab).find(SECRET) == ["patients.csv"]

    def test_is_for_one_subscription(self, lab: Lab) -> None:
        self.ticket(lab, subscription=lab.open_subscription("another"))
        id = new_cluster(lab, new_workspace(lab, True, group=lab.resource_group))
        stage_secret(lab, id)
        assert temporary(lab).find(SECRET) == ["patients.csv"]

    def test_before_the_first_cluster_is_not_undone_by_it(self, lab: Lab) -> None:
        group = new_group(lab)
        self.ticket(lab, subscription="/subscriptions/FRESH")
        new_cluster(lab, new_workspace(lab, False, "plain", group))
        stage_secret(lab, new_cluster(lab, new_workspace(lab, True, "clinic", group)))
        assert temporary(lab).find(SECRET) == []

    @pytest.mark.parametrize("who", ["rita", "carl"])
    def test_takes_a_role_at_the_subscription(self, lab: Lab, who: str) -> None:
        with pytest.raises(Forbidden, match="may not do this") as caught:
            self.ticket(lab, who)
        assert "Microsoft.Support/supportTickets/write" in caught.value.required
        assert not lab.parts.clusters.scratch.on(lab.workspace)

    @pytest.mark.parametrize("problem", ["", "a refund", None, 5])
    def test_about_something_else_is_a_bad_request(self, lab: Lab, problem: Any) -> None:
        with pytest.raises(BadRequest):
            self.ticket(lab, problem=problem)

    def test_for_what_is_no_subscription_finds_none(self, lab: Lab) -> None:
        with pytest.raises(NotFound):
            self.ticket(lab, subscription=lab.resource_group)
        assert list(lab.parts.door.services[Support].targets(lab.resources)) == [lab.subscription]


def left(lab: Lab, id: str) -> list[str]:
    """What the next run finds of the one before."""
    found: list[str] = []
    assert carry_out(lab, id, lambda run: found.extend(run.list_staged())) == ""
    return found


class TestCleaning:
    @pytest.mark.parametrize("release", WITH_THE_FLAG)
    def test_with_the_flag_the_next_run_on_the_node_finds_nothing(self, release: str) -> None:
        lab = labkit.start(release)
        id = at_work(lab)
        stage_secret(lab, id)
        assert left(lab, id) == []
        assert [one["nodeId"] for one in nodes(lab, id)] == ["node-1"]
        assert temporary(lab).names() == []

    @pytest.mark.parametrize("release", WITH_THE_FLAG)
    def test_without_it_the_next_run_on_the_node_finds_everything(self, release: str) -> None:
        lab = labkit.start(release)
        id = at_work(lab, hbi=False)
        stage_secret(lab, id)
        seen: list[bytes] = []
        assert carry_out(lab, id, lambda run: seen.append(run.staged("patients.csv"))) == ""
        assert seen == [SECRET]

    def test_a_disk_that_is_plain_for_an_earlier_cluster_is_cleaned_all_the_same(self, lab: Lab) -> None:
        id = new_cluster(lab, new_workspace(lab, True, group=lab.resource_group))
        stage_secret(lab, id)
        assert temporary(lab).find(SECRET) == ["patients.csv"]
        assert left(lab, id) == []
        assert temporary(lab).find(SECRET) == []

    def test_a_run_inside_of_a_run_leaves_what_the_outer_one_has_staged(self, lab: Lab) -> None:
        id, seen = at_work(lab), []

        def outer(run: RunContext) -> None:
            run.stage("a", SECRET)
            submit(lab, id, nothing)
            lab.work(id)
            seen.append(run.staged("a"))

        assert carry_out(lab, id, outer) == ""
        assert seen == [SECRET]


class TestCredentials:
    """What somebody holds who has broken into the machine while a run waits."""

    def test_without_the_flag_the_job_itself_opens_the_storage_account(self, lab: Lab) -> None:
        id = at_work(lab, hbi=False)
        submit(lab, id, nothing)
        [job] = lab.waiting_jobs(id)
        assert set(job.credentials) == {"storage", "registry", "ssh"}
        stolen = job.credentials["storage"].value
        assert stolen is not None
        thief = BlobClient(lab.parts.door, Component("mallory"), stolen)
        thief.ask(BlobStorage.put, "azureml/stolen", b"mine")
        assert thief.ask(BlobStorage.get, "azureml/stolen") == b"mine"

    def test_with_the_flag_the_job_has_names_alone(self, lab: Lab) -> None:
        id = at_work(lab)
        submit(lab, id, nothing)
        [job] = lab.waiting_jobs(id)
        vault = lab.resources.find(workspace_of(lab, id).depends_on["vault"])
        values = {what: one.value for what, one in job.credentials.items()}
        assert values == {"storage": None, "registry": None, "ssh": None}
        assert {one.secret for one in job.credentials.values()} <= set(vault.secrets.names())  # type: ignore[attr-defined]

    @pytest.mark.parametrize("hbi", [True, False])
    def test_no_job_prints_them(self, lab: Lab, hbi: bool) -> None:
        id = at_work(lab, hbi)
        submit(lab, id, nothing)
        text = repr(lab.waiting_jobs(id)) + repr(cluster(lab, id)) + repr(workspace_of(lab, id))
        assert "AccountKey" not in text
        assert not re.search(r"lab-[0-9a-f]{24}", text)

    @pytest.mark.parametrize("release", WITH_THE_FLAG)
    def test_with_the_flag_the_node_gets_them_from_key_vault(self, release: str) -> None:
        lab = labkit.start(release)
        id = at_work(lab)
        run_id = submit(lab, id, nothing)
        lab.trace.clear()
        assert lab.work(id) == [run_id]
        first = [(hop.caller, hop.service, hop.operation, hop.subject) for hop in lab.trace[:4]]
        as_workspace = "clinic (managed identity)"
        assert first == [
            ("gpu", "Azure AD", "Get token", as_workspace),
            *[("gpu", "Key Vault", "Get secret", as_workspace)] * 3,
        ]

    def test_without_it_the_cluster_never_asks_the_vault(self, lab: Lab) -> None:
        id = at_work(lab, hbi=False)
        run_id = submit(lab, id, nothing)
        lab.trace.clear()
        assert lab.work(id) == [run_id]
        assert {hop.service for hop in lab.trace} == {"Azure Machine Learning", "Cosmos DB"}

    def test_the_ssh_password_is_in_the_vault_only_with_the_flag(self, lab: Lab) -> None:
        group = new_group(lab)
        for hbi, name in ((True, "on"), (False, "off")):
            id = new_cluster(lab, new_workspace(lab, hbi, name, group))
            vault = lab.resources.find(workspace_of(lab, id).depends_on["vault"])
            kept = [one.partition("/")[2] for one in vault.secrets.names()]  # type: ignore[attr-defined]
            assert ("ssh/gpu" in kept) is hbi
            assert (cluster(lab, id).ssh.value is None) is hbi  # type: ignore[union-attr]

    @pytest.mark.parametrize("hbi", [True, False])
    def test_either_way_the_run_writes_its_outputs_with_them(self, lab: Lab, hbi: bool) -> None:
        id, blobs = at_work(lab, hbi), []
        assert carry_out(lab, id, lambda run: blobs.append(run.upload_file("outputs/m", b"m"))) == ""
        account = lab.resources.find(workspace_of(lab, id).depends_on["storage"])
        assert account.blobs.names() == blobs  # type: ignore[attr-defined]

    @pytest.mark.parametrize("hbi", [True, False])
    def test_after_a_key_was_regenerated_resync_brings_the_new_one(self, lab: Lab, hbi: bool) -> None:
        id = at_work(lab, hbi)
        workspace, owner = workspace_of(lab, id), lab.sign_in("olivia").bearer
        account = workspace.depends_on["storage"]

        def write(run: RunContext) -> None:
            run.upload_file("outputs/m", b"m")

        lab.ask("olivia", ResourceManager.post, account, owner, "regenerateKey", {"keyName": "key1"})
        assert "403 AuthenticationFailed" in carry_out(lab, id, write)
        lab.ask("olivia", Resync.resync, workspace.id, owner)
        assert carry_out(lab, id, write) == ""

    def test_a_vault_that_refuses_fails_the_run(self, lab: Lab) -> None:
        id = at_work(lab)
        workspace = workspace_of(lab, id)
        allow(lab, workspace.identity_id, vault=workspace.depends_on["vault"])
        reached: list[int] = []
        assert "403 ForbiddenByPolicy" in carry_out(lab, id, lambda run: reached.append(1))
        assert reached == []

    def test_a_job_does_not_choose_what_is_fetched(self, lab: Lab) -> None:
        id, owner = at_work(lab), lab.sign_in("olivia").bearer
        submit(lab, id, nothing)
        [job] = lab.waiting_jobs(id)
        seen: list[dict[str, Any]] = []

        def script(run: Any) -> None:
            seen.append(dict(run.credentials))

        forged = {"storage": Passed("registry/other", None), "root": Passed("root", None)}
        cluster(lab, id).jobs[:] = [Job(job.run_id, job.token, script, forged)]
        lab.work(id)
        assert list(seen[0]) == ["storage"]
        assert seen[0]["storage"].reveal().startswith("DefaultEndpointsProtocol=https;AccountName=clinic")
        assert owner

    @pytest.mark.parametrize("credentials", [None, [], {"ssh": "text"}, {"ssh": None}], ids=str)
    def test_what_is_no_credential_is_not_queued(self, lab: Lab, credentials: Any) -> None:
        id = f"{lab.workspace}/computes/{lab.cluster}"
        submit(lab, id, nothing)
        [job] = lab.waiting_jobs()
        token = lab.sign_in("carl").bearer
        with pytest.raises(BadRequest):
            lab.ask("carl", Compute.start, id, token, Job("x", job.token, nothing, credentials))
        assert len(lab.waiting_jobs()) == 1


class TestTheIpFilter:
    def stage_of(self, lab: Lab, caller: str, id: str) -> str:
        """How far a call on the pool gets that presents nothing."""
        submit(lab, id, nothing)
        job = lab.waiting_jobs(id)[0]
        verdict = lab.attempt(caller, Compute.start, id, Anonymous(), job)
        assert isinstance(verdict.refusal, Refusal)
        return verdict.refusal.stage

    @pytest.mark.parametrize("release", WITH_THE_FLAG)
    @pytest.mark.parametrize("caller", ["mallory", "cpu-cluster"])
    def test_with_the_flag_no_outside_service_gets_past_the_network(self, release: str, caller: str) -> None:
        lab = labkit.start(release)
        assert self.stage_of(lab, caller, at_work(lab)) == "network"

    @pytest.mark.parametrize("release", WITH_THE_FLAG)
    @pytest.mark.parametrize("caller", ["mallory", "cpu-cluster"])
    def test_without_it_an_outside_service_gets_to_authentication(self, release: str, caller: str) -> None:
        lab = labkit.start(release)
        assert self.stage_of(lab, caller, at_work(lab, hbi=False)) == "authentication"

    def test_with_the_flag_a_genuine_token_does_not_help(self, lab: Lab) -> None:
        id = at_work(lab)
        submit(lab, id, nothing)
        job, owner = lab.waiting_jobs(id)[0], lab.sign_in("olivia").bearer
        with pytest.raises(NetworkDenied):
            lab.ask("olivia", Compute.start, id, owner, job)
        assert len(lab.waiting_jobs(id)) == 1

    def test_azure_ml_reaches_it(self, lab: Lab) -> None:
        id = at_work(lab)
        lab.trace.clear()
        submit(lab, id, nothing)
        [hop] = [hop for hop in lab.trace if hop.operation == "Start job"]
        assert (hop.caller, hop.outcome) == ("clinic", "ok")
        assert workspace_of(lab, id).component.network == AZURE_ML

    def test_resource_manager_still_deletes_it(self, lab: Lab) -> None:
        id = at_work(lab)
        lab.ask("olivia", ResourceManager.delete, id, lab.sign_in("olivia").bearer)
        assert lab.resources.get(id) is None

    def test_a_machine_that_was_attached_is_not_filtered(self, lab: Lab) -> None:
        group = new_group(lab)
        workspace = new_workspace(lab, True, "clinic", group)
        machine = attach_cluster(lab, group=group)
        put(lab, f"{workspace}/computes/aks", {"computeType": "AKS", "resourceId": machine})
        assert cluster(lab, f"{workspace}/computes/aks").firewall is None


class TestASubscription:
    def test_is_new_and_empty_and_owned_by_olivia(self, lab: Lab) -> None:
        id = lab.open_subscription("fresh")
        assert id == "/subscriptions/fresh"
        owner = lab.sign_in("olivia").bearer
        assert lab.ask("olivia", ResourceManager.collection, id, owner, TYPE) == []
        carl = lab.sign_in("carl").bearer
        with pytest.raises(Forbidden):
            lab.ask("carl", ResourceManager.put, f"{id}/resourceGroups/g", carl, "eastus")

    @pytest.mark.parametrize(
        "name",
        [
            *("your-sub-id", "YOUR-SUB-ID", "", "a/b", "a b", "ä", "-a", None, 5, "a" * 65),
            # Microsoft's own: whoever owned it would give roles on what Azure ML keeps there.
            *("azure-machine-learning", "Azure-Machine-Learning"),
        ],
    )
    def test_has_a_name_that_is_free(self, lab: Lab, name: Any) -> None:
        before = dict(lab.parts.arm.documents)
        with pytest.raises(BadInput):
            lab.open_subscription(name)
        assert lab.parts.arm.documents == before


def test_side_by_side(lab: Lab) -> None:
    """The four effects in one table, each found by trying."""
    table: dict[bool, tuple[bool, bool, bool, str]] = {}
    for hbi in (False, True):
        group = new_group(lab, f"with-{str(hbi).lower()}")
        id = new_cluster(lab, new_workspace(lab, hbi, f"w{hbi}", group))
        stage_secret(lab, id)
        [found] = [one.medium for one in disks(lab, "temporary disk")]
        readable, kept = bool(found.find(SECRET)), left(lab, id)
        submit(lab, id, nothing)
        job = lab.waiting_jobs(id)[0]
        in_the_job = job.credentials["storage"].value is not None
        verdict = lab.attempt("mallory", Compute.start, id, Anonymous(), job)
        lab.work(id)
        lab.clock.advance(IDLE)
        assert isinstance(verdict.refusal, Refusal)
        table[hbi] = readable, bool(kept), in_the_job, verdict.refusal.stage
    assert table == {False: (True, True, True, "authentication"), True: (False, False, False, "network")}
